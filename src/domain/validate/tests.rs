//! Bad graphs and what is found in them.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// Calls everything wrong that holds `oops`.
fn compiler(script: &str) -> Result<(), LuaFault> {
    if script.contains("oops") {
        return Err(LuaFault { line: Some(1), message: "unexpected symbol".into() });
    }
    Ok(())
}

fn options() -> Options<'static> {
    Options { lua: Some(&compiler), ..Options::default() }
}

fn report(graph: &Value) -> Report {
    validate(graph, &options()).unwrap()
}

/// The codes found, with their steps.
fn found(graph: &Value) -> Vec<(&'static str, String)> {
    let report = report(graph);
    let told = |issue: &Issue| issue.step_id.as_ref().map(ToString::to_string).unwrap_or_default();
    report.issues.iter().map(|issue| (issue.code.as_str(), told(issue))).collect()
}

/// A graph of `a`, `b` after `a`, and `x`, which stands beside them; `b` gets more fields.
fn with(fields: Value) -> Value {
    let mut b = json!({"id": "b", "type": "human_task", "task_type": "approval", "depends_on": ["a"]});
    let Value::Object(fields) = fields else { panic!("fields of a step") };
    b.as_object_mut().unwrap().extend(fields);
    json!({"steps": [
        {"id": "a", "type": "lua_script", "name": "Fetch rows", "script": "return {}"},
        b,
        {"id": "x", "type": "llm_call", "model": "m", "prompt": "Hi"},
    ]})
}

/// The same, with a template in `b`.
fn template(text: &str) -> Value {
    with(json!({"task_payload": {"text": text}}))
}

fn looped(inner: Value) -> Value {
    let mut graph = json!({"steps": [
        {"id": "a", "type": "lua_script", "script": "return {}"},
        {"id": "each", "type": "for_each", "depends_on": ["a"], "for_each_items": "{{ steps.a.result.rows }}",
         "for_each_body_steps": []},
    ]});
    graph["steps"][1]["for_each_body_steps"] = inner;
    graph
}

#[test]
fn a_sound_graph_is_ready() {
    let report = report(&template("{{ steps.a.result.rows.0 }} of {{ input.topic | \"none\" }}"));
    assert_eq!(report.issues, []);
    assert_eq!((report.is_valid(), report.readiness()), (true, Readiness::Ready));
    assert_eq!(report.topological_order, ["a".into(), "x".into(), "b".into()]);
    let results: Vec<_> = report.checks.iter().map(|(c, r)| (c.as_str(), r.as_str())).collect();
    assert_eq!(
        results,
        [
            ("graph", "passed"),
            ("graph_schema", "passed"),
            ("dependencies", "passed"),
            ("step_config", "passed"),
            ("templates", "passed"),
            ("lua_syntax", "passed"),
            ("mcp_bindings", "not_applicable"),
            ("disabled_steps", "not_applicable"),
            ("input_schema", "not_applicable"),
            ("lua_fixture", "not_applicable"),
            ("tenantdata_upsert", "not_applicable"),
        ]
    );
}

#[rstest]
#[case::no_steps(json!({"nodes": []}), &[("graph_steps_missing", "")])]
#[case::steps_no_list(json!({"steps": {}}), &[("graph_steps_missing", "")])]
#[case::empty(json!({"steps": []}), &[("graph_empty", "")])]
#[case::no_object(json!({"steps": ["a"]}), &[("step_invalid", "")])]
#[case::no_id(json!({"steps": [{"type": "human_task"}]}), &[("step_field_missing", "")])]
#[case::no_type(json!({"steps": [{"id": "a"}]}), &[("step_field_missing", "a")])]
#[case::twice(
    json!({"steps": [{"id": "a", "type": "human_task", "task_type": "t"}, {"id": "a", "type": "human_task", "task_type": "t"}]}),
    &[("step_id_duplicate", "a")]
)]
#[case::type_unknown(with(json!({"type": "humantask"})), &[("step_type_unknown", "b")])]
#[case::type_legacy(with(json!({"type": "condition"})), &[("step_type_legacy", "b")])]
#[case::field_legacy(with(json!({"for_each_body": []})), &[("step_type_legacy", "b")])]
#[case::wrong_value(with(json!({"timeout_s": "soon"})), &[("graph_schema_validation", "b")])]
#[case::wrong_list(with(json!({"depends_on": "a"})), &[("graph_schema_validation", "b")])]
#[case::below_bounds(with(json!({"retry_count": -1})), &[("graph_schema_validation", "b")])]
#[case::unknown_dependency(with(json!({"depends_on": ["ghost"]})), &[("dependency_unknown", "b")])]
#[case::repeated(with(json!({"depends_on": ["a", "a"]})), &[("dependency_repeated", "b")])]
#[case::own_dependency(with(json!({"depends_on": ["b"]})), &[("dependency_cycle", "b")])]
#[case::no_script(with(json!({"type": "lua_script"})), &[("step_field_missing", "b")])]
#[case::no_model(with(json!({"type": "llm_call", "prompt": "Hi"})), &[("step_field_missing", "b")])]
#[case::no_task_type(with(json!({"task_type": ""})), &[("step_field_missing", "b")])]
#[case::placeholder(with(json!({"task_payload": {"to": ["REPLACE_TEAM"]}})), &[("placeholder_unmapped", "b")])]
#[case::no_binding(
    with(json!({"type": "mcp_call"})),
    &[("step_field_missing", "b"), ("step_field_missing", "b")]
)]
#[case::principal(
    with(json!({"type": "mcp_call", "tool_name": "t", "instance_id": "i", "connection_resolution": "principal"})),
    &[("mcp_connection_resolution_principal", "b")]
)]
#[case::principal_and_pinned(
    with(json!({"type": "mcp_call", "tool_name": "t", "instance_id": "i", "connection_resolution": "principal", "connection_id": "c"})),
    &[("mcp_connection_resolution_conflict", "b")]
)]
#[case::lua(with(json!({"type": "lua_script", "script": "oops"})), &[("lua_syntax", "b")])]
#[case::lua_long(with(json!({"type": "lua_script", "script": "-".repeat(65_537)})), &[("lua_source_too_large", "b")])]
#[case::lua_template(
    with(json!({"type": "lua_script", "script": "return {t = \"{{ input.t }}\"}"})),
    &[("lua_template_ignored", "b")]
)]
#[case::lua_tables(with(json!({"type": "lua_script", "script": "return {{1, 2}}"})), &[])]
#[case::episode(with(json!({"no_auto_start": true})), &[("episode_c3_spine_without_close", "b")])]
#[case::episode_off(
    with(json!({"no_auto_start": true, "terminal": true, "enabled": false})),
    &[("episode_c3_spine_without_close", "b")]
)]
#[case::episode_of_strangers(
    with(json!({"no_auto_start": true, "type": "external_agent"})),
    &[("episode_c3_spine_without_close", "b"), ("step_type_not_executed", "b")]
)]
#[case::allowlist(
    with(json!({"no_auto_start": true, "terminal": true, "input_allowlist": ["a", "human", "ghost"]})),
    &[("input_allowlist_unknown", "b")]
)]
#[case::external(with(json!({"type": "external_agent"})), &[("step_type_not_executed", "b")])]
#[case::external_off(with(json!({"type": "external_agent", "enabled": false})), &[])]
#[case::agent(with(json!({"type": "agent_call", "agent_id": "x", "prompt": "Hi"})), &[])]
#[case::gate_in_loop_marked(
    looped(json!([{"id": "in", "type": "lua_script", "script": "return {}", "terminal": true}])),
    &[("loop_body_invalid", "in")]
)]
#[case::episode_closed(with(json!({"no_auto_start": true, "terminal": true})), &[])]
#[case::disabled_read(
    json!({"steps": [
        {"id": "a", "type": "lua_script", "script": "return {}", "enabled": false},
        {"id": "b", "type": "human_task", "task_type": "t", "depends_on": ["a"], "task_payload": "{{steps.a.result}}"},
        {"id": "c", "type": "human_task", "task_type": "t", "depends_on": ["a"], "task_payload": "{{steps.a.result|1}}"},
    ]}),
    &[("template_reads_disabled_step", "b")]
)]
#[case::loop_in_loop(
    looped(json!([{"id": "in", "type": "while", "while_mode": "until", "while_max_iterations": 2,
                   "while_condition": "{{ body.s.ok }}", "while_body_steps": []}])),
    &[("loop_body_invalid", "in"), ("template_unresolved", "in")]
)]
#[case::gate_in_loop(looped(json!([{"id": "in", "type": "human_task", "task_type": "t"}])), &[("loop_body_invalid", "in")])]
#[case::empty_loop(looped(json!([])), &[("loop_body_invalid", "each")])]
fn bad_graphs_have_their_codes(#[case] graph: Value, #[case] want: &[(&str, &str)]) {
    let found = found(&graph);
    assert_eq!(found.iter().map(|(code, step)| (*code, step.as_str())).collect::<Vec<_>>(), want);
}

#[rstest]
#[case::unknown_step("{{ steps.aa.result.x }}", "template_unresolved", Some("{{ steps.a.result.x }}"))]
#[case::display_name("{{ steps.Fetch rows.result }}", "template_unresolved", Some("{{ steps.a.result }}"))]
#[case::no_result("{{ steps.a.rows }}", "template_unresolved", Some("{{ steps.a.result.rows }}"))]
#[case::near_result("{{ steps.a.reslt.rows }}", "template_unresolved", Some("{{ steps.a.result.rows }}"))]
#[case::whole_step("{{ steps.a }}", "template_unresolved", Some("{{ steps.a.result }}"))]
#[case::no_step("{{ steps }}", "template_unresolved", None)]
#[case::brackets("{{ input.rows[0].id }}", "template_unresolved", Some("{{ input.rows.0.id }}"))]
#[case::near_root("{{ inputs.topic }}", "template_unresolved", Some("{{ input.topic }}"))]
#[case::far_root("{{ name }}", "template_unresolved", None)]
#[case::run("{{ run.runid }}", "template_unresolved", Some("{{ run.run_id }}"))]
#[case::loop_outside("{{ foreach.item }}", "template_unresolved", None)]
#[case::beside(
    "{{ steps.x.result.text }}",
    "template_missing_dependency",
    Some("add \"x\" to the `depends_on` of `b`")
)]
#[case::beside_with_default(
    "{{ steps.x.result.text | \"\" }}",
    "template_missing_dependency",
    Some("add \"x\" to the `depends_on` of `b`")
)]
#[case::itself(
    "{{ steps.b.result }}",
    "template_missing_dependency",
    Some("read a step that ends before it")
)]
#[case::doubled("{{{{ input.a }}}}", "template_braces", Some("{{ input.a }}"))]
#[case::nested(
    "{{ steps.{{ input.a }}.result }}",
    "template_braces",
    Some("give each value a template of its own")
)]
#[case::never_closed("a {{ input.x", "template_literal_braces", None)]
#[case::never_opened("input.x }}", "template_literal_braces", None)]
#[case::no_path("{{ }}", "template_literal_braces", None)]
fn templates_are_held_against_the_graph(
    #[case] text: &str,
    #[case] code: &str,
    #[case] advice: Option<&str>,
) {
    let report = report(&template(text));
    let issues: Vec<_> = report.issues.iter().map(|i| (i.code.as_str(), i.suggestion.as_deref())).collect();
    assert_eq!(issues, [(code, advice)]);
    assert_eq!(report.issues[0].json_path, "$.steps[1].task_payload.text");
}

#[test]
fn a_step_that_runs_later_cannot_be_read() {
    let graph = json!({"steps": [
        {"id": "a", "type": "human_task", "task_type": "t", "task_payload": "{{ steps.b.result.ok }}"},
        {"id": "b", "type": "lua_script", "script": "return {}", "depends_on": ["a"]},
    ]});
    let report = report(&graph);
    assert_eq!(report.issues[0].message, "`steps.b.result.ok` is read by `a`, but `b` runs after `a`");
}

#[test]
fn a_cycle_is_told_whole_and_leaves_the_order() {
    let step = |id: &str, before: &str| json!({"id": id, "type": "human_task", "task_type": "t", "depends_on": [before]});
    let mut graph = json!({"steps": [step("a", "c"), step("b", "a"), step("c", "b"), step("free", "x")]});
    graph["steps"][3]["depends_on"] = json!([]);
    let report = report(&graph);
    assert_eq!(report.issues[0].message, "steps wait for each other: a → b → c → a");
    assert_eq!(report.topological_order, ["free".into()]);
}

#[rstest]
#[case(json!([{"id": "one", "type": "mcp_call", "tool_name": "t", "server_url": "u",
    "tool_args": {"a": "{{ item.id }}", "b": "{{ foreach.index }}", "c": "{{ steps.each.item.id }}", "d": "{{ steps.a.result.z }}"}},
    {"id": "two", "type": "mcp_call", "tool_name": "t", "server_url": "u", "tool_args": {"a": "{{ body.one.id }}"}}]), &[])]
#[case(json!([{"id": "one", "type": "llm_call", "model": "m", "prompt": "{{ body.two.x }}"},
    {"id": "two", "type": "llm_call", "model": "m", "prompt": "{{ steps.one.result.text }} {{ while.iteration }}"}]),
    &[("template_missing_dependency", Some("put `two` before `one` in the loop's body")),
      ("template_unresolved", Some("{{ body.one.text }}")),
      ("template_unresolved", None)])]
fn bodies_of_loops_have_names_of_their_own(#[case] body: Value, #[case] want: &[(&str, Option<&str>)]) {
    let report = report(&looped(body));
    let issues: Vec<_> = report.issues.iter().map(|i| (i.code.as_str(), i.suggestion.as_deref())).collect();
    assert_eq!(issues, want);
}

#[test]
fn items_of_loops_have_codes_of_their_own() {
    let mut graph = looped(json!([{"id": "one", "type": "llm_call", "model": "m", "prompt": "{{ item }}"}]));
    graph["steps"][1]["for_each_items"] = json!("{{ steps.b.result }}");
    assert_eq!(found(&graph), [("for_each_items_unresolved", "each".to_owned())]);
    graph["steps"][1]["for_each_items"] = json!(vec![1; 501]);
    assert_eq!(found(&graph), [("for_each_items_invalid", "each".to_owned())]);
}

#[test]
fn the_payload_and_the_schema_bound_the_input() {
    let mut graph = template("{{ input.topc }}{{ input.note | omit }}{{ input.rows.0.id }}");
    assert_eq!(found(&graph), []);
    graph["input_schema"] = json!({"type": "object", "required": ["topic"], "properties": {
        "topic": {"type": "string"}, "rows": {"type": "array", "items": {"type": "object", "properties": {"id": {}}}}}});
    let issues = report(&graph).issues;
    assert_eq!(issues.len(), 1);
    assert_eq!(
        (issues[0].message.as_str(), issues[0].suggestion.as_deref(), issues[0].fixable),
        (
            "`input.topc` has no value: `input` has no `topc`; it has topic, rows",
            Some("{{ input.topic }}"),
            true
        )
    );
    let payload = json!({"topc": 1, "rows": [{"id": 1}]});
    let given = Options { trigger_payload: Some(payload), ..options() };
    let issues = validate(&graph, &given).unwrap().issues;
    let told: Vec<_> = issues.iter().map(|i| (i.code.as_str(), i.message.as_str())).collect();
    assert_eq!(told, [("input_payload_mismatch", "`input.topic` is required, and missing")]);
}

#[rstest]
#[case(json!("x"), "input_schema_invalid", "$.input_schema")]
#[case(json!({"type": "text"}), "input_schema_invalid", "$.input_schema.type")]
#[case(json!({"properties": {"a": 1}}), "input_schema_invalid", "$.input_schema.properties.a")]
#[case(json!([{"type": "string"}]), "input_schema_invalid", "$.input_schema[0]")]
#[case(json!([{"name": "b", "type": "string"}]), "input_payload_mismatch", "$.input.b")]
#[case(json!({"properties": {"a": {"type": "integer"}}}), "input_payload_mismatch", "$.input.a")]
#[case(json!({"properties": {"a": {"enum": [1, 2]}}}), "input_payload_mismatch", "$.input.a")]
#[case(json!({"additionalProperties": false}), "input_payload_mismatch", "$.input.a")]
fn schemas_and_payloads_are_checked(#[case] schema: Value, #[case] code: &str, #[case] place: &str) {
    let mut graph = template("plain");
    graph["input_schema"] = schema;
    let given = Options { trigger_payload: Some(json!({"a": "x"})), ..options() };
    let issues = validate(&graph, &given).unwrap().issues;
    let told: Vec<_> = issues.iter().map(|i| (i.code.as_str(), i.json_path.as_str())).collect();
    assert_eq!(told, [(code, place)]);
}

#[test]
fn mocked_results_bound_what_is_below_them() {
    let graph = template("{{ steps.a.result.rowz }}");
    let mocks = json!({"a": {"rows": []}}).as_object().unwrap().clone();
    let issues = validate(&graph, &Options { mock_step_outputs: mocks, ..options() }).unwrap().issues;
    assert_eq!(issues[0].suggestion.as_deref(), Some("{{ steps.a.result.rows }}"));
}

#[test]
fn checks_and_steps_can_be_chosen() {
    let graph = json!({"steps": [{"id": "a", "type": "lua_script"}, {"id": "b", "type": "oops"}]});
    let codes = |options: Options<'_>| {
        let report = validate(&graph, &options).unwrap();
        (report.issues.iter().map(|i| i.code.as_str()).collect::<Vec<_>>(), report.checks.len())
    };
    assert_eq!(
        codes(Options { checks: Some(vec![Check::GraphSchema]), ..options() }),
        (vec!["step_type_unknown"], 1)
    );
    assert_eq!(
        codes(Options { skip_checks: vec![Check::GraphSchema], ..options() }),
        (vec!["step_field_missing"], 10)
    );
    assert_eq!(
        codes(Options { step_ids: Some(vec!["a".into()]), ..options() }),
        (vec!["step_field_missing"], 11)
    );
}

#[test]
fn what_cannot_be_validated_is_refused() {
    let graph = with(json!({}));
    let refused = |graph: &Value, options| validate(graph, &options).unwrap_err().to_string();
    assert_eq!(refused(&json!([]), options()), "the graph must be a JSON object with a list of `steps`");
    assert_eq!(
        refused(&graph, Options { checks: Some(Vec::new()), ..options() }),
        "no check is left to perform; name at least one that is not skipped"
    );
    assert_eq!(
        refused(
            &json!({"steps": [{"id": "fetch"}]}),
            Options { step_ids: Some(vec!["fetsh".into()]), ..options() }
        ),
        "`step_ids` names `fetsh`, which is not in the graph; the nearest is `fetch`"
    );
}

#[test]
fn agents_are_held_against_those_there_are() {
    let graph = |id: &str| with(json!({"type": "agent_call", "agent_id": id, "prompt": "Hi"}));
    let told = |id: &str, known: &[&str]| {
        let agents = Some(known.iter().map(ToString::to_string).collect());
        let report = validate(&graph(id), &Options { agents, ..options() }).unwrap();
        let issue = report.issues.first().cloned();
        (report.readiness(), issue.and_then(|issue| issue.suggestion))
    };
    assert_eq!(told("triage", &["triage"]), (Readiness::Ready, None));
    assert_eq!(told("{{ input.agent }}", &[]), (Readiness::Ready, None));
    assert_eq!(told("triag", &["triage"]), (Readiness::Blocked, Some("triage".into())));
    let advice = "create it with POST /v1/agents and the id `triage`";
    assert_eq!(told("triage", &["xyz"]), (Readiness::Blocked, Some(advice.into())));
}

#[test]
fn what_this_runtime_refuses_is_valid_and_not_ready() {
    let report = report(&with(json!({"type": "external_agent"})));
    assert_eq!((report.is_valid(), report.readiness()), (true, Readiness::Blocked));
}

#[test]
fn without_steps_nothing_is_ready_whichever_check_is_asked_for() {
    let only = Options { checks: Some(vec![Check::Templates]), ..options() };
    let report = validate(&json!({}), &only).unwrap();
    assert_eq!((report.readiness(), report.checks[0].1.as_str()), (Readiness::Blocked, "blocked"));
}

#[test]
fn without_a_compiler_scripts_are_not_checked() {
    let report = validate(&with(json!({})), &Options::default()).unwrap();
    let lua = report.checks.iter().find(|(check, _)| *check == Check::LuaSyntax);
    assert_eq!(lua.and_then(|(_, result)| result.reason()), Some("there is no Lua compiler here"));
}

#[test]
fn codes_have_words_of_their_own() {
    let mut words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Code::ALL.len());
}

#[test]
fn several_instances_make_the_connection_ambiguous() {
    let call = |id: &str, instance: &str| {
        json!({"id": id, "type": "mcp_call", "tool_name": "t", "instance_id": instance,
               "tool_args": {"from": "{{ connection.email }}"}})
    };
    assert_eq!(found(&json!({"steps": [call("a", "i"), call("b", "i")]})), []);
    let codes: Vec<_> =
        found(&json!({"steps": [call("a", "i"), call("b", "j")]})).into_iter().map(|(c, _)| c).collect();
    assert_eq!(codes, ["connection_root_multi_instance"; 2]);
}

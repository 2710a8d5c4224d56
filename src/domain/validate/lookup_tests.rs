//! What is found with a registry, with scripts that were tried out, and with a schema of tenant data.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn directory() -> Directory {
    let schema = json!({
        "type": "object", "required": ["to", "kind"],
        "properties": {"to": {"type": "string"}, "count": {"type": "integer"}, "kind": {"default": "mail"}},
    });
    let strict = json!({"type": "object", "properties": {"limit": {}}, "additionalProperties": false});
    let tools =
        json!([{"name": "send_mail", "input_schema": schema}, {"name": "list_mail", "input_schema": strict}]);
    let server = |id: &str, tools| KnownServer {
        id: id.into(),
        name: format!("The {id}"),
        url: format!("https://{id}.example.com/mcp"),
        tools,
    };
    let instance = |id: &str, server: &str, problem: Option<&str>| KnownInstance {
        id: id.into(),
        name: format!("Instance {id}"),
        server_id: server.into(),
        problem: problem.map(Into::into),
    };
    Directory {
        servers: vec![server("mail", Some(tools)), server("blank", None)],
        instances: vec![
            instance("inst-mail-1", "mail", None),
            instance("inst-blank", "blank", None),
            instance("inst-sick", "mail", Some("its connection `Work` is needs_reconnect; reconnect it")),
        ],
    }
}

/// A graph of one tool call; a `send_mail` that fits, with other fields in their place.
#[expect(clippy::needless_pass_by_value, reason = "what is tested is written in place")]
fn call(fields: Value) -> Value {
    let mut step = json!({"id": "a", "type": "mcp_call", "instance_id": "inst-mail-1", "tool_name": "send_mail",
        "tool_args": {"to": "ops@example.com"}});
    step.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"steps": [step]})
}

fn found(graph: &Value, options: &Options<'_>) -> Vec<(&'static str, Option<String>)> {
    let report = validate(graph, options).unwrap();
    report.issues.iter().map(|issue| (issue.code.as_str(), issue.suggestion.clone())).collect()
}

#[rstest]
#[case::fits(json!({}), &[])]
#[case::by_url(json!({"instance_id": null, "server_url": "https://mail.example.com/mcp/"}), &[])]
#[case::late_instance(json!({"instance_id": "{{ input.instance }}"}), &[])]
#[case::instance(json!({"instance_id": "inst-mail-l"}), &[("mcp_instance_unresolved", Some("inst-mail-1"))])]
#[case::by_name(json!({"instance_id": "Instance inst-blank"}), &[("mcp_instance_unresolved", Some("inst-blank"))])]
#[case::elsewhere(json!({"instance_id": "qqq", "server_url": "https://mail.example.com/mcp"}), &[])]
#[case::not_ready(json!({"instance_id": "inst-sick"}), &[("mcp_instance_not_ready", None)])]
#[case::tool(json!({"tool_name": "send_mial"}), &[("mcp_tool_unknown", Some("send_mail"))])]
#[case::missing(json!({"tool_args": {}}), &[("mcp_tool_arg_missing", Some("add `to` to `tool_args`"))])]
#[case::wrong_type(json!({"tool_args": {"to": "x", "count": "many"}}), &[("mcp_tool_arg_invalid", None)])]
#[case::spelled_number(json!({"tool_args": {"to": "x", "count": "12"}}), &[])]
#[case::typo(json!({"tool_args": {"to": "x", "cuont": 1}}), &[("mcp_tool_arg_unknown", Some("count"))])]
#[case::forbidden(
    json!({"tool_name": "list_mail", "tool_args": {"limt": 1}}),
    &[("mcp_tool_arg_invalid", Some("limit"))]
)]
#[case::deferred(json!({"tool_args": {"to": "{{ input.to }}"}}), &[("mcp_tool_arg_deferred", None)])]
#[case::no_schema(
    json!({"instance_id": "inst-blank"}),
    &[("mcp_tool_input_schema_unavailable", Some("discover the server's tools and activate a version"))]
)]
fn tool_calls_are_held_against_the_registry(#[case] fields: Value, #[case] want: &[(&str, Option<&str>)]) {
    let directory = directory();
    let options = Options { directory: Some(&directory), ..Options::default() };
    let want: Vec<_> = want.iter().map(|(code, near)| (*code, near.map(str::to_owned))).collect();
    assert_eq!(found(&call(fields), &options), want);
}

#[test]
fn a_schema_that_is_not_there_blocks_a_graph_that_is_valid() {
    let directory = directory();
    let options = Options { directory: Some(&directory), ..Options::default() };
    let graph = call(json!({"instance_id": null, "server_url": "https://other.example.com/mcp"}));
    let report = validate(&graph, &options).unwrap();
    assert_eq!(
        (report.is_valid(), report.readiness(), report.blockers().count()),
        (true, Readiness::Blocked, 1)
    );
    let (_, resolved) = report.checks.iter().find(|(check, _)| *check == Check::McpResolve).unwrap();
    assert_eq!(resolved, &CheckResult::Passed);
    // Without a registry it is not asked for, and says so when it is.
    let asked = Options { checks: Some(vec![Check::McpResolve]), ..Options::default() };
    let report = validate(&graph, &asked).unwrap();
    assert_eq!(report.checks[0].1.reason(), Some("there is no registry of MCP instances here"));
}

#[test]
fn owners_of_connections_must_agree_and_resolvers_name_a_model() {
    let step = |id: &str, word: &str| {
        json!({"id": id, "type": "mcp_call", "tool_name": "t", "instance_id": "i",
        "connection_resolution": word})
    };
    let graph = json!({"steps": [step("a", "workspace"), step("b", "inherit"), step("c", "principal")]});
    let codes: Vec<_> = found(&graph, &Options::default()).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["mcp_connection_resolution_principal", "mcp_connection_resolution_conflict"]);
    let resolver = call(json!({"input_resolver": {"prompt": "Fill in."}}));
    assert_eq!(found(&resolver, &Options::default()), [("input_resolver_no_model", None)]);
    assert_eq!(found(&call(json!({"input_resolver": {"model": "m"}})), &Options::default()), []);
}

fn scripts() -> Value {
    json!({"steps": [
        {"id": "map", "type": "lua_script", "script": "return { row = { email = input.email } }"},
        {"id": "each", "type": "for_each", "depends_on": ["map"], "for_each_items": [1],
         "for_each_body_steps": [{"id": "inner", "type": "lua_script", "script": "return item"}]},
    ]})
}

/// Every trial of a graph, ended by `end`.
fn tried(graph: &Value, options: &Options<'_>, end: impl Fn(&Trial) -> TrialEnd) -> Vec<(Trial, TrialEnd)> {
    trials(graph, options).into_iter().map(|trial| (trial.clone(), end(&trial))).collect()
}

#[test]
fn trials_get_the_scope_that_was_given_for_their_step() {
    let options = Options {
        trigger_payload: Some(json!({"email": "a@example.com"})),
        mock_step_outputs: json!({"map": {"n": 1}}).as_object().unwrap().clone(),
        mock_lua_scopes: json!({"inner": {"item": 7}}).as_object().unwrap().clone(),
        ..Options::default()
    };
    let all = trials(&scripts(), &options);
    let told: Vec<_> = all.iter().map(|trial| (trial.step.as_str(), trial.is_fixed)).collect();
    assert_eq!(told, [("map", false), ("inner", true)]);
    assert_eq!(all[0].globals["input"]["email"], "a@example.com");
    assert_eq!(all[1].globals["steps"]["map"]["result"]["n"], 1);
    assert_eq!((&all[1].globals["item"], &all[1].globals["foreach"]["item"]), (&json!(7), &json!(7)));
}

#[test]
fn scripts_without_a_table_are_errors_and_failures_count_where_data_was_given() {
    let scoped = json!({"inner": {}}).as_object().unwrap().clone();
    let options = Options { mock_lua_scopes: scoped, ..Options::default() };
    let graph = scripts();
    let failing = tried(&graph, &options, |_| TrialEnd::Failed("line 1: it is nil".into()));
    let known = Options { tried: Some(&failing), ..options.clone() };
    assert_eq!(found(&graph, &known), [("lua_fixture_runtime", None)]);
    let scalar = tried(&graph, &options, |_| TrialEnd::NoTable("the script returned boolean".into()));
    let known = Options { tried: Some(&scalar), ..options };
    assert_eq!(found(&graph, &known), [("lua_fixture_return_type", None), ("lua_fixture_return_type", None)]);
}

#[rstest]
#[case::row(json!({"step_id": "map", "expect_row": {"email": "a@example.com"}}), None)]
#[case::rows(json!({"step_id": "map", "expect_rows": [{"email": "a@example.com"}]}), None)]
#[case::other(
    json!({"step_id": "map", "expect_row": {"email": "b@example.com"}}),
    Some("`email` is \"a@example.com\", and \"b@example.com\" is expected")
)]
#[case::unset(json!({"step_id": "map", "expect_row": {"name": "A"}}), Some("`name` is not set, and \"A\" is expected"))]
#[case::nothing(json!({"step_id": "map"}), Some("it expects nothing"))]
#[case::unknown(json!({"step_id": "mapp", "expect_row": {}}), Some("which is no step with a `script`"))]
fn mappers_return_the_rows_that_are_expected(#[case] fixture: Value, #[case] want: Option<&str>) {
    let options = Options { mapper_fixtures: vec![fixture], ..Options::default() };
    let graph = scripts();
    let row = json!({"row": {"email": "a@example.com"}});
    let ended = tried(&graph, &options, |_| TrialEnd::Returned(row.clone()));
    let known = Options { tried: Some(&ended), ..options };
    let report = validate(&graph, &known).unwrap();
    let failed: Vec<_> =
        report.issues.iter().filter(|issue| issue.code == Code::MapperFixtureFailed).collect();
    assert_eq!(failed.len(), usize::from(want.is_some()));
    assert!(failed.iter().all(|issue| issue.message.contains(want.unwrap_or_default())), "{failed:?}");
}

/// A graph that writes these rows, after a script that makes some.
#[expect(clippy::needless_pass_by_value, reason = "what is tested is written in place")]
fn insert(rows: Value) -> Value {
    json!({"steps": [
        {"id": "map", "type": "lua_script", "script": "return { row = { email = 'x', [\"full_name\"] = 'y' } }"},
        {"id": "w", "type": "mcp_call", "tool_name": "tenantdata_insert", "server_url": "https://db.example.com/mcp",
         "depends_on": ["map"], "tool_args": {"table": "people", "rows": rows}},
    ]})
}

fn people(columns: &[&str]) -> Value {
    json!({"tables": [{"name": "people", "on_duplicate": "upsert", "upsert_columns": columns}]})
}

#[rstest]
#[case::literal(json!([{"email": "x", "full_name": "y"}]), &["email"], &[])]
#[case::literal_lacks(json!([{"email": "x"}]), &["email", "title"], &["tenantdata_upsert_column_missing"])]
#[case::one_row_has_it(json!([{"email": "x"}, {"title": "y"}]), &["email", "title"], &[])]
#[case::script(json!(["{{ steps.map.result.row }}"]), &["email", "full_name"], &[])]
#[case::script_lacks(json!(["{{ steps.map.result.row }}"]), &["title"], &["tenantdata_upsert_column_missing"])]
#[case::untraced(json!(["{{ input.row }}"]), &["title"], &["tenantdata_rows_untraced"])]
fn upserts_set_every_column(#[case] rows: Value, #[case] columns: &[&str], #[case] want: &[&str]) {
    let options = Options { tenantdata_schema: Some(people(columns)), ..Options::default() };
    let codes: Vec<_> = found(&insert(rows), &options).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, want);
}

#[test]
fn rows_of_a_mocked_result_are_known_and_a_missing_schema_blocks() {
    let rows = json!(["{{ steps.map.result.row }}"]);
    let mocks = json!({"map": {"row": {"title": "z"}}}).as_object().unwrap().clone();
    let schema = Some(people(&["title"]));
    let options = Options { tenantdata_schema: schema, mock_step_outputs: mocks, ..Options::default() };
    assert_eq!(found(&insert(rows.clone()), &options), []);
    let report = validate(&insert(rows.clone()), &Options::default()).unwrap();
    assert_eq!((report.is_valid(), report.readiness()), (true, Readiness::Blocked));
    assert_eq!(report.issues[0].code, Code::TenantdataSchemaUnavailable);
    let other = json!({"tables": [{"name": "peoples"}]});
    let options = Options { tenantdata_schema: Some(other), ..Options::default() };
    let near = Some("peoples".to_owned());
    assert_eq!(found(&insert(rows), &options), [("tenantdata_schema_unavailable", near)]);
}

#[test]
fn placeholders_may_stand_for_results_that_nobody_mocked() {
    let graph = json!({"steps": [
        {"id": "ask", "type": "llm_call", "model": "m", "prompt": "Hi"},
        {"id": "b", "type": "human_task", "task_type": "t", "depends_on": ["ask"],
         "task_payload": "{{ steps.ask.result.answer.title }}"},
    ]});
    assert_eq!(found(&graph, &Options::default())[0].0, "template_unresolved");
    let assumed = Options { assume_placeholder_outputs: true, ..Options::default() };
    assert_eq!(found(&graph, &assumed), []);
}

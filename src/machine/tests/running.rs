//! Order, parallelism, data flow, completion.

use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::json;

use super::driver::{Driver, llm, lua, mcp, merged};
use crate::domain::{EventKind, Progress, RunStatus};
use crate::machine::{ConnectionChoice, Input, Machine, Refusal, Work};

#[test]
fn steps_run_as_soon_as_what_they_depend_on_has_ended() {
    let mut run = Driver::started(json!([
        lua("a", &[]),
        lua("b", &["a"]),
        lua("c", &["a", "a"]),
        lua("d", &["b", "c"])
    ]));
    assert_eq!(run.events(), ["run_started", "step_started a 1"]);
    assert_eq!(run.order_lines(), ["execute a#1"]);
    run.done("a", json!({}));
    assert_eq!(run.events(), ["step_completed a", "step_started b 1", "step_started c 1"]);
    assert_eq!(run.order_lines(), ["execute b#1", "execute c#1"]);
    let progress = Progress { done: 1, total: 4, in_flight: 2, current: Some("c".into()) };
    assert_eq!(run.machine.progress(), progress);
    assert_eq!(run.done("c", json!({})).events(), ["step_completed c"]);
    assert_eq!(run.done("b", json!({})).events(), ["step_completed b", "step_started d 1"]);
    run.done("d", json!({"n": 1}));
    assert_eq!(run.events(), ["step_completed d", "state_changed running>completed", "run_completed"]);
    assert_eq!(run.data(&EventKind::RunCompleted), json!({"outputs": {"d": {"n": 1}}}));
    assert_eq!((run.machine.phase(), run.machine.failure()), (None, None));
}

#[test]
fn the_first_event_carries_what_the_run_is() {
    let run = Driver::started_with(json!([lua("a", &[])]), json!([1]), &["a"]);
    let want = json!({
        "workflow_id": "w1", "version": 3, "input": [1], "trigger_type": "api",
        "excluded_step_ids": ["a"], "machine_version": 1,
    });
    assert_eq!(run.log[0].data, want);
}

#[test]
fn an_empty_graph_completes_at_once() {
    let run = Driver::started(json!([]));
    assert_eq!(run.events(), ["run_started", "state_changed running>completed", "run_completed"]);
}

#[test]
fn disabled_and_excluded_steps_are_skipped_in_their_turn_and_dependants_go_on() {
    let off = merged(lua("off", &["a"]), json!({"enabled": false}));
    let mut run = Driver::started_with(
        json!([lua("a", &[]), off, lua("out", &["off"]), lua("z", &["out"])]),
        json!({}),
        &["out", "ghost"],
    );
    assert_eq!(run.events(), ["run_started", "step_started a 1"]);
    run.done("a", json!({}));
    assert_eq!(
        run.events(),
        [
            "step_completed a",
            "step_completed off step_disabled",
            "step_completed out step_disabled",
            "step_started z 1"
        ]
    );
}

#[test]
fn a_graph_that_cannot_run_is_rejected() {
    let run = Driver::started(json!([lua("a", &["b"]), lua("b", &["a"])]));
    assert_eq!(run.events(), ["state_changed pending>rejected", "run_rejected"]);
    assert!(run.is(&RunStatus::Rejected));
    let failure = run.machine.failure().unwrap();
    assert_eq!(failure.code.as_str(), "VALIDATION_ERROR");
    assert!(failure.error.contains("wait for each other"), "{}", failure.error);
    let dangling = Driver::started(json!([lua("a", &["ghost"])]));
    assert!(dangling.machine.failure().unwrap().error.contains("`ghost`, which does not exist"));
}

#[test]
fn a_run_starts_once() {
    let mut run = Driver::started(json!([lua("a", &[])]));
    let again = Input::Start(Box::new(run.start_input(json!({}), &[])));
    assert_eq!(
        run.try_send(again.clone()),
        Err(Refusal::WrongStatus { status: "running".into(), wanted: "started" })
    );
    run.done("a", json!({}));
    assert_eq!(run.try_send(again), Err(Refusal::Ended("completed".into())));
}

#[test]
fn before_the_start_nothing_happens() {
    let mut run = Driver::new(json!([lua("a", &[])]));
    let wrong = |wanted| Err(Refusal::WrongStatus { status: "pending".into(), wanted });
    assert_eq!(run.try_send(Input::Pause), wrong("paused"));
    run.send(Input::Recover { repeatable: vec![] });
    assert_eq!((run.log.len(), run.orders.len()), (0, 0));
    assert_eq!(run.machine, Machine::default());
}

#[test]
fn tools_get_resolved_arguments_and_later_steps_see_them() {
    let args = json!({"tool_args": {"q": "{{ input.topic }}", "run": "{{ run.run_id }}", "n": "{{ input.nope | 5 }}"}, "timeout_s": 30});
    let next = json!({"tool_args": {"was": "{{ steps.find-it.input.q }}", "got": "{{ steps.find-it.result.rows.0 }}"}});
    let mut run = Driver::started(json!([mcp("find-it", &[], args), mcp("b", &["find-it"], next)]));
    let call = run.call("find-it");
    assert_eq!(
        (call.timeout, call.idempotency_key().as_str()),
        (Some(Duration::from_secs(30)), "r1/find-it/1")
    );
    let work = Work::Mcp {
        server_url: Some("http://mcp.example.com".into()),
        instance_id: None,
        tool: "send".into(),
        args: json!({"q": "rust", "run": "r1", "n": 5}),
        connection: ConnectionChoice::Inherit,
    };
    assert_eq!(call.work, work);
    assert_eq!(run.order_lines(), ["execute find-it#1", "set timeout find-it#1 +30s"]);
    run.done("find-it", json!({"rows": [[7]]}));
    assert_eq!(run.order_lines(), ["clear timeout find-it#1", "execute b#1"]);
    assert_eq!(run.args("b"), json!({"was": "rust", "got": [7]}));
}

#[test]
fn models_get_a_resolved_question_and_later_steps_see_it() {
    let first = json!({
        "prompt": "About {{ input.topic }}.", "llm_credential_id": "cred-1", "timeout_s": 60,
        "llm_params": {"temperature": 0.2, "system": "Run {{ run.run_id }}", "stop": "{{ input.nope | omit }}"},
    });
    let next = json!({
        "model": null, "model_ref": "large", "prompt": "{{ steps.a.result }}", "depends_on": ["a"],
        "llm_params": {"user": "{{ steps.a.input.prompt }} {{ steps.a.input.llm_params.system }}"},
    });
    let mut run = Driver::started(json!([llm("a", first), llm("b", next)]));
    let call = run.call("a");
    let params = |value: serde_json::Value| value.as_object().unwrap().clone();
    let work = Work::Llm {
        model: "small".into(),
        prompt: "About rust.".into(),
        params: params(json!({"temperature": 0.2, "system": "Run r1"})),
        credential: Some("cred-1".into()),
    };
    assert_eq!((call.work, call.timeout), (work, Some(Duration::from_secs(60))));
    let input = json!({
        "model": "small", "prompt": "About rust.", "llm_params": {"temperature": 0.2, "system": "Run r1"},
    });
    assert_eq!(run.data(&EventKind::StepStarted)["input"], input);
    run.done("a", json!({"text": "Fine."}));
    let work = Work::Llm {
        model: "large".into(),
        prompt: "{\"text\":\"Fine.\"}".into(),
        params: params(json!({"user": "About rust. Run r1"})),
        credential: None,
    };
    assert_eq!(run.call("b").work, work);
}

#[test]
fn scripts_get_the_globals_they_can_read() {
    let named = merged(lua("named", &["a-b"]), json!({"script": "return {x = steps.a_b.result, y = input}"}));
    let any = merged(lua("any", &["a-b"]), json!({"script": "for id in pairs(steps) do end return {}"}));
    let mut run = Driver::started(json!([
        mcp("a-b", &[], json!({"tool_args": {"q": 1}})),
        lua("c", &[]),
        named,
        any,
        lua("none", &["a-b"])
    ]));
    run.done("c", json!({"c": 1}));
    run.done("a-b", json!({"n": 1}));
    let shown = json!({
        "run_id": "r1", "trigger_type": "api", "started_at": "1970-01-01T00:16:40Z", "external_id": null,
        "external_user_id": null, "principal_id": null, "user_id": null, "segment_id": null,
    });
    let a = json!({"result": {"n": 1}, "input": {"q": 1}});
    let globals = |steps| json!({"run": shown, "connection": {}, "input": {"topic": "rust"}, "steps": steps});
    assert_eq!(run.globals("named"), globals(json!({"a-b": a})));
    assert_eq!(run.globals("any"), globals(json!({"a-b": a, "c": {"result": {"c": 1}}})));
    assert_eq!(run.globals("none"), globals(json!({})));
}

#[test]
fn the_context_has_input_and_the_steps_that_began_or_ended() {
    let mut run = Driver::started(json!([
        mcp("a", &[], json!({"tool_args": {"q": 1}})),
        lua("b", &["a"]),
        lua("c", &["b"])
    ]));
    run.done("a", json!({"n": 1}));
    let want = json!({
        "input": {"topic": "rust"},
        "steps": {
            "a": {"status": "completed", "result": {"n": 1}, "input": {"q": 1}},
            "b": {"status": "running"},
        },
    });
    assert_eq!(run.machine.context(), want);
}

#[test]
fn results_of_other_attempts_and_unknown_steps_are_ignored() {
    let mut run = Driver::started(json!([lua("a", &[]), lua("b", &["a"])]));
    run.failed("a", 2, false);
    run.done("b", json!({}));
    run.done("ghost", json!({}));
    assert_eq!(run.log.len(), 2);
    run.done("a", json!({"first": true}));
    run.done("a", json!({"second": true}));
    assert_eq!(run.machine.context()["steps"]["a"]["result"], json!({"first": true}));
}

#[test]
fn a_wide_graph_starts_in_one_turn_and_completes() {
    let mut steps: Vec<_> =
        (0..2_000).map(|n| merged(lua(&format!("off{n}"), &[]), json!({"enabled": false}))).collect();
    steps.extend((0..500).map(|n| lua(&format!("wide{n}"), &["off1999"])));
    let graph = std::sync::Arc::new(crate::domain::Graph::parse(&json!({ "steps": steps })).unwrap());
    let start = crate::machine::StartInput { graph, ..Driver::new(json!([])).start_input(json!({}), &[]) };
    let mut machine = Machine::default();
    let at = crate::domain::Timestamp::UNIX_EPOCH;
    let reaction = machine.handle(Input::Start(Box::new(start)), at).unwrap();
    assert_eq!((reaction.events.len(), reaction.orders.len()), (2_501, 500));
    for n in 0..500 {
        let outcome = crate::machine::Outcome::Done(json!({}));
        let input =
            Input::Finished { step: format!("wide{n}").into(), attempt: 1, outcome, took: Duration::ZERO };
        machine.handle(input, at).unwrap();
    }
    assert_eq!(machine.status(), &RunStatus::Completed);
}

#[test]
fn templates_and_scripts_see_the_connection_after_a_crash_too() {
    let script = "return {name = connection.name}";
    let steps = json!([
        {"id": "say", "type": "llm_call", "model": "m", "prompt": "{{connection.by_instance.i-1.name}} {{connection.primary_instance_id}}"},
        {"id": "script", "type": "lua_script", "script": script},
    ]);
    let mut driver = Driver::new(steps);
    let scope =
        json!({"name": "mail", "primary_instance_id": "i-1", "by_instance": {"i-1": {"name": "mail"}}});
    let connection = scope.as_object().unwrap().clone();
    let start = crate::machine::StartInput { connection, ..driver.start_input(json!({}), &[]) };
    driver.send(Input::Start(Box::new(start)));
    let work = driver.call("say").work;
    assert!(matches!(&work, crate::machine::Work::Llm { prompt, .. } if &**prompt == "mail i-1"), "{work:?}");
    assert_eq!(driver.globals("script")["connection"], scope);
    driver.crash(&[]);
    assert_eq!(driver.globals("script")["connection"], scope);
}

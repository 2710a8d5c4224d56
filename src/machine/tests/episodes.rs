//! Episodes: scope, grants, handoffs, closing.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::driver::{BLOCKED, Driver, agent, human, lua, merged};
use crate::domain::{EventKind, FailureCode, RunStatus, SkipReason, StepStatus, StopMode};
use crate::machine::{AGENT_HANDOFF_REFUSED, AWAITING_CHAT, AWAITING_EPISODE_CLOSE, Input};

const OUT: StepStatus = StepStatus::Skipped(SkipReason::OutOfScope);

fn gated(step: Value, more: Value) -> Value {
    merged(merged(step, json!({"no_auto_start": true})), more)
}

/// A triage agent that may hand off to `fix` or `ask`; both lead to `report`, which ends it.
fn desk() -> Value {
    json!([
        agent("triage", &[], json!({})),
        gated(
            agent("fix", &["triage"], json!({})),
            json!({"input_allowlist": ["triage"], "name": "Mend it"})
        ),
        gated(human("ask", &[], json!({})), json!({"input_allowlist": ["human"]})),
        lua("after_fix", &["fix"]),
        gated(lua("report", &[]), json!({"terminal": true})),
    ])
}

fn episode(run: &Driver) -> Value {
    run.machine.context()["custom"]["episode"].clone()
}

#[test]
fn only_what_is_not_gated_starts_and_an_agent_brings_in_the_rest() {
    let mut run = Driver::started(desk());
    assert_eq!(run.events(), ["run_started", "step_started triage 1"]);
    let powers = run.turn("triage").powers.unwrap();
    let targets: Vec<_> = powers.targets.iter().map(|target| target.step.as_str()).collect();
    assert_eq!(targets, ["fix", "ask", "report"]);
    assert_eq!(powers.targets[0].name.as_deref(), Some("Mend it"));

    run.turn_done(
        "triage",
        json!({"handoff": {"to": "fix", "payload": {"why": "broken", "prompt": "Mend the pump."}}}),
    );
    assert_eq!(run.events(), ["step_completed triage", "step_started fix 1"]);
    let turn = run.turn("fix");
    assert_eq!(&*turn.prompt, "Mend the pump.\n\nHanded to you:\n{\"why\":\"broken\"}");
    let targets: Vec<_> = turn.powers.unwrap().targets.into_iter().map(|target| target.step).collect();
    assert_eq!(targets, ["ask".into(), "report".into()], "a step that runs cannot be handed to");
    let want = json!({
        "entry_granted": [], "in_scope": ["triage", "fix", "after_fix"],
        "runtime_depends_on": {"fix": ["triage"]}, "episode_closed": false,
    });
    assert_eq!(episode(&run), want);
    let given = &run.machine.context()["input"];
    assert_eq!(
        given,
        &json!({"topic": "rust", "_steps": {"fix": {"why": "broken", "prompt": "Mend the pump."}}})
    );
}

#[test]
fn done_closes_the_episode_and_what_is_in_scope_still_runs() {
    let mut run = Driver::started(desk());
    run.turn_done("triage", json!({"handoff": {"to": "fix"}})).turn_done("fix", json!({"done": true}));
    let want = [
        "step_completed fix",
        "step_completed ask out_of_scope",
        "step_completed report out_of_scope",
        "step_started after_fix 1",
    ];
    assert_eq!(run.events(), want);
    assert_eq!(episode(&run)["episode_closed"], true);
    run.done("after_fix", json!({}));
    assert!(run.is(&RunStatus::Completed));
    assert_eq!((run.status("ask"), run.status("report")), (OUT, OUT));
}

#[test]
fn a_terminal_step_closes_the_episode_when_it_completes() {
    let mut run = Driver::started(desk());
    run.turn_done("triage", json!({"handoff": {"to": "report"}})).done("report", json!({}));
    let want = [
        "step_completed report",
        "step_completed fix out_of_scope",
        "step_completed ask out_of_scope",
        "step_completed after_fix out_of_scope",
        "state_changed running>completed",
        "run_completed",
    ];
    assert_eq!(run.events(), want);
}

#[test]
fn an_episode_that_nobody_closes_stays_open_until_it_is_stopped() {
    let mut run = Driver::started(desk());
    run.turn_done("triage", json!({}));
    assert_eq!(
        (run.machine.status(), run.machine.phase()),
        (&RunStatus::Running, Some(AWAITING_EPISODE_CLOSE))
    );
    run.pause();
    assert_eq!(run.machine.phase(), None);
    run.resume().crash(&[]);
    assert_eq!(run.machine.phase(), Some(AWAITING_EPISODE_CLOSE));
    run.stop(StopMode::Graceful);
    assert!(run.is(&RunStatus::Stopped));
    assert_eq!(run.status("fix"), BLOCKED);
}

#[test]
fn an_entry_grant_lets_a_step_in_with_what_it_is_given() {
    let steps = json!([
        lua("root", &[]),
        gated(lua("a", &[]), json!({"input_allowlist": []})),
        gated(lua("b", &["root"]), json!({})),
        lua("join", &["a", "b"]),
        gated(lua("never", &[]), json!({"terminal": true})),
    ]);
    let mut run = Driver::started_granting(steps, json!({"a": {"n": 1}, "b": null, "ghost": 7}));
    assert_eq!(run.events(), ["run_started", "step_started root 1", "step_started a 1"]);
    assert_eq!(run.globals("a")["input"], json!({"topic": "rust", "_steps": {"a": {"n": 1}, "b": null}}));
    assert_eq!(run.data(&EventKind::RunStarted)["input"], json!({"topic": "rust"}));
    run.done("a", json!({})).done("root", json!({})).done("b", json!({})).done("join", json!({}));
    assert_eq!(episode(&run)["entry_granted"], json!(["a", "b"]));
    assert_eq!(run.machine.phase(), Some(AWAITING_EPISODE_CLOSE));
}

#[test]
fn what_waits_for_a_step_outside_of_the_scope_is_left_out_with_it() {
    let steps = json!([
        lua("end", &[]),
        gated(lua("maybe", &[]), json!({})),
        gated(lua("granted", &["maybe"]), json!({})),
        lua("after", &["granted", "end"]),
    ]);
    let mut steps = steps;
    steps[0]["terminal"] = json!(true);
    let mut run = Driver::started_granting(steps, json!({"granted": {}}));
    run.done("end", json!({}));
    assert!(run.is(&RunStatus::Completed));
    assert_eq!([run.status("maybe"), run.status("granted"), run.status("after")], [OUT, OUT, OUT]);
}

#[test]
fn a_gated_step_that_is_switched_off_holds_nobody_back() {
    let steps = json!([gated(lua("off", &[]), json!({"enabled": false})), lua("next", &["off"]),]);
    let mut run = Driver::started(steps);
    assert_eq!(run.events(), ["run_started", "step_completed off step_disabled", "step_started next 1"]);
    run.done("next", json!({}));
    assert!(run.is(&RunStatus::Completed), "all steps have ended, so nothing is left to close");
}

#[test]
fn a_person_is_asked_with_what_was_handed_over() {
    let mut run = Driver::started(desk());
    run.turn_done("triage", json!({"handoff": {"to": "ask", "payload": "Which pump?"}}));
    assert_eq!(run.machine.pending_tasks()[0].payload, json!({"handoff": "Which pump?"}));
    run.decide("ask", true);
    assert_eq!(run.machine.phase(), Some(AWAITING_EPISODE_CLOSE));
}

#[rstest]
#[case(json!({"handoff": {"to": "ghost"}}), "`triage` hands off to `ghost`, which the graph does not have")]
#[case(json!({"handoff": {"to": "triage"}}), "hands off to itself")]
#[case(json!({"handoff": {"to": "closed"}}), "`input_allowlist` does not name it; add `triage` there")]
#[case(json!({"handoff": {"to": "nobody"}}), "`input_allowlist` does not name it")]
#[case(json!({"handoff": "fix"}), "the handoff names no step")]
fn a_handoff_that_is_not_allowed_fails_the_step(#[case] result: Value, #[case] says: &str) {
    let mut run = Driver::started(json!([
        agent("triage", &[], json!({"retry_count": 2})),
        gated(lua("closed", &[]), json!({"input_allowlist": ["human", "other"]})),
        gated(lua("nobody", &[]), json!({"input_allowlist": []})),
    ]));
    run.turn_done("triage", result);
    assert_eq!(
        (run.code(), run.status("triage")),
        (FailureCode::parse(AGENT_HANDOFF_REFUSED), StepStatus::Failed)
    );
    let error = &run.machine.failure().unwrap().error;
    assert!(error.contains(says), "{error}");
}

#[rstest]
#[case(json!({"done": true, "handoff": {"to": "b"}}), "the agent is done as well")]
#[case(json!({"handoff": {"to": "a"}}), "begun or ended already")]
#[case(json!({"handoff": {"to": "off"}}), "switched off")]
fn a_handoff_that_comes_too_late_is_ignored_and_says_why(#[case] result: Value, #[case] says: &str) {
    let mut run = Driver::started(json!([
        agent("triage", &[], json!({})),
        lua("a", &[]),
        gated(lua("b", &[]), json!({})),
        gated(lua("off", &[]), json!({"enabled": false})),
    ]));
    run.turn_done("triage", result);
    let completed = run.log.iter().find(|event| event.text("handoff_ignored").is_some()).unwrap();
    assert!(completed.text("handoff_ignored").unwrap().contains(says), "{completed:?}");
    assert_eq!(episode(&run)["runtime_depends_on"], json!({}));
    assert_eq!(run.status("triage"), StepStatus::Completed);
}

#[test]
fn after_the_close_a_handoff_is_ignored_and_without_gates_there_is_no_episode() {
    let mut run = Driver::started(json!([
        merged(lua("end", &[]), json!({"terminal": true})),
        agent("late", &[], json!({})),
        gated(lua("b", &[]), json!({})),
    ]));
    run.done("end", json!({})).turn_done("late", json!({"handoff": {"to": "b"}}));
    let said = |run: &Driver| run.data(&EventKind::StepCompleted)["handoff_ignored"].clone();
    assert_eq!(said(&run), "the episode is closed");
    assert!(run.is(&RunStatus::Completed));

    let mut run = Driver::started(json!([agent("only", &[], json!({})), lua("next", &["only"])]));
    assert_eq!(run.turn("only").powers, None);
    run.turn_done("only", json!({"done": true, "handoff": {"to": "next"}}));
    assert_eq!(said(&run), "the graph has no gated step, so it runs as no episode");
    assert_eq!(run.machine.context().get("custom"), None);
    assert_eq!(run.status("next"), StepStatus::Running);
}

#[test]
fn a_rejection_blocks_its_branch_whatever_the_scope() {
    let mut run = Driver::started(json!([
        human("ask", &[], json!({})),
        gated(lua("b", &["ask"]), json!({})),
        gated(lua("end", &[]), json!({"terminal": true})),
    ]));
    run.decide("ask", false);
    assert_eq!(run.status("b"), BLOCKED);
    assert_eq!(run.machine.phase(), Some(AWAITING_EPISODE_CLOSE));
}

#[test]
fn in_a_chat_session_an_agent_that_is_not_done_pauses_the_run() {
    let mut run = Driver::new(json!([
        agent("talk", &[], json!({})),
        lua("next", &["talk"]),
        gated(lua("x", &[]), json!({}))
    ]));
    let mut start = run.start_input(json!({}), &[]);
    start.trigger_type = "chat".into();
    run.send(Input::Start(Box::new(start)));
    run.turn_done("talk", json!({}));
    assert_eq!(run.events(), ["step_completed talk", "state_changed running>paused"]);
    assert_eq!(run.machine.phase(), Some(AWAITING_CHAT));
    run.resume();
    assert_eq!((run.machine.phase(), run.status("next")), (None, StepStatus::Running));
}

//! Turns of agents: orders, notes, the limit of rounds, crashes.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::driver::{Driver, agent, lua, timeout};
use crate::domain::{EventKind, RunStatus, StepStatus, StopMode};
use crate::machine::{AWAITING_CONTINUE, Input, Outcome, TurnLimit, TurnNote};

fn limit() -> Outcome {
    let transcript = json!({"messages": ["…"]});
    Outcome::LimitReached(TurnLimit { rounds: 4, message: "4 rounds are used up".into(), transcript })
}

fn note(step: &str, attempt: u32) -> Input {
    let note = TurnNote::ToolRound { round: 2, tool: "order_get".into(), summary: "SO-1".into(), ok: true };
    Input::Progress { step: step.into(), attempt, note }
}

fn each(body: &Value) -> Value {
    json!([{"id": "each", "type": "for_each", "for_each_items": ["a", "b"], "for_each_body_steps": [body],
        "for_each_item_timeout_s": 30}])
}

#[test]
fn a_turn_is_ordered_with_its_prompt_and_input() {
    let step = json!({"prompt": "About {{ input.topic }}:", "input": {"n": [1]}, "timeout_s": 9});
    let run = Driver::started(json!([agent("a", &[], step)]));
    let turn = run.turn("a");
    assert_eq!((&*turn.agent_id, &*turn.turn_id, &turn.powers), ("helper", "turn-1", &None));
    assert_eq!(&*turn.prompt, "About rust:\n\n{\"n\":[1]}");
    assert_eq!(run.order_lines(), ["execute a#1", "set timeout a#1 +9s"]);
    let started = run.data(&EventKind::StepStarted);
    assert_eq!(started["turn_id"], "turn-1");
    assert_eq!(started["input"], json!({"agent_id": "helper", "prompt": &*turn.prompt}));
}

#[test]
fn what_a_turn_tells_is_logged_until_it_ends() {
    let mut run = Driver::started(json!([agent("a", &[], json!({"retry_count": 1}))]));
    run.send(note("a", 1));
    let want = json!({"step_id": "a", "turn_id": "turn-1", "attempt": 1, "round": 2, "tool": "order_get", "summary": "SO-1", "ok": true});
    assert_eq!(run.data(&EventKind::AgentTurnToolRound), want);
    let status = TurnNote::Status { phase: "asking".into(), message: "asks small".into() };
    run.send(Input::Progress { step: "a".into(), attempt: 1, note: status });
    let want = json!({"step_id": "a", "turn_id": "turn-1", "attempt": 1, "phase": "asking", "message": "asks small"});
    assert_eq!(run.data(&EventKind::AgentTurnStatus), want);
    run.failed("a", 1, true).send(note("a", 1));
    assert_eq!(run.events(), Vec::<String>::new(), "the attempt has ended");
    run.turn_done("a", json!({})).send(note("a", 1));
    assert_eq!(run.events(), Vec::<String>::new());
}

#[test]
fn used_up_rounds_pause_the_run_and_resuming_gives_more() {
    let mut run = Driver::started(json!([agent("a", &[], json!({"timeout_s": 9})), lua("z", &["a"])]));
    run.finish("a", 1, limit());
    assert_eq!(run.events(), ["agent_turn_limit_reached a", "state_changed running>paused"]);
    assert_eq!(run.order_lines(), ["clear timeout a#1"]);
    assert_eq!((run.machine.phase(), run.status("a")), (Some(AWAITING_CONTINUE), StepStatus::Waiting));
    assert_eq!(run.machine.pending_tasks(), []);
    run.crash(&[]);
    assert_eq!((run.order_lines(), run.machine.phase()), (vec![], Some(AWAITING_CONTINUE)));
    run.resume();
    assert_eq!(run.order_lines(), ["execute a#1", "set timeout a#1 +9s"]);
    let turn = run.turn("a");
    assert_eq!((&*turn.turn_id, turn.transcript), ("turn-1", Some(json!({"messages": ["…"]}))));
    run.timer(timeout("a", 2)).turn_done("a", json!({})).done("z", json!({}));
    assert!(run.is(&RunStatus::Completed));
}

#[test]
fn another_attempt_begins_afresh() {
    let mut run = Driver::started(json!([agent("a", &[], json!({"retry_count": 1, "retry_delay_ms": 0}))]));
    run.finish("a", 1, limit()).resume().failed("a", 1, true);
    run.timer(super::driver::retry("a", 2));
    let turn = run.turn("a");
    assert_eq!((&*turn.turn_id, turn.transcript), ("turn-2", None));
}

#[test]
fn at_the_limit_a_run_can_be_stopped_and_a_draining_one_does_not_wait() {
    let mut run = Driver::started(json!([agent("a", &[], json!({})), lua("z", &["a"])]));
    run.finish("a", 1, limit()).stop(StopMode::Immediate);
    assert_eq!((run.status("a"), run.order_lines()), (StepStatus::Cancelled, vec![]));
    let mut run = Driver::started(json!([agent("a", &[], json!({})), lua("z", &["a"])]));
    run.stop(StopMode::Graceful).finish("a", 1, limit());
    assert_eq!((run.machine.status(), run.status("a")), (&RunStatus::Stopped, StepStatus::Cancelled));
}

#[test]
fn agents_within_loops_have_turns_of_their_own() {
    let mut run = Driver::started(each(&agent("ask", &[], json!({"prompt": "{{ item }}"}))));
    let turn = run.turn("each[1]/ask");
    assert_eq!((&*turn.turn_id, &*turn.prompt, turn.powers), ("turn-1-1", "b", None));
    run.send(note("each[1]/ask", 1));
    let data = run.data(&EventKind::AgentTurnToolRound);
    assert_eq!(
        (&data["step_id"], &data["iteration"], &data["turn_id"]),
        (&json!("each#body#ask"), &json!(1), &json!("turn-1-1"))
    );
    run.finish("each[0]/ask", 1, limit());
    assert_eq!(run.order_lines(), ["clear iteration each[0]"]);
    run.turn_done("each[1]/ask", json!({"done": true, "handoff": {"to": "x"}})).resume();
    assert_eq!(run.order_lines(), ["execute each[0]/ask#1", "set iteration each[0] +30s"]);
    run.turn_done("each[0]/ask", json!({}));
    assert!(run.is(&RunStatus::Completed));
}

#[test]
fn after_a_crash_a_turn_is_repeated_only_where_its_tools_allow_it() {
    let mut run = Driver::started(json!([agent("a", &[], json!({"prompt": "{{ input.topic }}"}))]));
    run.crash(&["a"]);
    assert_eq!(run.order_lines(), ["execute a#1"]);
    run.crash(&[]);
    assert_eq!(run.events(), ["step_uncertain a a", "human_task_created a a"]);
    let payload = run.machine.pending_tasks().remove(0).payload;
    assert_eq!((&payload["agent_id"], &payload["input"]["prompt"]), (&json!("helper"), &json!("rust")));
    run.decide("a", true);
    assert_eq!(run.order_lines(), ["execute a#1"]);
}

#[test]
fn a_turn_that_was_continued_goes_on_from_there_after_a_crash() {
    let mut run = Driver::started(json!([agent("a", &[], json!({}))]));
    run.finish("a", 1, limit()).resume().crash(&["a"]);
    assert_eq!(run.turn("a").transcript, Some(json!({"messages": ["…"]})));
}

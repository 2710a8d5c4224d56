//! A run's past, folded from its events: where each step stands, and how the run got there.
//!
//! The fold is total: any event, in any order, of any shape, gives a history. Events that were
//! folded already change nothing, so list and stream may overlap.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::Value;

use super::clock::age;
use super::{
    Drain, EventId, EventKind, FailureCode, Graph, Progress, Run, RunEvent, RunId, RunStatus, StepId,
    StepStatus, TaskId, Timestamp, WorkflowId,
};

/// Where a step stands, and what is known of how it got there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepState {
    /// Where it stands.
    pub status: StepStatus,
    /// Of an inner step of a loop, the iteration that the rest is about, counted from 0.
    pub iteration: Option<u64>,
    /// The attempt under way, or the last one, counted from 1; 0 before the first.
    pub attempt: u32,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The last error; foreign text.
    pub error: Option<Box<str>>,
    /// The code of the failure, where the event carries one.
    pub failure_code: Option<FailureCode>,
    /// The step whose failure cancelled this one.
    pub caused_by: Option<StepId>,
    /// The human task it waits for.
    pub task_id: Option<TaskId>,
    /// The run that carries out that attempt, of a `workflow_call`.
    pub child: Option<ChildRun>,
    /// Its resolved input, where the event carries one; foreign content.
    pub input: Option<Value>,
    /// Its result; foreign content.
    pub result: Option<Value>,
}

/// The run that carries out a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRun {
    /// Its workflow, where the event says.
    pub workflow_id: Option<WorkflowId>,
    /// The run.
    pub run_id: RunId,
}

impl ChildRun {
    fn of(data: &Value) -> Option<Self> {
        let text = |field| data.get(field).and_then(Value::as_str);
        let workflow_id = text("child_workflow_id").map(WorkflowId::new);
        Some(Self { workflow_id, run_id: RunId::new(text("child_run_id")?) })
    }
}

impl StepState {
    /// How long it ran, or has been running at `now`.
    pub fn elapsed(&self, now: Timestamp) -> Option<Duration> {
        self.started_at.map(|start| age(start, self.ended_at.unwrap_or(now)))
    }

    /// The run has ended: what is in flight ended with it.
    fn leave(&mut self, at: Option<Timestamp>) {
        if self.status.is_in_flight() || self.status == StepStatus::Unended {
            self.status = StepStatus::Unended;
            self.ended_at = at;
        }
    }

    /// Makes the state that of the event's iteration; `false` when the one it shows matters more.
    ///
    /// The latest iteration is shown, except that a failure or a question of an earlier one takes
    /// its place, and that what a failure cancelled or blocked does not hide it.
    fn turn_to(&mut self, event: &RunEvent) -> bool {
        let iteration = event.data.get("iteration").and_then(Value::as_u64);
        let (Some(new), Some(shown)) = (iteration, self.iteration) else {
            self.iteration = iteration.or(self.iteration);
            return true;
        };
        let is_end = event.kind == EventKind::StepCancelled || event.text("reason") == Some("blocked");
        let is_news = matches!(
            event.kind,
            EventKind::StepFailed | EventKind::HumanTaskCreated | EventKind::StepUncertain
        );
        let matters = match new.cmp(&shown) {
            Ordering::Equal => return true,
            Ordering::Less => is_news,
            Ordering::Greater => !(is_end && self.status == StepStatus::Failed),
        };
        if matters {
            *self = Self { iteration, ..Self::default() };
        }
        matters
    }
}

/// A change of the run's own status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateMark {
    /// When.
    pub at: Option<Timestamp>,
    /// What it became.
    pub status: RunStatus,
    /// Why, in the server's words.
    pub reason: Option<Box<str>>,
}

/// What a run's events say, folded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunHistory {
    events: Vec<RunEvent>,
    seen: HashSet<EventId>,
    steps: HashMap<StepId, StepState>,
    order: Vec<StepId>,
    marks: Vec<StateMark>,
    failure: Option<StepId>,
    drain: Option<Drain>,
    ended: bool,
    ended_at: Option<Timestamp>,
}

impl RunHistory {
    /// Folds a whole log.
    pub fn from_events(events: impl IntoIterator<Item = RunEvent>) -> Self {
        let mut history = Self::default();
        for event in events {
            history.apply(event);
        }
        history
    }

    /// Folds the log of a run of which its own row is known: a log need not tell of the run's end.
    pub fn of_run(run: &Run, events: impl IntoIterator<Item = RunEvent>) -> Self {
        let mut history = Self::from_events(events);
        history.follow(run);
        history
    }

    /// Takes in from a run's own row that the run has ended, where the log does not say.
    pub fn follow(&mut self, run: &Run) {
        if run.status.is_terminal() && !self.ended {
            self.ended_at = run.ended_at.or_else(|| self.events.last()?.at);
            self.leave();
        }
    }

    /// Whether the run has ended, by its log or by its own row.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// When the run ended; none while it is live, and where nothing tells.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    /// Folds one event; `false` when it was known already.
    pub fn apply(&mut self, event: RunEvent) -> bool {
        if self.knows(&event) {
            return false;
        }
        self.fold(&event);
        self.seen.insert(event.id.clone());
        self.insert(event);
        true
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[RunEvent] {
        &self.events
    }

    /// The state of a step; steps without events are pending.
    pub fn step(&self, id: &StepId) -> Option<&StepState> {
        self.steps.get(id)
    }

    /// The steps that have events, in order of first mention.
    pub fn steps(&self) -> impl Iterator<Item = (&StepId, &StepState)> {
        self.order.iter().filter_map(|id| self.steps.get_key_value(id))
    }

    /// Whether the last that its log tells is an operator's pause. Some servers call a run that waits
    /// for a person paused too; this is the other kind.
    pub fn is_held_by_operator(&self) -> bool {
        self.marks().last().is_some_and(|mark| {
            let reason = mark.reason.as_deref().unwrap_or_default();
            mark.status == RunStatus::Paused && (reason.contains("operator") || reason.contains("user"))
        })
    }

    /// The changes of the run's own status, oldest first.
    pub fn marks(&self) -> &[StateMark] {
        &self.marks
    }

    /// The step that failed first, an inner loop step before the loop around it: the root cause.
    pub fn root_cause(&self) -> Option<&StepId> {
        self.failure.as_ref()
    }

    /// The graceful stop that was begun last, where the log says when it gives up.
    pub fn drain(&self) -> Option<Drain> {
        self.drain
    }

    /// The highest sequence folded, where the server publishes sequences.
    pub fn last_sequence(&self) -> Option<u64> {
        self.events.iter().rev().find_map(|event| event.sequence)
    }

    /// How far the run has come, against its graph where that is known.
    pub fn progress(&self, graph: Option<&Graph>) -> Progress {
        let top: Vec<_> = self.steps().filter(|(id, _)| id.parent().is_none()).collect();
        let current =
            top.iter().filter(|(_, step)| step.status.is_in_flight()).max_by_key(|(_, step)| step.started_at);
        Progress {
            done: top.iter().filter(|(_, step)| step.status.is_terminal()).count() as u32,
            total: graph.map_or(0, |graph| graph.steps.len() as u32),
            in_flight: top.iter().filter(|(_, step)| step.status.is_in_flight()).count() as u32,
            current: current.map(|(id, _)| (*id).clone()),
        }
    }

    fn knows(&self, event: &RunEvent) -> bool {
        if event.id.as_str().is_empty() {
            return self.events.iter().any(|known| known.same_as(event));
        }
        self.seen.contains(&event.id)
    }

    /// Keeps the log in order: by sequence where there are any, else by time, else as they came.
    fn insert(&mut self, event: RunEvent) {
        let later = |known: &RunEvent| match (known.sequence, event.sequence) {
            (Some(a), Some(b)) => a > b,
            _ => matches!((known.at, event.at), (Some(a), Some(b)) if a > b),
        };
        let tail = self.events.iter().rev().take_while(|known| later(known)).count();
        self.events.insert(self.events.len() - tail, event);
    }

    fn fold(&mut self, event: &RunEvent) {
        self.drain = event.drain().or(self.drain);
        match event.run_status() {
            Some(status) => self.mark(event, &status),
            None if event.step_status().is_some() => self.fold_step(event),
            None => {}
        }
    }

    fn mark(&mut self, event: &RunEvent, status: &RunStatus) {
        if self.marks.last().is_none_or(|last| last.status != *status) {
            let reason = event.text("reason").map(Into::into);
            self.marks.push(StateMark { at: event.at, status: status.clone(), reason });
        }
        if status.is_terminal() {
            self.ended_at = event.at;
            self.leave();
        }
    }

    /// Nothing is in flight any more; a late event of a step may still tell how it ended.
    fn leave(&mut self) {
        self.ended = true;
        for step in self.steps.values_mut() {
            step.leave(self.ended_at);
        }
    }

    fn fold_step(&mut self, event: &RunEvent) {
        let Some(id) = event.step_id() else { return };
        if !self.steps.contains_key(&id) {
            self.order.push(id.clone());
        }
        let step = self.steps.entry(id.clone()).or_default();
        if step.turn_to(event) {
            fold_into(step, event);
        }
        if self.ended {
            step.leave(self.ended_at);
        }
        if event.kind == EventKind::StepFailed
            && self.failure.as_ref().is_none_or(|known| id.parent().as_ref() == Some(known))
        {
            self.failure = Some(id);
        }
    }
}

fn fold_into(step: &mut StepState, event: &RunEvent) {
    let data = &event.data;
    if let Some(status) = event.step_status() {
        step.status = status;
    }
    match &event.kind {
        EventKind::StepStarted => {
            step.attempt = data.get("attempt").and_then(Value::as_u64).map_or(step.attempt + 1, |n| n as u32);
            step.started_at = step.started_at.or(event.at);
            step.ended_at = None;
            step.input = data.get("input").cloned().or(step.input.take());
            step.child = ChildRun::of(data);
        }
        EventKind::StepCompleted => {
            step.ended_at = event.at;
            step.error = None;
            if step.status == StepStatus::Completed {
                step.result = data.get("result").cloned();
                // A server may name the child in the result alone.
                step.child = step.child.take().or_else(|| ChildRun::of(step.result.as_ref()?));
            }
        }
        EventKind::StepFailed => {
            step.ended_at = event.at;
            step.failure_code = event.text("failure_code").map(FailureCode::parse);
            step.error = error_text(data);
        }
        EventKind::StepRetrying => step.error = error_text(data),
        EventKind::StepCancelled => {
            step.ended_at = event.at;
            step.caused_by = event.text("caused_by_step_id").map(StepId::new);
        }
        EventKind::HumanTaskCreated | EventKind::StepUncertain => {
            step.task_id = event.text("task_id").map(TaskId::new).or(step.task_id.take());
        }
        EventKind::HumanTaskCompleted => step.task_id = None,
        _ => {}
    }
}

fn error_text(data: &Value) -> Option<Box<str>> {
    match data.get("error")? {
        Value::String(text) => Some(text.as_str().into()),
        Value::Object(fields) => fields.get("message").and_then(Value::as_str).map(Into::into),
        other => Some(other.to_string().into()),
    }
}

/// A history from short notes, kind and data, for tests.
#[cfg(test)]
pub(in crate::domain) fn noted(notes: &[(&str, Value)]) -> RunHistory {
    RunHistory::from_events(notes.iter().enumerate().map(|(index, (kind, data))| RunEvent {
        id: format!("e{index}").into(),
        run_id: "r".into(),
        workflow_id: None,
        sequence: Some(index as u64),
        kind: EventKind::parse(kind),
        at: None,
        data: data.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SkipReason;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    fn event(sequence: u64, kind: EventKind, data: Value) -> RunEvent {
        RunEvent {
            id: EventId::new(format!("e{sequence}")),
            run_id: "r".into(),
            workflow_id: None,
            sequence: Some(sequence),
            kind,
            at: Some(Timestamp::from_second(sequence as i64).unwrap()),
            data,
        }
    }

    #[test]
    fn a_retried_step_that_fails_is_the_root_cause_and_its_sibling_names_it() {
        let history = RunHistory::from_events([
            event(1, EventKind::RunStarted, json!({})),
            event(2, EventKind::StepStarted, json!({"step_id": "a", "attempt": 1})),
            event(3, EventKind::StepStarted, json!({"step_id": "b", "attempt": 1})),
            event(4, EventKind::StepRetrying, json!({"step_id": "a", "error": "busy"})),
            event(5, EventKind::StepStarted, json!({"step_id": "a", "attempt": 2})),
            event(
                6,
                EventKind::StepFailed,
                json!({"step_id": "a", "error": "gone", "failure_code": "MCP_TOOL_FAILED"}),
            ),
            event(7, EventKind::StepCancelled, json!({"step_id": "b", "caused_by_step_id": "a"})),
            event(8, EventKind::StepCompleted, json!({"step_id": "c", "skipped": true, "reason": "blocked"})),
            event(9, EventKind::RunFailed, json!({})),
        ]);
        assert_eq!(history.root_cause(), Some(&"a".into()));
        let step = |id: &str| history.step(&id.into()).unwrap();
        assert_eq!((step("a").attempt, step("a").error.as_deref()), (2, Some("gone")));
        assert_eq!(step("b").caused_by, Some("a".into()));
        assert_eq!(step("c").status, StepStatus::Skipped(SkipReason::Blocked));
        assert_eq!(history.marks().last().unwrap().status, RunStatus::Failed);
    }

    #[test]
    fn an_inner_failure_beats_the_loop_that_reported_first() {
        let history = RunHistory::from_events([
            event(1, EventKind::StepFailed, json!({"step_id": "each"})),
            event(2, EventKind::StepFailed, json!({"step_id": "each#body#send"})),
            event(3, EventKind::StepFailed, json!({"step_id": "other"})),
        ]);
        assert_eq!(history.root_cause(), Some(&"each#body#send".into()));
    }

    #[test]
    fn the_latest_iteration_is_shown_but_never_hides_the_failure() {
        let of =
            |iteration: u64| json!({"step_id": "each#body#send", "iteration": iteration, "error": "busy"});
        let mut history = RunHistory::from_events([
            event(1, EventKind::StepStarted, of(0)),
            event(2, EventKind::StepStarted, of(1)),
            event(3, EventKind::StepCompleted, of(0)),
        ]);
        let shown = |history: &RunHistory| {
            let step = history.step(&"each#body#send".into()).unwrap().clone();
            (step.iteration, step.status, step.attempt, step.started_at.map(Timestamp::as_second))
        };
        assert_eq!(shown(&history), (Some(1), StepStatus::Running, 1, Some(2)));
        history.apply(event(4, EventKind::StepStarted, of(2)));
        history.apply(event(5, EventKind::StepFailed, of(1)));
        history.apply(event(6, EventKind::StepCancelled, of(2)));
        assert_eq!(shown(&history), (Some(1), StepStatus::Failed, 0, None));
        history.apply(event(7, EventKind::StepStarted, of(3)));
        assert_eq!(shown(&history), (Some(3), StepStatus::Running, 1, Some(7)));
    }

    #[test]
    fn what_was_in_flight_when_the_run_ended_is_in_flight_no_more() {
        let mut history = RunHistory::from_events([
            event(1, EventKind::StepStarted, json!({"step_id": "a"})),
            event(2, EventKind::HumanTaskCreated, json!({"step_id": "b"})),
            event(3, EventKind::RunFailed, json!({})),
        ]);
        let step = |history: &RunHistory, id: &str| {
            let step = history.step(&id.into()).unwrap();
            (step.status.clone(), step.ended_at.map(Timestamp::as_second))
        };
        assert_eq!(step(&history, "a"), (StepStatus::Unended, Some(3)));
        assert_eq!(step(&history, "b"), (StepStatus::Unended, Some(3)));
        assert_eq!((history.progress(None).in_flight, history.progress(None).done), (0, 2));
        history.apply(event(4, EventKind::StepCancelled, json!({"step_id": "a"})));
        history.apply(event(5, EventKind::StepStarted, json!({"step_id": "c"})));
        assert_eq!(step(&history, "a"), (StepStatus::Cancelled, Some(4)), "a late event tells how");
        assert_eq!(step(&history, "c"), (StepStatus::Unended, Some(3)));
    }

    #[test]
    fn a_log_that_does_not_tell_of_the_end_takes_it_from_the_run() {
        let mut run = Run::new("r".into(), "w".into(), RunStatus::Running);
        let log = [event(1, EventKind::StepStarted, json!({"step_id": "a"}))];
        let status = |history: &RunHistory| history.step(&"a".into()).unwrap().status.clone();
        assert_eq!(status(&RunHistory::of_run(&run, log.clone())), StepStatus::Running);
        run.status = RunStatus::Stopped;
        let mut history = RunHistory::of_run(&run, log);
        assert_eq!(status(&history), StepStatus::Unended);
        assert_eq!(history.ended_at().map(Timestamp::as_second), Some(1), "the last that is known");
        history.apply(event(9, EventKind::RunStopped, json!({})));
        assert_eq!(history.ended_at().map(Timestamp::as_second), Some(9), "the log knows better");
    }

    #[test]
    fn known_events_change_nothing_and_late_ones_find_their_place() {
        let mut history = RunHistory::default();
        assert!(history.apply(event(1, EventKind::RunStarted, json!({}))));
        assert!(history.apply(event(3, EventKind::StepCompleted, json!({"step_id": "a"}))));
        assert!(history.apply(event(2, EventKind::GraphUpdated, json!({}))));
        assert!(!history.apply(event(3, EventKind::StepCompleted, json!({"step_id": "a"}))));
        let order: Vec<_> = history.events().iter().filter_map(|e| e.sequence).collect();
        assert_eq!(order, [1, 2, 3]);
    }
}

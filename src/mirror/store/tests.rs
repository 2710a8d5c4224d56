use std::collections::VecDeque;

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn event(run: &str, sequence: Option<u64>, second: i64, kind: EventKind, data: Value) -> RunEvent {
    RunEvent {
        id: format!("{run}-{second}").into(),
        run_id: run.into(),
        workflow_id: None,
        sequence,
        kind,
        at: Some(at(second)),
        data,
    }
}

fn run(id: &str, status: RunStatus, sequence: Option<u64>) -> Run {
    Run { last_sequence: sequence, ..Run::new(id.into(), "w".into(), status) }
}

fn runs(runs: &[Run], extent: Extent, asked_at: i64) -> WatchEvent {
    WatchEvent::Runs { runs: runs.to_vec(), unreadable: 0, extent, asked_at: at(asked_at) }
}

fn streamed(event: RunEvent, second: i64) -> WatchEvent {
    WatchEvent::Event { workflow: "w".into(), event, at: at(second) }
}

fn task(run: &str, step: &str) -> PendingTask {
    PendingTask {
        run_id: run.into(),
        task_id: step.into(),
        workflow_id: "w".into(),
        workflow_name: None,
        step_id: step.into(),
        task_type: "approval".into(),
        created_at: Some(at(0)),
        payload: Value::Null,
        verbatim: None,
    }
}

fn tasks(tasks: &[PendingTask], asked_at: i64) -> WatchEvent {
    WatchEvent::Tasks { tasks: tasks.to_vec(), unreadable: 0, asked_at: at(asked_at) }
}

fn detail(of: &Run, events: Vec<RunEvent>, asked_at: i64) -> WatchEvent {
    let detail =
        Detail { run: of.clone(), events, context: None, graph: None, tasks: None, asked_at: at(asked_at) };
    WatchEvent::Detail(Box::new(detail))
}

fn status(mirror: &Mirror, id: &str) -> Option<RunStatus> {
    mirror.run(&id.into()).map(|run| run.status.clone())
}

fn log(mirror: &Mirror, id: &str) -> Vec<RunEvent> {
    mirror.detail(&id.into()).map(|detail| detail.history.events().to_vec()).unwrap_or_default()
}

#[test]
fn a_list_asked_for_before_the_end_does_not_undo_it() {
    let mut mirror = Mirror::default();
    let running = [run("r", RunStatus::Running, None)];
    mirror.apply(&runs(&running, Extent::Whole, 1));
    mirror.apply(&streamed(event("r", None, 5, EventKind::RunCompleted, json!({})), 5));
    mirror.apply(&runs(&running, Extent::Whole, 4));
    assert_eq!(status(&mirror, "r"), Some(RunStatus::Completed));
    // A list that lags behind the stream is not believed for a while, but not for ever.
    mirror.apply(&runs(&running, Extent::Whole, 34));
    assert_eq!(status(&mirror, "r"), Some(RunStatus::Completed));
    mirror.apply(&runs(&running, Extent::Whole, 35));
    assert_eq!(status(&mirror, "r"), Some(RunStatus::Running));
}

#[test]
fn answers_that_overtake_each_other_leave_the_newest() {
    let mut mirror = Mirror::default();
    mirror.apply(&runs(&[run("r", RunStatus::Paused, None)], Extent::Newest, 9));
    mirror.apply(&runs(&[run("r", RunStatus::Running, None)], Extent::Whole, 8));
    assert_eq!(status(&mirror, "r"), Some(RunStatus::Paused));
    let told = event("r", None, 3, EventKind::StepStarted, json!({"step_id": "a"}));
    mirror.apply(&detail(&run("r", RunStatus::Paused, None), vec![told.clone()], 10));
    mirror.apply(&detail(&run("r", RunStatus::Running, None), vec![], 7));
    assert_eq!((status(&mirror, "r"), log(&mirror, "r")), (Some(RunStatus::Paused), vec![told]));
}

#[test]
fn a_restored_server_is_believed() {
    let mut mirror = Mirror::default();
    let first = event("r", Some(1), 1, EventKind::RunStarted, json!({}));
    let lost = event("r", Some(2), 2, EventKind::RunCompleted, json!({}));
    mirror.apply(&detail(&run("r", RunStatus::Running, Some(1)), vec![first.clone()], 1));
    mirror.apply(&streamed(lost.clone(), 2));
    assert_eq!(
        (status(&mirror, "r"), log(&mirror, "r")),
        (Some(RunStatus::Completed), vec![first.clone(), lost])
    );
    let restored = run("r", RunStatus::Running, Some(1));
    mirror.apply(&runs(std::slice::from_ref(&restored), Extent::Whole, 3));
    mirror.apply(&detail(&restored, vec![first.clone()], 3));
    assert_eq!((status(&mirror, "r"), log(&mirror, "r")), (Some(RunStatus::Running), vec![first]));
    mirror.apply(&runs(&[], Extent::Whole, 4));
    assert_eq!(status(&mirror, "r"), None);
}

#[test]
fn only_a_whole_list_removes_and_never_what_the_stream_told_since() {
    let mut mirror = Mirror::default();
    mirror.apply(&runs(&[run("old", RunStatus::Running, None)], Extent::Whole, 1));
    let change = mirror.apply(&streamed(event("new", None, 5, EventKind::RunStarted, json!({})), 5));
    assert_eq!(change, Change { runs: true, ask_feed: true, ..Change::default() });
    mirror.apply(&runs(&[], Extent::Newest, 6));
    assert_eq!(mirror.run_count(), 2);
    mirror.apply(&runs(&[], Extent::Whole, 4));
    assert_eq!((status(&mirror, "old"), status(&mirror, "new")), (None, Some(RunStatus::Running)));
    assert_eq!(mirror.len(Section::RunningNow, at(6)), 1);
}

#[test]
fn a_fetch_without_context_keeps_the_older_one() {
    let mut mirror = Mirror::default();
    let of = run("r", RunStatus::Running, None);
    let context = Some(json!({"input": 1}));
    let with = Detail {
        run: of.clone(),
        events: vec![],
        context: context.clone(),
        graph: None,
        tasks: None,
        asked_at: at(1),
    };
    mirror.apply(&WatchEvent::Detail(Box::new(with)));
    mirror.apply(&detail(&of, vec![], 2));
    assert_eq!(mirror.detail(&"r".into()).map(|detail| detail.context.clone()), Some(context));
}

#[test]
fn an_inbox_asked_for_before_a_decision_is_asked_for_again() {
    let mut mirror = Mirror::default();
    let both = [task("r", "a"), task("r", "b")];
    mirror.apply(&tasks(&both, 1));
    let decided = event("r", None, 5, EventKind::HumanTaskCompleted, json!({"step_id": "a"}));
    assert!(mirror.apply(&streamed(decided, 5)).tasks);
    assert_eq!(mirror.tasks(), [task("r", "b")]);
    assert_eq!(mirror.apply(&tasks(&both, 4)), Change { ask_feed: true, ..Change::default() });
    assert_eq!(mirror.tasks(), [task("r", "b")]);
    mirror.apply(&tasks(&both, 6));
    assert_eq!(mirror.tasks(), both);
}

#[test]
fn a_fetched_run_tells_its_tasks_unless_the_inbox_is_newer() {
    let mut mirror = Mirror::default();
    mirror.apply(&tasks(&[task("r", "a"), task("s", "a")], 5));
    let fetched = |own: &[PendingTask], second| {
        let of = run("r", RunStatus::Running, None);
        let tasks = Some(own.to_vec());
        let (events, asked_at) = (vec![], at(second));
        WatchEvent::Detail(Box::new(Detail { run: of, events, context: None, graph: None, tasks, asked_at }))
    };
    assert!(!mirror.apply(&fetched(&[], 4)).tasks);
    assert!(!mirror.apply(&fetched(&[task("r", "a")], 6)).tasks);
    assert!(mirror.apply(&fetched(&[task("r", "b")], 7)).tasks);
    assert_eq!(mirror.tasks(), [task("r", "b"), task("s", "a")]);
    mirror.apply(&tasks(&[task("r", "a")], 6));
    assert_eq!(mirror.tasks(), [task("r", "b"), task("s", "a")]);
}

#[test]
fn the_end_of_a_run_ends_its_tasks() {
    let mut mirror = Mirror::default();
    mirror.apply(&tasks(&[task("r", "a"), task("s", "a")], 1));
    let stopped = event("r", None, 5, EventKind::RunStopped, json!({}));
    assert!(mirror.apply(&streamed(stopped, 5)).tasks);
    assert_eq!(mirror.tasks(), [task("s", "a")]);
}

#[test]
fn an_event_that_the_row_knows_still_asks_for_the_inbox() {
    let mut mirror = Mirror::default();
    mirror.apply(&runs(&[run("r", RunStatus::Running, Some(9))], Extent::Whole, 1));
    let created = event("r", Some(9), 5, EventKind::HumanTaskCreated, json!({"step_id": "a"}));
    assert_eq!(mirror.apply(&streamed(created, 5)), Change { ask_feed: true, ..Change::default() });
}

#[test]
fn unreadable_rows_of_the_whole_list_outlive_the_newest_page() {
    let mut mirror = Mirror::default();
    let list = |unreadable, extent, second| WatchEvent::Runs {
        runs: vec![],
        unreadable,
        extent,
        asked_at: at(second),
    };
    mirror.apply(&list(3, Extent::Whole, 1));
    mirror.apply(&list(1, Extent::Newest, 2));
    assert_eq!(mirror.unreadable(), 3);
    mirror.apply(&list(0, Extent::Whole, 3));
    assert_eq!(mirror.unreadable(), 0);
}

/// A server with a stream that loses nothing and keeps order, as seen through a slow line.
#[derive(Default)]
struct Server {
    logs: BTreeMap<RunId, Vec<RunEvent>>,
    line: VecDeque<RunEvent>,
    now: i64,
}

impl Server {
    fn append(&mut self, run: u8, kind: u8) {
        let id = format!("r{}", run % 3);
        let log = self.logs.entry(id.as_str().into()).or_default();
        let (kind, data) = match kind % 6 {
            _ if log.is_empty() => (EventKind::RunStarted, json!({})),
            0 => (EventKind::StepStarted, json!({"step_id": "a"})),
            1 => (EventKind::StepCompleted, json!({"step_id": "a"})),
            2 => (EventKind::StepFailed, json!({"step_id": "b", "error": "gone"})),
            3 => (EventKind::RunPaused, json!({})),
            4 => (EventKind::StateChanged, json!({"to": "running"})),
            _ => (EventKind::RunCompleted, json!({})),
        };
        let event = event(&id, Some(log.len() as u64 + 1), self.now, kind, data);
        log.push(event.clone());
        self.line.push_back(event);
    }

    fn row(id: &RunId, log: &[RunEvent]) -> Run {
        let mut row = Run::new(id.clone(), "w".into(), RunStatus::Running);
        for event in log {
            fold_into_run(&mut row, event);
        }
        row
    }

    fn rows(&self) -> BTreeMap<RunId, Run> {
        self.logs.iter().map(|(id, log)| (id.clone(), Self::row(id, log))).collect()
    }

    fn details(&self, asked_at: i64) -> Vec<WatchEvent> {
        let one = |(id, log): (&RunId, &Vec<RunEvent>)| detail(&Self::row(id, log), log.clone(), asked_at);
        self.logs.iter().map(one).collect()
    }

    fn list(&self, asked_at: i64) -> WatchEvent {
        let rows: Vec<Run> = self.rows().into_values().collect();
        runs(&rows, Extent::Whole, asked_at)
    }
}

#[derive(Clone, Debug)]
enum Op {
    Append(u8, u8),
    Deliver,
    Repeat,
    Ask,
    Snapshot,
    Answer,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        4 => (any::<u8>(), any::<u8>()).prop_map(|(run, kind)| Op::Append(run, kind)),
        4 => Just(Op::Deliver),
        1 => Just(Op::Repeat),
        1 => Just(Op::Ask),
        1 => Just(Op::Snapshot),
        1 => Just(Op::Answer),
    ];
    proptest::collection::vec(op, 0..60)
}

/// A list and details on their way: asked for, read by the server, and at last answered.
#[derive(Default)]
struct Question {
    asked_at: Option<i64>,
    answer: Vec<WatchEvent>,
}

impl Question {
    fn snapshot(&mut self, server: &Server) {
        if let Some(asked_at) = self.asked_at.filter(|_| self.answer.is_empty()) {
            self.answer = server.details(asked_at);
            self.answer.push(server.list(asked_at));
        }
    }

    fn answer(&mut self, mirror: &mut Mirror) {
        if !self.answer.is_empty() {
            for event in std::mem::take(self).answer {
                mirror.apply(&event);
            }
        }
    }
}

/// Everything that the mirror says of runs and tasks.
fn picture(mirror: &Mirror) -> (BTreeMap<RunId, Run>, Vec<PendingTask>, Vec<Vec<RunEvent>>) {
    let runs = mirror.runs().map(|run| (run.id.clone(), run.clone())).collect();
    let logs = ["r0", "r1", "r2"].map(|id| log(mirror, id)).into();
    (runs, mirror.tasks().to_vec(), logs)
}

/// A log of the three runs, with sequences or without.
fn told(kinds: &[(u8, u8)], sequences: bool) -> Vec<RunEvent> {
    let mut server = Server::default();
    for (run, kind) in kinds {
        server.now += 1;
        server.append(*run, *kind);
    }
    let strip = |event: RunEvent| RunEvent { sequence: event.sequence.filter(|_| sequences), ..event };
    server.line.into_iter().map(strip).collect()
}

proptest! {
    #[test]
    fn an_event_told_again_changes_nothing(
        kinds in proptest::collection::vec((any::<u8>(), any::<u8>()), 1..40),
        sequences in any::<bool>(),
        again in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let events = told(&kinds, sequences);
        let mut mirror = Mirror::default();
        for (second, event) in events.iter().enumerate() {
            mirror.apply(&streamed(event.clone(), second as i64));
        }
        let before = picture(&mirror);
        for index in again {
            mirror.apply(&streamed(index.get(&events).clone(), 1_000));
        }
        prop_assert_eq!(picture(&mirror), before);
    }

    #[test]
    fn a_log_is_the_same_in_whatever_order_its_events_come(
        kinds in proptest::collection::vec((Just(0_u8), any::<u8>()), 1..40),
        sequences in any::<bool>(),
        keys in proptest::collection::vec(any::<u64>(), 40),
    ) {
        let events = told(&kinds, sequences);
        let mut mirror = Mirror::default();
        mirror.apply(&detail(&run("r0", RunStatus::Running, None), vec![], 0));
        let mut shuffled: Vec<_> = events.iter().zip(keys).collect();
        shuffled.sort_by_key(|(_, key)| *key);
        for (second, (event, _)) in shuffled.into_iter().enumerate() {
            mirror.apply(&streamed(event.clone(), second as i64 + 1));
        }
        prop_assert_eq!(log(&mirror, "r0"), events);
    }
}

proptest! {
    #[test]
    fn list_and_stream_overlap_to_the_servers_truth(ops in ops()) {
        let mut server = Server::default();
        let mut mirror = Mirror::default();
        let mut question = Question::default();
        let mut delivered: Option<RunEvent> = None;
        for op in ops {
            server.now += 1;
            match op {
                Op::Append(run, kind) => server.append(run, kind),
                Op::Deliver => {
                    if let Some(event) = server.line.pop_front() {
                        mirror.apply(&streamed(event.clone(), server.now));
                        delivered = Some(event);
                    }
                }
                Op::Repeat => {
                    if let Some(event) = &delivered {
                        mirror.apply(&streamed(event.clone(), server.now));
                    }
                }
                Op::Ask => { question.asked_at.get_or_insert(server.now); }
                Op::Snapshot => question.snapshot(&server),
                Op::Answer => question.answer(&mut mirror),
            }
        }
        question.asked_at.get_or_insert(server.now);
        question.snapshot(&server);
        question.answer(&mut mirror);
        server.now += 1;
        while let Some(event) = server.line.pop_front() {
            mirror.apply(&streamed(event, server.now));
        }
        let rows: BTreeMap<RunId, Run> = mirror.runs().map(|run| (run.id.clone(), run.clone())).collect();
        prop_assert_eq!(rows, server.rows());
        for event in server.details(server.now) {
            mirror.apply(&event);
        }
        for (id, want) in &server.logs {
            prop_assert_eq!(&log(&mirror, id.as_str()), want);
        }
        for section in [Section::RunningNow, Section::FailedRecently, Section::StoppingGracefully] {
            for place in 0..mirror.len(section, at(server.now)) {
                let listed = mirror.run_at(section, place).map(|run| mirror.place(section, &run.id));
                prop_assert_eq!(listed, Some(Some(place)));
            }
        }
    }
}

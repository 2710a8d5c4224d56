//! Commands whose answers are lost: what became of them is found by reading, and nothing is sent
//! twice.

use arcc::domain::{Digest, StopMode};
use arcc::platform::journal::JournalFile;
use arcc::runtime::Orders;
use arcc::runtime::orders::{Origin, Outcome, RecordId, records};
use arcc::wire::{CallError, Command, Decision, Finding, StartRun};
use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::fake::Fake;

const CREATED: &str = "2026-01-02T03:04:05Z";
const COMMAND: &str = "POST /v1/workflows/w/command";
const COMPLETE: &str = "POST /v1/workflows/w/runs/r/tasks/review/complete";
const TASKS: &str = "GET /v1/workflows/w/runs/r/tasks/pending";
const EVENTS: &str = "GET /v1/workflows/w/runs/r/events";
const SUMMARY: &str = "GET /v1/workflows/w/runs/r/summary";

fn payload() -> Value {
    json!({"amount": 120, "to": "acme"})
}

fn task(payload: &Value) -> Value {
    json!({"tasks": [{"task_id": "review", "run_id": "r", "workflow_id": "w", "created_at": CREATED, "task_payload": payload}]})
}

fn approval() -> Command {
    Command::Decide(Decision {
        workflow: "w".into(),
        run: "r".into(),
        task: "review".into(),
        created_at: CREATED.parse().ok(),
        shown: Some(Digest::of(&payload())),
        approved: true,
        result: Map::new(),
    })
}

fn stop() -> Command {
    Command::Stop { workflow: "w".into(), run: "r".into(), mode: StopMode::Graceful }
}

fn start() -> Command {
    Command::Start(StartRun {
        workflow: "w".into(),
        run_id: Some("r".into()),
        input: json!({"secret": "hunter2"}),
        trigger_type: "manual".into(),
        excluded: Vec::new(),
        trigger_steps: Map::new(),
        principal: Default::default(),
        in_place_of: None,
    })
}

fn decided(approved: bool) -> Value {
    json!({"events": [{"id": "e", "type": "human_task_completed", "occurred_at": "2026-01-02T03:05:00Z",
        "data": {"task_id": "review", "approved": approved, "decided_by": "ops@example.com"}}]})
}

/// A server, and orders to it that are recorded.
async fn desk() -> (Fake, Orders, TempDir) {
    let (fake, _opened) = Fake::start().await;
    let dir = TempDir::new().unwrap();
    let origin = Origin { profile: "prod".into(), host: "h".into(), ..Origin::default() };
    let orders = Orders::new(fake.client(), origin, Some(JournalFile::new(dir.path())));
    (fake, orders, dir)
}

fn outcomes(dir: &TempDir) -> Vec<Option<Outcome>> {
    let (records, unreadable) = records(&JournalFile::new(dir.path()).lines().unwrap());
    assert_eq!(unreadable, 0);
    records.into_iter().map(|record| record.outcome.map(|(outcome, _)| outcome)).collect()
}

#[tokio::test]
async fn the_ticket_is_on_disk_before_the_command_is_sent_and_its_outcome_after() {
    let (fake, orders, dir) = desk().await;
    fake.answer(COMMAND, 200, json!({"status": "running", "run_id": "r"}));
    orders.send(&RecordId::default(), &start(), Some("asked by acme")).await.unwrap();
    let text = std::fs::read_to_string(JournalFile::new(dir.path()).path()).unwrap();
    assert_eq!(text.lines().count(), 2);
    let ticket: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&ticket["entry"], &ticket["command"], &ticket["run"], &ticket["profile"], &ticket["reason"]),
        (&json!("ticket"), &json!("start"), &json!("r"), &json!("prod"), &json!("asked by acme"))
    );
    assert!(!text.contains("hunter2"), "an input may be secret");
    assert_eq!(outcomes(&dir), [Some(Outcome::Taken)]);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_sent_unless_that_was_asked_for() {
    let (fake, orders, dir) = desk().await;
    fake.answer(COMMAND, 200, json!({"status": "draining"}));
    std::fs::create_dir(dir.path().join("journal.jsonl")).unwrap();
    let error = orders.send(&RecordId::default(), &stop(), None).await.unwrap_err();
    assert!(
        matches!(error, CallError::Unrecorded(_)) && error.to_string().contains("--no-journal"),
        "{error}"
    );
    assert_eq!(fake.asked("POST").len(), 0);
    let nowhere = Orders::new(fake.client(), Origin::default(), None);
    assert!(nowhere.send(&RecordId::default(), &stop(), None).await.is_err());
    assert_eq!(fake.asked("POST").len(), 0);
    nowhere.unrecorded().send(&RecordId::default(), &stop(), None).await.unwrap();
    assert_eq!(fake.asked("POST").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_settled_by_what_the_server_shows_and_sent_once() {
    for (command, read, body, want) in [
        (start(), SUMMARY, json!({"id": "r", "status": "running"}), Outcome::FoundTaken),
        (stop(), SUMMARY, json!({"id": "r", "status": "draining"}), Outcome::FoundTaken),
        (stop(), SUMMARY, json!({"id": "r", "status": "running"}), Outcome::FoundNotTaken),
        (stop(), SUMMARY, json!({"id": "r", "status": "completed"}), Outcome::FoundOtherwise),
        (approval(), EVENTS, decided(true), Outcome::FoundTaken),
        (approval(), EVENTS, decided(false), Outcome::FoundOtherwise),
        (approval(), EVENTS, json!({"events": []}), Outcome::FoundNotTaken),
    ] {
        let (fake, orders, dir) = desk().await;
        fake.answer(TASKS, 200, task(&payload()));
        for post in [COMMAND, COMPLETE] {
            fake.answer(post, 503, json!({"error": "the gateway gave up"}));
        }
        let id = RecordId::default();
        let error = orders.send(&id, &command, None).await.unwrap_err();
        assert!(error.outcome_unknown(), "{error}");
        assert_eq!(outcomes(&dir), [Some(Outcome::Unknown)]);
        fake.answer(read, 200, body);
        orders.settle(&id, &command).await.unwrap();
        assert_eq!((outcomes(&dir), fake.asked("POST").len()), (vec![Some(want)], 1), "{command:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_does_not_show_stays_unknown() {
    let (fake, orders, dir) = desk().await;
    fake.answer(TASKS, 200, task(&payload()));
    fake.answer(COMPLETE, 502, json!({}));
    let id = RecordId::default();
    orders.send(&id, &approval(), None).await.unwrap_err();
    fake.answer(TASKS, 200, json!({"tasks": []}));
    let found = orders.settle(&id, &approval()).await.unwrap();
    assert!(matches!(found, Finding::Unclear(_)), "{found:?}");
    assert_eq!(outcomes(&dir), [Some(Outcome::Unknown)]);
}

#[tokio::test]
async fn a_payload_that_changed_since_it_was_shown_is_not_approved() {
    let (fake, orders, dir) = desk().await;
    fake.answer(TASKS, 200, task(&json!({"amount": 120000, "to": "acme"})));
    let error = orders.send(&RecordId::default(), &approval(), None).await.unwrap_err();
    assert!(error.to_string().contains("no longer the one that was shown"), "{error}");
    assert_eq!((fake.asked("POST").len(), outcomes(&dir)), (0, vec![Some(Outcome::Conflict)]));
    fake.answer(TASKS, 200, task(&json!({"to": "acme", "amount": 120})));
    fake.answer(COMPLETE, 200, json!({"status": "completed"}));
    orders.send(&RecordId::default(), &approval(), None).await.unwrap();
    assert_eq!(fake.asked("POST").len(), 1);
}

#[tokio::test]
async fn a_task_that_somebody_else_decided_says_who_what_and_when() {
    let (fake, orders, _dir) = desk().await;
    fake.answer(EVENTS, 200, decided(false));
    let error = orders.send(&RecordId::default(), &approval(), None).await.unwrap_err();
    let want = "it was rejected by ops@example.com at 03:05:00Z";
    assert!(error.is_conflict() && error.to_string().contains(want), "{error}");
    fake.answer(TASKS, 200, task(&payload()));
    fake.answer(COMPLETE, 409, json!({"error": "already completed"}));
    let error = orders.send(&RecordId::default(), &approval(), None).await.unwrap_err();
    assert!(error.is_conflict() && error.to_string().contains(want), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_an_ended_session_left_open_is_settled_by_the_next_one_without_a_post() {
    let (fake, orders, dir) = desk().await;
    fake.answer(COMMAND, 503, json!({}));
    orders.send(&RecordId::default(), &stop(), None).await.unwrap_err();
    assert_eq!(orders.recall().await, [], "a living process settles its own");
    let path = JournalFile::new(dir.path()).path();
    let own = format!("\"pid\":{}", std::process::id());
    let ended = std::fs::read_to_string(&path).unwrap().replace(&own, "\"pid\":0");
    std::fs::write(&path, ended).unwrap();
    fake.answer(SUMMARY, 200, json!({"id": "r", "status": "stopped"}));
    let recalled = orders.recall().await;
    assert_eq!(recalled.len(), 1);
    assert_eq!(recalled[0].found, Ok(Finding::Taken("the run is stopped".into())));
    assert_eq!((outcomes(&dir), fake.asked("POST").len()), (vec![Some(Outcome::FoundTaken)], 1));
    assert_eq!(orders.recall().await, [], "once settled it is not asked about again");
}

//! Orders whose connection is cut at every point: no effect twice, no success that is none, and what
//! became of them is found out or said to be unknown.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcc::client::Client;
use arcc::domain::{Digest, StopMode};
use arcc::wire::{Command, Decision, Finding, StartRun};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::fake;

const CREATED: &str = "2026-01-02T03:04:05Z";
/// How often each command meets each cut.
const ROUNDS: usize = 8;

/// Where the connection of an order ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// It is taken and closed before anything was read.
    BeforeReading,
    /// The order was read, and then nothing was done.
    AfterReading,
    /// It took effect, and nothing was answered.
    AfterCommit,
    /// It took effect, and the answer breaks off in its head.
    InTheHead,
    /// It took effect, and the answer breaks off in its body.
    InTheBody,
    /// It took effect, and the answer comes late.
    Late,
}

const CUTS: [Cut; 6] =
    [Cut::BeforeReading, Cut::AfterReading, Cut::AfterCommit, Cut::InTheHead, Cut::InTheBody, Cut::Late];

/// A server with one run and one task: what happened to them.
#[derive(Clone, Debug, Default)]
struct Desk {
    status: Option<&'static str>,
    decided: Option<bool>,
    effects: usize,
}

impl Desk {
    fn read(&self, line: &str) -> (u16, Value) {
        if line.contains("/summary") {
            return match self.status {
                Some(status) => (200, json!({"id": "r", "status": status})),
                None => (404, json!({"error": "no such run"})),
            };
        }
        if line.contains("/tasks/pending") {
            let task = json!({"task_id": "review", "run_id": "r", "workflow_id": "w", "created_at": CREATED, "task_payload": {"amount": 120}});
            let waits = self.decided.is_none() && self.status == Some("running");
            return (200, json!({"tasks": if waits { vec![task] } else { vec![] }}));
        }
        if line.contains("/events") {
            let event = |approved| {
                json!({"id": "e", "type": "human_task_completed", "occurred_at": "2026-01-02T03:05:00Z",
                "data": {"task_id": "review", "approved": approved}})
            };
            return (200, json!({"events": self.decided.map(event).into_iter().collect::<Vec<_>>()}));
        }
        (200, json!({"runs": []}))
    }

    fn commit(&mut self, line: &str, body: &str) {
        self.effects += 1;
        let body: Value = serde_json::from_str(body).unwrap();
        match body["command"].as_str() {
            Some("start") => self.status = Some("running"),
            Some("pause") => self.status = Some("paused"),
            Some("stop") => self.status = Some("stopped"),
            _ if line.contains("/complete") => self.decided = body["approved"].as_bool(),
            _ => {}
        }
    }
}

fn start() -> Command {
    Command::Start(StartRun {
        workflow: "w".into(),
        run_id: Some("r".into()),
        input: json!({}),
        trigger_type: "manual".into(),
        excluded: Vec::new(),
        trigger_steps: Map::new(),
        principal: None,
        in_place_of: None,
    })
}

fn decide(approved: bool) -> Command {
    Command::Decide(Decision {
        workflow: "w".into(),
        run: "r".into(),
        task: "review".into(),
        created_at: CREATED.parse().ok(),
        shown: Some(Digest::of(&json!({"amount": 120}))),
        approved,
        result: Map::new(),
    })
}

fn commands() -> [Command; 5] {
    let (workflow, run) = ("w".into(), "r".into());
    let stop = Command::Stop { workflow: "w".into(), run: "r".into(), mode: StopMode::Immediate };
    [start(), decide(true), decide(false), stop, Command::Pause { workflow, run }]
}

/// Serves a desk; the first order is cut off there.
async fn open(cut: Cut, desk: Arc<Mutex<Desk>>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, cut, Arc::clone(&desk)));
        }
    });
    fake::client(&url)
}

async fn serve(mut stream: TcpStream, cut: Cut, desk: Arc<Mutex<Desk>>) {
    let mut peeked = [0; 4];
    let seen = stream.peek(&mut peeked).await.unwrap_or(0);
    if cut == Cut::BeforeReading && peeked[..seen].starts_with(b"POST") {
        return;
    }
    let Some(asked) = fake::read(&mut stream).await else { return };
    if asked.line.starts_with("GET") {
        let (status, body) = desk.lock().unwrap().read(&asked.line);
        let _ = stream
            .write_all(&crate::raw::answer(
                status,
                "content-type: application/json\r\n",
                body.to_string().as_bytes(),
            ))
            .await;
        return;
    }
    if cut == Cut::AfterReading {
        return;
    }
    desk.lock().unwrap().commit(&asked.line, &asked.body);
    let reply = crate::raw::answer(
        200,
        "content-type: application/json\r\n",
        br#"{"run_id":"r","status":"completed"}"#,
    );
    let told = match cut {
        Cut::InTheHead => &reply[..20],
        Cut::InTheBody => &reply[..reply.len() - 9],
        Cut::Late => {
            sleep(Duration::from_millis(700)).await;
            &reply[..]
        }
        _ => &[],
    };
    let _ = stream.write_all(told).await;
}

/// Gives an order once; what is wrong with how it went, if anything.
async fn order(command: Command, cut: Cut) -> Option<String> {
    let desk = Arc::new(Mutex::new(Desk::default()));
    if !matches!(command, Command::Start(_)) {
        desk.lock().unwrap().status = Some("running");
    }
    if matches!(command, Command::Pause { .. } | Command::Stop { .. }) {
        desk.lock().unwrap().decided = Some(true);
    }
    let client = open(cut, Arc::clone(&desk)).await;
    let sent = client.send(&command).await;
    let found = match &sent {
        Err(error) if error.outcome_unknown() => Some(client.settle(&command).await),
        _ => None,
    };
    let effects = desk.lock().unwrap().effects;
    let told = format!("{command:?} cut {cut:?}: {effects} effects, {sent:?}, {found:?}");
    let fine = match (&sent, &found, effects) {
        (_, _, 2..) => false,
        (Ok(_), _, effects) => effects == 1,
        (Err(_), Some(Ok(Finding::Taken(_))), effects) => effects == 1,
        (Err(_), Some(Ok(Finding::NotTaken(_))), effects) => effects == 0,
        (Err(_), Some(Ok(Finding::Unclear(_)) | Err(_)), _) => true,
        (Err(_), Some(Ok(Finding::Otherwise(_))), _) => false,
        (Err(_), None, effects) => effects == 0,
    };
    (!fine).then_some(told)
}

#[tokio::test]
async fn an_order_that_is_cut_off_anywhere_takes_effect_once_at_most_and_is_settled() {
    let mut orders = Vec::new();
    for cut in CUTS {
        for command in commands() {
            orders.extend((0..ROUNDS).map(|_| order(command.clone(), cut)));
        }
    }
    let wrong: Vec<String> = join_all(orders).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

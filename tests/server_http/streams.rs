//! Streams: in order, from any place, without gaps.

use std::sync::Arc;
use std::time::Duration;

use arcc::server::http::{Gate, HttpState, serve};
use futures_util::SinkExt;
use pretty_assertions::assert_eq;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use arcc::domain::RunEvent;
use arcc::wire::read;

use crate::client::Socket;
use crate::runtime::Runtime;

async fn open(runtime: &Runtime, path: &str) -> Socket {
    runtime.ask("GET", path).connect().await.unwrap()
}

/// The whole log of a run, as it is read over HTTP.
async fn log(runtime: &Runtime, run: &str) -> Vec<RunEvent> {
    let body = runtime.get(&format!("{run}/events?limit=1000")).await;
    read::page(&body, "events", |raw| read::event(raw, None)).unwrap().items
}

async fn finish(runtime: &Runtime, run: &str) {
    assert_eq!(runtime.decide(run, true).await.status, 200);
    runtime.until(&format!("{run}/summary"), |body| body["run_complete"] == true).await;
}

#[tokio::test]
async fn a_stream_opened_before_the_start_tells_the_whole_run_in_order() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let mut stream = open(&runtime, &format!("{workflow}/stream")).await;
    assert_eq!(stream.position().await.1, 0);
    let run = runtime.run(&workflow).await;
    finish(&runtime, &run).await;
    let log = log(&runtime, &run).await;
    let told = stream.events(log.len()).await;
    assert_eq!(told, (1..).zip(log).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_starts_now_or_replays_from_a_place() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let first = runtime.run(&workflow).await;
    let seen = log(&runtime, &first).await;
    let last = seen.len() as u64;

    let mut now = open(&runtime, &format!("{workflow}/stream")).await;
    let (epoch, place) = now.position().await;
    assert_eq!(place, last);
    let mut replay = open(&runtime, &format!("{workflow}/stream?after=1")).await;
    assert_eq!(replay.position().await, (epoch.clone(), last));
    assert_eq!(replay.events(seen.len() - 1).await, (2..).zip(seen.into_iter().skip(1)).collect::<Vec<_>>());
    // A place that this database never reached counts as its last one.
    let mut ahead = open(&runtime, &format!("{workflow}/stream?after=999999")).await;
    assert_eq!(ahead.position().await, (epoch, last));

    finish(&runtime, &first).await;
    let rest: Vec<_> = (1..).zip(log(&runtime, &first).await).skip(last as usize).collect();
    for stream in [&mut now, &mut replay, &mut ahead] {
        assert_eq!(stream.events(rest.len()).await, rest);
    }
    let bad = runtime.ask("GET", &format!("{workflow}/stream?after=x")).connect().await;
    assert_eq!(bad.err(), Some(400));
}

#[tokio::test]
async fn a_stream_of_one_run_counts_that_run_alone() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    // Opened before the run exists, as a caller that chose the id may do.
    let mut stream = open(&runtime, &format!("{workflow}/stream?run_id=mine")).await;
    assert_eq!(stream.position().await.1, 0);
    let other = runtime.run(&workflow).await;
    let body = json!({"command": "start", "params": {"run_id": "mine"}});
    assert_eq!(runtime.send("POST", &format!("{workflow}/command"), body).await.status, 200);
    let mine = format!("{workflow}/runs/mine");
    runtime.until(&format!("{mine}/tasks/pending"), |body| body["tasks"] != json!([])).await;
    finish(&runtime, &other).await;
    finish(&runtime, &mine).await;
    let log = log(&runtime, &mine).await;
    assert_eq!(stream.events(log.len()).await, (1..).zip(log.clone()).collect::<Vec<_>>());
    let mut tail = open(&runtime, &format!("{workflow}/stream?run_id=mine&after=2")).await;
    assert_eq!(tail.position().await.1, log.len() as u64);
    assert_eq!(tail.events(log.len() - 2).await, (1..).zip(log).skip(2).collect::<Vec<_>>());
}

#[tokio::test]
async fn many_runs_at_once_reach_every_reader_without_gaps() {
    let runtime = Arc::new(Runtime::start().await);
    let workflow = runtime.workflow().await;
    let mut early = open(&runtime, &format!("{workflow}/stream")).await;
    let runs = (0..12).map(|_| {
        let (runtime, workflow) = (runtime.clone(), workflow.clone());
        tokio::spawn(async move {
            let run = runtime.run(&workflow).await;
            finish(&runtime, &run).await;
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
    let mut late = open(&runtime, &format!("{workflow}/stream?after=0")).await;
    let total = late.position().await.1;
    let told = early.events(total as usize).await;
    let places: Vec<u64> = told.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, (1..=total).collect::<Vec<_>>());
    assert_eq!(late.events(total as usize).await, told);
}

#[tokio::test]
async fn a_quiet_stream_says_where_it_stands() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let run = runtime.run(&workflow).await;
    let last = log(&runtime, &run).await.len() as u64;
    // A second surface over the same engine, with a quicker pulse.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let closing = tokio_util::sync::CancellationToken::new();
    let engine = runtime.server.engine().clone();
    let (registry, connections) = (runtime.server.registry().clone(), runtime.server.connections().clone());
    let state = HttpState::new(engine, registry, connections, Gate::new(addr, "t"), closing.clone());
    let task = tokio::spawn(serve(listener, state.with_heartbeat(Duration::from_millis(5))));
    let mut ask = runtime.ask("GET", &format!("{workflow}/stream")).with("Authorization", "Bearer t");
    ask.addr = addr;
    let mut stream = ask.with("Host", &addr.to_string()).connect().await.unwrap();
    let hello = stream.position().await;
    assert_eq!(hello.1, last);
    for _ in 0..3 {
        assert_eq!(stream.position().await, hello);
    }
    finish(&runtime, &run).await;
    let rest = log(&runtime, &run).await.len() as u64;
    stream.events((rest - last) as usize).await;
    assert_eq!(stream.position().await, (hello.0, rest));
    closing.cancel();
    assert_eq!(stream.close_code().await, 1001);
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_client_says_is_ignored_but_pings_are_answered() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let mut stream = open(&runtime, &format!("{workflow}/stream")).await;
    stream.position().await;
    stream.0.send(Message::text("{\"command\": \"stop\"}")).await.unwrap();
    stream.0.send(Message::binary(vec![0; 60_000])).await.unwrap();
    stream.0.send(Message::Ping("hey".into())).await.unwrap();
    assert_eq!(stream.message().await, Message::Pong("hey".into()));
    runtime.run(&workflow).await;
    assert_eq!(stream.events(1).await[0].0, 1);
    stream.0.send(Message::text("x".repeat(65 * 1024))).await.unwrap();
    assert_eq!(stream.close_code().await, 1009);
}

#[tokio::test]
async fn a_reader_that_does_not_read_slows_nobody_and_loses_nothing() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let path = format!("{workflow}/stream");
    let mut asleep = runtime.ask("GET", &path).connect_narrow().await.unwrap();
    let mut awake = open(&runtime, &format!("{workflow}/stream")).await;
    // More than the buffers between the two ends can hold.
    let input = "x".repeat(480 * 1024);
    let body = json!({"command": "start", "params": {"trigger_payload": {"text": input}}});
    let mut told = Vec::new();
    for _ in 0..6 {
        let started = runtime.send("POST", &format!("{workflow}/command"), body.clone()).await;
        let run = format!("{workflow}/runs/{}", started.body["run_id"].as_str().unwrap());
        runtime.until(&format!("{run}/tasks/pending"), |body| body["tasks"] != json!([])).await;
        finish(&runtime, &run).await;
        let seen = log(&runtime, &run).await;
        let places = told.len() as u64 + 1..;
        let want: Vec<_> = places.zip(seen).collect();
        assert_eq!(awake.events(want.len()).await == want, true);
        told.extend(want);
    }
    // Compared without printing megabytes.
    assert_eq!(asleep.events(told.len()).await == told, true);
}

#[tokio::test]
async fn closing_the_server_tells_its_streams() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let mut stream = open(&runtime, &format!("{workflow}/stream")).await;
    stream.position().await;
    let closing = tokio::spawn(runtime.server.shutdown());
    assert_eq!(stream.close_code().await, 1001);
    closing.await.unwrap();
}

//! The watch: streams, feed and focus.

use arcc::client::{Interest, watch};
use arcc::domain::{RunId, RunStatus};
use arcc::mirror::{LinkState, Source, WatchEvent};
use arcc::wire::CallError;
use futures_util::{SinkExt, StreamExt};
use pretty_assertions::assert_eq;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::fake::{self, Fake, within};
use crate::observer::{App, accept, event, focus, position, raw, send, stream_of_w};

#[tokio::test]
async fn a_stream_that_drops_is_opened_again_and_everything_is_read_again() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let socket = accept(&mut opened).await;
    app.detail().await;
    drop(socket);
    let lost = app.link(stream_of_w(), |state| matches!(state, LinkState::Retrying { .. })).await;
    assert!(matches!(lost, LinkState::Retrying { attempt: 1, .. }), "{lost:?}");
    // What happened while nobody listened is in the lists alone.
    fake.answer("GET /v1/workflows/w/runs/r/events", 200, json!({"events": [raw(1, "run_started")]}));
    fake.answer("GET /v1/runs", 200, json!({"runs": [fake::run("paused")]}));
    fake.answer("GET /v1/workflows/w/runs/r/summary", 200, fake::run("paused"));
    let _socket = accept(&mut opened).await;
    app.link(stream_of_w(), |state| *state == LinkState::Live).await;
    app.until("the missed change", |_, mirror| {
        let paused = mirror.run(&"r".into()).is_some_and(|run| run.status == RunStatus::Paused);
        paused && mirror.detail(&"r".into()).is_some_and(|detail| !detail.history.events().is_empty())
    })
    .await;
    assert_eq!(app.log(), [event(1, "run_started")]);
}

#[tokio::test]
async fn a_missing_place_reads_the_log_again_at_once() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    position(&mut socket, "a", 0).await;
    app.detail().await;
    let log = [raw(1, "run_started"), raw(2, "step_started"), raw(3, "agent_turn_status")];
    fake.answer("GET /v1/workflows/w/runs/r/events", 200, json!({"events": log}));
    send(&mut socket, 1, 1, "run_started").await;
    send(&mut socket, 3, 3, "agent_turn_status").await;
    app.until("the lost event", |_, mirror| {
        mirror.detail(&"r".into()).is_some_and(|detail| detail.history.events().len() == 3)
    })
    .await;
    let want = [event(1, "run_started"), event(2, "step_started"), event(3, "agent_turn_status")];
    assert_eq!(app.log(), want);
}

#[tokio::test]
async fn another_epoch_replaces_what_was_known() {
    let (fake, mut opened) = Fake::start().await;
    let log = json!({"events": [raw(1, "run_started"), raw(2, "step_started")]});
    fake.answer("GET /v1/workflows/w/runs/r/events", 200, log);
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    position(&mut socket, "a", 2).await;
    app.detail().await;
    assert_eq!(app.log().len(), 2);
    fake.answer("GET /v1/workflows/w/runs/r/events", 200, json!({"events": [raw(1, "run_started")]}));
    fake.answer("GET /v1/runs", 200, json!({"runs": []}));
    fake.answer("GET /v1/workflows/w/runs/r/summary", 200, fake::run("queued"));
    position(&mut socket, "b", 1).await;
    app.detail().await;
    assert_eq!(app.log(), [event(1, "run_started")]);
    assert_eq!(app.mirror.run(&RunId::new("r")).map(|run| &run.status), Some(&RunStatus::Queued));
}

#[tokio::test]
async fn a_frame_that_is_no_json_is_skipped_and_the_socket_kept() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    app.detail().await;
    socket.send(Message::text("{\"id\": \"e1\", oops")).await.unwrap();
    socket.send(Message::binary(vec![0, 159, 146, 150])).await.unwrap();
    send(&mut socket, 1, 1, "run_started").await;
    let told = app.until("the event after", |report, _| matches!(report, WatchEvent::Event { .. })).await;
    let WatchEvent::Event { workflow, event: told, .. } = told else { unreachable!() };
    assert_eq!((workflow, told), ("w".into(), event(1, "run_started")));
    assert!(opened.try_recv().is_err(), "no second socket");
}

#[tokio::test]
async fn steps_that_end_bring_a_new_context() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    position(&mut socket, "a", 0).await;
    app.detail().await;
    let context = json!({"input": {}, "steps": {"a": {"result": 1}}});
    fake.answer("GET /v1/workflows/w/runs/r/context", 200, context.clone());
    send(&mut socket, 1, 1, "step_completed").await;
    app.detail().await;
    let known = app.mirror.detail(&"r".into()).and_then(|detail| detail.context.clone());
    assert_eq!(known, Some(context));
}

#[tokio::test]
async fn a_refused_stream_is_said_so_and_the_run_is_read_all_the_same() {
    let (fake, _opened) = Fake::start().await;
    fake.refuse_streams(Some(403));
    let mut app = App::start(&fake, focus());
    let refused = app.link(stream_of_w(), |state| matches!(state, LinkState::Refused(_))).await;
    assert_eq!(refused, LinkState::Refused(CallError::Forbidden("no stream for you".into())));
    app.detail().await;
    assert_eq!(app.mirror.run(&"r".into()).map(|run| &run.status), Some(&RunStatus::Running));
}

#[tokio::test]
async fn a_revoked_token_is_said_so_and_asked_with_again_when_the_person_wants_it() {
    let (fake, _opened) = Fake::start().await;
    for path in ["runs", "tasks/pending", "workflows"] {
        fake.answer(&format!("GET /v1/{path}"), 401, json!({"error": "revoked"}));
    }
    let mut app = App::start(&fake, Interest { busy: true, ..Interest::default() });
    let refused = app.link(Source::Feed, |state| matches!(state, LinkState::Refused(_))).await;
    assert_eq!(refused, LinkState::Refused(CallError::Unauthorized("revoked".into())));
    fake.answer("GET /v1/runs", 200, json!({"runs": [fake::run("running")]}));
    fake.answer("GET /v1/tasks/pending", 200, json!({"tasks": []}));
    app.watch.refetch();
    app.link(Source::Feed, |state| *state == LinkState::Live).await;
}

#[tokio::test]
async fn an_application_that_reads_nothing_keeps_its_sockets_and_gets_fresh_lists() {
    let (fake, mut opened) = Fake::start().await;
    let (events, mut reports) = mpsc::channel(1);
    let watch = watch(fake.client(), events);
    watch.interest(focus());
    let mut socket = accept(&mut opened).await;
    for sequence in 1..=5_000 {
        send(&mut socket, sequence, sequence, "agent_turn_status").await;
    }
    socket.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    let pong = async {
        loop {
            if let Message::Pong(body) = socket.next().await.unwrap().unwrap() {
                return body;
            }
        }
    };
    assert_eq!(within("a pong", pong).await, Bytes::from_static(b"there?"));
    let again = async {
        let mut told = 0;
        loop {
            match reports.recv().await.unwrap() {
                WatchEvent::Event { .. } => told += 1,
                // The first fetch is for the focus, the second because events were dropped.
                WatchEvent::Detail(_) if fake.asked("GET /v1/workflows/w/runs/r/events").len() > 1 => {
                    return told;
                }
                _ => {}
            }
        }
    };
    let told = within("the relisted run", again).await;
    assert!(told < 4_200, "dropped events are not told: {told}");
}

#[tokio::test]
async fn dropping_the_watch_closes_its_sockets() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    app.whole_list().await;
    drop(app);
    let end = async { while let Some(Ok(_)) = socket.next().await {} };
    within("the end of the socket", end).await;
}

#[tokio::test]
async fn the_newest_interest_wins_and_unwanted_streams_are_closed() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    app.detail().await;
    app.watch.interest(Interest::default());
    app.link(stream_of_w(), |state| *state == LinkState::Closed).await;
    app.link(Source::Detail("r".into()), |state| *state == LinkState::Closed).await;
    assert_eq!(app.mirror.link(&stream_of_w()), None);
    let end = async { while let Some(Ok(_)) = socket.next().await {} };
    within("the end of the socket", end).await;
}

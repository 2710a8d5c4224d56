//! What a stream may carry, and how it may end.

use std::time::Duration;

use arcc::mirror::{LinkState, WatchEvent};
use arcc::wire::CallError;
use futures_util::{SinkExt, future::join_all};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::fake::{Fake, Stream, TOKEN};
use crate::observer::{App, accept, event, focus, position, send, stream_of_w};
use crate::support::arcc;

/// Closes a stream with a code; how that is told, and whether it was opened again soon.
async fn closed_with(code: u16) -> (u16, LinkState, bool) {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    app.detail().await;
    let frame = CloseFrame { code: code.into(), reason: "as the script says".into() };
    socket.close(Some(frame)).await.unwrap();
    let over = |state: &LinkState| matches!(state, LinkState::Retrying { .. } | LinkState::Refused(_));
    let told = app.link(stream_of_w(), over).await;
    let again = timeout(Duration::from_secs(5), opened.recv()).await;
    (code, told, again.is_ok_and(|socket| socket.is_some()))
}

#[tokio::test]
async fn every_close_code_is_told_and_only_refusals_are_left_alone() {
    let codes = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3003, 3008, 4000, 4001, 4999,
    ];
    for (code, told, again) in join_all(codes.map(closed_with)).await {
        let refused = matches!(code, 3000 | 3003);
        let text = match &told {
            LinkState::Retrying { error, .. } if !refused => error.to_string(),
            LinkState::Refused(error) if refused => error.to_string(),
            other => panic!("{code}: {other:?}"),
        };
        assert!(text.contains(&format!("code {code}")), "{text}");
        assert_eq!(again, !refused, "{code}");
    }
}

/// A text of several frames, each of which is small enough.
async fn fragments(socket: &mut Stream, sizes: &[usize]) {
    for (index, size) in sizes.iter().enumerate() {
        let code = OpCode::Data(if index == 0 { Data::Text } else { Data::Continue });
        let frame = Frame::message(vec![b' '; *size], code, index + 1 == sizes.len());
        // The client may be gone before the last one.
        let _ = socket.send(Message::Frame(frame)).await;
    }
}

#[tokio::test]
async fn fragments_that_grow_beyond_the_limit_end_the_stream_and_the_third_time_for_good() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    for _ in 0..3 {
        let mut socket = accept(&mut opened).await;
        fragments(&mut socket, &[900 << 10; 5]).await;
    }
    let told = app.link(stream_of_w(), |state| matches!(state, LinkState::Refused(_))).await;
    assert!(told != LinkState::Live, "{told:?}");
    assert!(timeout(Duration::from_secs(2), opened.recv()).await.is_err(), "opened again");
    // The run is read all the same.
    app.watch.refetch();
    app.detail().await;
}

#[tokio::test]
async fn small_fragments_are_one_frame() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    app.detail().await;
    fragments(&mut socket, &[10; 5]).await;
    send(&mut socket, 1, 1, "run_started").await;
    app.until("the event after", |report, _| matches!(report, WatchEvent::Event { .. })).await;
    assert!(opened.try_recv().is_err(), "no second socket");
}

#[tokio::test]
async fn text_that_is_no_text_ends_the_socket_and_never_loops() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let poisoned = async {
        let mut sockets = 0;
        loop {
            let mut socket = accept(&mut opened).await;
            sockets += 1;
            let frame = Frame::message(vec![b'{', 0xff, 0xfe], OpCode::Data(Data::Text), true);
            let _ = socket.send(Message::Frame(frame)).await;
            if sockets == 4 {
                return;
            }
        }
    };
    let began = tokio::time::Instant::now();
    poisoned.await;
    let told =
        app.link(stream_of_w(), |state| matches!(state, LinkState::Retrying { attempt: 3.., .. })).await;
    assert!(matches!(told, LinkState::Retrying { error: CallError::Unreachable { .. }, .. }), "{told:?}");
    // Three waits of at least the floor, and no list more often than once a second.
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    let lists = fake.asked("GET /v1/runs").len();
    assert!(lists as u64 <= 4 + began.elapsed().as_secs() * 2, "{lists}");
}

#[tokio::test]
async fn frames_of_unknown_types_and_wrong_ones_are_passed_over() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    app.detail().await;
    let lists = fake.asked("GET /v1/runs").len();
    for odd in [
        json!({"type": "Workflow.Dream", "payload": {"deep": [[[]]]}}),
        json!({"event_type": {}, "run_id": [], "data": "x", "id": 17}),
        json!({"type": "heartbeat", "epoch": 5, "stream_sequence": "many"}),
        json!({"type": "heartbeat", "epoch": "a", "stream_sequence": -1}),
        json!(null),
        json!(["run_started"]),
        json!("run_started"),
    ] {
        socket.send(Message::text(odd.to_string())).await.unwrap();
    }
    for _ in 0..200 {
        socket.send(Message::binary(vec![0_u8; 64])).await.unwrap();
    }
    send(&mut socket, 1, 1, "run_started").await;
    let told = app.until("the event after", |report, _| matches!(report, WatchEvent::Event { .. })).await;
    let WatchEvent::Event { event: told, .. } = told else { unreachable!() };
    assert_eq!(told, event(1, "run_started"));
    sleep(Duration::from_millis(300)).await;
    assert!(opened.try_recv().is_err(), "no second socket");
    assert!(fake.asked("GET /v1/runs").len() <= lists + 1, "odd frames made it list");
    assert_eq!(app.mirror.skipped_frames(), 200, "each binary frame is counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_binary_frames_is_told_of_by_the_doctor() {
    let (fake, mut opened) = Fake::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut command = arcc(home.path());
    command.args(["doctor", "--json"]).env("AR_API", fake.url()).env("AR_TOKEN", TOKEN);
    let doctor = tokio::task::spawn_blocking(move || command.output().unwrap());
    let mut socket = accept(&mut opened).await;
    for _ in 0..3 {
        socket.send(Message::binary(vec![0_u8; 64])).await.unwrap();
    }
    position(&mut socket, "a", 0).await;
    let told: Value = serde_json::from_slice(&doctor.await.unwrap().stdout).unwrap();
    let checks = told["checks"].as_array().unwrap();
    let stream = checks.iter().find(|check| check["area"] == "stream").unwrap();
    assert_eq!(stream["verdict"], "contributing", "{stream}");
    assert!(stream["text"].as_str().unwrap().contains("mean nothing here: 3 in a second"), "{stream}");
}

#[tokio::test]
async fn an_event_of_an_unknown_type_is_shown_as_it_is() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let mut socket = accept(&mut opened).await;
    app.detail().await;
    send(&mut socket, 1, 1, "workflow_dreamt").await;
    app.until("the odd event", |report, _| matches!(report, WatchEvent::Event { .. })).await;
    assert_eq!(app.log(), [event(1, "workflow_dreamt")]);
}

//! Answers that are not what was asked for.

use std::time::Duration;

use arcc::client::Interest;
use arcc::domain::Timestamp;
use arcc::mirror::{LinkState, Source};
use arcc::wire::{CallError, Command};
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::fake::{self, Fake, within};
use crate::observer::{App, focus, stream_of_w};
use crate::raw::{Raw, answer, head};

const JSON: &str = "content-type: application/json\r\n";
/// `{"runs":[]}`, compressed.
const GZIP: [u8; 31] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0x2a, 0x2a, 0xcd, 0x2b, 0x56,
    0xb2, 0x8a, 0x8e, 0xad, 0x05, 0x00, 0xae, 0x00, 0x29, 0xf4, 0x0b, 0x00, 0x00, 0x00,
];

fn pause() -> Command {
    Command::Pause { workflow: "w".into(), run: "r".into() }
}

#[tokio::test]
async fn compressed_answers_are_neither_asked_for_nor_unpacked() {
    let headers = format!("{JSON}content-encoding: gzip\r\n");
    let raw = Raw::start(vec![answer(200, &headers, &GZIP)]).await;
    let error = raw.client().runs(10, None).await.unwrap_err();
    assert!(matches!(error, CallError::NotTheApi { .. }), "{error}");
    assert!(!raw.heads()[0].contains("accept-encoding"), "{}", raw.heads()[0]);
}

#[tokio::test]
async fn an_endless_page_of_a_captive_portal_is_left_after_its_beginning() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = fake::client(&format!("http://{}", listener.local_addr().unwrap()));
    let portal = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        let page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>Sign in to this network";
        stream.write_all(page).await.unwrap();
        let mut sent = 0_usize;
        while stream.write_all(&[b' '; 65_536]).await.is_ok() {
            sent += 65_536;
        }
        sent
    });
    let error = client.runs(10, None).await.unwrap_err();
    assert!(error.to_string().contains("it sent `text/html` instead of JSON"), "{error}");
    drop(client);
    // What the buffers of the two systems took, and nothing near an end.
    let sent = within("the portal's end", portal).await.unwrap();
    assert!(sent < 32 << 20, "{sent}");
}

#[rstest]
#[case(301)]
#[case(302)]
#[case(303)]
#[case(307)]
#[case(308)]
#[tokio::test]
async fn a_stream_follows_no_redirect(#[case] status: u16) {
    let (fake, _opened) = Fake::start().await;
    fake.refuse_streams(Some(status));
    let mut app = App::start(&fake, focus());
    let told = app.link(stream_of_w(), |state| matches!(state, LinkState::Retrying { .. })).await;
    let LinkState::Retrying { error, .. } = told else { unreachable!() };
    assert!(error.to_string().contains(&format!("it answered {status} instead of a WebSocket")), "{error}");
}

#[tokio::test]
async fn a_host_that_no_name_server_knows_is_named_and_asked_for_again() {
    let client = fake::client("https://api.no-such-host.invalid");
    let mut app = App::watching(client, focus());
    for source in [Source::Feed, stream_of_w()] {
        let told = app.link(source, |state| matches!(state, LinkState::Retrying { .. })).await;
        let LinkState::Retrying { error, .. } = told else { unreachable!() };
        assert!(
            matches!(&error, CallError::Unconnected { host, .. } if **host == *"api.no-such-host.invalid"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_run_that_is_gone_is_said_so_and_the_inbox_is_read_again() {
    let (fake, _opened) = Fake::start().await;
    for path in ["summary", "events", "context"] {
        fake.answer(&format!("GET /v1/workflows/w/runs/r/{path}"), 404, json!({"error": "no such run"}));
    }
    fake.answer("GET /v1/workflows/w/runs", 200, json!({"runs": []}));
    let mut app = App::start(&fake, focus());
    let gone = app.link(Source::Detail("r".into()), |state| matches!(state, LinkState::Refused(_))).await;
    let LinkState::Refused(error) = gone else { unreachable!() };
    assert!(error.is_not_found(), "{error}");
    let again = async {
        while fake.asked("GET /v1/tasks/pending").len() < 2 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    within("the inbox again", again).await;
}

#[rstest]
#[case::conflict(409, json!({"error": "already completed", "code": "CONFLICT"}), "already completed")]
#[case::not_processable(422, json!({"error": "the run is not paused", "details": {"state": "running"}}), "not paused")]
#[tokio::test]
async fn an_order_that_is_refused_is_told_and_not_sent_again(
    #[case] status: u16,
    #[case] body: serde_json::Value,
    #[case] words: &str,
) {
    let (fake, _opened) = Fake::start().await;
    fake.answer("POST /v1/workflows/w/command", status, body.clone());
    let error = fake.client().send(&pause()).await.unwrap_err();
    let CallError::Rejected { status: told, details, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*told, details.as_deref()), (status, body.get("details")));
    assert!(error.to_string().contains(words) && !error.outcome_unknown(), "{error}");
    assert_eq!(fake.asked("POST").len(), 1);
}

#[tokio::test]
async fn a_throttling_server_is_understood_in_seconds_by_date_and_in_the_body() {
    let soon = (Timestamp::now() + Duration::from_secs(40)).strftime("%a, %d %b %Y %H:%M:%S GMT");
    let cases = [
        (format!("{JSON}retry-after: 7\r\n"), "{}", 7..=7),
        (format!("{JSON}retry-after: {soon}\r\n"), "{}", 38..=40),
        (JSON.to_owned(), r#"{"message":"slow down","retry_after":9}"#, 9..=9),
        (JSON.to_owned(), r#"{"details":{"retry_after":11}}"#, 11..=11),
        (format!("{JSON}retry-after: 86400\r\n"), "{}", 300..=300),
    ];
    for (headers, body, want) in cases {
        let raw = Raw::start(vec![answer(429, &headers, body.as_bytes())]).await;
        let error = raw.client().tasks().await.unwrap_err();
        let CallError::Rejected { status: 429, retry_after: Some(wait), .. } = error else {
            panic!("{error:?}")
        };
        assert!(want.contains(&wait.as_secs()), "{headers}{body}: {wait:?}");
    }
}

#[tokio::test]
async fn while_the_server_throttles_nothing_is_polled_and_decisions_go_all_the_same() {
    let (fake, _opened) = Fake::start().await;
    let wait = Duration::from_secs(2);
    for path in ["runs", "tasks/pending", "workflows"] {
        fake.answer(&format!("GET /v1/{path}"), 429, json!({"retry_after": wait.as_secs()}));
    }
    fake.answer("POST /v1/workflows/w/command", 200, json!({}));
    let mut app = App::start(&fake, Interest { busy: true, ..Interest::default() });
    app.link(Source::Feed, |state| matches!(state, LinkState::Retrying { .. })).await;
    let began = Instant::now();
    sleep(Duration::from_millis(300)).await;
    let polled = fake.asked("GET").len();
    app.watch.refetch();
    fake.client().send(&pause()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fake.asked("GET").len(), polled, "polled although throttled");
    for (path, body) in
        [("runs", json!({"runs": []})), ("tasks/pending", json!({"tasks": []})), ("workflows", json!([]))]
    {
        fake.answer(&format!("GET /v1/{path}"), 200, body);
    }
    app.link(Source::Feed, |state| *state == LinkState::Live).await;
    assert!(began.elapsed() > wait - Duration::from_millis(500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_burst_of_server_errors_is_outlasted_by_reads() {
    let broken = answer(503, JSON, br#"{"error":"starting"}"#);
    let fine = answer(200, JSON, br#"{"tasks":[]}"#);
    let burst = |errors: usize| [vec![broken.clone(); errors], vec![fine.clone()]].concat();
    let raw = Raw::start(burst(4)).await;
    assert_eq!(raw.client().patient().tasks().await.unwrap().items, []);
    assert_eq!(raw.heads().len(), 5);
    let longer = Raw::start(burst(5)).await;
    let error = longer.client().patient().tasks().await.unwrap_err();
    assert!(matches!(error, CallError::Rejected { status: 503, .. }), "{error}");
    assert_eq!(longer.heads().len(), 5, "five tries are enough");
    let busy = Raw::start(burst(1)).await;
    busy.client().tasks().await.unwrap_err();
    assert_eq!(busy.heads().len(), 1, "whoever watches has a rhythm of its own");
}

#[tokio::test]
async fn json_that_is_none_is_said_to_be_so() {
    for body in [&b"{\"runs\": [\xff\xfe]}"[..], b"{\"runs\": [", b"\x00\x01\x02"] {
        let raw = Raw::start(vec![answer(200, JSON, body)]).await;
        let error = raw.client().runs(10, None).await.unwrap_err();
        assert!(matches!(&error, CallError::NotTheApi { host, .. } if *host == raw.host()), "{error}");
    }
}

#[tokio::test]
async fn rows_of_other_shapes_are_counted_and_the_others_stay() {
    let (fake, _opened) = Fake::start().await;
    let rows = json!([null, 7, [], {"run_id": null}, {"run_id": {"x": 1}}, fake::run("running"), {"status": "failed"}]);
    fake.answer("GET /v1/runs", 200, json!({"runs": rows, "total": 7}));
    let page = fake.client().runs(10, None).await.unwrap();
    assert_eq!((page.runs.len(), page.unreadable), (1, 6));
}

#[tokio::test]
async fn after_a_401_in_mid_session_nobody_is_asked_in_a_loop() {
    let (fake, mut opened) = Fake::start().await;
    let mut app = App::start(&fake, focus());
    let socket = crate::observer::accept(&mut opened).await;
    app.detail().await;
    for path in ["runs", "tasks/pending", "workflows"] {
        fake.answer(&format!("GET /v1/{path}"), 401, json!({"error": "revoked"}));
    }
    fake.answer("GET /v1/workflows/w/runs/r/summary", 401, json!({"error": "revoked"}));
    fake.refuse_streams(Some(401));
    drop(socket);
    app.watch.refetch();
    let refused = app.link(stream_of_w(), |state| matches!(state, LinkState::Refused(_))).await;
    assert!(matches!(refused, LinkState::Refused(CallError::Unauthorized(_))), "{refused:?}");
    app.until("the feed's refusal", |_, mirror| {
        mirror.link(&Source::Feed).is_some_and(|link| matches!(link.state, LinkState::Refused(_)))
    })
    .await;
    sleep(Duration::from_millis(500)).await;
    let asked = fake.asked("").len();
    sleep(Duration::from_secs(4)).await;
    let again = &fake.asked("")[asked..];
    assert!(again.is_empty(), "asked again although refused: {again:?}");
    assert!(app.mirror.run(&"r".into()).is_some(), "what was known stays");
}

#[tokio::test]
async fn a_server_whose_clock_is_off_is_told_of() {
    for (ahead, want) in [(0_i64, None), (-3_600, Some(-3_600)), (7_200, Some(7_200))] {
        let (fake, _opened) = Fake::start().await;
        let server = Timestamp::now().checked_sub(jiff::SignedDuration::from_secs(ahead)).unwrap();
        fake.date(&server.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        let mut app = App::start(&fake, Interest::default());
        app.link(Source::Feed, |state| *state == LinkState::Live).await;
        if want.is_some() {
            app.until("the skew", |_, mirror| mirror.clock_skew_seconds().is_some()).await;
        }
        let told = app.mirror.clock_skew_seconds();
        let near = told.zip(want).is_some_and(|(told, want)| told.abs_diff(want) <= 10);
        assert!(near || (told, want) == (None, None), "{told:?}, not {want:?}");
    }
}

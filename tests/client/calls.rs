//! Single calls: reads that are tolerant, orders that are sent once.

use std::time::Duration;

use arcc::domain::{RunStatus, StopMode, Timestamp};
use arcc::wire::{CallError, Command, Decision, Reply, StartRun};
use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake::{self, Fake};

async fn page(template: ResponseTemplate) -> (MockServer, Result<usize, CallError>) {
    let server = MockServer::start().await;
    Mock::given(method("GET")).and(path("/v1/runs")).respond_with(template).mount(&server).await;
    let runs = fake::client(&server.uri()).runs(10, None).await;
    (server, runs.map(|page| page.runs.len()))
}

fn host(server: &MockServer) -> Box<str> {
    server.address().to_string().into()
}

fn stop() -> Command {
    Command::Stop { workflow: "w".into(), run: "r".into(), mode: StopMode::Graceful }
}

fn decision(created_at: &str) -> Command {
    Command::Decide(Decision {
        workflow: "w".into(),
        run: "r".into(),
        task: "review".into(),
        created_at: created_at.parse().ok(),
        shown: None,
        approved: true,
        result: Map::new(),
    })
}

fn task(created_at: &str) -> Value {
    json!({"tasks": [{"task_id": "review", "run_id": "r", "workflow_id": "w", "created_at": created_at}]})
}

#[tokio::test]
async fn every_request_carries_the_bearer_and_the_context() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/base/v1/runs"))
        .and(header("authorization", "Bearer pat_fake"))
        .and(header("x-tenant-id", "acme"))
        .and(header("x-project-id", "p1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([fake::run("running"), {"x": 1}])))
        .mount(&server)
        .await;
    let page = fake::client(&format!("{}/base", server.uri())).runs(10, None).await.unwrap();
    assert_eq!((page.runs.len(), page.unreadable, page.complete), (1, 1, true));
}

#[tokio::test]
async fn a_page_of_html_is_not_the_api() {
    let html = ResponseTemplate::new(200).set_body_raw("<html>Sign in to the network</html>", "text/html");
    let (server, got) = page(html).await;
    let reason = "it sent `text/html` instead of JSON".into();
    assert_eq!(got, Err(CallError::NotTheApi { host: host(&server), reason }));
}

#[tokio::test]
async fn a_list_of_something_else_is_not_the_api() {
    let (server, got) = page(ResponseTemplate::new(200).set_body_json(json!({"ok": true}))).await;
    let reason = "expected a list of runs, got an object without one".into();
    assert_eq!(got, Err(CallError::NotTheApi { host: host(&server), reason }));
}

#[tokio::test]
async fn no_redirect_is_followed_whichever_it_is() {
    let elsewhere = MockServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        let target = format!("{}/v1/runs", elsewhere.uri());
        let (server, got) =
            page(ResponseTemplate::new(status).insert_header("location", target.as_str())).await;
        let reason = format!("it redirects ({status} to 127.0.0.1)").into();
        assert_eq!(got, Err(CallError::NotTheApi { host: host(&server), reason }));
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(status).insert_header("location", target.as_str()))
            .mount(&server)
            .await;
        let sent = fake::client(&server.uri()).send(&stop()).await;
        assert!(matches!(sent, Err(CallError::NotTheApi { .. })), "{sent:?}");
    }
    assert_eq!(elsewhere.received_requests().await.map(|requests| requests.len()), Some(0));
}

#[tokio::test]
async fn a_token_that_is_refused_is_named_so() {
    let (_server, got) = page(ResponseTemplate::new(401).set_body_json(json!({"error": "revoked"}))).await;
    assert_eq!(got, Err(CallError::Unauthorized("revoked".into())));
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let body = format!("[\"{}\"]", "x".repeat(17 << 20));
    let (server, got) = page(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    let reason = "a body of more than 16 MiB".into();
    assert_eq!(got, Err(CallError::NotTheApi { host: host(&server), reason }));
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let got = fake::client(&format!("http://{address}")).tasks().await;
    assert!(
        matches!(&got, Err(CallError::Unconnected { host, .. }) if **host == *address.to_string()),
        "{got:?}"
    );
}

#[tokio::test]
async fn runs_are_read_over_pages_by_offset() {
    let server = MockServer::start().await;
    let rows = |range: std::ops::Range<usize>| -> Vec<Value> {
        range.map(|n| json!({"id": format!("r{n}"), "status": "running"})).collect()
    };
    for (offset, body) in [(None, rows(0..100)), (Some("100"), rows(100..150))] {
        let body = json!({"runs": body, "total": 150});
        let mock = Mock::given(method("GET")).and(path("/v1/runs"));
        let mock = match offset {
            Some(offset) => mock.and(wiremock::matchers::query_param("offset", offset)),
            None => mock.and(wiremock::matchers::query_param_is_missing("offset")),
        };
        mock.respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    }
    let client = fake::client(&server.uri());
    let all = client.runs(1_000, None).await.unwrap();
    assert_eq!((all.runs.len(), all.complete), (150, true));
    let newest = client.runs(100, None).await.unwrap();
    assert_eq!((newest.runs.len(), newest.complete), (100, false));
    assert_eq!(
        client.find_run("r14").await.map_err(|error| error.to_string()).map(|run| run.id),
        Ok("r14".into())
    );
}

#[tokio::test]
async fn a_run_without_a_summary_is_found_in_its_workflows_list() {
    let (fake, _opened) = Fake::start().await;
    let client = fake.client();
    fake.answer("GET /v1/workflows/w/runs/r/summary", 404, json!({"error": "feature disabled"}));
    fake.answer(
        "GET /v1/workflows/w/runs",
        200,
        json!({"runs": [{"id": "r", "status": "paused"}], "total": 1}),
    );
    let run = client.run(&"w".into(), &"r".into()).await.unwrap();
    assert_eq!((run.status, run.workflow_id), (RunStatus::Paused, "w".into()));
    let phase = json!({"orchestration_phase": "awaiting_human_task", "run_complete": false});
    fake.answer("GET /v1/workflows/w/runs/r/summary", 200, phase);
    let run = client.run(&"w".into(), &"r".into()).await.unwrap();
    assert_eq!((run.status, run.phase), (RunStatus::Paused, Some("awaiting_human_task".into())));
    let gone = client.run(&"w".into(), &"s".into()).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
}

#[tokio::test]
async fn the_graph_of_a_version_is_fetched_once() {
    let (fake, _opened) = Fake::start().await;
    let client = fake.client();
    let graph = |step: &str| json!({"steps": [{"id": step, "type": "lua_script", "script": "return {}"}]});
    let versions = json!({"versions": [{"version": 3, "graph_snapshot": graph("published")}]});
    fake.answer("GET /v1/workflows/w/versions", 200, versions);
    fake.answer("GET /v1/workflows/w", 200, json!({"id": "w", "graph": graph("draft")}));
    for (version, want) in
        [(Some(3), "published"), (Some(3), "published"), (Some(4), "draft"), (None, "draft")]
    {
        let graph = client.graph(&"w".into(), version).await.unwrap();
        assert_eq!(graph.steps[0].id, want.into());
    }
    assert_eq!(fake.asked("GET /v1/workflows/w/versions").len(), 2);
}

#[tokio::test]
async fn a_detail_needs_the_run_and_its_log_alone() {
    let (fake, _opened) = Fake::start().await;
    for path in ["context", "tasks/pending"] {
        fake.answer(&format!("GET /v1/workflows/w/runs/r/{path}"), 403, json!({"error": "no"}));
    }
    let detail = fake.client().detail(&"w".into(), &"r".into()).await.unwrap();
    assert_eq!((detail.context, detail.tasks, detail.graph), (None, None, None));
    fake.answer("GET /v1/workflows/w/runs/r/events", 500, json!({"error": "broken"}));
    assert!(fake.client().detail(&"w".into(), &"r".into()).await.is_err());
}

#[tokio::test]
async fn a_start_answers_with_the_run_that_it_made() {
    let (fake, _opened) = Fake::start().await;
    fake.answer("POST /v1/workflows/w/command", 200, json!({"run_id": "new", "status": "running"}));
    let start = Command::Start(StartRun {
        workflow: "w".into(),
        run_id: None,
        input: json!({"topic": "x"}),
        trigger_type: "api".into(),
        excluded: vec![],
        trigger_steps: Default::default(),
        principal: Default::default(),
        in_place_of: None,
    });
    let body = json!({"run_id": "new", "status": "running"});
    assert_eq!(fake.client().send(&start).await, Ok(Reply { run: "new".into(), body }));
    let sent = fake.asked("POST").remove(0);
    assert_eq!(serde_json::from_str::<Value>(&sent.body).unwrap(), start.body());
}

#[tokio::test]
async fn an_order_that_fails_is_not_sent_again() {
    for status in [500, 502, 503, 504, 429] {
        let (fake, _opened) = Fake::start().await;
        fake.answer("POST /v1/workflows/w/command", status, json!({"error": "busy"}));
        let error = fake.client().send(&stop()).await.unwrap_err();
        assert!(matches!(error, CallError::Rejected { status: told, .. } if told == status), "{error}");
        assert_eq!(error.outcome_unknown(), status >= 500);
        assert_eq!(fake.asked("POST").len(), 1);
    }
}

/// A server that takes a request and then says what is given; tells how many it took.
async fn mute(answer: &'static [u8], wait: bool) -> (String, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut taken = 0;
        let (mut stream, _) = listener.accept().await.unwrap();
        taken += usize::from(fake::read(&mut stream).await.is_some());
        stream.write_all(answer).await.unwrap();
        if wait {
            // Nothing else happens in this test, so the paused clock leaps to the next timer.
            tokio::time::pause();
            while let Some(_more) = fake::read(&mut stream).await {
                taken += 1;
            }
        }
        drop(stream);
        // Whatever was tried again waits in the queue of the listener by now.
        let again = async {
            while let Ok((mut stream, _)) = listener.accept().await {
                taken += usize::from(fake::read(&mut stream).await.is_some());
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(100), again).await;
        taken
    });
    (url, serving)
}

#[tokio::test]
async fn an_order_whose_connection_is_cut_is_not_sent_again() {
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"run"] {
        let (url, taken) = mute(answer, false).await;
        let error = fake::client(&url).send(&stop()).await.unwrap_err();
        assert!(matches!(error, CallError::Unreachable { .. }) && error.outcome_unknown(), "{error}");
        assert_eq!(taken.await.unwrap(), 1);
    }
}

#[tokio::test]
async fn an_order_that_is_not_answered_in_time_is_not_sent_again() {
    let (url, taken) = mute(b"", true).await;
    let error = fake::client(&url).send(&stop()).await.unwrap_err();
    let host = url.trim_start_matches("http://").into();
    assert_eq!(error, CallError::TimedOut { host, after: Duration::from_secs(15) });
    assert_eq!(taken.await.unwrap(), 1);
}

#[tokio::test]
async fn a_decision_reaches_the_task_that_was_shown() {
    let (fake, _opened) = Fake::start().await;
    fake.answer("GET /v1/workflows/w/runs/r/tasks/pending", 200, task("2026-01-02T03:04:05Z"));
    let complete = "POST /v1/workflows/w/runs/r/tasks/review/complete";
    fake.answer(complete, 200, json!({"status": "completed"}));
    let reply = fake.client().send(&decision("2026-01-02T03:04:05Z")).await;
    assert_eq!(reply, Ok(Reply { run: "r".into(), body: json!({"status": "completed"}) }));
    assert_eq!(fake.asked(complete)[0].body, r#"{"approved":true}"#);
}

#[tokio::test]
async fn a_decision_on_what_was_not_shown_is_never_sent() {
    let (fake, _opened) = Fake::start().await;
    let refused = |message: &str| {
        Err(CallError::Rejected {
            status: 409,
            code: Some("changed".into()),
            message: message.into(),
            retry_after: None,
            details: None,
        })
    };
    let shown = decision("2026-01-02T03:04:05Z");
    let gone = "the task no longer waits: it was decided elsewhere, or its run ended";
    assert_eq!(fake.client().send(&shown).await, refused(gone));
    fake.answer("GET /v1/workflows/w/runs/r/tasks/pending", 200, task("2026-01-02T04:00:00Z"));
    let other = "another task has taken this one's place: look at it before deciding";
    assert_eq!(fake.client().send(&shown).await, refused(other));
    assert_eq!(fake.asked("POST").len(), 0);
}

#[tokio::test]
async fn a_decision_is_checked_against_the_inbox_where_the_runs_tasks_are_closed_to_the_role() {
    let (fake, _opened) = Fake::start().await;
    fake.answer("GET /v1/workflows/w/runs/r/tasks/pending", 403, json!({"error": "contributors only"}));
    fake.answer("GET /v1/tasks/pending", 200, task("2026-01-02T03:04:05Z"));
    fake.answer("POST /v1/workflows/w/runs/r/tasks/review/complete", 200, json!({}));
    let sent = fake.client().send(&decision("2026-01-02T03:04:05Z")).await;
    assert_eq!(sent.map(|reply| reply.run), Ok("r".into()));
}

#[tokio::test]
async fn a_throttled_call_tells_when_to_try_again() {
    let soon = Timestamp::now() + Duration::from_secs(30);
    let date = soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let (_server, got) = page(ResponseTemplate::new(429).insert_header("retry-after", date.as_str())).await;
    let Err(CallError::Rejected { status: 429, retry_after: Some(wait), .. }) = got else {
        panic!("{got:?}")
    };
    assert!((28..=30).contains(&wait.as_secs()), "{wait:?}");
}

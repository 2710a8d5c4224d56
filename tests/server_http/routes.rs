//! Every route, its answers and its refusals.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use arcc::wire::read;

use crate::runtime::{Runtime, graph};

#[tokio::test]
async fn a_workflow_is_made_changed_published_and_put_away() {
    let runtime = Runtime::start().await;
    let body = json!({"name": "digest", "description": "weekly", "graph": graph()});
    let made = runtime.send("POST", "/v1/workflows", body).await;
    let path = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
    assert_eq!(made.status, 201);
    let fields = |body: &Value| {
        ["name", "description", "tenant_id", "project_id", "status"].map(|field| body[field].clone())
    };
    assert_eq!(fields(&made.body), ["digest", "weekly", "local", "default", "draft"].map(Value::from));
    assert_eq!(made.body["graph"], graph());
    assert!(made.body["created_at"].is_string() && made.body["updated_at"].is_string());

    let setup = json!({"trigger_payload": {"topic": "x"}});
    let patch = json!({"description": "daily", "run_setup": setup});
    let changed = runtime.send("PATCH", &path, patch).await;
    assert_eq!((changed.status, &changed.body["description"]), (200, &json!("daily")));
    assert_eq!((&changed.body["name"], &changed.body["run_setup"]), (&json!("digest"), &setup));

    let published = runtime.send("POST", &format!("{path}/versions"), json!({"changelog": "first"})).await;
    assert_eq!((published.status, &published.body["version"]), (201, &json!(1)));
    assert_eq!(runtime.get(&format!("{path}/versions/1")).await, published.body);
    assert_eq!(published.body["graph_snapshot"], graph());
    assert_eq!(runtime.get(&format!("{path}/versions")).await, json!({"versions": [published.body]}));
    assert_eq!(runtime.ask("GET", &format!("{path}/versions/2")).send().await.status, 404);

    let shown = runtime.get(&path).await;
    assert_eq!((&shown["status"], &shown["latest_version"]), (&json!("published"), &json!(1)));
    assert_eq!(read::workflow(&shown).unwrap().latest_version, Some(1));
    assert_eq!(runtime.get("/v1/workflows").await["workflows"], json!([shown]));

    let gone = runtime.ask("DELETE", &path).send().await;
    assert_eq!((gone.status, gone.body), (204, Value::Null));
    assert_eq!(runtime.get(&path).await["status"], "archived");
}

#[tokio::test]
async fn a_run_is_started_watched_decided_and_read() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let body = json!({"command": "start", "params": {"run_id": "my run/1", "topic": "x"}});
    let started = runtime.send("POST", &format!("{workflow}/command"), body.clone()).await;
    assert_eq!((started.status, &started.body["run_id"]), (200, &json!("my run/1")));
    assert_eq!(
        started.body.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["run_id", "status", "workflow_id", "started_at"]
    );
    let again = runtime.send("POST", &format!("{workflow}/command"), body).await;
    assert_eq!((again.status, &again.body["run_id"]), (200, &started.body["run_id"]));

    let run = format!("{workflow}/runs/my%20run%2F1");
    let pending = runtime.until(&format!("{run}/tasks/pending"), |b| b["tasks"] != json!([])).await;
    assert_eq!(runtime.get("/v1/tasks/pending").await, pending);
    let task = read::task(&pending["tasks"][0], None, None).unwrap();
    assert_eq!((task.run_id.as_str(), task.step_id.as_str()), ("my run/1", "review"));
    let summary = runtime.get(&format!("{run}/summary")).await;
    assert_eq!((&summary["status"], &summary["run_complete"]), (&json!("running"), &json!(false)));
    assert!(summary["orchestration_phase"].is_string(), "{summary}");

    let decided = runtime.decide(&run, true).await;
    let echo = json!({"status": "completed", "task_id": task.task_id, "approved": true});
    assert_eq!((decided.status, decided.body), (200, echo));
    let summary = runtime.until(&format!("{run}/summary"), |b| b["run_complete"] == true).await;
    assert_eq!(summary["status"], "completed");
    assert_eq!(runtime.get(&run).await["run_id"], "my run/1");
    assert_eq!(runtime.get("/v1/tasks/pending").await, json!({"tasks": []}));
    assert_eq!(runtime.get(&format!("{run}/context")).await["input"], json!({"topic": "x"}));
}

#[tokio::test]
async fn a_second_decision_is_told_how_the_first_went() {
    let runtime = Runtime::start().await;
    let run = runtime.run(&runtime.workflow().await).await;
    let tasks = runtime.get(&format!("{run}/tasks/pending")).await;
    let task = tasks["tasks"][0]["task_id"].as_str().unwrap().to_owned();
    assert_eq!(runtime.decide(&run, true).await.status, 200);
    let late =
        runtime.send("POST", &format!("{run}/tasks/{task}/complete"), json!({"approved": false})).await;
    assert_eq!((late.status, &late.body["code"]), (409, &json!("CONFLICT")));
    assert!(late.body["error"].as_str().unwrap().contains("approved"), "{}", late.body);
    let none = runtime.send("POST", &format!("{run}/tasks/nope/complete"), json!({"approved": true})).await;
    assert_eq!(none.status, 404, "{}", none.body);
}

#[tokio::test]
async fn runs_are_paused_resumed_and_stopped() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let run = runtime.run(&workflow).await;
    let id = run.rsplit('/').next().unwrap();
    let order = async |word: &str, mode: Option<&str>| {
        let body = json!({"command": word, "params": {"run_id": id, "mode": mode}});
        runtime.send("POST", &format!("{workflow}/command"), body).await
    };
    for (word, mode, status) in
        [("pause", None, "paused"), ("resume", None, "running"), ("stop", Some("immediate"), "stopped")]
    {
        let answer = order(word, mode).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!(status)), "{word}");
        assert_eq!(answer.body["run_id"], id);
    }
    let late = order("resume", None).await;
    assert_eq!((late.status, &late.body["code"]), (409, &json!("CONFLICT")));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let run = runtime.run(&workflow).await;
        ids.insert(0, run.rsplit('/').next().unwrap().to_owned());
    }
    for list in ["/v1/runs".to_owned(), format!("{workflow}/runs")] {
        let mut seen = Vec::new();
        for offset in [0, 2, 4, 6] {
            let page = runtime.get(&format!("{list}?limit=2&offset={offset}")).await;
            assert_eq!(page["total"], 5);
            let runs = page["runs"].as_array().unwrap();
            seen.extend(runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(seen, ids, "newest first, each once");
        assert_eq!(runtime.get(&format!("{list}?limit=5000")).await["runs"].as_array().unwrap().len(), 5);
    }
    assert_eq!(runtime.get("/v1/runs?status=completed").await, json!({"runs": [], "total": 0}));
    assert_eq!(runtime.get("/v1/runs?status=running").await["total"], 5);
    let beginning = &ids[2][..18];
    for list in ["/v1/runs".to_owned(), format!("{workflow}/runs")] {
        let found = runtime.get(&format!("{list}?run_id={beginning}")).await;
        assert_eq!((&found["total"], &found["runs"][0]["run_id"]), (&json!(1), &json!(ids[2])));
        assert_eq!(runtime.get(&format!("{list}?run_id=%25")).await["total"], 0);
    }
    for (query, want) in [
        ("limit=x", "the parameter `limit` is \"x\"; it must be a whole number"),
        ("limit=0", "the parameter `limit` is 0; ask for 1 or more"),
        ("offset=-1", "the parameter `offset` is \"-1\"; it must be a whole number"),
    ] {
        let answer = runtime.ask("GET", &format!("/v1/runs?{query}")).send().await;
        assert_eq!((answer.status, &answer.body["error"]), (400, &json!(want)));
    }
    assert_eq!(runtime.ask("GET", "/v1/runs?status=odd").send().await.status, 400);
}

#[tokio::test]
async fn the_log_comes_in_pages_and_each_event_once() {
    let runtime = Runtime::start().await;
    let run = runtime.run(&runtime.workflow().await).await;
    runtime.decide(&run, true).await;
    runtime.until(&format!("{run}/summary"), |body| body["run_complete"] == true).await;
    let whole = runtime.get(&format!("{run}/events")).await;
    assert_eq!(whole["next_cursor"], Value::Null);
    let whole = whole["events"].as_array().unwrap();
    let sequences: Vec<_> = whole.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (1..=whole.len() as u64).collect::<Vec<_>>());
    let (mut pages, mut cursor) = (Vec::new(), Some(String::new()));
    while let Some(at) = cursor {
        let page = runtime.get(&format!("{run}/events?limit=2&cursor={at}")).await;
        pages.extend(page["events"].as_array().unwrap().clone());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
    }
    assert_eq!(&pages, whole);
}

#[tokio::test]
async fn pages_of_large_events_end_early() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let big = "x".repeat(900 * 1024);
    let body = json!({"command": "start", "params": {"run_id": "big", "trigger_payload": {"text": big}}});
    assert_eq!(runtime.send("POST", &format!("{workflow}/command"), body).await.status, 200);
    let run = format!("{workflow}/runs/big");
    runtime.until(&format!("{run}/tasks/pending"), |b| b["tasks"] != json!([])).await;
    let result = json!({"approved": true, "result": {"text": big}});
    let task = runtime.get(&format!("{run}/tasks/pending")).await["tasks"][0]["task_id"].clone();
    let path = format!("{run}/tasks/{}/complete", task.as_str().unwrap());
    assert_eq!(runtime.send("POST", &path, result).await.status, 200);
    runtime.until(&format!("{run}/summary"), |body| body["run_complete"] == true).await;
    let (mut sequences, mut cursor) = (Vec::new(), Some("0".to_owned()));
    while let Some(at) = cursor {
        let page = runtime.get(&format!("{run}/events?limit=1000&cursor={at}")).await;
        assert!(page.to_string().len() < 6 << 20);
        let events = page["events"].as_array().unwrap().iter();
        sequences.extend(events.map(|event| event["sequence"].as_u64().unwrap()));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
    }
    let last = runtime.get(&run).await["last_sequence"].as_u64().unwrap();
    assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let other = runtime.workflow().await;
    let run = runtime.run(&workflow).await;
    let elsewhere = run.replace(&workflow, &other);
    let mut paths = vec!["/v1/nothing".to_owned(), "/".into(), "/v1/workflows/none".into()];
    for part in ["versions", "versions/1", "runs", "runs/none"] {
        paths.push(format!("/v1/workflows/none/{part}"));
    }
    for part in ["", "/summary", "/events", "/context", "/tasks/pending"] {
        paths.push(format!("{workflow}/runs/none{part}"));
        // A run is found under its own workflow alone.
        paths.push(format!("{elsewhere}{part}"));
    }
    for path in paths {
        let answer = runtime.ask("GET", &path).send().await;
        assert_eq!((answer.status, &answer.body["code"]), (404, &json!("NOT_FOUND")), "{path}");
        assert!(answer.body["error"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
    }
    let garbled = runtime.ask("GET", "/v1/workflows/%FF").send().await;
    assert_eq!((garbled.status, &garbled.body["code"]), (400, &json!("MALFORMED_REQUEST")));
    let stream = runtime.ask("GET", "/v1/workflows/none/stream").connect().await;
    assert_eq!(stream.err(), Some(404));
    for (method, path) in [("PATCH", "/v1/workflows/none"), ("POST", "/v1/workflows/none/versions")] {
        assert_eq!(runtime.send(method, path, json!({"name": "x"})).await.status, 404, "{method} {path}");
    }
    assert_eq!(runtime.ask("DELETE", "/v1/workflows/none").send().await.status, 404);
}

#[tokio::test]
async fn wrong_methods_are_told_the_right_ones() {
    let runtime = Runtime::start().await;
    let answer = runtime.ask("DELETE", "/v1/workflows").send().await;
    assert_eq!(answer.status, 405);
    assert_eq!(
        answer.body,
        json!({"error": "DELETE is not possible on /v1/workflows; the Allow header lists what is", "code": "METHOD_NOT_ALLOWED"})
    );
    assert!(answer.head.contains("allow: get,head,post"), "{}", answer.head);
    let path = format!("{}/stream", runtime.workflow().await);
    let plain = runtime.ask("GET", &path).send().await;
    assert_eq!((plain.status, &plain.body["code"]), (426, &json!("UPGRADE_REQUIRED")));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_explained() {
    let runtime = Runtime::start().await;
    let ask = |body: &[u8]| {
        let mut ask = runtime.ask("POST", "/v1/workflows").with("Content-Type", "application/json");
        ask.body = body.to_vec();
        ask
    };
    for (body, status, want) in [
        (
            &b"{\"name\": \"x\",\n oops}"[..],
            400,
            "the body is not valid JSON: key must be a string at line 2 column 2",
        ),
        (b"", 400, "the body is empty; a JSON object is needed"),
        (b"\"\xff\"", 400, "the body is not valid JSON: invalid unicode code point at line 1 column 2"),
        (b"[1]", 422, "the body must be a JSON object"),
        (b"{}", 422, "`name` is missing"),
        (b"{\"name\": 7}", 422, "`name` must be a text"),
        (b"{\"name\": \" \"}", 422, "`name` must have 1 to 200 bytes"),
        (b"{\"name\": \"x\", \"graph\": []}", 422, "`graph` must be an object"),
    ] {
        let answer = ask(body).send().await;
        let said = answer.body["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, said.as_str()), (status, want));
    }
    let deep = ask("[".repeat(100_000).as_bytes()).send().await;
    assert_eq!(deep.status, 400);
    for (kind, status) in [
        ("application/json; charset=utf-8", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ] {
        let answer = ask(b"{\"name\": \"x\"}").with("Content-Type", kind).send().await;
        assert_eq!(answer.status, status, "{kind}");
    }
    assert_eq!(ask(b"{\"name\": \"x\"}").without("Content-Type").send().await.status, 415);
    let large = ask(format!("{{\"name\": \"{}\"}}", "x".repeat(2 << 20)).as_bytes()).send().await;
    assert_eq!(
        (large.status, large.body),
        (
            413,
            json!({"error": "the body is larger than 1024 KiB, the most that is taken", "code": "PAYLOAD_TOO_LARGE"})
        )
    );
}

#[tokio::test]
async fn orders_that_make_no_sense_are_explained() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let run = runtime.run(&workflow).await;
    let command = format!("{workflow}/command");
    let complete = format!("{run}/tasks/review/complete");
    for (method, path, body, want) in [
        (
            "POST",
            &command,
            json!({"command": "halt"}),
            "unknown command `halt`: use start, execute, pause, resume or stop",
        ),
        ("POST", &command, json!({"command": "pause"}), "`params.run_id` must name the run"),
        (
            "POST",
            &complete,
            json!({"decision": "approve"}),
            "`approved` must be true (approve) or false (reject)",
        ),
        ("POST", &complete, json!({"approved": true, "result": 1}), "`result` must be an object"),
        (
            "PATCH",
            &workflow,
            json!({}),
            "nothing to change: give `name`, `description`, `graph` or `run_setup`",
        ),
    ] {
        let answer = runtime.send(method, path, body).await;
        assert_eq!((answer.status, &answer.body["error"]), (422, &json!(want)), "{path}");
    }
    let draft = runtime.send("POST", "/v1/workflows", json!({"name": "draft"})).await;
    let draft = format!("/v1/workflows/{}", draft.body["id"].as_str().unwrap());
    let start = runtime.send("POST", &format!("{draft}/command"), json!({"command": "start"})).await;
    assert_eq!((start.status, &start.body["code"]), (422, &json!("VALIDATION_ERROR")));
}

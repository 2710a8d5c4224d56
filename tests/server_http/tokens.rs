//! Personal access tokens: what each opens, what it is told, and that nobody else gets in.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::client::{Answer, Ask};
use crate::runtime::Runtime;

async fn create(runtime: &Runtime, scopes: &[&str], role: &str) -> (String, String) {
    let order = json!({"display_name": role, "scopes": scopes, "role": role});
    let made = runtime.send("POST", "/v1/pats", order).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |field: &str| made.body[field].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

fn ask(runtime: &Runtime, token: &str, method: &str, path: &str) -> Ask {
    let ask = runtime.ask(method, path).with("Authorization", &format!("Bearer {token}"));
    ask.with("Content-Type", "application/json")
}

async fn send(runtime: &Runtime, token: &str, method: &str, path: &str, body: Value) -> Answer {
    let mut ask = ask(runtime, token, method, path);
    ask.body = body.to_string().into_bytes();
    ask.send().await
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_and_role_cover_and_the_refusal_says_which_is_missing() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let run = runtime.run(&workflow).await;
    let start = json!({"command": "start", "params": {"topic": "x"}});
    let (_, reader) = create(&runtime, &["workflow:read"], "project_viewer").await;
    assert_eq!(ask(&runtime, &reader, "GET", "/v1/runs").send().await.status, 200);
    assert!(ask(&runtime, &reader, "GET", &format!("{workflow}/stream")).connect().await.is_ok());
    let refused = send(&runtime, &reader, "POST", &format!("{workflow}/command"), start.clone()).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("missing_scope")));
    assert_eq!(refused.body["details"], json!({"have": ["workflow:read"], "need": "workflow:run"}));
    let refused = ask(&runtime, &reader, "GET", &format!("{run}/tasks/pending")).send().await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("missing_role")));
    assert_eq!(refused.body["details"], json!({"have": "project_viewer", "need": "project_contributor"}));
    let context = ask(&runtime, &reader, "GET", "/v1/runs").with("X-Tenant-Id", "acme").send().await;
    assert_eq!((context.status, &context.body["code"]), (403, &json!("wrong_context")));

    let (_, worker) = create(&runtime, &["workflow:read", "workflow:run"], "project_contributor").await;
    assert_eq!(send(&runtime, &worker, "POST", &format!("{workflow}/command"), start).await.status, 200);
    let decided = json!({"approved": true});
    let decided = send(&runtime, &worker, "POST", &format!("{run}/tasks/review/complete"), decided).await;
    assert_eq!(decided.status, 200, "{}", decided.body);
    let billing = send(&runtime, &worker, "POST", "/v1/billing/grants", json!({"credits": 1})).await;
    assert_eq!((billing.status, &billing.body["details"]["need"]), (403, &json!("billing:write")));
}

#[tokio::test]
async fn a_token_never_begets_one_that_may_do_more() {
    let runtime = Runtime::start().await;
    let (_, token) = create(&runtime, &["pat:write", "workflow:read"], "project_contributor").await;
    let order = |scopes: &[&str], role: &str| json!({"display_name": "x", "scopes": scopes, "role": role});
    let more = send(&runtime, &token, "POST", "/v1/pats", order(&["workflow:run"], "project_viewer")).await;
    assert_eq!((more.status, &more.body["code"]), (403, &json!("missing_scope")));
    let more = send(&runtime, &token, "POST", "/v1/pats", order(&["workflow:read"], "tenant_admin")).await;
    assert_eq!((more.status, &more.body["code"]), (403, &json!("missing_role")));
    let less = send(&runtime, &token, "POST", "/v1/pats", order(&["workflow:read"], "project_viewer")).await;
    assert_eq!(less.status, 201);
    for wrong in [
        json!({}),
        json!({"display_name": "x", "scopes": []}),
        json!({"display_name": "x", "scopes": ["root"]}),
        json!({"display_name": "x", "scopes": ["workflow:read"], "role": "king"}),
        json!({"display_name": " ", "scopes": ["workflow:read"]}),
    ] {
        assert_eq!(runtime.send("POST", "/v1/pats", wrong.clone()).await.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn tokens_outlive_the_process_only_as_digests_and_revoked_ones_open_nothing() {
    let runtime = Runtime::start().await;
    let (first, token) = create(&runtime, &["workflow:read"], "project_viewer").await;
    let (second, kept) = create(&runtime, &["workflow:read"], "project_viewer").await;
    let reveal = format!("/v1/pats/{first}/reveal");
    assert_eq!(runtime.get(&reveal).await["token"], json!(token));
    let again = runtime.ask("GET", &reveal).send().await;
    assert_eq!((again.status, &again.body["code"]), (410, &json!("GONE")));

    let revoked = runtime.ask("DELETE", &format!("/v1/pats/{first}")).send().await;
    assert_eq!(revoked.status, 204);
    let refused = ask(&runtime, &token, "GET", "/v1/runs").send().await;
    assert_eq!((refused.status, &refused.body["code"]), (401, &json!("revoked_token")));
    assert_eq!(runtime.ask("DELETE", "/v1/pats/nothing").send().await.status, 404);

    let Runtime { server, dir, .. } = runtime;
    server.shutdown().await;
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
    }
    let runtime = Runtime::within(dir).await;
    assert_eq!(ask(&runtime, &kept, "GET", "/v1/runs").send().await.status, 200);
    assert_eq!(ask(&runtime, &token, "GET", "/v1/runs").send().await.body["code"], "revoked_token");
    assert_eq!(runtime.ask("GET", &format!("/v1/pats/{second}/reveal")).send().await.status, 410);
    let listed = runtime.get("/v1/pats").await;
    assert_eq!(listed["pats"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(&kept));
}

/// Twelve hosts, eight origins, six routes and four states of a token, all combinations: only what
/// is right in every respect gets in.
#[tokio::test]
async fn no_combination_of_host_origin_route_and_token_gets_in_that_should_not() {
    let runtime = Runtime::start().await;
    let port = runtime.addr.port();
    let workflow = runtime.workflow().await;
    let (_, reader) = create(&runtime, &["workflow:read"], "project_viewer").await;
    let (gone, revoked) = create(&runtime, &["workflow:read"], "project_viewer").await;
    assert_eq!(runtime.ask("DELETE", &format!("/v1/pats/{gone}")).send().await.status, 204);
    let own = ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"].map(|name| format!("{name}:{port}"));
    let foreign = [
        "127.0.0.1".to_owned(),
        "localhost".to_owned(),
        "127.0.0.1:1".to_owned(),
        format!("evil.example.com:{port}"),
        format!("localhost.example.com:{port}"),
        format!("localhost:{port}.example.com"),
        format!("127.0.0.2:{port}"),
        format!("0.0.0.0:{port}"),
    ];
    let hosts: Vec<_> =
        own.iter().map(|host| (host, true)).chain(foreign.iter().map(|host| (host, false))).collect();
    let origins = [
        (None, true),
        (Some(format!("http://localhost:{port}")), true),
        (Some(format!("https://localhost:{port}")), false),
        (Some("http://localhost".to_owned()), false),
        (Some("https://evil.example.com".to_owned()), false),
        (Some("null".to_owned()), false),
        (Some("file://".to_owned()), false),
        (Some(format!("http://localhost:{port}.example.com")), false),
    ];
    // What the reader may: a read, a stream; and what it may not: an order, a change, money, tokens.
    let routes = [
        ("GET", "/v1/runs".to_owned(), true),
        ("GET", format!("{workflow}/stream"), true),
        ("POST", format!("{workflow}/command"), false),
        ("PATCH", workflow.clone(), false),
        ("POST", "/v1/billing/grants".to_owned(), false),
        ("POST", "/v1/pats".to_owned(), false),
    ];
    let tokens =
        [(None, 401), (Some("pat_unknown".to_owned()), 401), (Some(revoked), 401), (Some(reader), 0)];
    let mut judged = 0;
    for ((host, own_host), (origin, own_origin)) in
        hosts.iter().flat_map(|host| origins.iter().map(move |origin| (host, origin)))
    {
        for (method, path, readable) in &routes {
            for (token, refusal) in &tokens {
                let mut request = runtime.ask(method, path).with("Host", host).without("Authorization");
                request = request.with("Content-Type", "application/json");
                for (name, value) in [
                    ("Origin", origin.clone()),
                    ("Authorization", token.clone().map(|token| format!("Bearer {token}"))),
                ] {
                    request.headers.extend(value.map(|value| (name.to_owned(), value)));
                }
                let want = match (*own_host && *own_origin, *refusal, *readable) {
                    (false, ..) => 403,
                    (true, 401, _) => 401,
                    (true, _, false) => 403,
                    // A stream without an upgrade is told to ask for one.
                    (true, _, true) if path.ends_with("stream") => 426,
                    (true, _, true) => 200,
                };
                let said = format!("{method} {path} {:?}", request.headers);
                assert_eq!(request.send().await.status, want, "{said}");
                judged += 1;
            }
        }
    }
    assert_eq!(judged, 12 * 8 * 6 * 4);
}

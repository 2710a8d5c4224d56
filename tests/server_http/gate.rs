//! Nobody gets in who should not, on any path.

use pretty_assertions::assert_eq;
use serde_json::json;

use crate::client::Ask;
use crate::runtime::Runtime;

/// Every route, an unknown path and a wrong method among them.
async fn routes(runtime: &Runtime) -> Vec<(&'static str, String)> {
    let workflow = runtime.workflow().await;
    let run = runtime.run(&workflow).await;
    let mut routes: Vec<(&str, String)> = vec![
        ("GET", "/v1/workflows".into()),
        ("POST", "/v1/workflows".into()),
        ("GET", "/v1/runs".into()),
        ("GET", "/v1/tasks/pending".into()),
        ("GET", "/".into()),
        ("GET", "/v2/nothing".into()),
        ("DELETE", "/v1/runs".into()),
        ("OPTIONS", "/v1/runs".into()),
        ("HEAD", "/v1/runs".into()),
        ("GET", workflow.clone()),
        ("PATCH", workflow.clone()),
        ("DELETE", workflow.clone()),
    ];
    for part in ["versions", "versions/1", "runs", "stream", "stream?run_id=x&after=0"] {
        routes.push(("GET", format!("{workflow}/{part}")));
    }
    routes.push(("POST", format!("{workflow}/versions")));
    routes.push(("POST", format!("{workflow}/command")));
    for part in ["", "/summary", "/events", "/context", "/tasks/pending"] {
        routes.push(("GET", format!("{run}{part}")));
    }
    routes.push(("POST", format!("{run}/tasks/review/complete")));
    routes
}

/// What may be wrong with a request, and the status that answers it.
fn spoilt(good: &Ask) -> Vec<(&'static str, Ask, u16)> {
    let port = good.addr.port();
    let with = |name: &str, value: &str| good.clone().with(name, value);
    let mut asks = vec![
        ("no token", good.clone().without("Authorization"), 401),
        ("an empty token", with("Authorization", "Bearer "), 401),
        ("a wrong token", with("Authorization", "Bearer pat_0000"), 401),
        ("another scheme", with("Authorization", "Basic dDp0"), 401),
        ("no host", good.clone().without("Host"), 403),
        ("a rebound host", with("Host", &format!("evil.example.com:{port}")), 403),
        ("a host without port", with("Host", "127.0.0.1"), 403),
        ("another port", with("Host", "127.0.0.1:1"), 403),
        ("a prefix of a name", with("Host", &format!("localhost:{port}.example.com")), 403),
        ("a tenant", with("X-Tenant-Id", "acme"), 403),
        ("a project", with("X-Project-Id", "p1"), 403),
    ];
    for origin in ["http://evil.example.com", "null", "http://localhost", "https://localhost:1", "file://"] {
        asks.push(("an origin", with("Origin", origin), 403));
    }
    // A page of this machine on another scheme or port is foreign too.
    asks.push(("another scheme", with("Origin", &format!("https://127.0.0.1:{port}")), 403));
    let token = good.headers.iter().find(|(name, _)| name == "Authorization").unwrap().1.clone();
    asks.push(("a token in the query", good.clone().without("Authorization").query(&token), 401));
    asks
}

impl Ask {
    fn query(mut self, token: &str) -> Self {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        self.path = format!("{}{joint}token={}", self.path, token.trim_start_matches("Bearer "));
        self
    }
}

#[tokio::test]
async fn no_request_with_anything_wrong_about_it_gets_in() {
    let runtime = Runtime::start().await;
    for (method, path) in routes(&runtime).await {
        for (what, ask, want) in spoilt(&runtime.ask(method, &path)) {
            let head = method == "HEAD";
            let answer = ask.with("Content-Type", "application/json").send().await;
            assert_eq!(answer.status, want, "{method} {path} with {what}");
            assert_eq!(answer.head.contains("access-control-"), false, "{method} {path} with {what}");
            assert!(head || answer.body["error"].is_string(), "{method} {path} with {what}");
        }
    }
    // Nothing of it was done.
    assert_eq!(runtime.get("/v1/runs").await["total"], 1);
    assert_eq!(runtime.get("/v1/workflows").await["workflows"].as_array().unwrap().len(), 1);
}

/// Every host with every origin and every token, and what answers each; none for what is good.
fn combinations(good: &Ask) -> Vec<(Ask, Option<u16>)> {
    let port = good.addr.port();
    let hosts = [
        (format!("127.0.0.1:{port}"), true),
        (format!("localhost:{port}"), true),
        (format!("evil.example.com:{port}"), false),
        ("localhost".to_owned(), false),
    ];
    let origins = [
        (None, true),
        (Some(format!("http://localhost:{port}")), true),
        (Some("https://evil.example.com".to_owned()), false),
        (Some("null".to_owned()), false),
    ];
    let token = good.headers.iter().find(|(name, _)| name == "Authorization").unwrap().1.clone();
    let tokens = [
        (Some(token.clone()), true),
        (None, false),
        (Some(format!("{token}0")), false),
        (Some(token[..token.len() - 1].to_owned()), false),
        (Some(token.replace("Bearer", "Token")), false),
    ];
    let mut asks = Vec::new();
    for (host, own_host) in &hosts {
        for (origin, own_origin) in &origins {
            for (token, right) in &tokens {
                let mut ask = good.clone().with("Host", host).without("Authorization");
                for (name, value) in [("Origin", origin), ("Authorization", token)] {
                    ask.headers.extend(value.iter().map(|value| (name.to_owned(), value.clone())));
                }
                let want = match (own_host & own_origin, right) {
                    (false, _) => Some(403),
                    (true, false) => Some(401),
                    (true, true) => None,
                };
                asks.push((ask, want));
            }
        }
    }
    asks
}

#[tokio::test]
async fn every_combination_of_host_origin_and_token_is_judged_as_a_whole() {
    let runtime = Runtime::start().await;
    let mut judged = 0;
    for (method, path) in routes(&runtime).await {
        for (ask, want) in combinations(&runtime.ask(method, &path)) {
            let Some(want) = want else { continue };
            let said = format!("{method} {path} {:?}", ask.headers);
            assert_eq!(ask.send().await.status, want, "{said}");
            judged += 1;
        }
    }
    assert!(judged > 1_500, "{judged}");
    let path = format!("{}/stream", runtime.workflow().await);
    for (ask, want) in combinations(&runtime.ask("GET", &path)) {
        let said = format!("{:?}", ask.headers);
        assert_eq!(ask.connect().await.err(), want, "{said}");
    }
}

#[tokio::test]
async fn no_socket_with_anything_wrong_about_it_opens() {
    let runtime = Runtime::start().await;
    let path = format!("{}/stream", runtime.workflow().await);
    let good = runtime.ask("GET", &path);
    // The client at hand cannot leave the host out; the raw requests of the other tests do.
    for (what, ask, want) in spoilt(&good).into_iter().filter(|(what, ..)| *what != "no host") {
        assert_eq!(ask.connect().await.err(), Some(want), "{what}");
    }
    let port = runtime.addr.port();
    for host in [format!("localhost:{port}"), format!("[::1]:{port}"), runtime.addr.to_string()] {
        let own = good.clone().with("Host", &host).with("Origin", &format!("http://{host}"));
        assert!(own.connect().await.is_ok(), "{host}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong() {
    let runtime = Runtime::start().await;
    let good = runtime.ask("GET", "/v1/runs");
    let missing = good.clone().without("Authorization").send().await;
    assert_eq!(
        missing.body,
        json!({"error": "the token is missing: send `Authorization: Bearer <token>`, read from the token file", "code": "missing_token"})
    );
    assert!(missing.head.contains("www-authenticate: bearer"), "{}", missing.head);
    let wrong = good.clone().with("Authorization", "Bearer x").send().await;
    assert_eq!(
        wrong.body["error"],
        "the token is unknown: every start of the runtime makes a new one, read the token file again, or create a personal access token"
    );
    assert_eq!(wrong.body["code"], "unknown_token");
    let malformed = good.clone().with("Authorization", "Basic dDp0").send().await;
    assert_eq!(malformed.body["code"], "malformed_token");
    let rebound = good.with("Host", "evil.example.com").send().await;
    assert_eq!(
        rebound.body["error"],
        "the host \"evil.example.com\" is not this server; use the URL that the server announced"
    );
    assert_eq!(
        (&rebound.body["code"], &rebound.body["details"]["have"]),
        (&json!("wrong_host"), &json!("evil.example.com"))
    );
}

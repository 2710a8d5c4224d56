//! OAuth 2.1 against an authorization server and a protected MCP server of the test's own.

use std::sync::Arc;

use arcc::domain::WorkflowId;
use arcc::machine::{Call, ConnectionChoice, Outcome, Work};
use arcc::server::connections::Connections;
use arcc::server::egress::{AllowedHosts, Egress};
use arcc::server::exec::{
    Binding, CredentialError, Credentials as _, Executor as _, ExecutorOptions, InstanceError, Instances,
    LocalExecutor,
};
use arcc::server::serve::{ServeOptions, Server};
use axum::Router;
use axum::http::header;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use pretty_assertions::assert_eq;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::authority::world;
use crate::runtime::{Echo, Runtime, options};

/// One instance: the protected server, over one connection.
#[derive(Debug)]
struct OnlyInstance(Binding);

impl Instances for OnlyInstance {
    fn bind(&self, _: &str, _: Option<&WorkflowId>) -> BoxFuture<'static, Result<Binding, InstanceError>> {
        let binding = self.0.clone();
        async move { Ok(binding) }.boxed()
    }

    fn is_registered(&self, _: &str) -> BoxFuture<'static, bool> {
        async { true }.boxed()
    }
}

/// A runtime that may call this machine, and its connections as its executor has them.
async fn runtime(listed: &str) -> (Runtime, Connections) {
    let dir = tempfile::tempdir().unwrap();
    let allow_hosts = AllowedHosts::parse_list(listed).unwrap();
    let egress = Egress::new(allow_hosts.clone());
    let server = Server::start_with(ServeOptions { allow_hosts, ..options(dir.path()) }, Arc::new(Echo))
        .await
        .unwrap();
    let connections = Connections::open(dir.path(), &egress).unwrap();
    connections.attach(server.engine());
    (Runtime::of(server, dir), connections)
}

async fn connection(runtime: &Runtime, server: &str) -> String {
    let body = json!({"display_name": "Desk", "service": "oauth", "server_url": format!("{server}/mcp")});
    let made = runtime.send("POST", "/v1/connections", body).await;
    assert_eq!((made.status, made.body["status"].as_str()), (201, Some("needs_reconnect")), "{}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

fn browser() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// Opens the address as a person would; where the browser is sent back to.
async fn opened(runtime: &Runtime, id: &str) -> String {
    let begun = runtime.ask("POST", &format!("/v1/connections/{id}/oauth-url")).send().await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    let answer = browser().get(begun.body["url"].as_str().unwrap()).send().await.unwrap();
    answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

async fn authorize(runtime: &Runtime, id: &str) {
    let back = opened(runtime, id).await;
    let page = browser().get(back).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("the connection is authorized"));
}

async fn bearer(connections: &Connections, id: &str, server: &str) -> Result<String, CredentialError> {
    let sent = connections.header_for(id, &format!("{server}/mcp").parse().unwrap()).await?;
    Ok(sent.unwrap().value.expose_secret().to_owned())
}

/// What the protected server answers to a bearer.
async fn status(server: &str, bearer: &str) -> u16 {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "probe", "version": "1"},
    }});
    let asked = browser()
        .post(format!("{server}/mcp"))
        .header("authorization", bearer)
        .header("accept", "application/json, text/event-stream")
        .json(&body);
    asked.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_person_authorizes_and_the_server_takes_the_token() {
    let (shared, server, issuer) = world(3_600).await;
    let (runtime, connections) = runtime("127.0.0.1").await;
    let id = connection(&runtime, &server).await;
    assert!(matches!(bearer(&connections, &id, &server).await, Err(CredentialError::NeedsReconnect { .. })));
    authorize(&runtime, &id).await;
    let sent = bearer(&connections, &id, &server).await.unwrap();
    assert_eq!((sent.as_str(), status(&server, &sent).await), ("Bearer at-1", 200));
    assert_eq!(shared.lock().unwrap().resource, format!("{server}/mcp"));
    let shown = runtime.get(&format!("/v1/connections/{id}")).await;
    assert_eq!(
        (shown["status"].as_str(), shown["oauth"]["issuer"].as_str()),
        (Some("active"), Some(&*issuer))
    );
    assert_eq!(shown["oauth"]["scopes"], json!(["mcp:execute"]));
    assert!(shown["oauth"]["expires_at"].is_string());
    let text = shown.to_string() + &runtime.get("/v1/connections").await.to_string();
    assert!(!text.contains("at-1") && !text.contains("rt-1"), "{text}");
    // It is bound to its server.
    let elsewhere = bearer(&connections, &id, &issuer).await.unwrap_err();
    assert!(matches!(elsewhere, CredentialError::Withheld { .. }), "{elsewhere}");
}

#[tokio::test]
async fn tokens_are_renewed_before_they_end_and_survive_a_restart() {
    let (shared, server, _) = world(2).await;
    let (runtime, connections) = runtime("127.0.0.1").await;
    let id = connection(&runtime, &server).await;
    authorize(&runtime, &id).await;
    shared.lock().unwrap().lives = 3_600;
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    // Many callers at once get one new token.
    let calls = (0..8).map(|_| bearer(&connections, &id, &server));
    for sent in futures_util::future::join_all(calls).await {
        assert_eq!(sent.unwrap(), "Bearer at-2");
    }
    assert_eq!(shared.lock().unwrap().asked, ["authorization_code", "refresh_token"]);
    let Runtime { server: running, dir, .. } = runtime;
    running.shutdown().await;
    let again =
        Connections::open(dir.path(), &Egress::new(AllowedHosts::parse(["127.0.0.1"]).unwrap())).unwrap();
    assert_eq!(bearer(&again, &id, &server).await.unwrap(), "Bearer at-2");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_a_refused_renewal_needs_a_person() {
    let (shared, server, _) = world(3_600).await;
    let (runtime, connections) = runtime("127.0.0.1").await;
    let id = connection(&runtime, &server).await;
    authorize(&runtime, &id).await;
    let shown = async || runtime.get(&format!("/v1/connections/{id}")).await;

    shared.lock().unwrap().refused = true;
    assert_eq!(status(&server, "Bearer at-1").await, 401);
    connections.needs_reconnect(&id, "401 Unauthorized").await;
    assert_eq!(shown().await["status"], "active");
    let sent = bearer(&connections, &id, &server).await.unwrap();
    assert_eq!((sent.as_str(), status(&server, &sent).await), ("Bearer at-2", 200));
    // A server that refuses every token is not asked for another one each time.
    connections.needs_reconnect(&id, "401 Unauthorized").await;
    assert_eq!(
        (shown().await["status"].clone(), shown().await["status_reason"].clone()),
        (json!("needs_reconnect"), json!("401 Unauthorized"))
    );

    authorize(&runtime, &id).await;
    assert_eq!(shown().await["status"], "active");
    shared.lock().unwrap().refuses_refresh = true;
    connections.needs_reconnect(&id, "401 Unauthorized").await;
    assert_eq!(shown().await["status"], "needs_reconnect");
    shared.lock().unwrap().refuses_refresh = false;
    authorize(&runtime, &id).await;
    assert_eq!(
        (shown().await["status"].clone(), shown().await["status_reason"].clone()),
        (json!("active"), Value::Null)
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_says_why() {
    let (shared, server, _) = world(1).await;
    let (runtime, connections) = runtime("127.0.0.1").await;
    let id = connection(&runtime, &server).await;
    authorize(&runtime, &id).await;
    shared.lock().unwrap().refuses_refresh = true;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let refused = bearer(&connections, &id, &server).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("the connection `Desk` needs to be reconnected: its token could not be renewed"),
        "{refused}"
    );
    let shown = runtime.get(&format!("/v1/connections/{id}")).await;
    assert_eq!(shown["status"], "needs_reconnect");
    let why = shown["status_reason"].as_str().unwrap();
    assert!(why.contains("authorize it again") && !why.contains("rt-1"), "{why}");
}

#[tokio::test]
async fn strangers_neither_complete_nor_end_an_authorization() {
    let (shared, server, _) = world(3_600).await;
    let (runtime, connections) = runtime("127.0.0.1").await;
    let id = connection(&runtime, &server).await;
    let back = opened(&runtime, &id).await;
    let base = back.split('?').next().unwrap();
    let forged = browser().get(format!("{base}?code=code-1&state=guessed")).send().await.unwrap();
    assert_eq!(forged.status(), 400);
    let declined = browser().get(format!("{base}?error=access_denied&state=x")).send().await.unwrap();
    assert_eq!(declined.status(), 400);
    let rebound = browser().get(&back).header("host", "evil.example.com").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
    assert!(matches!(bearer(&connections, &id, &server).await, Err(CredentialError::NeedsReconnect { .. })));
    assert_eq!(shared.lock().unwrap().asked, Vec::<String>::new());
    assert_eq!(browser().get(&back).send().await.unwrap().status(), 200);
    // The listener is gone with its purpose.
    assert!(browser().get(&back).send().await.is_err());
    assert_eq!(bearer(&connections, &id, &server).await.unwrap(), "Bearer at-1");
}

#[tokio::test]
async fn what_a_server_names_is_called_only_where_a_graph_might_call() {
    let (shared, server, _) = world(3_600).await;
    let port = server.rsplit(':').next().unwrap();
    let (runtime, _) = runtime(&format!("127.0.0.1:{port}")).await;
    let id = connection(&runtime, &server).await;
    let refused = runtime.ask("POST", &format!("/v1/connections/{id}/oauth-url")).send().await;
    assert_eq!(refused.status, 502, "{}", refused.body);
    assert_eq!(shared.lock().unwrap().asked, Vec::<String>::new());
}

#[tokio::test]
async fn a_server_without_oauth_is_told_apart() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", plain.local_addr().unwrap());
    tokio::spawn(axum::serve(plain, Router::new()).into_future());
    let (runtime, _) = runtime("").await;
    let id = connection(&runtime, &server).await;
    let refused = runtime.ask("POST", &format!("/v1/connections/{id}/oauth-url")).send().await;
    assert_eq!(refused.status, 502, "{}", refused.body);
    let text = refused.body["error"].as_str().unwrap();
    assert!(text.contains("announces no authorization server; if it wants a key"), "{text}");
}

#[tokio::test]
async fn a_step_whose_token_is_refused_goes_through_with_another_one() {
    let (shared, server, _) = world(3_600).await;
    let (runtime, connections) = runtime("127.0.0.1").await;
    let id = connection(&runtime, &server).await;
    authorize(&runtime, &id).await;
    let binding = Binding {
        instance: "inst_1".into(),
        name: "Desk".into(),
        service: "desk".into(),
        address: format!("{server}/mcp").into(),
        profile: Some("default".into()),
        connection: Some(id.as_str().into()),
        overridden: None,
        needs_connection: true,
    };
    let executor = LocalExecutor::new(ExecutorOptions {
        instances: Arc::new(OnlyInstance(binding)),
        credentials: Arc::new(connections.clone()),
        egress: Egress::new(AllowedHosts::parse(["127.0.0.1"]).unwrap()),
        ..ExecutorOptions::new("unused".into())
    })
    .unwrap();
    let step = || Call {
        run_id: "run-1".into(),
        workflow_id: "wf-1".into(),
        step: "send".into(),
        attempt: 1,
        work: Work::Mcp {
            server_url: None,
            instance_id: Some("inst_1".into()),
            tool: "any".into(),
            args: json!({}),
            connection: ConnectionChoice::Inherit,
        },
        timeout: None,
    };
    let reached = Outcome::Done(json!({"reached": true}));
    assert_eq!(executor.execute(step(), CancellationToken::new()).await, reached);
    shared.lock().unwrap().refused = true;
    assert_eq!(executor.execute(step(), CancellationToken::new()).await, reached);
    assert_eq!(shared.lock().unwrap().given, 2);
    // The next refusal comes too soon for another token, and a person is needed.
    shared.lock().unwrap().refused = true;
    let Outcome::Failed(error) = executor.execute(step(), CancellationToken::new()).await else {
        panic!("it went through")
    };
    assert!(
        error.message.contains("401") && error.message.contains("connection `Desk`"),
        "{}",
        error.message
    );
    assert_eq!(runtime.get(&format!("/v1/connections/{id}")).await["status"], "needs_reconnect");
}

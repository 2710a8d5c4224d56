//! Connections over HTTP: what is told of them, and that their secrets never are.

use arcc::server::connections::Connections;
use arcc::server::egress::Egress;
use arcc::server::exec::{CredentialError, Credentials as _};
use pretty_assertions::assert_eq;
use rstest::rstest;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::runtime::Runtime;

async fn create(runtime: &Runtime, body: Value) -> Value {
    let made = runtime.send("POST", "/v1/connections", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body
}

/// The connections of a runtime as its executor has them.
fn connections(runtime: &Runtime) -> Connections {
    let connections = Connections::open(runtime.dir.path(), &Egress::default()).unwrap();
    connections.attach(runtime.server.engine());
    connections
}

async fn sent(
    connections: &Connections,
    id: &str,
    server: &str,
) -> Result<(String, String), CredentialError> {
    let sent = connections.header_for(id, &server.parse().unwrap()).await?.unwrap();
    Ok((sent.header.to_string(), sent.value.expose_secret().to_owned()))
}

#[tokio::test]
async fn a_connection_is_made_shown_changed_and_removed() {
    let runtime = Runtime::start().await;
    let body = json!({
        "display_name": "Acme CRM", "provider": "custom", "service": "api_key",
        "credentials": {"api_key": "sk-first", "account": "acme"},
    });
    let made = create(&runtime, body).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let told = |body: &Value| {
        ["name", "provider", "service", "status", "credential_keys", "needs_reconnect", "send_as"]
            .map(|field| body[field].clone())
    };
    let send_as = json!({"header": "authorization", "prefix": "Bearer ", "credential": "api_key"});
    let keys = json!(["account", "api_key"]);
    let want =
        [json!("Acme CRM"), json!("custom"), json!("api_key"), json!("active"), keys, json!(false), send_as];
    assert_eq!(told(&made), want);
    let path = format!("/v1/connections/{id}");
    assert_eq!(runtime.get("/v1/connections").await["connections"], json!([made]));
    assert_eq!(runtime.get(&path).await, made);
    let credentials = runtime.get(&format!("{path}/credentials")).await;
    let want = json!([
        {"key": "account", "is_set": true, "is_sent": false},
        {"key": "api_key", "is_set": true, "is_sent": true},
    ]);
    assert_eq!(credentials["credentials"], want);

    let connections = connections(&runtime);
    let server = "https://crm.example.com/mcp";
    assert_eq!(sent(&connections, &id, server).await.unwrap().1, "Bearer sk-first");
    let patch =
        json!({"credentials": {"api_key": "sk-second", "account": null}, "send_as": {"header": "X-Api-Key"}});
    let patched = runtime.send("PATCH", &path, patch).await;
    assert_eq!((patched.status, &patched.body["credential_keys"]), (200, &json!(["api_key"])));
    let want = ("x-api-key".to_owned(), "sk-second".to_owned());
    assert_eq!(sent(&connections, &id, server).await.unwrap(), want);

    assert_eq!(runtime.ask("DELETE", &path).send().await.status, 204);
    assert_eq!(runtime.ask("GET", &path).send().await.status, 404);
    assert_eq!(runtime.ask("DELETE", &path).send().await.status, 404);
    assert!(matches!(sent(&connections, &id, server).await, Err(CredentialError::Unknown(_))));
    assert_eq!(runtime.get("/v1/connections").await, json!({"connections": []}));
}

#[rstest]
#[case(json!({"credentials": {"k": "sk-secret"}}), "`display_name` is missing")]
#[case(json!({"display_name": " ", "credentials": {"k": "sk-secret"}}), "`display_name` must have 1 to 200 bytes")]
#[case(json!({"display_name": "x"}), "`credentials` is missing")]
#[case(json!({"display_name": "x", "credentials": {"k": 7}}), "`credentials.k` must be a text")]
#[case(json!({"display_name": "x", "credentials": {"k": ""}}), "`credentials.k` must have 1 to 16384 bytes")]
#[case(json!({"display_name": "x", "credentials": {"a b": "sk-secret"}}), "a credential's name has 1 to 64")]
#[case(json!({"display_name": "x", "credentials": {"k": "sk-secret\r\nhost: a"}}), "no header can carry")]
#[case(json!({"display_name": "x", "service": "API Key", "credentials": {"k": "sk-secret"}}), "`service` must be a word")]
#[case(json!({"display_name": "x", "server_url": "ftp://a", "credentials": {"k": "sk-secret"}}), "only http and https")]
#[case(json!({"display_name": "x", "service": "oauth"}), "needs `server_url`")]
#[tokio::test]
async fn what_makes_no_sense_is_told_without_the_secret(#[case] body: Value, #[case] want: &str) {
    let runtime = Runtime::start().await;
    let refused = runtime.send("POST", "/v1/connections", body).await;
    let text = refused.body["error"].as_str().unwrap();
    assert_eq!(refused.status, 422, "{text}");
    assert!(text.contains(want) && !text.contains("sk-secret"), "{text}");
    assert_eq!(runtime.get("/v1/connections").await["connections"], json!([]));
}

#[tokio::test]
async fn a_refused_connection_says_so_until_it_is_mended() {
    let runtime = Runtime::start().await;
    let made =
        create(&runtime, json!({"display_name": "Acme", "credentials": {"api_key": "sk-canary-1"}})).await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/connections/{id}");
    let connections = connections(&runtime);
    let status = async || {
        let body = runtime.get(&path).await;
        (body["status"].as_str().unwrap().to_owned(), body["status_reason"].clone())
    };
    connections.needs_reconnect(id, "401: the key sk-canary-1 is revoked").await;
    let refused = ("needs_reconnect".to_owned(), json!("401: the key [hidden] is revoked"));
    assert_eq!(status().await, refused);
    assert!(!connections.find(id).await.unwrap().unwrap().is_active());
    connections.works(id).await;
    assert_eq!(status().await, ("active".to_owned(), Value::Null));
    connections.needs_reconnect(id, "403").await;
    assert_eq!(
        runtime.send("PATCH", &path, json!({"display_name": "Acme 2"})).await.body["status"],
        "needs_reconnect"
    );
    let mended = runtime.send("PATCH", &path, json!({"credentials": {"api_key": "sk-canary-2"}})).await;
    assert_eq!(
        (mended.body["status"].clone(), mended.body["status_reason"].clone()),
        (json!("active"), Value::Null)
    );
    // Of one that is gone there is nothing to note.
    connections.needs_reconnect("nobody", "401").await;
}

#[tokio::test]
async fn a_secret_goes_to_its_own_server_and_never_over_an_open_network() {
    let runtime = Runtime::start().await;
    let body = json!({"display_name": "Bound", "server_url": "https://crm.example.com/mcp", "credentials": {"k": "sk-1"}});
    let bound = create(&runtime, body).await["id"].as_str().unwrap().to_owned();
    let free = create(&runtime, json!({"display_name": "Free", "credentials": {"k": "sk-2"}})).await;
    let free = free["id"].as_str().unwrap().to_owned();
    let connections = connections(&runtime);
    let refused =
        async |id: &str, server: &str| sent(&connections, id, server).await.unwrap_err().to_string();
    assert!(sent(&connections, &bound, "https://crm.example.com/other").await.is_ok());
    assert_eq!(
        refused(&bound, "https://crm.example.com.evil.example/mcp").await,
        "the connection `Bound` is not sent to this server: it is bound to https://crm.example.com, and this is \
         https://crm.example.com.evil.example"
    );
    assert!(
        refused(&bound, "http://crm.example.com/mcp")
            .await
            .contains("it is bound to https://crm.example.com")
    );
    assert!(refused(&bound, "https://crm.example.com:8443/mcp").await.contains("it is bound to"));
    assert!(sent(&connections, &free, "http://127.0.0.1:9000/mcp").await.is_ok());
    assert!(
        refused(&free, "http://tools.internal/mcp").await.contains("plain http would show it to the network")
    );
}

#[tokio::test]
async fn a_lost_key_is_told_and_new_secrets_mend_it() {
    let runtime = Runtime::start().await;
    let made = create(&runtime, json!({"display_name": "Acme", "credentials": {"api_key": "sk-1"}})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let Runtime { server, dir, .. } = runtime;
    server.shutdown().await;
    std::fs::remove_file(dir.path().join("vault.key")).unwrap();
    let runtime = Runtime::within(dir).await;
    let connections = connections(&runtime);
    let server = "https://crm.example.com/";
    let lost = sent(&connections, &id, server).await.unwrap_err().to_string();
    assert!(lost.contains("does not open with this vault's key; enter it again"), "{lost}");
    let path = format!("/v1/connections/{id}");
    assert_eq!(runtime.send("PATCH", &path, json!({"credentials": {"api_key": "sk-2"}})).await.status, 200);
    assert_eq!(sent(&connections, &id, server).await.unwrap().1, "Bearer sk-2");
}

#[tokio::test]
async fn what_a_local_runtime_does_not_have_says_so() {
    let runtime = Runtime::start().await;
    let config = runtime.get("/v1/connections/google/config").await;
    assert_eq!(config["enabled"], false);
    let asked = runtime.send("POST", "/v1/connections/google/oauth-url", json!({})).await;
    assert_eq!(asked.status, 404);
    assert!(asked.body["error"].as_str().unwrap().starts_with("feature disabled: "), "{}", asked.body);
    let made = create(&runtime, json!({"display_name": "Acme", "credentials": {"api_key": "sk-1"}})).await;
    let path = format!("/v1/connections/{}/oauth-url", made["id"].as_str().unwrap());
    let refused = runtime.ask("POST", &path).send().await;
    assert_eq!(refused.status, 409);
    assert!(refused.body["error"].as_str().unwrap().contains("holds a key, which nobody can authorize"));
}

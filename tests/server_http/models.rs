//! Keys of models in connections: which one answers, and what is told of it.

use std::sync::Arc;

use arcc::machine::{Call, Outcome, Work};
use arcc::server::exec::{Executor as _, ExecutorOptions, LlmProvider, LocalExecutor};
use arcc::server::serve::{ServeOptions, Server};
use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::runtime::{Echo, Runtime, options};

/// A runtime whose own provider is at `base`.
async fn runtime(base: Option<&str>) -> Runtime {
    let dir = tempfile::tempdir().unwrap();
    let llm = base.map(|base| LlmProvider::new(base, Some("sk-environment".into())));
    let server =
        Server::start_with(ServeOptions { llm, ..options(dir.path()) }, Arc::new(Echo)).await.unwrap();
    Runtime::of(server, dir)
}

async fn connection(runtime: &Runtime, body: Value) -> String {
    let made = runtime.send("POST", "/v1/connections", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn ask(runtime: &Runtime, base: &str, credential: &str) -> Outcome {
    let executor = LocalExecutor::new(ExecutorOptions {
        llm: Some(LlmProvider::new(base, Some("sk-environment".into()))),
        credentials: Arc::new(runtime.server.connections().clone()),
        ..ExecutorOptions::new("unused".into())
    });
    let call = Call {
        run_id: "run-1".into(),
        workflow_id: "wf-1".into(),
        step: "ask".into(),
        attempt: 1,
        work: Work::Llm {
            model: "small".into(),
            prompt: "Hello.".into(),
            params: Map::new(),
            credential: Some(credential.into()),
        },
        timeout: None,
    };
    executor.unwrap().execute(call, CancellationToken::new()).await
}

/// What comes of a run of one step; whatever of it is kept and told holds no key.
async fn run(runtime: &Runtime, step: Value) -> Value {
    let graph = json!({"steps": [step]});
    let made = runtime.send("POST", "/v1/workflows", json!({"name": "w", "graph": graph})).await;
    let workflow = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
    assert_eq!(runtime.send("POST", &format!("{workflow}/versions"), json!({})).await.status, 201);
    let started = runtime.send("POST", &format!("{workflow}/command"), json!({"command": "start"})).await;
    let run = format!("{workflow}/runs/{}", started.body["run_id"].as_str().unwrap());
    let summary = runtime.until(&format!("{run}/summary"), |body| body["run_complete"] == true).await;
    let (events, context) =
        (runtime.get(&format!("{run}/events")).await, runtime.get(&format!("{run}/context")).await);
    for told in [&summary, &events, &context] {
        assert!(!told.to_string().contains("sk-"), "{told}");
    }
    json!({"run": summary, "steps": context["steps"]})
}

/// A provider that answers one key alone.
async fn provider(name: &'static str, value: &'static str) -> MockServer {
    let server = MockServer::start().await;
    let answer = json!({"model": "small", "choices": [{"message": {"content": value}}]});
    Mock::given(header(name, value))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let refusal = json!({"error": {"message": "bad key"}});
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(401).set_body_json(refusal))
        .with_priority(9)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn a_step_is_answered_with_the_key_of_the_connection_it_names() {
    let (own, stored) =
        (provider("authorization", "Bearer sk-environment").await, provider("api-key", "sk-stored").await);
    let own = format!("{}/v1", own.uri());
    let runtime = runtime(Some(&own)).await;
    let body = json!({
        "display_name": "Models", "provider": "acme", "service": "llm", "server_url": format!("{}/v1", stored.uri()),
        "send_as": {"header": "api-key"}, "credentials": {"api_key": "sk-stored"},
    });
    let id = connection(&runtime, body).await;
    let said = async |credential: &str| match ask(&runtime, &own, credential).await {
        Outcome::Done(answer) => answer["text"].as_str().unwrap().to_owned(),
        ended => panic!("{ended:?}"),
    };
    assert_eq!(said(&id).await, "sk-stored");
    // A name of elsewhere leaves the runtime's own.
    assert_eq!(said("cred-of-elsewhere").await, "Bearer sk-environment");

    let path = format!("/v1/connections/{id}");
    runtime.send("PATCH", &path, json!({"credentials": {"api_key": "sk-wrong-key"}})).await;
    let Outcome::Failed(error) = ask(&runtime, &own, &id).await else { panic!("it was answered") };
    assert!(
        error.message.contains("refused the key (401 Unauthorized): bad key; check the connection `Models`"),
        "{}",
        error.message
    );
    let shown = runtime.get(&path).await;
    assert_eq!(shown["status"], "needs_reconnect");
    assert!(!shown.to_string().contains("sk-wrong-key"), "{shown}");
}

#[tokio::test]
async fn an_agent_is_answered_with_the_key_of_the_connection_it_names() {
    let own = provider("authorization", "Bearer sk-environment").await;
    let stored = provider("x-key", "stored-key-of-team").await;
    let dir = tempfile::tempdir().unwrap();
    let llm = Some(LlmProvider::new(&format!("{}/v1", own.uri()), Some("sk-environment".into())));
    let server = Server::start(ServeOptions { llm, ..options(dir.path()) }).await.unwrap();
    let runtime = Runtime::of(server, dir);
    let body = json!({
        "display_name": "Team", "provider": "acme", "service": "llm", "server_url": format!("{}/v1", stored.uri()),
        "send_as": {"header": "x-key"}, "credentials": {"api_key": "stored-key-of-team"},
    });
    let id = connection(&runtime, body).await;
    let agent = json!({"id": "helper", "name": "Helper", "model": "small", "llm_credential_id": id});
    assert_eq!(runtime.send("POST", "/v1/agents", agent).await.status, 201);
    let step = json!({"id": "a", "type": "agent_call", "agent_id": "helper", "prompt": "Hello."});
    let done = run(&runtime, step.clone()).await;
    assert_eq!(done["steps"]["a"]["result"]["message"], "stored-key-of-team", "{done}");
    assert_eq!(own.received_requests().await.unwrap().len(), 0);

    // The key is refused: the step fails, the connection needs a person, nothing tells the key.
    let path = format!("/v1/connections/{id}");
    let wrong = json!({"credentials": {"api_key": "sk-wrong-key"}});
    assert_eq!(runtime.send("PATCH", &path, wrong).await.status, 200);
    let failed = run(&runtime, step.clone()).await;
    assert_eq!(failed["run"]["failure_code"], "LLM_REQUEST_FAILED");
    assert!(failed["run"]["error"].as_str().unwrap().contains("check the connection `Team`"), "{failed}");
    assert_eq!(runtime.get(&path).await["status"], "needs_reconnect");

    // A place that no secret may lead to is not called.
    let inward = json!({"server_url": "https://169.254.169.254/v1"});
    assert_eq!(runtime.send("PATCH", &path, inward).await.status, 200);
    let denied = run(&runtime, step).await;
    assert!(
        denied["run"]["error"].as_str().unwrap().contains("the model provider is not called"),
        "{denied}"
    );
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn without_a_provider_of_its_own_the_only_connection_for_models_answers() {
    let stored = provider("authorization", "Bearer stored-key-of-team").await;
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::of(Server::start(options(dir.path())).await.unwrap(), dir);
    let team = |name: &str| {
        json!({"display_name": name, "provider": "acme", "service": "llm",
            "server_url": format!("{}/v1", stored.uri()), "credentials": {"api_key": "stored-key-of-team"}})
    };
    let step = json!({"id": "a", "type": "llm_call", "model": "small", "prompt": "Hello."});
    let none = run(&runtime, step.clone()).await;
    assert!(none["run"]["error"].as_str().unwrap().contains("no model provider is configured"), "{none}");
    let id = connection(&runtime, team("Team")).await;
    let done = run(&runtime, step.clone()).await;
    assert_eq!(done["steps"]["a"]["result"]["text"], "Bearer stored-key-of-team", "{done}");
    let resolved = runtime.send("POST", "/v1/llm/resolve", json!({"model": "small"})).await;
    assert_eq!(resolved.body["llm_credential_id"], json!(id));
    connection(&runtime, team("Other")).await;
    let unclear = run(&runtime, step).await;
    assert!(unclear["run"]["error"].as_str().unwrap().contains("(`Other`, `Team`)"), "{unclear}");
    assert_eq!(runtime.send("POST", "/v1/llm/resolve", json!({"model": "small"})).await.status, 422);
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn the_catalogue_and_the_answer_of_a_model_tell_everything_but_the_key() {
    let runtime = runtime(Some("http://127.0.0.1:9/v1")).await;
    let openai = json!({"display_name": "Team", "provider": "openai", "service": "llm", "credentials": {"api_key": "sk-stored"}});
    let id = connection(&runtime, openai).await;
    let catalog = runtime.get("/v1/llm-provider-keys/catalog").await;
    let told: Vec<_> = catalog["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| ["source", "base_url", "has_key", "status"].map(|field| item[field].clone()))
        .collect();
    assert_eq!(
        told,
        [
            [json!("environment"), json!("http://127.0.0.1:9/v1"), json!(true), json!("active")],
            [json!("connection"), json!("https://api.openai.com/v1"), json!(true), json!("active")],
        ]
    );
    let resolve = async |body: Value| runtime.send("POST", "/v1/llm/resolve", body).await;
    let own = resolve(json!({"model": "small"})).await;
    assert_eq!((own.status, own.body["variable"].as_str()), (200, Some("AR_LLM_API_KEY")));
    let stored = resolve(json!({"model": "small", "llm_credential_id": id})).await;
    assert_eq!(
        (stored.body["source"].as_str(), stored.body["name"].as_str()),
        (Some("connection"), Some("Team"))
    );
    let elsewhere = resolve(json!({"model": "small", "llm_credential_id": "cred-7"})).await;
    assert_eq!(elsewhere.body["source"], "environment");
    assert!(elsewhere.body["note"].as_str().unwrap().contains("`cred-7` is no connection of this runtime"));
    assert_eq!(resolve(json!({})).await.status, 422);
    for text in [catalog, own.body, stored.body, elsewhere.body].map(|body| body.to_string()) {
        assert!(!text.contains("sk-"), "{text}");
    }
}

#[tokio::test]
async fn without_any_provider_it_is_said_what_to_do() {
    let runtime = runtime(None).await;
    let refused = runtime.send("POST", "/v1/llm/resolve", json!({"model": "small"})).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body["error"].as_str().unwrap().contains("set AR_LLM_BASE_URL and AR_LLM_API_KEY"));
    assert_eq!(runtime.get("/v1/llm-provider-keys/catalog").await, json!({"count": 0, "items": []}));
    let body = json!({"display_name": "Lost", "provider": "acme", "service": "llm", "credentials": {"api_key": "sk-1"}});
    let id = connection(&runtime, body).await;
    let Outcome::Failed(error) = ask(&runtime, "http://127.0.0.1:9/v1", &id).await else {
        panic!("it was answered")
    };
    assert!(
        error
            .message
            .contains("the connection `Lost` does not say where its models are; give it `server_url`"),
        "{}",
        error.message
    );
}

//! The real MCP client against the real tools server, over loopback.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests stop where they fail")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arcc::domain::FailureCode;
use arcc::machine::{Call, ConnectionChoice, Outcome, StepError, Work};
use arcc::server::egress::{AllowedHosts, Egress};
use arcc::server::exec::mcp::{Endpoint, KnownServers};
use arcc::server::exec::{Executor, ExecutorOptions, LocalExecutor};
use arcc::server::tools::{DESK, ToolsServer};
use pretty_assertions::assert_eq;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::{RoleServer, ServerHandler};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

struct Bench {
    dir: tempfile::TempDir,
    tools: ToolsServer,
    executor: LocalExecutor,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tools = ToolsServer::start(dir.path()).await.unwrap();
        let executor = executor(KnownServers::new().with(DESK, tools.endpoint()));
        Self { dir, tools, executor }
    }

    async fn call(&self, tool: &str, args: Value) -> Outcome {
        self.executor.execute(call(DESK, tool, args), CancellationToken::new()).await
    }

    fn lines(&self, file: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir.path().join("desk").join(file)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// An executor that may call this machine, where the servers of these tests are.
fn executor(servers: KnownServers) -> LocalExecutor {
    let worker_program = Path::new(env!("CARGO_BIN_EXE_arcc")).to_owned();
    let egress = Egress::new(AllowedHosts::parse(["127.0.0.1"]).unwrap());
    LocalExecutor::new(ExecutorOptions { servers, egress, ..ExecutorOptions::new(worker_program) }).unwrap()
}

fn mcp(server_url: &str, tool: &str, args: Value) -> Work {
    let connection = ConnectionChoice::Inherit;
    Work::Mcp { server_url: Some(server_url.into()), instance_id: None, tool: tool.into(), args, connection }
}

fn call(server_url: &str, tool: &str, args: Value) -> Call {
    let work = mcp(server_url, tool, args);
    Call {
        run_id: "run-1".into(),
        workflow_id: "wf-1".into(),
        step: "send".into(),
        attempt: 1,
        work,
        timeout: None,
    }
}

fn failed(outcome: Outcome) -> StepError {
    match outcome {
        Outcome::Failed(error) => error,
        ended => panic!("it did not fail: {ended:?}"),
    }
}

fn tool_failure(message: &str, retryable: bool) -> Outcome {
    let code = FailureCode::McpToolFailed;
    Outcome::Failed(StepError::new(code, message.to_owned(), retryable))
}

#[tokio::test]
async fn orders_are_read_and_arguments_fitted_to_the_schema() {
    let bench = Bench::new().await;
    let Outcome::Done(listed) = bench.call("orders_list", json!({"status": "open", "limit": "2"})).await
    else {
        panic!("it failed")
    };
    let ids: Vec<_> =
        listed["orders"].as_array().unwrap().iter().map(|order| order["order_id"].clone()).collect();
    assert_eq!((ids, &listed["count"]), (vec![json!("SO-1050"), json!("SO-1049")], &json!(2)));
    let Outcome::Done(order) = bench.call("order_get", json!({"order_id": "SO-1042"})).await else {
        panic!("it failed")
    };
    assert_eq!((&order["total"], &order["currency"]), (&json!(2520.0), &json!("EUR")));
    let Outcome::Done(rates) = bench.call("rates_get", json!({})).await else { panic!("it failed") };
    assert_eq!((&rates["base"], &rates["rates"]["USD"]), (&json!("EUR"), &json!(1.08)));
}

#[tokio::test]
async fn a_repeated_attempt_sends_one_mail() {
    let bench = Bench::new().await;
    let mail = json!({"to": "orders@example.com", "subject": "Order SO-1042", "body": "Confirmed."});
    let Outcome::Done(first) = bench.call("outbox_send", mail.clone()).await else { panic!("it failed") };
    let Outcome::Done(again) = bench.call("outbox_send", mail).await else { panic!("it failed") };
    assert_eq!((&first["duplicate"], &again["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!(first["message_id"], again["message_id"]);
    let outbox = bench.lines("outbox.jsonl");
    assert_eq!(outbox.len(), 1);
    assert_eq!((&outbox[0]["key"], &outbox[0]["to"]), (&json!("run-1/send/1"), &json!("orders@example.com")));
}

#[tokio::test]
async fn failures_carry_the_words_of_the_tool_and_say_whether_to_try_again() {
    let bench = Bench::new().await;
    let entry = |connection: &str| json!({"account": "4400", "amount": "19.5", "connection": connection});
    let expired = "401 Unauthorized: invalid_grant, token expired; reconnect `accounting`";
    assert_eq!(bench.call("ledger_post", entry("accounting")).await, tool_failure(expired, true));
    assert!(matches!(bench.call("ledger_post", entry("bank")).await, Outcome::Done(_)));
    assert_eq!(bench.lines("ledger.jsonl")[0]["amount"], json!(19.5));

    let flaky = json!({"message": "503 warming up", "times": 1, "key": "run-1"});
    assert_eq!(bench.call("fail", flaky.clone()).await, tool_failure("503 warming up", true));
    assert_eq!(bench.call("fail", flaky).await, Outcome::Done(json!({"ok": true, "failures_before": 1})));

    let url = bench.tools.endpoint().url;
    let misread = format!("the MCP server at {url} refused `order_get`: missing field `order_id`");
    assert_eq!(bench.call("order_get", json!({})).await, tool_failure(&misread, false));
    let shape = "the arguments of `wait` are not an object; tool_args must be one";
    assert_eq!(bench.call("wait", json!([1])).await, tool_failure(shape, false));
}

/// A foreign server: one tool that tells what reached it, and one that waits to be called off.
#[derive(Clone)]
struct Foreign {
    called_off: mpsc::Sender<()>,
}

impl ServerHandler for Foreign {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name == "hang" {
            context.ct.cancelled().await;
            self.called_off.send(()).await.unwrap();
        }
        let key = context.meta.get("agentruntime/idempotency-key").cloned();
        let text = json!({"key": key, "args": request.arguments}).to_string();
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

async fn foreign() -> (String, mpsc::Receiver<()>) {
    let (called_off, when) = mpsc::channel(1);
    let server = Foreign { called_off };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, Default::default());
    let router = axum::Router::new().nest_service("/mcp", service);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, when)
}

#[tokio::test]
async fn a_call_that_is_called_off_ends_at_once_and_the_server_is_told() {
    let (url, mut called_off) = foreign().await;
    let executor = executor(KnownServers::new());
    let first = executor.execute(call(&url, "tell", json!({})), CancellationToken::new()).await;
    assert!(matches!(first, Outcome::Done(_)), "{first:?}");
    let cancel = CancellationToken::new();
    let waiting = executor.execute(call(&url, "hang", json!({})), cancel.clone());
    let began = Instant::now();
    let (outcome, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancel.cancel();
    });
    assert_eq!(outcome, tool_failure("the call of `hang` was called off", true));
    tokio::time::timeout(Duration::from_secs(2), called_off.recv())
        .await
        .expect("the server is told")
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_foreign_server_gets_the_key_and_its_text_is_read() {
    let (url, _called_off) = foreign().await;
    let executor = executor(KnownServers::new());
    let outcome = executor.execute(call(&url, "tell", json!({"n": "1"})), CancellationToken::new()).await;
    assert_eq!(outcome, Outcome::Done(json!({"key": "run-1/send/1", "args": {"n": "1"}})));
}

#[tokio::test]
async fn a_call_has_the_time_its_step_gives_it() {
    let bench = Bench::new().await;
    let mut slow = call(DESK, "wait", json!({"seconds": 60}));
    slow.timeout = Some(Duration::from_millis(100));
    let error = failed(bench.executor.execute(slow, CancellationToken::new()).await);
    assert_eq!(error.code, FailureCode::RunStalledOrTimedOut);
    assert_eq!(
        error.message,
        "`wait` at builtin:desk gave no result within 0.1s; raise the step's timeout_s if it is only slow"
    );
}

#[rstest]
#[case("orders_list", true)]
#[case("outbox_send", true)]
#[case("wait", true)]
#[case("fail", false)]
#[case("no_such_tool", false)]
#[tokio::test]
async fn what_may_be_repeated_is_what_the_annotations_say(#[case] tool: &str, #[case] want: bool) {
    let bench = Bench::new().await;
    assert_eq!(bench.executor.repeatable(mcp(DESK, tool, json!({}))).await, want);
    assert!(!bench.executor.repeatable(mcp("http://127.0.0.1:1/mcp", tool, json!({}))).await);
    let script = Work::Lua { script: "return {}".into(), globals: json!({}) };
    assert!(bench.executor.repeatable(script).await);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let gone = { TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap() };
    let url = format!("http://{gone}/mcp?key=hush");
    let outcome = executor(KnownServers::new()).execute(call(&url, "t", json!({})), CancellationToken::new());
    let error = failed(outcome.await);
    assert_eq!((error.code, error.retryable), (FailureCode::McpToolFailed, true));
    let start = format!("the MCP server at http://{gone}/mcp cannot be reached: ");
    assert!(error.message.starts_with(&start), "{}", error.message);
    assert!(!error.message.contains("hush"), "{}", error.message);
}

#[tokio::test]
async fn a_server_that_comes_back_is_met_with_a_new_session() {
    let bench = Bench::new().await;
    assert!(matches!(bench.call("rates_get", json!({})).await, Outcome::Done(_)));
    let Bench { dir, tools, executor } = bench;
    tools.shutdown().await;
    let error = failed(executor.execute(call(DESK, "rates_get", json!({})), CancellationToken::new()).await);
    assert!(error.retryable, "{}", error.message);
    // The port is new, so a new executor learns it; the one for the old port keeps failing by name.
    let tools = ToolsServer::start(dir.path()).await.unwrap();
    let executor = self::executor(KnownServers::new().with(DESK, tools.endpoint()));
    let outcome = executor.execute(call(DESK, "rates_get", json!({})), CancellationToken::new()).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Bench::new().await;
    let target = elsewhere.tools.endpoint().url;
    let answer =
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let url = scripted(answer.into_bytes()).await;
    let outcome = executor(KnownServers::new()).execute(call(&url, "t", json!({})), CancellationToken::new());
    let error = failed(outcome.await);
    assert!(error.message.contains("307"), "{}", error.message);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec();
    answer.resize(20 * 1024 * 1024, b' ');
    let url = scripted(answer).await;
    let outcome = executor(KnownServers::new()).execute(call(&url, "t", json!({})), CancellationToken::new());
    let error = failed(outcome.await);
    assert!(error.message.contains("exceeded the maximum size of 8388608 bytes"), "{}", error.message);
}

#[tokio::test]
async fn a_silent_server_is_given_up_by_all_callers_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let began = Instant::now();
    let executor = executor(KnownServers::new());
    let calls = (0..10).map(|_| executor.execute(call(&url, "t", json!({})), CancellationToken::new()));
    let silent = format!("the MCP server at {url} cannot be reached: no answer within 5s");
    let outcomes = futures_util::future::join_all(calls).await;
    assert_eq!(outcomes, vec![tool_failure(&silent, true); 10]);
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
}

/// A server that answers every request with the same bytes.
async fn scripted(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 8192];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    url
}

#[rstest]
#[case::right(None, None, Token::Right, "200")]
#[case::other_host(Some("evil.example.com"), None, Token::Right, "403")]
#[case::localhost(Some("localhost"), None, Token::Right, "403")]
#[case::page(None, Some("https://evil.example.com"), Token::Right, "403")]
#[case::no_token(None, None, Token::None, "401")]
#[case::wrong_token(None, None, Token::Wrong, "401")]
#[tokio::test]
async fn only_the_runtime_may_speak_to_the_tools(
    #[case] host: Option<&str>,
    #[case] origin: Option<&str>,
    #[case] token: Token,
    #[case] want: &str,
) {
    let bench = Bench::new().await;
    let Endpoint { url, token: right, .. } = bench.tools.endpoint();
    let address = format!("127.0.0.1:{}", url.port().unwrap());
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "probe", "version": "1"},
    }})
    .to_string();
    let host = host.unwrap_or(&address);
    let mut head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {host}\r\naccept: application/json, text/event-stream\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    if let Some(origin) = origin {
        head += &format!("origin: {origin}\r\n");
    }
    match token {
        Token::Right => head += &format!("authorization: Bearer {}\r\n", right.unwrap().expose_secret()),
        Token::Wrong => head += "authorization: Bearer 0\r\n",
        Token::None => {}
    }
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&status), format!("HTTP/1.1 {want}"));
}

/// What is sent as the token.
enum Token {
    Right,
    Wrong,
    None,
}

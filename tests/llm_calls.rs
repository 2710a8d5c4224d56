//! Steps that ask a model, against servers that answer well, badly and not at all.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests stop where they fail")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arcc::domain::FailureCode;
use arcc::machine::{Call, Outcome, StepError, Work};
use arcc::server::engine::{Engine, NewWorkflow};
use arcc::server::exec::llm::MAX_BODY_BYTES;
use arcc::server::exec::{Executor, ExecutorOptions, LlmProvider, LocalExecutor};
use arcc::wire::StartRun;
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const KEY: &str = "sk-not-for-logs-0123456789";

fn executor(llm: Option<LlmProvider>) -> LocalExecutor {
    let worker_program = env!("CARGO_BIN_EXE_arcc").into();
    LocalExecutor::new(ExecutorOptions { llm, ..ExecutorOptions::new(worker_program) }).unwrap()
}

fn at(base: &str) -> LocalExecutor {
    executor(Some(LlmProvider::new(base, Some(KEY.into()))))
}

fn question() -> Work {
    let params = json!({"temperature": 0, "system": "Be brief."});
    Work::Llm {
        model: "small".into(),
        prompt: "Say hello.".into(),
        params: params.as_object().unwrap().clone(),
        credential: None,
    }
}

fn call(timeout: Option<Duration>) -> Call {
    Call {
        run_id: "run-1".into(),
        workflow_id: "wf-1".into(),
        step: "ask".into(),
        attempt: 1,
        work: question(),
        timeout,
    }
}

async fn ask(executor: &LocalExecutor) -> Outcome {
    executor.execute(call(None), CancellationToken::new()).await
}

fn failed(outcome: Outcome) -> StepError {
    match outcome {
        Outcome::Failed(error) => error,
        ended => panic!("it did not fail: {ended:?}"),
    }
}

fn completion() -> Value {
    json!({
        "id": "c-1", "object": "chat.completion", "model": "small-2026",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14},
    })
}

/// A server that gives every question the same answer, and its base URL.
async fn provider(answer: ResponseTemplate) -> (MockServer, String) {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(answer).mount(&server).await;
    let base = format!("{}/v1", server.uri());
    (server, base)
}

#[tokio::test]
async fn a_question_is_asked_with_its_key_and_the_answer_read() {
    let server = MockServer::start().await;
    let want = json!({
        "temperature": 0, "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
    });
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(header("authorization", format!("Bearer {KEY}").as_str()))
        .and(body_json(want))
        .respond_with(ResponseTemplate::new(200).set_body_json(completion()))
        .expect(1)
        .mount(&server)
        .await;
    let Outcome::Done(mut result) = ask(&at(&format!("{}/v1/", server.uri()))).await else {
        panic!("it failed")
    };
    let latency = result["latency_ms"].take();
    assert!(latency.as_u64().is_some_and(|ms| ms < 10_000), "{latency}");
    let want = json!({
        "model": "small-2026", "text": "Hello.", "tokens_in": 12, "tokens_out": 2, "latency_ms": null,
        "finish_reason": "stop",
    });
    assert_eq!(result, want);
}

#[rstest]
#[case(401, json!({"error": {"message": format!("Incorrect API key provided: {KEY}.")}}), false,
    "AT refused the key (401 Unauthorized): Incorrect API key provided: [key].; check AR_LLM_API_KEY")]
#[case(403, json!({"error": "not from here"}), false,
    "AT refused the key (403 Forbidden): not from here; check AR_LLM_API_KEY")]
#[case(404, json!({"error": {"message": "The model `small` does not exist"}}), false,
    "AT refused the request to `small` (404 Not Found): The model `small` does not exist; check the step's model and llm_params")]
#[case(400, json!({"error": {"message": "temperature: must be at most 2"}}), false,
    "AT refused the request to `small` (400 Bad Request): temperature: must be at most 2; check the step's model and llm_params")]
#[case(429, json!({"error": {"message": "Rate limit reached"}}), true,
    "AT cannot answer for `small` now (429 Too Many Requests): Rate limit reached")]
#[case(500, json!("boom"), true,
    "AT cannot answer for `small` now (500 Internal Server Error): \"boom\"")]
#[case(307, json!({}), false,
    "AT gave no answer for `small`: it redirects, which is not followed; correct AR_LLM_BASE_URL")]
#[case(200, json!({"error": {"message": "no capacity"}}), false, "AT gave no answer for `small`: no capacity")]
#[tokio::test]
async fn refusals_say_what_to_look_at_and_whether_to_try_again(
    #[case] status: u16,
    #[case] body: Value,
    #[case] retryable: bool,
    #[case] message: &str,
) {
    let elsewhere = ("location", "http://127.0.0.1:1/");
    let answer = ResponseTemplate::new(status).insert_header(elsewhere.0, elsewhere.1).set_body_json(body);
    let (_server, base) = provider(answer).await;
    let message = message.replace("AT ", &format!("{base}/chat/completions "));
    let want = StepError::new(FailureCode::LlmRequestFailed, message, retryable);
    assert_eq!(failed(ask(&at(&base)).await), want);
}

#[tokio::test]
async fn a_refused_key_reminds_of_the_credential_that_the_step_names() {
    let (_server, base) = provider(ResponseTemplate::new(401)).await;
    let mut call = call(None);
    if let Work::Llm { credential, .. } = &mut call.work {
        *credential = Some("cred-7".into());
    }
    let error = failed(at(&base).execute(call, CancellationToken::new()).await);
    let want = format!(
        "{base}/chat/completions refused the key (401 Unauthorized): the answer is empty; check AR_LLM_API_KEY; the step \
         names the credential `cred-7`, which is no connection of this runtime"
    );
    assert_eq!(error.message, want);
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let page = "<!doctype html><title>Welcome</title>";
    let (_server, base) = provider(ResponseTemplate::new(200).set_body_raw(page, "text/html")).await;
    let error = failed(ask(&at(&base)).await);
    let want = "the answer is a web page; does the base URL end as the provider says, such as /v1?";
    assert!(error.message.ends_with(want), "{}", error.message);
    assert!(!error.retryable);
}

#[tokio::test]
async fn the_words_of_a_provider_are_cut_and_the_key_goes_before_the_cut() {
    let words = format!("{}{KEY}", "x".repeat(490));
    let (_server, base) = provider(ResponseTemplate::new(400).set_body_string(words)).await;
    let message = failed(ask(&at(&base)).await).message;
    assert!(message.contains(&format!("{}[key];", "x".repeat(490))), "{message}");
    let (_server, base) = provider(ResponseTemplate::new(400).set_body_string("y".repeat(5_000))).await;
    let message = failed(ask(&at(&base)).await).message;
    assert!(message.contains(&format!(" {}…;", "y".repeat(500))), "{message}");
}

#[tokio::test]
async fn the_key_stands_in_no_debug_text() {
    let provider = LlmProvider::new("https://models.example.com/v1", Some(KEY.into()));
    let text = format!("{provider:?} {:?}", executor(Some(provider.clone())));
    assert!(text.contains("models.example.com"), "{text}");
    assert!(!text.contains(KEY), "{text}");
}

#[rstest]
#[case(
    None,
    "no model provider is configured; set AR_LLM_BASE_URL and AR_LLM_API_KEY, or OPENAI_API_KEY, and start the \
     runtime again, or make a connection of the service `llm`"
)]
#[case(Some(("http://models.example.com/v1", KEY)), "the base URL of the model provider cannot be used: plain http would show the key to the network; use https (AR_LLM_BASE_URL)")]
#[case(Some(("https://models.example.com/v1", "two\nlines")), "the key in AR_LLM_API_KEY holds characters that no key has; set it again and start the runtime again")]
#[tokio::test]
async fn a_provider_that_cannot_be_used_fails_the_step_and_not_the_runtime(
    #[case] provider: Option<(&str, &str)>,
    #[case] message: &str,
) {
    let llm = provider.map(|(base, key)| LlmProvider::new(base, Some(key.into())));
    let want = StepError::lasting(FailureCode::LlmRequestFailed, message.to_owned());
    assert_eq!(ask(&executor(llm)).await, Outcome::Failed(want));
}

#[tokio::test]
async fn a_provider_that_is_not_there_may_be_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let error = failed(ask(&at(&base)).await);
    let begin = format!("the model provider at {base}/chat/completions cannot be reached: ");
    assert!(error.message.starts_with(&begin), "{}", error.message);
    assert_eq!((error.code, error.retryable), (FailureCode::LlmRequestFailed, true));
}

/// A listener on loopback and its base URL.
async fn raw() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    (listener, base)
}

/// Takes one connection and reads until the question is there.
async fn asked(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(10).any(|part| part == b"Say hello.") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "the question breaks off");
    }
    stream
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let (listener, base) = raw().await;
    let flood = tokio::spawn(async move {
        let mut stream = asked(&listener).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let mut sent = 0_usize;
        while stream.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 0x10000;
        }
        sent
    });
    let error = failed(ask(&at(&base)).await);
    let want =
        format!("the answer of {base}/chat/completions for `small` is larger than {MAX_BODY_BYTES} bytes");
    assert_eq!((error.message, error.retryable), (want, false));
    let sent = tokio::time::timeout(Duration::from_secs(5), flood).await.expect("it is cut off").unwrap();
    assert!(sent >= MAX_BODY_BYTES, "{sent}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_may_be_asked_for_again() {
    let (listener, base) = raw().await;
    let half = tokio::spawn(async move {
        let mut stream = asked(&listener).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"choices\": [").await.unwrap();
    });
    let error = failed(ask(&at(&base)).await);
    half.await.unwrap();
    let begin = format!("the model provider at {base}/chat/completions broke off its answer: ");
    assert!(error.message.starts_with(&begin), "{}", error.message);
    assert!(error.retryable);
}

#[tokio::test]
async fn a_stalled_answer_is_called_off_at_once_and_the_connection_closed() {
    let (listener, base) = raw().await;
    let executor = at(&base);
    let cancel = CancellationToken::new();
    let waiting = tokio::spawn(executor.execute(call(None), cancel.clone()));
    let mut stream = asked(&listener).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{").await.unwrap();
    let began = Instant::now();
    cancel.cancel();
    let error = failed(waiting.await.unwrap());
    assert_eq!(error.message, "the request to `small` was called off");
    let end = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut Vec::new())).await;
    // Closed or reset, as the system likes.
    let _ = end.expect("the connection is closed");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_silent_provider_has_the_time_its_step_gives_it() {
    let (listener, base) = raw().await;
    let executor = at(&base);
    let waiting =
        tokio::spawn(executor.execute(call(Some(Duration::from_millis(100))), CancellationToken::new()));
    let stream = asked(&listener).await;
    let message = "`small` gave no answer within 0.1s; raise the step's timeout_s if it is only slow";
    let want = StepError::new(FailureCode::RunStalledOrTimedOut, message.into(), true);
    assert_eq!(failed(waiting.await.unwrap()), want);
    drop(stream);
}

#[tokio::test]
async fn asking_again_is_always_safe() {
    assert!(executor(None).repeatable(question()).await);
}

#[tokio::test]
async fn a_run_asks_again_after_a_bad_moment_and_uses_the_answer() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).set_body_json(json!({"error": {"message": "warming up"}}));
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(1).expect(1).mount(&server).await;
    let fine = ResponseTemplate::new(200).set_body_json(completion());
    let want = json!({"model": "small", "messages": [{"role": "user", "content": "Greet rust."}]});
    Mock::given(body_json(want)).respond_with(fine).expect(1).mount(&server).await;
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), Arc::new(at(&server.uri()))).await.unwrap();
    let graph = json!({"steps": [
        {"id": "ask", "type": "llm_call", "model_ref": "small", "prompt": "Greet {{ input.who }}.",
         "timeout_s": 60, "retry_count": 1, "retry_delay_ms": 1},
        {"id": "told", "type": "lua_script", "depends_on": ["ask"],
         "script": "local r = steps.ask.result; return {said = r.text, cost = r.tokens_in + r.tokens_out}"},
    ]});
    let new = NewWorkflow { name: "Greeting".into(), description: String::new(), graph };
    let workflow = engine.create_workflow(new).await.unwrap().id;
    engine.publish(&workflow, "first").await.unwrap();
    let start = StartRun {
        workflow: workflow.clone(),
        run_id: None,
        input: json!({"who": "rust"}),
        trigger_type: "manual".into(),
        excluded: Vec::new(),
        trigger_steps: Default::default(),
        principal: Default::default(),
        in_place_of: None,
    };
    let run = engine.start(start).await.unwrap().id;
    let mut places = engine.subscribe(&workflow);
    let ended = async {
        while !engine.run(&workflow, &run).await.unwrap().status.is_terminal() {
            places.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the run ends");
    let events = engine.events(&workflow, &run, 0, u32::MAX).await.unwrap();
    let story: Vec<_> = events
        .iter()
        .map(|event| format!("{} {}", event.kind, event.text("step_id").unwrap_or_default()))
        .collect();
    let want = [
        "run_started ",
        "step_started ask",
        "step_retrying ask",
        "step_started ask",
        "step_completed ask",
        "step_started told",
        "step_completed told",
        "state_changed ",
        "run_completed ",
    ];
    assert_eq!(story, want);
    let said = format!(
        "{}/chat/completions cannot answer for `small` now (503 Service Unavailable): warming up",
        server.uri()
    );
    assert_eq!(events[2].data["error"], json!(said));
    assert_eq!(events[6].data["result"], json!({"said": "Hello.", "cost": 14}));
    engine.shutdown().await;
}

//! Agents against a scripted model and the tools server that is shipped.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arcc::domain::{Run, RunEvent, RunId, StopMode, WorkflowId};
use arcc::machine::{AWAITING_CONTINUE, AgentWork, Call, Outcome, TurnNote, Work};
use arcc::server::db::{AgentRecord, Readers, agents};
use arcc::server::engine::{Engine, NewWorkflow};
use arcc::server::exec::agent::AgentDefinition;
use arcc::server::exec::mcp::KnownServers;
use arcc::server::exec::{Executor, ExecutorOptions, LlmProvider, LocalExecutor, Notes};
use arcc::server::tools::{DESK, ToolsServer};
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::fake::{assert_refolds, human, log, lua, start, until, until_status, words};

/// A model that gives one prepared answer after the other, and the last one for ever.
struct Script(Mutex<VecDeque<ResponseTemplate>>);

impl Respond for Script {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let mut answers = self.0.lock().unwrap();
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
    }
}

fn completion(message: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "model": "small", "usage": {"prompt_tokens": 10, "completion_tokens": 3},
        "choices": [{"index": 0, "message": message}],
    }))
}

/// The model says something.
fn says(text: &str) -> ResponseTemplate {
    completion(&json!({"role": "assistant", "content": text}))
}

/// The model calls tools, each `(name, arguments)`.
fn calls(calls: &[(&str, &str)]) -> ResponseTemplate {
    let calls: Vec<_> = calls
        .iter()
        .enumerate()
        .map(|(n, (name, arguments))| {
            json!({"id": format!("c{n}"), "type": "function", "function": {"name": name, "arguments": arguments}})
        })
        .collect();
    completion(&json!({"role": "assistant", "content": null, "tool_calls": calls}))
}

/// An engine with models, tools and agents that are real.
struct Desk {
    engine: Engine,
    models: MockServer,
    executor: LocalExecutor,
    dir: TempDir,
    _tools: ToolsServer,
}

impl Desk {
    async fn new(answers: Vec<ResponseTemplate>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tools = ToolsServer::start(dir.path()).await.unwrap();
        let models = MockServer::start().await;
        let script = Script(Mutex::new(answers.into()));
        Mock::given(method("POST"))
            .and(path("/v1/chat/completions"))
            .respond_with(script)
            .mount(&models)
            .await;
        let executor = executor(dir.path(), &tools, &models);
        let engine = Engine::open(dir.path(), Arc::new(executor.clone())).await.unwrap();
        Self { engine, models, executor, dir, _tools: tools }
    }

    /// The same runtime after a power cut: its database as it is on the disk now.
    async fn after_crash(&self) -> (Engine, TempDir, ToolsServer) {
        let dir = tempfile::tempdir().unwrap();
        for name in ["arcc.db", "arcc.db-wal"] {
            std::fs::copy(self.dir.path().join(name), dir.path().join(name)).unwrap();
        }
        let tools = ToolsServer::start(dir.path()).await.unwrap();
        let executor = executor(dir.path(), &tools, &self.models);
        (Engine::open(dir.path(), Arc::new(executor)).await.unwrap(), dir, tools)
    }

    /// Keeps the agent `helper`, with these tools of the desk.
    async fn agent(&self, tools: &[&str], max_rounds: u32) {
        let definition = json!({
            "name": "Helper", "model": "small", "system_prompt": "Be brief.", "max_rounds": max_rounds,
            "tools": [{"server_url": DESK, "tool_names": tools}], "llm_params": {"temperature": 0},
        });
        let definition = AgentDefinition::parse(definition.as_object().unwrap()).unwrap().to_json();
        let put = move |db: &rusqlite::Connection, now| {
            let agent = AgentRecord { id: "helper".into(), definition, created_at: now, updated_at: now };
            Ok(agents::put(db, &agent)?)
        };
        self.engine.write(put).await.unwrap();
    }

    async fn run(&self, steps: Vec<Value>) -> (WorkflowId, RunId) {
        let graph = json!({ "steps": steps });
        let new = NewWorkflow { name: "Desk".into(), description: String::new(), graph };
        let workflow = self.engine.create_workflow(new).await.unwrap().id;
        self.engine.publish(&workflow, "first").await.unwrap();
        let run = self.engine.start(start(&workflow)).await.unwrap().id;
        (workflow, run)
    }

    async fn ended(&self, (workflow, run): (&WorkflowId, &RunId)) -> Run {
        let run = until(&self.engine, (workflow, run), |run| run.status.is_terminal()).await;
        assert_refolds(&self.engine, (workflow, &run.id)).await;
        run
    }

    /// The requests that the model got.
    async fn asked(&self) -> Vec<Value> {
        let requests = self.models.received_requests().await.unwrap();
        requests.iter().map(|request| request.body_json().unwrap()).collect()
    }
}

fn executor(dir: &Path, tools: &ToolsServer, models: &MockServer) -> LocalExecutor {
    LocalExecutor::new(ExecutorOptions {
        servers: KnownServers::new().with(DESK, tools.endpoint()),
        llm: Some(LlmProvider::new(&format!("{}/v1", models.uri()), None)),
        agents: Arc::new(Readers::new(dir.join("arcc.db"))),
        ..ExecutorOptions::new(env!("CARGO_BIN_EXE_arcc").into())
    })
    .unwrap()
}

fn agent(id: &str, after: &[&str]) -> Value {
    json!({"id": id, "type": "agent_call", "agent_id": "helper", "prompt": "Which orders are open?", "depends_on": after})
}

fn gated(mut step: Value, allowed: &[&str]) -> Value {
    step["no_auto_start"] = json!(true);
    step["input_allowlist"] = json!(allowed);
    step
}

async fn result(desk: &Desk, (workflow, run): (&WorkflowId, &RunId), step: &str) -> Value {
    let mut result = desk.engine.context(workflow, run).await.unwrap()["steps"][step]["result"].take();
    let latency = result["latency_ms"].take();
    assert!(latency.as_u64().is_some_and(|ms| ms < 60_000), "{latency}");
    result
}

fn rounds(events: &[RunEvent]) -> Vec<(String, bool)> {
    let rounds = events.iter().filter(|event| event.kind.as_str() == "agent_turn_tool_round");
    let told = |event: &RunEvent| {
        (format!("{} {}", event.data["round"], event.text("tool").unwrap()), event.data["ok"] == true)
    };
    rounds.map(told).collect()
}

#[tokio::test]
async fn an_agent_uses_its_tools_until_it_has_an_answer() {
    let answers = vec![
        calls(&[
            ("orders_list", r#"{"status": "open", "limit": "2"}"#),
            ("order_get", r#"{"order_id": "SO-0"}"#),
        ]),
        says("There are two."),
    ];
    let desk = Desk::new(answers).await;
    desk.agent(&["orders_list", "order_get"], 4).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[]), lua("next", "return {}", &["ask"])]).await;
    assert_eq!(desk.ended((&workflow, &run)).await.status.as_str(), "completed");

    let want = json!({
        "message": "There are two.", "turn_id": "turn-1", "result": {}, "model": "small", "rounds": 2,
        "tokens_in": 20, "tokens_out": 6, "latency_ms": null,
    });
    assert_eq!(result(&desk, (&workflow, &run), "ask").await, want);
    let events = log(&desk.engine, (&workflow, &run)).await;
    let of_agent: Vec<_> = words(&events).into_iter().filter(|word| word.ends_with(" ask")).collect();
    let want = [
        "step_started ask",
        "agent_turn_status ask",
        "agent_turn_status ask",
        "agent_turn_tool_round ask",
        "agent_turn_status ask",
        "agent_turn_tool_round ask",
        "agent_turn_status ask",
        "step_completed ask",
    ];
    assert_eq!(of_agent, want);
    assert_eq!(rounds(&events), [("1 orders_list".to_owned(), true), ("1 order_get".to_owned(), false)]);

    let asked = desk.asked().await;
    assert_eq!(asked[0]["messages"][0], json!({"role": "system", "content": "Be brief."}));
    assert_eq!(asked[0]["messages"][1], json!({"role": "user", "content": "Which orders are open?"}));
    assert_eq!((&asked[0]["temperature"], &asked[0]["model"]), (&json!(0), &json!("small")));
    let names = |body: &Value| {
        let tools = body["tools"].as_array().unwrap().iter();
        tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        names(&asked[0]),
        ["order_get", "orders_list"],
        "no control of an episode where there is none"
    );
    let told = asked[1]["messages"].as_array().unwrap();
    assert_eq!((told.len(), &told[3]["tool_call_id"]), (5, &json!("c0")));
    let listed: Value = serde_json::from_str(told[3]["content"].as_str().unwrap()).unwrap();
    assert_eq!(listed["orders"].as_array().unwrap().len(), 2);
    assert!(told[4]["content"].as_str().unwrap().starts_with("error: "), "{}", told[4]);
}

#[tokio::test]
async fn agents_hand_off_within_the_episode_and_one_of_them_closes_it() {
    let answers = vec![
        calls(&[("handoff", r#"{"to": "ghost"}"#)]),
        calls(&[("handoff", r#"{"to": "fix", "payload": {"order": "SO-1"}}"#), ("orders_list", "{}")]),
        calls(&[("finish", r#"{"result": {"fixed": 1}}"#)]),
    ];
    let desk = Desk::new(answers).await;
    desk.agent(&["orders_list"], 4).await;
    let steps = vec![
        agent("triage", &[]),
        gated(agent("fix", &["triage"]), &["triage"]),
        gated(human("ask", &[]), &["human"]),
        gated(agent("other", &[]), &["fix"]),
    ];
    let (workflow, run) = desk.run(steps).await;
    assert_eq!(desk.ended((&workflow, &run)).await.status.as_str(), "completed");
    let context = desk.engine.context(&workflow, &run).await.unwrap();
    let status = |step: &str| context["steps"][step]["status"].clone();
    assert_eq!([status("fix"), status("ask"), status("other")], ["completed", "skipped", "skipped"]);
    let want = json!({
        "entry_granted": [], "in_scope": ["triage", "fix"], "runtime_depends_on": {"fix": ["triage"]},
        "episode_closed": true,
    });
    assert_eq!(context["custom"]["episode"], want);
    let fix = result(&desk, (&workflow, &run), "fix").await;
    assert_eq!(fix["result"], json!({"done": true, "output": {"fixed": 1}}));
    let events = log(&desk.engine, (&workflow, &run)).await;
    let want = [("1 handoff", false), ("2 handoff", true), ("1 finish", true)];
    assert_eq!(
        rounds(&events),
        want.map(|(tool, ok)| (tool.to_owned(), ok)),
        "what comes after a handoff is not done"
    );
    let asked = desk.asked().await;
    let choices = &asked[0]["tools"][1]["function"]["parameters"]["properties"]["to"]["enum"];
    assert_eq!(choices, &json!(["fix", "ask"]), "`other` takes from `fix` alone");
    assert!(asked[2]["messages"][1]["content"].as_str().unwrap().contains(r#"{"order":"SO-1"}"#));
}

#[tokio::test]
async fn a_person_decides_what_an_agent_hands_over_and_a_terminal_step_closes() {
    let desk =
        Desk::new(vec![calls(&[("handoff", r#"{"to": "ask", "payload": {"why": "too dear"}}"#)])]).await;
    desk.agent(&[], 4).await;
    let mut ask = gated(human("ask", &[]), &["human"]);
    ask["terminal"] = json!(true);
    let (workflow, run) = desk.run(vec![agent("triage", &[]), ask, gated(agent("never", &[]), &[])]).await;
    until(&desk.engine, (&workflow, &run), |run| run.phase.as_deref() == Some("awaiting_human_task")).await;
    let task = desk.engine.tasks(None).await.unwrap().remove(0);
    assert_eq!(task.payload, json!({"title": "Send", "handoff": {"why": "too dear"}}));
    let decision = arcc::wire::Decision {
        workflow: workflow.clone(),
        run: run.clone(),
        task: task.task_id,
        created_at: task.created_at,
        shown: None,
        approved: true,
        result: serde_json::Map::new(),
    };
    desk.engine.decide(decision).await.unwrap();
    assert_eq!(desk.ended((&workflow, &run)).await.status.as_str(), "completed");
}

#[tokio::test]
async fn used_up_rounds_hold_the_run_over_a_restart_until_it_is_resumed() {
    let desk =
        Desk::new(vec![calls(&[("orders_list", "{}")]), calls(&[("rates_get", "{}")]), says("Done.")]).await;
    desk.agent(&["orders_list", "rates_get"], 1).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[])]).await;
    let held = until_status(&desk.engine, (&workflow, &run), "paused").await;
    assert_eq!(held.phase.as_deref(), Some(AWAITING_CONTINUE));
    assert_refolds(&desk.engine, (&workflow, &run)).await;

    let (engine, _dir, _tools) = desk.after_crash().await;
    engine.resume(&workflow, &run).await.unwrap();
    let held = until(&engine, (&workflow, &run), |run| {
        run.last_sequence > held.last_sequence && run.status.as_str() == "paused"
    });
    held.await;
    engine.resume(&workflow, &run).await.unwrap();
    until_status(&engine, (&workflow, &run), "completed").await;
    assert_refolds(&engine, (&workflow, &run)).await;
    let events = log(&engine, (&workflow, &run)).await;
    assert_eq!(rounds(&events), [("1 orders_list".to_owned(), true), ("2 rates_get".to_owned(), true)]);
    let asked = desk.asked().await;
    assert_eq!(
        asked.iter().map(|body| body["messages"].as_array().unwrap().len()).collect::<Vec<_>>(),
        [2, 4, 6]
    );
    let result = &engine.context(&workflow, &run).await.unwrap()["steps"]["ask"]["result"];
    assert_eq!(
        (&result["message"], &result["rounds"], &result["tokens_in"]),
        (&json!("Done."), &json!(3), &json!(30))
    );
    let limit = events.iter().find(|event| event.kind.as_str() == "agent_turn_limit_reached").unwrap();
    assert_eq!(
        limit.text("message").unwrap(),
        "the agent `Helper` has used up its 1 rounds and is not done; resume the run to give it as many again, or stop it"
    );
}

#[rstest]
#[case::while_the_model_thinks(says("Late.").set_delay(Duration::from_secs(60)), "asking")]
#[case::while_a_tool_works(calls(&[("wait", r#"{"seconds": 600}"#)]), "calling")]
#[tokio::test]
async fn a_turn_that_is_called_off_ends_at_once(#[case] answer: ResponseTemplate, #[case] phase: &str) {
    let desk = Desk::new(vec![answer]).await;
    desk.agent(&["wait"], 4).await;
    let (notes, mut heard) = Notes::channel();
    let cancel = CancellationToken::new();
    let ended = tokio::spawn(desk.executor.execute_telling(turn(), cancel.clone(), notes));
    loop {
        match heard.recv().await.unwrap() {
            TurnNote::Status { phase: now, .. } if &*now == phase => break,
            _ => {}
        }
    }
    let called_off = Instant::now();
    cancel.cancel();
    let Outcome::Failed(error) = ended.await.unwrap() else { panic!("it was called off") };
    assert_eq!(error.message, "the turn of the agent `helper` was called off");
    assert!(called_off.elapsed() < Duration::from_secs(2), "{:?}", called_off.elapsed());
}

fn turn() -> Call {
    let work = AgentWork {
        agent_id: "helper".into(),
        turn_id: "turn-1".into(),
        prompt: "Hi".into(),
        powers: None,
        transcript: None,
    };
    let work = Work::Agent(Box::new(work));
    Call { run_id: "r".into(), workflow_id: "w".into(), step: "ask".into(), attempt: 1, work, timeout: None }
}

#[tokio::test]
async fn a_stop_ends_the_turn_and_its_tool() {
    let desk = Desk::new(vec![calls(&[("wait", r#"{"seconds": 600}"#)])]).await;
    desk.agent(&["wait"], 4).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[])]).await;
    let mut places = desk.engine.subscribe(&workflow);
    let calling = |event: &RunEvent| event.text("phase") == Some("calling");
    while !log(&desk.engine, (&workflow, &run)).await.iter().any(calling) {
        places.changed().await.unwrap();
    }
    let stopped = desk.engine.stop(&workflow, &run, StopMode::Immediate).await.unwrap();
    assert_eq!(stopped.status.as_str(), "stopped");
    let events = log(&desk.engine, (&workflow, &run)).await;
    assert!(words(&events).contains(&"step_cancelled ask".to_owned()));
    assert_refolds(&desk.engine, (&workflow, &run)).await;
}

#[rstest]
#[case::tools_that_only_read(&["orders_list", "outbox_send"], true)]
#[case::a_tool_that_does_harm(&["orders_list", "fail"], false)]
#[tokio::test]
async fn after_a_crash_a_turn_is_repeated_only_if_all_its_tools_allow_it(
    #[case] tools: &[&str],
    #[case] is_repeated: bool,
) {
    let late = says("Late.").set_delay(Duration::from_secs(60));
    let desk = Desk::new(vec![calls(&[("orders_list", "{}")]), late, says("Again.")]).await;
    desk.agent(tools, 4).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[])]).await;
    let mut places = desk.engine.subscribe(&workflow);
    while rounds(&log(&desk.engine, (&workflow, &run)).await).is_empty() || desk.asked().await.len() < 2 {
        tokio::select! { _ = places.changed() => {}, () = tokio::task::yield_now() => {} }
    }
    let (engine, _dir, _tools) = desk.after_crash().await;
    if is_repeated {
        until_status(&engine, (&workflow, &run), "completed").await;
        assert_eq!(desk.asked().await.len(), 3);
    } else {
        until(&engine, (&workflow, &run), |run| run.phase.is_some()).await;
        let task = engine.tasks(None).await.unwrap().remove(0);
        assert_eq!((&*task.task_type, &task.payload["agent_id"]), ("recovery", &json!("helper")));
        assert_eq!(desk.asked().await.len(), 2);
    }
}

#[tokio::test]
async fn what_a_model_does_wrongly_is_told_to_it_and_does_no_harm() {
    let many: Vec<_> = (0..20).map(|_| ("orders_list", "{}")).collect();
    let wrong = [
        ("nope", "{}"),
        ("orders_list", "{oops"),
        ("orders_list", "[1]"),
        ("finish", "{}"),
        ("fail", r#"{"message": "boom"}"#),
    ];
    let desk = Desk::new(vec![calls(&wrong), calls(&many), says("Sorry.")]).await;
    desk.agent(&["orders_list", "fail"], 4).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[])]).await;
    assert_eq!(desk.ended((&workflow, &run)).await.status.as_str(), "completed");
    let asked = desk.asked().await;
    let told: Vec<_> = asked[1]["messages"].as_array().unwrap()[3..]
        .iter()
        .map(|m| m["content"].as_str().unwrap())
        .collect();
    let want = [
        "error: there is no tool `nope`; the tools are fail, orders_list",
        "error: the arguments are not valid JSON: key must be a string at line 1 column 2",
        "error: the arguments must be a JSON object",
        "error: there is no tool `finish`; the tools are fail, orders_list",
        "error: boom",
    ];
    assert_eq!(told, want);
    let made = rounds(&log(&desk.engine, (&workflow, &run)).await);
    assert_eq!(made.iter().filter(|(_, ok)| *ok).count(), 16, "{made:?}");
}

#[rstest]
#[case::a_huge_body(ResponseTemplate::new(200).set_body_string("x".repeat(9 << 20)), "is larger than 8388608 bytes")]
#[case::a_huge_answer(says(&"x".repeat(600_000)), "has grown beyond 524288 bytes in round 1")]
#[case::no_completion(ResponseTemplate::new(200).set_body_string("<html>"), "the answer is a web page")]
#[case::a_refusal(ResponseTemplate::new(401), "refused the key (401 Unauthorized)")]
#[tokio::test]
async fn a_model_that_answers_badly_fails_the_step(#[case] answer: ResponseTemplate, #[case] says: &str) {
    let desk = Desk::new(vec![answer]).await;
    desk.agent(&[], 4).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[])]).await;
    let run = desk.ended((&workflow, &run)).await;
    let error = run.error.unwrap();
    assert!(error.contains(says) && error.len() < 1_000, "{error}");
    assert_eq!(run.failure_code.unwrap().as_str(), "LLM_REQUEST_FAILED");
}

#[tokio::test]
async fn a_provider_that_is_busy_is_asked_again_within_the_turn() {
    let desk = Desk::new(vec![ResponseTemplate::new(429), says("Now.")]).await;
    desk.agent(&[], 1).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[])]).await;
    assert_eq!(desk.ended((&workflow, &run)).await.status.as_str(), "completed");
    let events = log(&desk.engine, (&workflow, &run)).await;
    assert!(events.iter().any(|event| event.text("phase") == Some("waiting")));
}

#[tokio::test]
async fn agents_and_tools_that_do_not_exist_are_named() {
    let desk = Desk::new(vec![says("Never.")]).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[])]).await;
    let error = desk.ended((&workflow, &run)).await.error.unwrap();
    assert_eq!(
        &*error,
        "there is no agent `helper` in this runtime; create it with POST /v1/agents under that id, or correct the step's agent_id"
    );
    desk.agent(&["order_put"], 1).await;
    let (workflow, run) = desk.run(vec![agent("ask", &[])]).await;
    let error = desk.ended((&workflow, &run)).await.error.unwrap();
    assert!(
        error.starts_with(
            "the agent `Helper` may use `order_put` of builtin:desk, which has no such tool; it has fail, "
        ),
        "{error}"
    );
    assert_eq!(desk.asked().await.len(), 0);
}

#[tokio::test]
async fn agents_take_turns_for_the_items_of_a_loop() {
    let desk = Desk::new(vec![says("Hello.")]).await;
    desk.agent(&[], 2).await;
    let mut body = agent("ask", &[]);
    body["prompt"] = json!("Greet {{ item }}.");
    let each = json!({"id": "each", "type": "for_each", "for_each_items": ["Ann", "Bob"], "for_each_body_steps": [body]});
    let (workflow, run) = desk.run(vec![each]).await;
    assert_eq!(desk.ended((&workflow, &run)).await.status.as_str(), "completed");
    let context = desk.engine.context(&workflow, &run).await.unwrap();
    let results = &context["steps"]["each"]["result"]["results"];
    assert_eq!(
        (&results[1]["result"]["message"], &results[1]["result"]["turn_id"]),
        (&json!("Hello."), &json!("turn-1-1"))
    );
    let mut prompts: Vec<_> =
        desk.asked().await.iter().map(|body| body["messages"][1]["content"].to_string()).collect();
    prompts.sort();
    assert_eq!(prompts, ["\"Greet Ann.\"", "\"Greet Bob.\""]);
}

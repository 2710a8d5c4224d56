//! A file that may not grow any further: the system's limit on file sizes stands in for a full disk.
//!
//! In a test binary of its own, because the limit holds for the whole process.
#![cfg(all(unix, feature = "server"))]

use std::sync::Arc;

use arcc::machine::{Call, Outcome, Work};
use arcc::server::engine::{Engine, EngineError, NewWorkflow, RunQuery};
use arcc::server::exec::Executor;
use arcc::wire::StartRun;
use futures_util::future::{BoxFuture, FutureExt as _, pending, ready};
use pretty_assertions::assert_eq;
use rlimit::Resource;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// SIGXFSZ on Linux and macOS; taken, so that a write fails instead of killing the process.
const FILE_TOO_LARGE: i32 = 25;

struct Never;

impl Executor for Never {
    fn execute(&self, _call: Call, _cancel: CancellationToken) -> BoxFuture<'static, Outcome> {
        pending().boxed()
    }

    fn repeatable(&self, _work: Work) -> BoxFuture<'static, bool> {
        ready(true).boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_and_nothing_else_and_space_heals_it() {
    let _taken = signal(SignalKind::from_raw(FILE_TOO_LARGE)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), Arc::new(Never)).await.unwrap();
    let graph = json!({"steps": [{"id": "a", "type": "lua_script", "script": "return {}"}]});
    let new = NewWorkflow { name: "Orders".into(), description: String::new(), graph };
    let workflow = engine.create_workflow(new).await.unwrap().id;
    engine.publish(&workflow, "").await.unwrap();
    let start = |number: usize| StartRun {
        workflow: workflow.clone(),
        run_id: Some(format!("run-{number}").into()),
        input: json!({"text": "x".repeat(4_000)}),
        trigger_type: "manual".into(),
        excluded: Vec::new(),
        trigger_steps: Default::default(),
        principal: Default::default(),
        in_place_of: None,
    };

    let (soft, hard) = Resource::FSIZE.get().unwrap();
    Resource::FSIZE.set(2_000_000, hard).unwrap();
    let mut acknowledged = 0;
    let refused = loop {
        match engine.start(start(acknowledged)).await {
            Ok(_) => acknowledged += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, EngineError::Storage(_)));
    assert!(refused.to_string().starts_with("the disk"), "{refused}");
    let all = RunQuery { limit: 1, ..RunQuery::default() };
    assert_eq!(engine.runs(all.clone()).await.unwrap().1, acknowledged as u64);
    assert!(acknowledged > 10, "{acknowledged} runs fit");

    Resource::FSIZE.set(soft, hard).unwrap();
    engine.start(start(acknowledged)).await.unwrap();
    engine.shutdown().await;
    let engine = Engine::open(dir.path(), Arc::new(Never)).await.unwrap();
    assert_eq!(engine.notices(), Vec::<String>::new());
    assert_eq!(engine.runs(all).await.unwrap().1, acknowledged as u64 + 1);
}

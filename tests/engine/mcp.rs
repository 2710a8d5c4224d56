//! Tool calls through instances: which server, which connection, and what a refusal does.

use std::path::Path;
use std::sync::Arc;

use arcc::domain::{FailureCode, Run, WorkflowId};
use arcc::server::db::mcp::Override;
use arcc::server::engine::{Engine, NewWorkflow};
use arcc::server::exec::{ExecutorOptions, LocalExecutor};
use arcc::server::registry::{Instance, Lookup, NewInstance, NewServer, Registry};
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::{log, start, until};
use crate::shop::{Keys, Shop, expired, order_place, stock_list};

/// A secret that must be nowhere but on the wire.
const SECRET: &str = "tok-3f9a-hush";

struct World {
    dir: TempDir,
    engine: Engine,
    registry: Registry,
    shop: Shop,
    keys: Keys,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::of(&[("mail", SECRET), ("spare", "tok-spare"), ("wrong", "tok-wrong")]);
        let executor = LocalExecutor::new(ExecutorOptions {
            credentials: Arc::new(keys.clone()),
            instances: Arc::new(Lookup::new(dir.path())),
            ..ExecutorOptions::new(Path::new(env!("CARGO_BIN_EXE_arcc")).to_owned())
        });
        let executor = executor.unwrap();
        let client = executor.tools();
        let engine = Engine::open(dir.path(), Arc::new(executor)).await.unwrap();
        let registry = Registry::new(engine.clone(), client);
        Self { dir, engine, registry, shop: Shop::open().await, keys }
    }

    /// An instance of the shop whose profile is wired so.
    async fn instance(&self, source_spec: Value) -> Instance {
        let new = NewServer {
            name: "Acme Shop".into(),
            canonical_url: self.shop.url().into(),
            ..NewServer::default()
        };
        let server = self.registry.register(new).await.unwrap();
        let name = Some("Shop EU".into());
        let source_spec = Some(source_spec);
        let new = NewInstance { server_id: server.id, name, source_spec, ..NewInstance::default() };
        self.registry.create_instance(new).await.unwrap()
    }

    async fn workflow(&self, step: Value) -> WorkflowId {
        let mut call = json!({"id": "call", "type": "mcp_call", "tool_name": "mirror"});
        call.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
        let graph = json!({"steps": [call]});
        let new = NewWorkflow { name: "Orders".into(), description: String::new(), graph };
        let workflow = self.engine.create_workflow(new).await.unwrap();
        self.engine.publish(&workflow.id, "").await.unwrap();
        workflow.id
    }

    /// The end of a run, and the step's result.
    async fn run(&self, workflow: &WorkflowId) -> (Run, Value) {
        let run = self.engine.start(start(workflow)).await.unwrap();
        let run = until(&self.engine, (workflow, &run.id), |run| run.status.is_terminal()).await;
        let context = self.engine.context(workflow, &run.id).await.unwrap();
        (run, context["steps"]["call"]["result"].clone())
    }

    /// The words of a run that must fail.
    async fn failure(&self, step: Value) -> (FailureCode, String) {
        let workflow = self.workflow(step).await;
        let (run, result) = self.run(&workflow).await;
        assert_eq!((run.status.as_str(), result), ("failed", json!(null)));
        (run.failure_code.unwrap(), run.error.unwrap().into())
    }
}

#[tokio::test]
async fn a_call_goes_over_the_connection_of_the_active_profile() {
    let world = World::new().await;
    world.shop.want(SECRET);
    let instance = world.instance(json!({"connection_id": "mail"})).await;
    let workflow = world.workflow(json!({"instance_id": instance.record.id})).await;
    let (run, result) = world.run(&workflow).await;
    assert_eq!(run.status.as_str(), "completed", "{:?}", run.error);
    assert_eq!(world.shop.last_seen(), Some(format!("Bearer {SECRET}")));
    // What the server sent back of the secret is not kept.
    assert_eq!(result, json!({"sent": "Bearer [hidden]"}));
    let events = log(&world.engine, (&workflow, &run.id)).await;
    assert!(!format!("{events:?}").contains(SECRET));
    for file in std::fs::read_dir(world.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    }
}

#[rstest]
#[case::inherit(json!({}), "tok-spare")]
#[case::said(json!({"connection_resolution": "inherit"}), "tok-spare")]
#[case::workspace(json!({"connection_resolution": "workspace"}), SECRET)]
#[case::pinned(json!({"connection_id": "wrong"}), "tok-wrong")]
#[tokio::test]
async fn the_workflows_override_stands_in_for_the_profile_unless_the_step_says_otherwise(
    #[case] mut step: Value,
    #[case] token: &str,
) {
    let world = World::new().await;
    let instance = world.instance(json!({"connection_id": "mail"})).await;
    step["instance_id"] = json!(instance.record.id);
    let workflow = world.workflow(step).await;
    let over = Override { instance_id: instance.record.id, connection_id: "spare".into() };
    world.registry.replace_overrides(&workflow, vec![over]).await.unwrap();
    let (run, _) = world.run(&workflow).await;
    assert_eq!(run.status.as_str(), "completed", "{:?}", run.error);
    assert_eq!(world.shop.last_seen(), Some(format!("Bearer {token}")));
}

#[tokio::test]
async fn a_connection_that_the_server_refuses_needs_to_be_reconnected() {
    let world = World::new().await;
    world.shop.want("another-token");
    let instance = world.instance(json!({"connection_id": "mail"})).await;
    let step = json!({"instance_id": instance.record.id, "retry_count": 3, "retry_delay_ms": 1});
    let (code, words) = world.failure(step.clone()).await;
    assert_eq!(code, FailureCode::McpToolFailed);
    let url = world.shop.url();
    let way =
        format!("the MCP server at {url} (instance `Shop EU`, profile `default`, connection `The mail`)");
    assert!(words.contains(&format!("{way} answered 401")), "{words}");
    assert!(words.contains("reconnect the connection"), "{words}");
    assert!(!words.contains(SECRET), "{words}");
    assert_eq!(world.keys.standing("mail").0, "needs_reconnect");
    assert!(!world.keys.standing("mail").1.contains(SECRET));

    let (_, words) = world.failure(step).await;
    assert!(words.contains("the connection `The mail` needs to be reconnected"), "{words}");
}

#[tokio::test]
async fn a_tool_that_speaks_of_401_marks_the_connection_too() {
    let world = World::new().await;
    world.shop.offer(vec![expired(), stock_list(), order_place()]);
    let instance = world.instance(json!({"connection_id": "mail"})).await;
    let (_, words) = world.failure(json!({"instance_id": instance.record.id, "tool_name": "expired"})).await;
    assert!(words.contains("401 Unauthorized: the token has expired (instance `Shop EU`"), "{words}");
    assert_eq!(world.keys.standing("mail").0, "needs_reconnect");
}

#[tokio::test]
async fn what_cannot_be_bound_is_told_in_words() {
    let world = World::new().await;
    let instance = world.instance(json!({})).await.record.id;
    let near = format!("{}x", &instance[..instance.len() - 1]);
    let url = world.shop.url().to_owned();
    let cases = [
        (json!({"instance_id": near}), format!("the nearest is `{instance}`")),
        (
            json!({"instance_id": instance}),
            "the instance `Shop EU` has no connection: its active config profile `default`".into(),
        ),
        (json!({"instance_id": instance, "connection_id": "ghost"}), "there is no connection `ghost`".into()),
        (json!({"server_url": url, "connection_id": "mail"}), "is only sent to installed instances".into()),
        (
            json!({"instance_id": instance, "connection_resolution": "mine"}),
            "use principal, workspace or".into(),
        ),
    ];
    for (step, want) in cases {
        let (code, words) = world.failure(step).await;
        assert_eq!(code, FailureCode::McpToolFailed, "{words}");
        assert!(words.contains(&want), "{words}");
    }
    let principal =
        json!({"instance_id": instance, "connection_resolution": "principal", "connection_id": "mail"});
    let (code, words) = world.failure(principal).await;
    assert_eq!(code.as_str(), "principal_not_connected");
    assert!(words.contains("nobody has connected `acme_shop`"), "{words}");
    assert_eq!(world.shop.last_seen(), None);
}

#[tokio::test]
async fn a_registered_server_may_be_on_this_machine_and_a_graphs_own_address_may_not() {
    let world = World::new().await;
    let step = json!({"server_url": world.shop.url(), "tool_name": "stock_list"});
    let (_, words) = world.failure(step.clone()).await;
    assert!(words.contains("--allow-host"), "{words}");
    world.instance(json!({})).await;
    let workflow = world.workflow(step).await;
    let (run, result) = world.run(&workflow).await;
    assert_eq!(run.status.as_str(), "completed", "{:?}", run.error);
    // The schema's default went along.
    assert_eq!(result, json!({"tool": "stock_list", "args": {"limit": 5}}));
}

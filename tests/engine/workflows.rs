//! Workflows and their versions.

use arcc::server::engine::{EngineError, NewWorkflow, WorkflowPatch, WorkflowStatus};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::fake::{World, lua, start};

fn draft(graph: Value) -> NewWorkflow {
    NewWorkflow { name: "Orders".into(), description: "sends them".into(), graph }
}

#[tokio::test]
async fn a_draft_is_changed_published_and_put_away() {
    let world = World::new().await;
    let engine = &world.engine;
    let graph = json!({"steps": [lua("a", "echo", &[])], "nodes": []});
    let created = engine.create_workflow(draft(graph.clone())).await.unwrap();
    assert_eq!((created.status, created.latest_version), (WorkflowStatus::Draft, None));
    assert_eq!(engine.workflow(&created.id).await.unwrap(), created);
    assert!(matches!(engine.start(start(&created.id)).await, Err(EngineError::Invalid(_))));

    let first = engine.publish(&created.id, "first").await.unwrap();
    let setup = WorkflowPatch { run_setup: Some(json!({"trigger_payload": {}})), ..WorkflowPatch::default() };
    let patched = engine.patch_workflow(&created.id, setup).await.unwrap();
    assert_eq!((patched.run_setup.is_some(), patched.latest_version), (true, Some(1)));
    let none = WorkflowPatch { run_setup: Some(Value::Null), ..WorkflowPatch::default() };
    assert_eq!(engine.patch_workflow(&created.id, none).await.unwrap().run_setup, None);
    let second = engine.publish(&created.id, "second").await.unwrap();
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!((second.graph_hash.len(), &second.graph_hash), (64, &first.graph_hash));
    assert_eq!(engine.versions(&created.id).await.unwrap(), [second, first]);

    engine.archive_workflow(&created.id).await.unwrap();
    engine.archive_workflow(&created.id).await.unwrap();
    assert_eq!(engine.workflows().await.unwrap()[0].status, WorkflowStatus::Archived);
    assert!(matches!(engine.start(start(&created.id)).await, Err(EngineError::Conflict(_))));
    assert!(matches!(engine.publish(&created.id, "").await, Err(EngineError::Conflict(_))));
}

#[tokio::test]
async fn a_graph_that_cannot_run_is_not_published_and_says_why() {
    let world = World::new().await;
    let graph = json!({"steps": [lua("a", "echo", &["b"]), lua("b", "echo", &["a"])]});
    let id = world.engine.create_workflow(draft(graph)).await.unwrap().id;
    let refused = world.engine.publish(&id, "").await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "the draft of `{id}` cannot be published: steps wait for each other: a → b → a; correct the graph and publish again"
        )
    );
    let shapeless = WorkflowPatch { graph: Some(json!([])), ..WorkflowPatch::default() };
    world.engine.patch_workflow(&id, shapeless).await.unwrap();
    assert!(matches!(world.engine.publish(&id, "").await, Err(EngineError::Invalid(_))));
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "echo", &[])]).await;
    let other = world.workflow(vec![lua("a", "echo", &[])]).await;
    let engine = &world.engine;
    let missing = |error: EngineError| match error {
        EngineError::NotFound { noun, id } => format!("{noun} {id}"),
        other => other.to_string(),
    };
    assert_eq!(missing(engine.workflow(&"w".into()).await.unwrap_err()), "workflow w");
    assert_eq!(missing(engine.start(start(&"w".into())).await.unwrap_err()), "workflow w");
    assert_eq!(missing(engine.stream_after(&"w".into(), 0, 1).await.unwrap_err()), "workflow w");
    assert_eq!(missing(engine.run(&workflow, &"r".into()).await.unwrap_err()), "run r");
    assert_eq!(missing(engine.pause(&workflow, &"r".into()).await.unwrap_err()), "run r");
    // A run under another workflow is not that workflow's.
    let wanted = format!("run {run}");
    assert_eq!(missing(engine.run(&other, &run).await.unwrap_err()), wanted);
    assert_eq!(missing(engine.pause(&other, &run).await.unwrap_err()), wanted);
    assert_eq!(missing(engine.tasks(Some((other, run))).await.unwrap_err()), wanted);
}

//! Triggers: kept over HTTP, set off by a clock that the test turns, once per instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arcc::domain::{Timestamp, WorkflowId};
use arcc::server::engine::{Engine, RunQuery};
use arcc::server::triggers::{Clock, Triggers};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::runtime::{Runtime, soon};

#[tokio::test]
async fn triggers_are_kept_changed_and_removed_and_mistakes_are_named() {
    let runtime = Runtime::start().await;
    let path = format!("{}/triggers", runtime.workflow().await);
    let config =
        json!({"cron": "0 9 * * MON-FRI", "timezone": "Europe/Berlin", "trigger_payload": {"topic": "x"}});
    let made = runtime.send("POST", &path, json!({"type": "cron", "config": config})).await;
    assert_eq!((made.status, &made.body["config"], &made.body["enabled"]), (201, &config, &json!(true)));
    let next: Timestamp = made.body["next_fire_at"].as_str().unwrap().parse().unwrap();
    let local = next.to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
    assert!(next > Timestamp::now() && (local.hour(), local.minute()) == (9, 0));
    let one = format!("{path}/{}", made.body["id"].as_str().unwrap());
    assert_eq!(runtime.get(&one).await["id"], made.body["id"]);
    assert_eq!(runtime.get(&path).await["triggers"].as_array().unwrap().len(), 1);
    let off = runtime.send("PATCH", &one, json!({"enabled": false})).await;
    assert_eq!((off.status, &off.body["next_fire_at"]), (200, &Value::Null));
    for (wrong, said) in [
        (json!({}), "`type`"),
        (json!({"type": "cron"}), "`config` is missing"),
        (json!({"type": "cron", "config": {"cron": "x"}}), "five fields"),
        (json!({"type": "cron", "config": {"cron": "* * * * *", "segment_id": "s"}}), "no segments"),
        (json!({"type": "platform_event", "config": {"event_type": "moon.rose"}}), "`config.event_type`"),
        (
            json!({"type": "cron", "config": {"cron": "* * * * *", "excluded_step_ids": "a"}}),
            "excluded_step_ids",
        ),
    ] {
        let answer = runtime.send("POST", &path, wrong).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body["error"].as_str().unwrap().contains(said), "{}", answer.body);
    }
    assert_eq!(runtime.send("PATCH", &one, json!({})).await.status, 422);
    assert_eq!(runtime.send("PATCH", &one, json!({"type": "platform_event"})).await.status, 422);
    assert_eq!(runtime.ask("DELETE", &one).send().await.status, 204);
    assert_eq!(runtime.ask("DELETE", &one).send().await.status, 404);
}

/// A clock that the test turns, in milliseconds beside the real one.
fn clock() -> (Arc<AtomicI64>, Clock) {
    let off = Arc::new(AtomicI64::new(0));
    let turned = off.clone();
    let clock: Clock = Arc::new(move || {
        let now = Timestamp::now().as_millisecond() + turned.load(Ordering::SeqCst);
        Timestamp::from_millisecond(now).unwrap()
    });
    (off, clock)
}

/// How many milliseconds are left of the present minute by a clock.
fn left_of_minute(clock: &Clock) -> i64 {
    60_000 - clock().as_millisecond().rem_euclid(60_000)
}

async fn started(engine: &Engine, workflow: &WorkflowId) -> Vec<(String, String)> {
    let query = RunQuery { workflow: Some(workflow.clone()), limit: 500, ..RunQuery::default() };
    let (runs, _) = engine.runs(query).await.unwrap();
    runs.iter()
        .map(|run| (run.id.to_string(), run.trigger.as_deref().unwrap_or_default().to_owned()))
        .collect()
}

async fn until_started(engine: &Engine, workflow: &WorkflowId, count: usize) -> Vec<(String, String)> {
    soon("runs by the schedule", async {
        loop {
            let found = started(engine, workflow).await;
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// A trigger whose last instant dealt with is two minutes before `now`.
async fn every_minute(runtime: &Runtime, workflow: &str, more: Value, now: Timestamp) -> String {
    let mut config = json!({"cron": "* * * * *"});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let order = json!({"type": "cron", "config": config});
    let made = runtime.send("POST", &format!("{workflow}/triggers"), order).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    let (key, at) = (id.clone(), now.as_microsecond());
    let change = runtime.server.engine().write(move |db, _| {
        let set = "UPDATE triggers SET created_at = ?2, updated_at = ?2 WHERE id = ?1";
        db.execute(set, (key, at)).map_err(arcc::server::db::DbError::from)?;
        Ok(())
    });
    change.await.unwrap();
    id
}

#[tokio::test]
async fn a_schedule_starts_its_run_at_the_instant_and_a_second_scheduler_does_not_double_it() {
    let runtime = Runtime::start().await;
    let path = runtime.workflow().await;
    let workflow = WorkflowId::new(path.rsplit('/').next().unwrap());
    let engine = runtime.server.engine();
    let (off, clock) = clock();
    // Half a second before a minute is full, an hour ahead of the server's own scheduler.
    off.store(3_600_000, Ordering::SeqCst);
    let until_half = left_of_minute(&clock) - 500;
    off.fetch_add(until_half, Ordering::SeqCst);
    let id = every_minute(&runtime, &path, json!({"trigger_payload": {"topic": "x"}}), clock()).await;
    let closing = CancellationToken::new();
    let schedulers = [(); 2].map(|()| Triggers::new(engine.clone()).with_clock(clock.clone()));
    let tasks = schedulers.clone().map(|one| tokio::spawn(one.run(closing.clone())));
    assert_eq!(started(engine, &workflow).await, []);
    let first = until_started(engine, &workflow, 1).await;
    assert_eq!((first.len(), first[0].1.as_str()), (1, "cron"));
    // The clock jumps to just before the next minute; both notice.
    off.fetch_add(left_of_minute(&clock) - 300, Ordering::SeqCst);
    schedulers.iter().for_each(Triggers::changed);
    let second = until_started(engine, &workflow, 2).await;
    assert_eq!(second.len(), 2);
    let shown = runtime
        .until(&format!("{path}/triggers/{id}"), |body| body["last_run_id"] == second[0].0.as_str())
        .await;
    assert_eq!(shown["last_error"], Value::Null);
    closing.cancel();
    for task in tasks {
        task.await.unwrap();
    }
    // A scheduler that begins anew, as after a crash, finds the instant dealt with.
    let closing = CancellationToken::new();
    let task = tokio::spawn(Triggers::new(engine.clone()).with_clock(clock.clone()).run(closing.clone()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(started(engine, &workflow).await.len(), 2);
    closing.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn missed_instants_are_made_up_for_once_each_and_a_refused_start_is_noted() {
    let runtime = Runtime::start().await;
    let path = runtime.workflow().await;
    let workflow = WorkflowId::new(path.rsplit('/').next().unwrap());
    let engine = runtime.server.engine();
    let (off, clock) = clock();
    let began = Timestamp::from_millisecond(clock().as_millisecond() - 10 * 60_000).unwrap();
    every_minute(&runtime, &path, json!({"catchup_policy": "all", "trigger_payload": {"topic": "x"}}), began)
        .await;
    let refused = runtime.send("POST", "/v1/workflows", json!({"name": "never published"})).await;
    let refused = format!("/v1/workflows/{}", refused.body["id"].as_str().unwrap());
    let broken = every_minute(&runtime, &refused, json!({"catchup_policy": "latest"}), began).await;
    off.store(1, Ordering::SeqCst);
    let closing = CancellationToken::new();
    let task = tokio::spawn(Triggers::new(engine.clone()).with_clock(clock.clone()).run(closing.clone()));
    let runs = until_started(engine, &workflow, 10).await;
    let distinct: std::collections::HashSet<_> = runs.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(distinct.len(), runs.len());
    let noted =
        runtime.until(&format!("{refused}/triggers/{broken}"), |body| !body["last_error"].is_null()).await;
    assert!(noted["last_error"].as_str().unwrap().contains("no published version"), "{noted}");
    closing.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn a_platform_event_starts_the_runs_that_wait_for_it_once_however_often_it_is_told() {
    let runtime = Runtime::start().await;
    let path = runtime.workflow().await;
    let workflow = WorkflowId::new(path.rsplit('/').next().unwrap());
    let engine = runtime.server.engine();
    for filter in [Value::Null, json!("custom"), json!("google")] {
        let config = json!({"event_type": "connection.created", "provider_filter": filter});
        let order = json!({"type": "platform_event", "config": config});
        assert_eq!(runtime.send("POST", &format!("{path}/triggers"), order).await.status, 201);
    }
    let triggers = Triggers::new(engine.clone());
    let payload = json!({"connection_id": "c-1", "topic": "x"});
    for _ in 0..2 {
        triggers.happened("connection.created", Some("custom"), "c-1", payload.clone()).await.unwrap();
    }
    triggers.happened("connection.revoked", Some("custom"), "c-1", payload.clone()).await.unwrap();
    let runs = started(engine, &workflow).await;
    assert_eq!(runs.len(), 2);
    let context = runtime.get(&format!("{path}/runs/{}/context", runs[0].0)).await;
    assert_eq!(context["input"], payload);
}

#[tokio::test]
async fn a_connection_that_is_made_or_removed_starts_the_runs_that_wait_for_it() {
    let runtime = Runtime::start().await;
    let path = runtime.workflow().await;
    let workflow = WorkflowId::new(path.rsplit('/').next().unwrap());
    for event in ["connection.created", "connection.revoked"] {
        let config = json!({"event_type": event, "provider_filter": "custom"});
        let order = json!({"type": "platform_event", "config": config});
        assert_eq!(runtime.send("POST", &format!("{path}/triggers"), order).await.status, 201);
    }
    let order = json!({"display_name": "shop", "credentials": {"api_key": "s3cret"}});
    let made = runtime.send("POST", "/v1/connections", order).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let engine = runtime.server.engine();
    let runs = started(engine, &workflow).await;
    assert_eq!(runs.len(), 1);
    let input = runtime.get(&format!("{path}/runs/{}/context", runs[0].0)).await["input"].clone();
    assert_eq!(
        (&input["event_type"], &input["connection_id"]),
        (&json!("connection.created"), &made.body["id"])
    );
    assert!(!input.to_string().contains("s3cret"));
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(runtime.ask("DELETE", &format!("/v1/connections/{id}")).send().await.status, 204);
    assert_eq!(started(engine, &workflow).await.len(), 2);
}

//! The file: how it is kept, and what happens when it cannot be written.

use std::collections::HashSet;
use std::time::Duration;

use arcc::server::db::DbError;
use arcc::server::engine::{EngineError, NewWorkflow};
use futures_util::future::{FutureExt as _, join_all};
use pretty_assertions::assert_eq;
use rusqlite::Connection;
use serde_json::json;

use crate::fake::{Fake, World, lua, open, start, until, until_status};

fn raw(world: &World) -> Connection {
    let connection = Connection::open(world.dir.path().join("arcc.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

#[tokio::test]
async fn neither_the_log_nor_a_published_version_can_be_changed() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "echo", &[])]).await;
    until_status(&world.engine, (&workflow, &run), "completed").await;
    let raw = raw(&world);
    for table in ["events", "versions"] {
        for statement in [format!("UPDATE {table} SET workflow_id = 'x'"), format!("DELETE FROM {table}")] {
            let refused = raw.execute(&statement, []).unwrap_err().to_string();
            assert!(refused.contains("append-only") || refused.contains("never changes"), "{refused}");
        }
    }
    let safe = |pragma: &str| raw.pragma_query_value(None, pragma, |row| row.get::<_, String>(0)).unwrap();
    assert_eq!((safe("journal_mode"), safe("integrity_check")), ("wal".to_owned(), "ok".to_owned()));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    let _ = world.workflow(vec![lua("a", "echo", &[])]).await;
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(world.dir.path().to_owned()), 0o700);
    for name in ["arcc.db", "arcc.db-wal", "arcc.db-shm"] {
        assert_eq!(mode(world.dir.path().join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn requests_that_come_together_share_a_transaction() {
    let world = World::new().await;
    let workflow = world.workflow(vec![lua("a", "hang", &[])]).await;
    let raw = raw(&world);
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut starts = join_all((0..100).map(|_| world.engine.start(start(&workflow))));
    // Polled once, each has put its request into the channel.
    assert!((&mut starts).now_or_never().is_none());
    raw.execute_batch("COMMIT").unwrap();
    let instants: HashSet<_> = starts.await.into_iter().map(|run| run.unwrap().started_at).collect();
    // One instant per transaction: those that waited for the file, and those that came meanwhile.
    assert!(instants.len() <= 2, "{} transactions for 100 starts", instants.len());
}

#[tokio::test]
async fn a_failing_disk_acknowledges_nothing_loses_no_result_and_heals() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "hang", &[]), lua("b", "echo", &["a"])]).await;
    world.fake.until_begun(1).await;
    let raw = raw(&world);
    raw.execute_batch(
        "CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE (ABORT, 'no room'); END",
    )
    .unwrap();
    world.fake.open();
    let refused = world.engine.start(start(&workflow)).await.unwrap_err();
    assert_eq!(refused.to_string(), "the database refused, nothing was recorded: no room");
    assert!(matches!(refused, EngineError::Storage(_)));
    let paused = world.engine.pause(&workflow, &run).await;
    assert!(matches!(paused, Err(EngineError::Storage(_))), "{paused:?}");
    let held = world.engine.run(&workflow, &run).await.unwrap();
    assert_eq!((held.status.as_str(), held.progress.done), ("running", 0));

    raw.execute_batch("DROP TRIGGER broken").unwrap();
    until_status(&world.engine, (&workflow, &run), "completed").await;
    assert_eq!(world.fake.begun(), ["a/1", "b/1"]);
    let places = world.engine.stream_after(&workflow, 0, 100).await.unwrap();
    let places: Vec<_> = places.into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, (1..=places.len() as u64).collect::<Vec<_>>());
    let next = world.engine.start(start(&workflow)).await.unwrap();
    until(&world.engine, (&workflow, &next.id), |run| run.status.is_terminal()).await;
}

#[tokio::test]
async fn a_damaged_file_is_kept_aside_and_said_so() {
    let world = World::new().await;
    let graph = json!({"steps": []});
    let new = NewWorkflow { name: "Orders".into(), description: "x".repeat(50_000), graph };
    world.engine.create_workflow(new).await.unwrap();
    let epoch = world.engine.epoch().to_owned();
    world.engine.shutdown().await;
    let World { dir, engine, .. } = world;
    drop(engine);
    let file = dir.path().join("arcc.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[..4_096].fill(0x5a);
    std::fs::write(&file, &bytes).unwrap();

    let engine = open(dir.path(), &Fake::new()).await;
    assert_ne!(engine.epoch(), epoch);
    assert_eq!(engine.workflows().await.unwrap(), []);
    let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let aside = names.into_iter().find(|path| path.to_string_lossy().contains("arcc.db.corrupt-")).unwrap();
    assert_eq!(std::fs::read(&aside).unwrap(), bytes);
    let notice = engine.notices().join("\n");
    assert!(notice.contains("was damaged") && notice.contains(&aside.display().to_string()), "{notice}");
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_left_alone() {
    let world = World::new().await;
    world.engine.shutdown().await;
    raw(&world).pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(world.dir.path().join("arcc.db")).unwrap();
    let shared = std::sync::Arc::new(crate::fake::Shared(Fake::new()));
    let refused = arcc::server::engine::Engine::open(world.dir.path(), shared).await.unwrap_err();
    assert!(refused.to_string().contains("has schema 99, this program knows up to "), "{refused}");
    assert_eq!(std::fs::read(world.dir.path().join("arcc.db")).unwrap(), before);
}

#[tokio::test]
async fn a_file_of_the_first_schema_gets_the_new_tables_and_keeps_what_it_has() {
    let world = World::new().await;
    let body = serde_json::json!({"steps": []});
    let new = NewWorkflow { name: "old".into(), description: String::new(), graph: body };
    world.engine.create_workflow(new).await.unwrap();
    let workflows = world.engine.workflows().await.unwrap();
    world.engine.shutdown().await;
    let old = raw(&world);
    let first = ["meta", "workflows", "versions", "runs", "tasks", "events"];
    let newer: Vec<String> = {
        let mut names = old.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
        let names = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap);
        names
            .filter(|name: &String| !first.contains(&name.as_str()) && !name.starts_with("sqlite_"))
            .collect()
    };
    assert!(newer.contains(&"dry_runs".to_owned()), "{newer:?}");
    newer.iter().for_each(|name| old.execute_batch(&format!("DROP TABLE {name}")).unwrap());
    // What came later to a table of the first schema, and what left it.
    old.execute_batch(
        "DROP INDEX runs_started; DROP INDEX runs_ended; DROP INDEX runs_of_status; ALTER TABLE runs ADD COLUMN input TEXT NOT NULL DEFAULT '{}';
         ALTER TABLE runs DROP COLUMN failed_step; ALTER TABLE runs DROP COLUMN error_details;
         ALTER TABLE runs DROP COLUMN drain_since; ALTER TABLE runs DROP COLUMN drain_deadline",
    )
    .unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    let shared = std::sync::Arc::new(crate::fake::Shared(Fake::new()));
    let engine = arcc::server::engine::Engine::open(world.dir.path(), shared).await.unwrap();
    assert_eq!(engine.workflows().await.unwrap(), workflows);
    let id = &workflows.first().unwrap().id;
    assert_eq!(engine.dry_runs(id, None).await.unwrap(), []);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_change_beside_the_log_happens_as_a_whole_or_not_at_all() {
    let world = World::new().await;
    let put = |db: &Connection, key: &str| {
        db.execute("INSERT INTO meta (key, value) VALUES (?1, '')", [key]).map_err(DbError::from)
    };
    let refused = world.engine.write(move |db, _| {
        put(db, "half")?;
        Err::<(), _>(EngineError::Invalid("it does not fit".into()))
    });
    let made = world.engine.write(move |db, _| Ok(put(db, "whole")?));
    let (refused, made) = tokio::join!(refused, made);
    assert_eq!(refused.unwrap_err().to_string(), "it does not fit");
    assert_eq!(made.unwrap(), 1);
    let keys = world.engine.read(|db| {
        let mut select = db.prepare("SELECT key FROM meta WHERE value = ''").map_err(DbError::from)?;
        let keys = select.query_map([], |row| row.get(0)).map_err(DbError::from)?;
        Ok::<Vec<String>, EngineError>(keys.collect::<Result<_, _>>().map_err(DbError::from)?)
    });
    assert_eq!(keys.await.unwrap(), ["whole"]);
}

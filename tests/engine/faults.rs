//! A file that is damaged or may not grow, byte by byte.

use arcc::domain::Timestamp;
use arcc::server::db::{DbError, RunQuery, open, runs, tasks, workflows};
use arcc::server::engine::NewWorkflow;
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::fake::{World, lua, until_status};

/// How many damaged copies are opened.
const COPIES: u64 = 120;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

#[tokio::test]
async fn flipped_bits_are_set_aside_or_read_without_harm() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "echo", &[]), lua("b", "echo", &["a"])]).await;
    until_status(&world.engine, (&workflow, &run), "completed").await;
    world.engine.shutdown().await;
    let sound = std::fs::read(world.dir.path().join("arcc.db")).unwrap();
    let mut set_aside = 0;
    for copy in 0..COPIES {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = sound.clone();
        // Places all over the file, the same every time: multiples of the golden ratio.
        for flip in 0..=copy % 4 {
            let spread = (copy * 4 + flip).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let place = (spread % bytes.len() as u64) as usize;
            bytes[place] ^= 1 << (spread >> 61);
        }
        let file = dir.path().join("arcc.db");
        std::fs::write(&file, &bytes).unwrap();
        let opened = match open(dir.path(), now()) {
            Ok(opened) => opened,
            // A number of the schema that is none of ours; the file is left as it is.
            Err(DbError::TooNew { .. }) => {
                assert_eq!(std::fs::read(&file).unwrap(), bytes);
                continue;
            }
            Err(error) => panic!("copy {copy}: {error}"),
        };
        if !opened.notices.is_empty() {
            set_aside += 1;
            let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
            let aside = names.into_iter().find(|path| path.to_string_lossy().contains(".corrupt-")).unwrap();
            assert_eq!(std::fs::read(aside).unwrap(), bytes, "copy {copy}");
        }
        // What a sound structure holds may be odd, and is then named; it never makes a panic.
        let db = &opened.connection;
        for error in [
            workflows::list(db).err(),
            runs::list(db, &RunQuery { limit: 10, ..RunQuery::default() }).err(),
            tasks::list(db, None).err(),
        ] {
            assert!(error.is_none_or(|error| !error.to_string().is_empty()));
        }
    }
    assert!(set_aside > 0, "no flip was noticed");
}

#[tokio::test]
async fn a_file_that_may_not_grow_is_told_as_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path(), now()).unwrap();
    let db = &opened.connection;
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    let refused = (0..1_000).find_map(|number| {
        let text = "x".repeat(10_000);
        let put = db.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", (number.to_string(), text));
        put.err()
    });
    let told = DbError::from(refused.expect("it is full at some time"));
    assert!(matches!(told, DbError::Full(_)), "{told:?}");
    assert!(told.to_string().starts_with("the disk is full, nothing was recorded"), "{told}");
}

#[tokio::test]
async fn a_clean_end_leaves_one_file() {
    let world = World::new().await;
    let new = NewWorkflow { name: "n".into(), description: String::new(), graph: json!({"steps": []}) };
    world.engine.create_workflow(new).await.unwrap();
    assert_eq!(world.engine.workflows().await.unwrap().len(), 1);
    world.engine.shutdown().await;
    let names = std::fs::read_dir(world.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("arcc.db"));
    assert_eq!(names, ["arcc.db"]);
}

//! A workflow's stream, read while it grows.

use arcc::server::engine::Engine;
use pretty_assertions::assert_eq;

use crate::fake::{World, lua, start, until_status};

/// Reads a stream to its end as a socket does: pull, and wait for the next place when there is no more.
async fn read_until(engine: Engine, workflow: arcc::domain::WorkflowId, runs: usize) -> Vec<(u64, String)> {
    let mut places = engine.subscribe(&workflow);
    let (mut read, mut ended) = (Vec::new(), 0);
    while ended < runs {
        let after = read.last().map_or(0, |(place, _)| *place);
        // Marked as seen before the pull, so that what comes during it wakes again.
        places.borrow_and_update();
        let more = engine.stream_after(&workflow, after, 7).await.unwrap();
        if more.is_empty() {
            places.changed().await.unwrap();
        }
        for (place, event) in more {
            ended += usize::from(event.kind.as_str() == "run_completed");
            read.push((place, event.id.to_string()));
        }
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_lose_nothing_while_many_runs_write() {
    const RUNS: usize = 40;
    let world = World::new().await;
    let workflow = world.workflow(vec![lua("a", "echo", &[]), lua("b", "echo", &["a"])]).await;
    let readers: Vec<_> =
        (0..3).map(|_| tokio::spawn(read_until(world.engine.clone(), workflow.clone(), RUNS))).collect();
    let starts: Vec<_> = (0..RUNS)
        .map(|_| {
            let (engine, start) = (world.engine.clone(), start(&workflow));
            tokio::spawn(async move { engine.start(start).await.unwrap().id })
        })
        .collect();
    for started in starts {
        until_status(&world.engine, (&workflow, &started.await.unwrap()), "completed").await;
    }
    let whole = world.engine.stream_after(&workflow, 0, u32::MAX).await.unwrap();
    let whole: Vec<_> = whole.into_iter().map(|(place, event)| (place, event.id.to_string())).collect();
    let places: Vec<_> = whole.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, (1..=whole.len() as u64).collect::<Vec<_>>());
    assert_eq!(world.engine.stream_position(&workflow).await.unwrap(), whole.len() as u64);
    for reader in readers {
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), reader).await.unwrap().unwrap();
        assert_eq!(read, whole);
    }
}

#[tokio::test]
async fn a_watch_starts_at_the_last_place_after_a_restart() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "echo", &[])]).await;
    until_status(&world.engine, (&workflow, &run), "completed").await;
    let last = world.engine.stream_position(&workflow).await.unwrap();
    let epoch = world.engine.epoch().to_owned();
    world.engine.shutdown().await;
    let engine = crate::fake::open(world.dir.path(), &world.fake).await;
    assert_eq!(*engine.subscribe(&workflow).borrow(), last);
    assert_eq!(engine.epoch(), epoch);
    let closed = world.engine.start(start(&workflow)).await.unwrap_err();
    assert_eq!(
        closed.to_string(),
        "the runtime takes no orders any more: it is ending, or it has failed; start it again and repeat"
    );
}

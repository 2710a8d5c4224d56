//! Carries the plan out.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::plan::HOUR;
use super::{Installed, Move, Plan, Sample, SampleEngine, Scene};
use crate::server::engine::EngineError;

/// How often the driver looks.
const LOOK: Duration = Duration::from_secs(2);

/// Keeps the samples moving until `stop` fires or the engine closes.
///
/// What the engine refuses is left at that: a person may have been quicker. Dropping the future
/// ends it too; nothing of it lasts but the runs.
pub async fn drive(engine: impl SampleEngine, installed: Installed, stop: CancellationToken) {
    if installed.is_empty() {
        return;
    }
    let mut plan = Plan::default();
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        match look_and_move(&engine, &installed, &mut plan).await {
            Ok(()) => {}
            Err(EngineError::Closed) => return,
            Err(error) => tracing::warn!(%error, "the samples cannot see the runs"),
        }
    }
}

async fn look_and_move(
    engine: &impl SampleEngine,
    installed: &Installed,
    plan: &mut Plan,
) -> Result<(), EngineError> {
    let now = Timestamp::now();
    let since = now.checked_sub(HOUR).unwrap_or(Timestamp::MIN);
    let scene = Scene { runs: engine.sample_runs(since).await?, waiting: engine.waiting().await? };
    for step in plan.next(&scene, installed, now) {
        match perform(engine, installed, &step).await {
            Ok(()) => {}
            Err(EngineError::Closed) => return Err(EngineError::Closed),
            Err(error) => tracing::debug!(%error, ?step, "a move of the samples was refused"),
        }
    }
    Ok(())
}

async fn perform(engine: &impl SampleEngine, installed: &Installed, step: &Move) -> Result<(), EngineError> {
    match step {
        Move::Start { sample, turn } => {
            let input = Sample::named(sample).and_then(|sample| sample.input(*turn).ok());
            match installed.workflow(sample).zip(input) {
                Some((workflow, input)) => engine.begin(workflow, input).await,
                None => Ok(()),
            }
        }
        Move::Hold(run) => engine.hold(run).await,
        Move::LetGo(run) => engine.let_go(run).await,
        Move::Drain(run) => engine.drain(run).await,
    }
}

//! Sets triggers off: schedules when their instants come, the others when something happens.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::record::{TriggerKind, TriggerRecord};
use super::schedule::Schedule;
use crate::domain::Timestamp;
use crate::domain::clock::age;
use crate::server::db::triggers;
use crate::server::engine::{Engine, EngineError};

/// The longest sleep while an instant is ahead: a suspended machine or a changed clock is noticed by then.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long a start that the runtime could not record waits for another try.
const RETRY: Duration = Duration::from_secs(2);

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The triggers of a runtime; a cheap handle.
#[derive(Clone)]
pub struct Triggers {
    engine: Engine,
    changed: Arc<Notify>,
    clock: Clock,
}

/// A schedule that is on, and how far it was dealt with.
struct Watched {
    trigger: TriggerRecord,
    schedule: Schedule,
    since: Timestamp,
}

impl Triggers {
    /// The triggers that the engine's database holds, by the system's clock.
    pub fn new(engine: Engine) -> Self {
        Self { engine, changed: Arc::default(), clock: Arc::new(Timestamp::now) }
    }

    /// The same by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// What time it is for the triggers.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Tells that triggers were added, changed or removed, or that the clock jumped.
    pub fn changed(&self) {
        self.changed.notify_one();
    }

    /// Sets schedules off until `closing`. It sleeps until the next instant, and reads the triggers
    /// only when they changed.
    pub async fn run(self, closing: CancellationToken) {
        let work = async {
            loop {
                let mut watched = self.watched().await;
                while self.act(&mut watched).await == Next::GoOn {}
            }
        };
        closing.run_until_cancelled(work).await;
    }

    /// Sets off what is due, then sleeps until more is, or until triggers change.
    async fn act(&self, watched: &mut [Watched]) -> Next {
        let mut wait = LONGEST_SLEEP;
        for one in watched.iter_mut() {
            if self.set_off(one).await.is_err() {
                wait = wait.min(RETRY);
            } else if let Some(next) = one.schedule.next_after(one.since.max(self.now())) {
                // A sleep ends on a whole millisecond, at the earliest after the instant.
                wait = wait.min(age(self.now(), next) + Duration::from_millis(1));
            }
        }
        if watched.is_empty() {
            self.changed.notified().await;
            return Next::ReadAgain;
        }
        match tokio::time::timeout(wait, self.changed.notified()).await {
            Ok(()) => Next::ReadAgain,
            Err(_) => Next::GoOn,
        }
    }

    /// Starts the runs that a schedule owes.
    async fn set_off(&self, watched: &mut Watched) -> Result<(), EngineError> {
        for at in watched.schedule.due(watched.since, self.now()) {
            self.fire(&watched.trigger, &at.to_string(), at, None).await?;
            watched.since = at;
        }
        Ok(())
    }

    /// Tells that something happened on this runtime, such as `connection.created` of a provider.
    /// `id` names the happening; telling it twice starts its runs once.
    ///
    /// # Errors
    /// When the database cannot be read, or a start could not be recorded.
    pub async fn happened(
        &self,
        event_type: &str,
        provider: Option<&str>,
        id: &str,
        payload: Value,
    ) -> Result<(), EngineError> {
        let all = self.engine.read(|db| Ok(triggers::enabled(db, TriggerKind::PlatformEvent)?)).await?;
        let wanted = all.into_iter().filter(|trigger| {
            let filter = trigger.config["provider_filter"].as_str().filter(|filter| !filter.is_empty());
            trigger.config["event_type"] == event_type && filter.is_none_or(|filter| Some(filter) == provider)
        });
        for trigger in wanted {
            self.fire(&trigger, id, self.now(), Some(payload.clone())).await?;
        }
        Ok(())
    }

    /// Starts a run and notes it. A start that is refused is noted as well and not tried again; the
    /// run's id is derived, so that a crash between the two starts it once all the same.
    async fn fire(
        &self,
        trigger: &TriggerRecord,
        what: &str,
        at: Timestamp,
        payload: Option<Value>,
    ) -> Result<(), EngineError> {
        let started = self.engine.start(trigger.start(what, payload)).await;
        let (run, error) = match started {
            Ok(run) => (Some(run.id), None),
            Err(error @ (EngineError::Storage(_) | EngineError::Closed)) => return Err(error),
            Err(error) => (None, Some(error.to_string())),
        };
        if let Some(error) = &error {
            tracing::warn!(trigger = %trigger.id, %error, "a trigger started no run");
        }
        let id = trigger.id.clone();
        self.engine
            .write(move |db, _| Ok(triggers::fired(db, &id, at, run.as_ref(), error.as_deref())?))
            .await
    }

    /// The schedules that are on. What cannot be read any more is left out, and told in the log.
    async fn watched(&self) -> Vec<Watched> {
        let all = loop {
            match self.engine.read(|db| Ok(triggers::enabled(db, TriggerKind::Cron)?)).await {
                Ok(all) => break all,
                Err(error) => {
                    tracing::error!(%error, "the triggers cannot be read; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        };
        let watch = |trigger: TriggerRecord| match Schedule::parse(&trigger.config) {
            Ok(schedule) => {
                let since = trigger.fired_at.map_or(trigger.updated_at, |at| at.max(trigger.updated_at));
                Some(Watched { trigger, schedule, since })
            }
            Err(error) => {
                tracing::error!(trigger = %trigger.id, %error, "a trigger's schedule cannot be read");
                None
            }
        };
        all.into_iter().filter_map(watch).collect()
    }
}

/// What follows a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The same triggers as before.
    GoOn,
    /// They changed.
    ReadAgain,
}

impl std::fmt::Debug for Triggers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Triggers").finish_non_exhaustive()
    }
}

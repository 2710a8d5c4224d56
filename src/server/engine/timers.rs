//! Timers of all runs: one task that sleeps until the next is due.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::request::{Report, Request};
use crate::domain::clock::age;
use crate::domain::{RunId, Timestamp};
use crate::machine::{Input, TimerKey};

/// The longest sleep while a timer is set: a suspended machine or a changed clock is noticed by then.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

type Key = (RunId, TimerKey);

/// The timers that are set.
#[derive(Debug, Default)]
struct Schedule {
    due: BTreeMap<(Timestamp, u64), Key>,
    places: HashMap<Key, (Timestamp, u64)>,
    count: u64,
}

impl Schedule {
    fn set(&mut self, key: Key, at: Timestamp) {
        self.clear(&key);
        self.count += 1;
        self.places.insert(key.clone(), (at, self.count));
        self.due.insert((at, self.count), key);
    }

    fn clear(&mut self, key: &Key) {
        if let Some(place) = self.places.remove(key) {
            self.due.remove(&place);
        }
    }

    fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    fn take_due(&mut self, now: Timestamp) -> Option<Key> {
        let first = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        let key = first.remove();
        self.places.remove(&key);
        Some(key)
    }
}

/// Sets and clears timers; what comes due is reported to the writer.
///
/// The schedule is behind a lock instead of a channel, so that the writer never waits for the
/// task that waits for the writer.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    schedule: Arc<Mutex<Schedule>>,
    sooner: Arc<Notify>,
}

impl Timers {
    /// Sets a timer, in place of one with the same name.
    pub(super) fn set(&self, run: RunId, key: TimerKey, at: Timestamp) {
        let mut schedule = self.lock();
        let next = schedule.next();
        schedule.set((run, key), at);
        if next.is_none_or(|next| at < next) {
            self.sooner.notify_one();
        }
    }

    /// Forgets a timer.
    pub(super) fn clear(&self, run: RunId, key: TimerKey) {
        self.lock().clear(&(run, key));
    }

    /// Reports what comes due, until the writer is gone.
    pub(super) async fn run(self, requests: mpsc::WeakSender<Request>) {
        loop {
            while let Some((run, key)) = self.take_due() {
                let Some(writer) = requests.upgrade() else { return };
                let report = Report { run, input: Input::Timer(key) };
                if writer.send(Request::Report(report)).await.is_err() {
                    return;
                }
            }
            self.sleep().await;
        }
    }

    fn take_due(&self) -> Option<Key> {
        self.lock().take_due(Timestamp::now())
    }

    /// Sleeps until the next timer is due or an earlier one is set.
    async fn sleep(&self) {
        let next = self.lock().next();
        let sooner = self.sooner.notified();
        match next {
            None => sooner.await,
            Some(at) => {
                // A sleep ends on a whole millisecond, at the earliest after the instant.
                let wait = age(Timestamp::now(), at).min(LONGEST_SLEEP) + Duration::from_millis(1);
                let _ = tokio::time::timeout(wait, sooner).await;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::later;
    use pretty_assertions::assert_eq;

    fn at(seconds: u64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    #[test]
    fn timers_come_due_in_order_once_and_setting_one_again_moves_it() {
        let key = |attempt| ("r".into(), TimerKey::Retry { step: "a".into(), attempt });
        let mut schedule = Schedule::default();
        schedule.set(key(1), at(5));
        schedule.set(key(2), at(3));
        schedule.set(key(3), at(1));
        schedule.set(key(1), at(2));
        schedule.clear(&key(3));
        assert_eq!(schedule.next(), Some(at(2)));
        assert_eq!(schedule.take_due(at(1)), None);
        let due: Vec<_> = std::iter::from_fn(|| schedule.take_due(at(9))).collect();
        assert_eq!(due, [key(1), key(2)]);
        assert!(schedule.places.is_empty());
    }
}

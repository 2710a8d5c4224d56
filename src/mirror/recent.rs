//! The events that came last, by id: streams may tell one twice, and not all servers count them.

use std::collections::{HashSet, VecDeque};

use crate::domain::EventId;

/// How many are remembered. A repetition follows close behind; what comes later than this, a list
/// has told before.
const LIMIT: usize = 4_096;

/// The ids, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<EventId>,
    known: HashSet<EventId>,
}

impl Recent {
    /// Remembers an event; `false` when it came before. One without an id is always new.
    pub(super) fn is_new(&mut self, id: &EventId) -> bool {
        if id.as_str().is_empty() {
            return true;
        }
        if !self.known.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id.clone());
        if self.order.len() > LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_known_again_and_older_ones_forgotten() {
        let mut recent = Recent::default();
        let id = |number: usize| EventId::from(number.to_string().as_str());
        assert!((0..LIMIT).all(|number| recent.is_new(&id(number))));
        assert!(!recent.is_new(&id(0)));
        assert!(recent.is_new(&id(LIMIT)) && recent.is_new(&id(0)));
        assert!(recent.is_new(&"".into()) && recent.is_new(&"".into()));
    }
}

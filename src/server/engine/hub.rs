//! Where each workflow's stream stands, for those who watch.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::WorkflowId;

/// One watched number per workflow: its last committed place.
#[derive(Debug, Default)]
pub(super) struct Hub {
    places: Mutex<HashMap<WorkflowId, watch::Sender<u64>>>,
}

impl Hub {
    /// A hub that knows where the streams stand.
    pub(super) fn new(places: impl IntoIterator<Item = (WorkflowId, u64)>) -> Self {
        let places = places.into_iter().map(|(id, place)| (id, watch::Sender::new(place)));
        Self { places: Mutex::new(places.collect()) }
    }

    /// Watches a workflow; one without events stands at 0.
    pub(super) fn subscribe(&self, workflow: &WorkflowId) -> watch::Receiver<u64> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(workflow.clone()).or_default().subscribe()
    }

    /// Wakes those who watch a workflow.
    pub(super) fn publish(&self, workflow: &WorkflowId, place: u64) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(workflow.clone()).or_default().send_replace(place);
    }
}

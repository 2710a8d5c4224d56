//! Clients with one check missing, made by keeping from the plan what the check looks at.

use std::collections::BTreeMap;

use crate::domain::WorkflowId;
use crate::wire::Frame;

/// What a client lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Nothing.
    None,
    /// It does not see that a place is missing: to it, places always go on by one.
    NoGapCheck,
    /// It compares the place of events, but not that of heartbeats.
    NoPlaceInHeartbeat,
    /// It does not see that the epoch is another one.
    NoEpochCheck,
    /// It does not know an event that comes twice.
    NoDedupe,
    /// It takes a stream without places for one that would tell what is missing.
    NoReconciliation,
    /// It lists first and opens the stream then, and does not list again.
    ListsBeforeLive,
}

/// Keeps from a client what it would not look at.
#[derive(Debug, Default)]
pub(super) struct Blinker {
    places: BTreeMap<WorkflowId, u64>,
    told: u64,
}

impl Blinker {
    /// A socket is new.
    pub(super) fn opened(&mut self, workflow: &WorkflowId) {
        self.places.remove(workflow);
    }

    pub(super) fn spoil(&mut self, flaw: Flaw, workflow: &WorkflowId, frame: Frame) -> Frame {
        self.told += 1;
        match (flaw, frame) {
            (Flaw::NoGapCheck, Frame::Position { epoch, last }) => {
                let last = *self.places.entry(workflow.clone()).or_insert(last);
                Frame::Position { epoch, last }
            }
            (Flaw::NoGapCheck, Frame::Event { place: Some(place), event }) => {
                let known = self.places.entry(workflow.clone()).or_insert(place - 1);
                *known += 1;
                Frame::Event { place: Some(*known), event }
            }
            (Flaw::NoPlaceInHeartbeat, Frame::Position { epoch, last }) => {
                let last = *self.places.entry(workflow.clone()).or_insert(last);
                Frame::Position { epoch, last }
            }
            (Flaw::NoPlaceInHeartbeat, Frame::Event { place: Some(place), event }) => {
                self.places.insert(workflow.clone(), place);
                Frame::Event { place: Some(place), event }
            }
            (Flaw::NoEpochCheck, Frame::Position { last, .. }) => {
                Frame::Position { epoch: "the only one".into(), last }
            }
            (Flaw::NoReconciliation, Frame::Event { place: None, event }) => {
                let known = self.places.entry(workflow.clone()).or_default();
                *known += 1;
                Frame::Event { place: Some(*known), event }
            }
            (Flaw::NoDedupe, Frame::Event { place, mut event }) => {
                event.id = format!("{}#{}", event.id, self.told).into();
                Frame::Event { place, event }
            }
            (_, frame) => frame,
        }
    }
}

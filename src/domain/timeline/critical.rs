//! The steps that decided how long a run took.

use std::collections::HashSet;

use super::Timeline;
use crate::domain::{Graph, StepId, Timestamp};

/// The chain of steps of which each was waited for the longest, in the order in which they ran: to
/// shorten the run, one of these must get shorter. It ends with what ended last, or still runs.
pub fn critical_path(timeline: &Timeline, graph: &Graph) -> Vec<StepId> {
    let end = |id: &StepId| -> Option<(bool, Option<Timestamp>)> {
        let track = timeline.track(id).filter(|track| !track.bars.is_empty())?;
        // What still runs ends later than all that has ended.
        Some((track.to().is_none(), track.to().or(track.from())))
    };
    let mut seen = HashSet::new();
    let mut path = Vec::new();
    let ran = graph.steps.iter().map(|step| &step.id).filter(|id| end(id).is_some());
    let mut next = ran.max_by_key(|id| end(id));
    while let Some(id) = next.filter(|id| seen.insert((*id).clone())) {
        path.push(id.clone());
        let before = graph.step(id).map_or(&[][..], |step| &step.depends_on);
        next = before.iter().filter(|id| end(id).is_some()).max_by_key(|id| end(id));
    }
    path.reverse();
    path
}

//! The steps that decided how long a run took.

use std::collections::HashSet;

use super::{Doing, Timeline};
use crate::domain::{Graph, StepId, Timestamp};

/// When a step ended, later ones being greater. What still runs ends later than all that has ended,
/// and what was only cancelled, or ended with its run, ended because something else did.
type End = (bool, Option<Timestamp>, bool);

/// The chain of steps of which each was waited for the longest, in the order in which they ran: to
/// shorten the run, one of these must get shorter. It ends with what ended last, or still runs;
/// steps that never ran are on no path.
pub fn critical_path(timeline: &Timeline, graph: &Graph) -> Vec<StepId> {
    let end = |id: &StepId| -> Option<End> {
        let track = timeline.track(id)?;
        let doing = track.doing().filter(|doing| *doing != Doing::Skipped)?;
        Some((
            track.to().is_none(),
            track.to().or(track.from()),
            !matches!(doing, Doing::Cancelled | Doing::Unended),
        ))
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

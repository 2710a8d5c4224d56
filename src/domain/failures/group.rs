//! Folding failures by their signature.

use std::collections::HashMap;
use std::time::Duration;

use super::Signature;
use crate::domain::clock::age;
use crate::domain::{Run, RunId, StepId, Timestamp};

/// Failures of one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub signature: Signature,
    /// The runs, in the order in which they came.
    pub runs: Vec<RunId>,
}

/// Folds failures by what they have in common; groups come in the order of their first run.
///
/// Not every server lists the step that failed a run, and then it becomes known once somebody
/// looks. So that looking at a run does not take it out of its group, a run whose step is not
/// known belongs to the largest group that differs in nothing else.
pub fn group<'a>(failures: impl Iterator<Item = (&'a Run, &'a Signature)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<&Signature, usize> = HashMap::new();
    let mut known: Vec<(usize, &RunId)> = Vec::new();
    for (run, signature) in failures {
        let place = places.get(signature).filter(|_| signature.tells()).copied().unwrap_or(groups.len());
        if place == groups.len() {
            groups.push(Group { signature: signature.clone(), runs: Vec::new() });
            places.insert(signature, place);
        }
        groups[place].runs.push(run.id.clone());
        known.push((place, &run.id));
    }
    let home: Vec<usize> = (0..groups.len()).map(|place| joined(&groups, place)).collect();
    if home.iter().enumerate().all(|(place, home)| place == *home) {
        return groups;
    }
    // Anew, so that the runs of a joined group stay in the order in which they came.
    let mut out: Vec<Group> = Vec::new();
    let mut moved: HashMap<usize, usize> = HashMap::new();
    for (place, run) in known {
        let place = home[place];
        let at = *moved.entry(place).or_insert_with(|| {
            out.push(Group { signature: groups[place].signature.clone(), runs: Vec::new() });
            out.len() - 1
        });
        out[at].runs.push(run.clone());
    }
    out
}

/// The group that a group belongs to: itself, or the one with the known step.
fn joined(groups: &[Group], place: usize) -> usize {
    let own = &groups[place].signature;
    if own.step.is_some() || !own.tells() {
        return place;
    }
    let same = |other: &&(usize, &Group)| {
        let theirs = &other.1.signature;
        theirs.step.is_some() && Signature { step: None::<StepId>, ..theirs.clone() } == *own
    };
    let largest = groups
        .iter()
        .enumerate()
        .filter(|pair| same(&pair))
        .max_by_key(|(at, group)| (group.runs.len(), usize::MAX - at));
    largest.map_or(place, |(at, _)| at)
}

/// How many of the instants fall into each of `slots` equal parts of the time before `now`, oldest
/// part first.
pub fn over_time(
    instants: impl Iterator<Item = Timestamp>,
    now: Timestamp,
    window: Duration,
    slots: usize,
) -> Vec<usize> {
    let mut counts = vec![0; slots];
    let slot = window.as_secs_f64() / slots.max(1) as f64;
    for at in instants {
        let back = (age(at, now).as_secs_f64() / slot) as usize;
        if let Some(count) = slots.checked_sub(back + 1).and_then(|place| counts.get_mut(place)) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunStatus;
    use pretty_assertions::assert_eq;

    fn failed(id: &str, step: Option<&str>, error: &str) -> Run {
        let mut run = Run::new(id.into(), "w".into(), RunStatus::Failed);
        run.failed_step = step.map(Into::into);
        run.error = Some(error.into());
        run
    }

    fn folded(runs: &[Run]) -> Vec<Vec<&str>> {
        let signed: Vec<_> = runs.iter().map(Signature::of).collect();
        let groups = group(runs.iter().zip(&signed));
        let ids = |group: Group| {
            let place = |id: &RunId| runs.iter().position(|run| run.id == *id).unwrap();
            group.runs.iter().map(|id| runs[place(id)].id.as_str()).collect()
        };
        groups.into_iter().map(ids).collect()
    }

    #[test]
    fn a_run_whose_step_is_not_known_belongs_to_the_largest_group_like_it() {
        let runs = [
            failed("a", None, "no answer from db 1"),
            failed("b", Some("post"), "no answer from db 2"),
            failed("c", Some("post"), "no answer from db 3"),
            failed("d", Some("load"), "no answer from db 4"),
            failed("e", None, "something else"),
            failed("f", None, ""),
            failed("g", None, ""),
        ];
        let apart = [vec!["d"], vec!["e"], vec!["f"], vec!["g"]];
        assert_eq!(folded(&runs)[0], ["a", "b", "c"]);
        assert_eq!(folded(&runs)[1..], apart);
        assert_eq!(folded(&runs[1..4]), [vec!["b", "c"], vec!["d"]]);
    }

    #[test]
    fn failures_are_counted_over_time() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let hour = Duration::from_hours(1);
        let instants = [0, 100, 3_000, 3_599, 3_600, 9_999].map(at);
        assert_eq!(over_time(instants.into_iter(), at(3_600), hour, 4), [1, 0, 0, 4]);
        assert_eq!(over_time([at(1)].into_iter(), at(3_600), hour, 0), [0_usize; 0]);
    }
}

//! Whether the client's picture is the server's truth.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::world::World;
use crate::domain::{PendingTask, Run, RunHistory};
use crate::mirror::{LinkState, Source};

/// What the mirror has wrong, if anything.
pub(super) fn divergence(world: &World) -> Option<String> {
    runs(world).or_else(|| tasks(world)).or_else(|| detail(world))
}

/// The same, and whether the feed knows that it is well.
pub(super) fn unrest(world: &World) -> Option<String> {
    let feed = world.mirror.link(&Source::Feed).map(|link| &link.state);
    let well = feed == Some(&LinkState::Live);
    divergence(world).or_else(|| (!well).then(|| format!("the feed is {feed:?}")))
}

fn runs(world: &World) -> Option<String> {
    let by_id = |run: &Run| (run.id.to_string(), run.clone());
    let known = world.mirror.runs().map(by_id).collect();
    let truth = world.server.runs().iter().map(by_id).collect();
    apart("run", &known, &truth)
}

fn tasks(world: &World) -> Option<String> {
    let by_id = |task: &PendingTask| (format!("{} {}", task.run_id, task.task_id), task.clone());
    let known = world.mirror.tasks().iter().map(by_id).collect();
    let truth = world.server.tasks().iter().map(by_id).collect();
    apart("task", &known, &truth)
}

/// The first thing that is not the same in both.
fn apart<T: PartialEq + Debug>(
    what: &str,
    known: &BTreeMap<String, T>,
    truth: &BTreeMap<String, T>,
) -> Option<String> {
    let wrong = known.keys().chain(truth.keys()).find(|id| known.get(*id) != truth.get(*id))?;
    Some(format!("{what} {wrong}\n  known {:?}\n  truth {:?}", known.get(wrong), truth.get(wrong)))
}

/// The run that is looked at, unless a restore took it away: then its row is gone as well.
fn detail(world: &World) -> Option<String> {
    let (_, run) = world.focus.as_ref()?;
    let truth = RunHistory::from_events(world.server.log(run)?.iter().cloned());
    let Some(known) = world.mirror.detail(run) else { return Some(format!("no detail of {run}")) };
    if known.history != truth {
        let ids = |history: &RunHistory| {
            history.events().iter().map(|event| event.id.to_string()).collect::<Vec<_>>().join(" ")
        };
        return Some(format!("history of {run}\n  known {}\n  truth {}", ids(&known.history), ids(&truth)));
    }
    let context = Some(world.server.context(run));
    (known.context != context).then(|| format!("context of {run}: {:?}, not {context:?}", known.context))
}

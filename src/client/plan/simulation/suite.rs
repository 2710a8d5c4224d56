//! Many schedules, and proof that they would find a client with a check missing.

use std::time::Duration;

use rstest::rstest;

use super::flaw::Flaw;
use super::schedule::{self, TROUBLE};
use super::server::Kind;
use super::verdict::unrest;
use super::world::World;

/// A refusal is asked about again after 60 s, everything else comes round within 30 s, and answers
/// and retries take their time.
const QUIET: Duration = Duration::from_secs(60 + 30 + 15);
/// How many schedules of each kind of server.
const SCHEDULES: u64 = 500;
/// Within so many seeds a missing check must show.
const SEEDS: u64 = 200;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays the schedule of a seed to its end.
fn play(kind: Kind, flaw: Flaw, seed: u64, traced: bool) -> World {
    let mut world = World::new(kind, flaw, seed, traced);
    for (at, cue) in schedule::of(kind, world.rng()) {
        world.cue(at, cue);
    }
    world.pass(TROUBLE);
    world.heal();
    world.pass(QUIET);
    world
}

#[rstest]
#[case::with_sequences_and_epoch(Kind::Local)]
#[case::with_neither(Kind::Hosted)]
fn no_schedule_of_faults_leaves_the_mirror_wrong(#[case] kind: Kind) {
    if let Some(seed) = setting("ARCC_SIMULATION_SEED") {
        let world = play(kind, Flaw::None, seed, true);
        let trace = world.trace.as_deref().unwrap_or_default().join("\n");
        let wrong = unrest(&world);
        assert!(wrong.is_none(), "{trace}\n{}", wrong.unwrap_or_default());
        return;
    }
    let schedules = setting("ARCC_SIMULATION_SCHEDULES").map_or(SCHEDULES, |all| all / 2);
    for seed in 0..schedules {
        let wrong = unrest(&play(kind, Flaw::None, seed, false));
        let again = "see it again with ARCC_SIMULATION_SEED";
        assert!(wrong.is_none(), "{kind:?}, {again}={seed}: {}", wrong.unwrap_or_default());
    }
}

#[rstest]
#[case::with_sequences_and_epoch(Kind::Local)]
#[case::with_neither(Kind::Hosted)]
fn a_seed_makes_one_trace(#[case] kind: Kind) {
    let mut traces = std::collections::HashSet::new();
    for seed in 0..20 {
        let first = play(kind, Flaw::None, seed, true).trace;
        assert!(first == play(kind, Flaw::None, seed, true).trace, "{kind:?} {seed}");
        assert!(traces.insert(first), "{kind:?} {seed}: the trace of another seed");
    }
}

#[rstest]
#[case::gaps(Flaw::NoGapCheck, Kind::Local)]
#[case::the_place_in_heartbeats(Flaw::NoPlaceInHeartbeat, Kind::Local)]
#[case::the_epoch(Flaw::NoEpochCheck, Kind::Local)]
#[case::duplicates(Flaw::NoDedupe, Kind::Local)]
#[case::duplicates_without_sequences(Flaw::NoDedupe, Kind::Hosted)]
#[case::listing_when_live(Flaw::ListsBeforeLive, Kind::Local)]
#[case::reconciliation(Flaw::NoReconciliation, Kind::Hosted)]
fn a_client_that_does_not_look_is_found_out(#[case] flaw: Flaw, #[case] kind: Kind) {
    let caught = (0..SEEDS).find(|seed| unrest(&play(kind, flaw, *seed, false)).is_some());
    assert!(caught.is_some(), "{flaw:?} went unnoticed in {SEEDS} schedules");
}

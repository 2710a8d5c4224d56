//! How soon each fault is made up for.

use std::time::Duration;

use rstest::rstest;

use super::flaw::Flaw;
use super::schedule::Fault;
use super::server::Kind;
use super::verdict::divergence;
use super::world::World;

const SEEDS: u64 = 100;
/// The same list is not asked for twice within a second or three times its own time; then the
/// question and the answer travel.
const RELIST: Duration = Duration::from_millis(3_000);

/// A world in which a run is looked at, everything stands, and nothing is on its way.
fn settled(kind: Kind, seed: u64) -> World {
    let mut world = World::new(kind, Flaw::None, seed, false);
    for _ in 0..20 {
        world.work();
        world.pass(Duration::from_millis(400));
    }
    world.look(0);
    world.pass(Duration::from_secs(40));
    assert_eq!(divergence(&world), None, "{kind:?} {seed}");
    world
}

/// The server does something of which the stream tells nothing.
fn unheard(world: &mut World) {
    world.weather.loses = 1.0;
    while divergence(world).is_none() {
        world.work();
    }
    world.weather.loses = 0.0;
}

fn worst(kind: Kind, limit: Duration, trouble: impl Fn(&mut World)) {
    let mended = |seed| {
        let mut world = settled(kind, seed);
        trouble(&mut world);
        let mended = world.until(limit * 2, |world| divergence(world).is_none());
        mended.unwrap_or_else(|| panic!("{kind:?} {seed}: {}", divergence(&world).unwrap_or_default()))
    };
    let slowest = (0..SEEDS).map(|seed| (mended(seed), seed)).max();
    assert!(slowest.is_some_and(|(time, _)| time <= limit), "{kind:?}: {slowest:?}");
}

#[test]
fn a_gap_is_made_up_for_as_soon_as_the_next_place_shows_it() {
    worst(Kind::Local, RELIST, |world| {
        unheard(world);
        world.whisper();
    });
}

#[test]
fn a_lost_last_event_is_made_up_for_with_the_next_heartbeat() {
    worst(Kind::Local, Duration::from_secs(15) + RELIST, unheard);
}

#[test]
fn without_sequences_a_lost_event_is_made_up_for_within_a_period() {
    worst(Kind::Hosted, Duration::from_secs(30) + RELIST, unheard);
}

#[test]
fn another_epoch_is_believed_at_once() {
    worst(Kind::Local, RELIST + Duration::from_secs(1), |world| {
        world.server.back_up();
        for _ in 0..5 {
            world.work();
        }
        world.pass(Duration::from_secs(2));
        world.befall(&Fault::Restore);
        world.beat();
    });
}

#[rstest]
#[case(Kind::Local)]
#[case(Kind::Hosted)]
fn a_machine_that_slept_lists_again_within_three_seconds(#[case] kind: Kind) {
    for seed in 0..SEEDS {
        let mut world = settled(kind, seed);
        let sleep = Duration::from_secs(1_800);
        world.befall(&Fault::Sleep(sleep));
        for _ in 0..10 {
            world.work();
        }
        world.pass(sleep);
        let woke = world.now;
        let listed = world.until(Duration::from_secs(3), |world| world.listed_since(woke));
        assert!(listed.is_some(), "{kind:?} {seed}");
        let mended = world.until(RELIST, |world| divergence(world).is_none());
        assert!(mended.is_some(), "{kind:?} {seed}: {}", divergence(&world).unwrap_or_default());
    }
}

#[rstest]
#[case(Kind::Local)]
#[case(Kind::Hosted)]
fn after_a_short_outage_the_streams_stand_within_two_seconds(#[case] kind: Kind) {
    let mut waits: Vec<Duration> = (0..400).map(|seed| reconnect(kind, seed)).collect();
    waits.sort();
    let p95 = waits[waits.len() * 95 / 100];
    assert!(p95 <= Duration::from_secs(2), "{p95:?} of {:?}", waits.last());
}

fn reconnect(kind: Kind, seed: u64) -> Duration {
    let mut world = settled(kind, seed);
    let outage = Duration::from_millis(world.rng().u64(500..10_000));
    world.befall(&Fault::Cut);
    world.pass(Duration::from_millis(100));
    world.befall(&Fault::Parted(outage));
    world.pass(outage);
    world.until(Duration::from_secs(60), World::is_live).unwrap()
}

#[test]
fn a_half_open_socket_is_given_up_within_the_silence_allowed() {
    for seed in 0..SEEDS {
        let mut world = settled(Kind::Local, seed);
        world.befall(&Fault::HalfOpen);
        let live = world.until(Duration::from_secs(30 + 2), World::is_live);
        assert!(live.is_some(), "{seed}");
    }
}

#[rstest]
#[case(Kind::Local)]
#[case(Kind::Hosted)]
fn an_application_that_was_deaf_gets_fresh_lists_for_what_was_dropped(#[case] kind: Kind) {
    for seed in 0..3 {
        let mut world = settled(kind, seed);
        let deaf = Duration::from_secs(5);
        world.befall(&Fault::Deaf(deaf));
        world.whisper();
        world.befall(&Fault::Flood(5_000));
        world.pass(deaf);
        assert!(world.overflows > 0, "{kind:?} {seed}: nothing was dropped");
        let mended = world.until(Duration::from_secs(10), |world| divergence(world).is_none());
        assert!(mended.is_some(), "{kind:?} {seed}");
    }
}

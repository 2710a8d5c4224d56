//! From a seed to what goes wrong, when and for how long.

use std::time::Duration;

use fastrand::Rng;

use super::server::Kind;

/// How long a schedule makes trouble.
pub(super) const TROUBLE: Duration = Duration::from_secs(60);
/// How long the last trouble of a schedule that ends quietly lasts.
const ENDING: Duration = Duration::from_secs(4);
/// How often the server does something meanwhile, on average.
const PACE: Duration = Duration::from_millis(900);

/// What can go wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// All sockets are reset.
    Cut,
    /// All sockets are dead, and nobody is told.
    HalfOpen,
    /// Nothing gets through for a while, and what was sent comes later.
    Parted(Duration),
    /// All sockets are reset, and nothing gets through for a while.
    Outage(Duration),
    /// Frames are lost.
    Lossy(Duration),
    /// All frames are lost.
    Swallowing(Duration),
    /// Frames come twice.
    Repeating(Duration),
    /// Frames overtake each other.
    Swapping(Duration),
    /// Frames are damaged: no JSON, another type, an unknown one.
    Garbling(Duration),
    /// A frame larger than any may be.
    Oversize,
    /// Everything is answered with a status.
    Refusing(Duration, u16),
    /// Calls fail now and then.
    Failing(Duration),
    /// Everything takes up to so much longer.
    Slow(Duration, Duration),
    /// The application reads nothing.
    Deaf(Duration),
    /// So many events at once.
    Flood(u16),
    /// The machine sleeps.
    Sleep(Duration),
    /// The server's data are replaced by an older copy.
    Restore,
    /// The same, and as much was written again as was lost: the places are what they were.
    Rewrite,
}

/// What happens in a schedule by itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cue {
    /// Something goes wrong.
    Fault(Fault),
    /// The server does something.
    Work,
    /// The server keeps a copy of its data.
    BackUp,
    /// The person looks at another run.
    Look(usize),
}

/// The schedule of a seed: offsets from the beginning, in order.
pub(super) fn of(kind: Kind, rng: &mut Rng) -> Vec<(Duration, Cue)> {
    let mut cues = Vec::new();
    let mut at = Duration::ZERO;
    // The server rests before the trouble ends, so that nothing later gives a loss away.
    let rest = TROUBLE.mul_f64(0.2 + 0.8 * rng.f64());
    // In some schedules the server is busy, in others a frame is a rare thing.
    let pace = PACE.mul_f64([0.3, 1.0, 3.0][rng.usize(0..3)]);
    while at < rest {
        cues.push((at, Cue::Work));
        at += pace.mul_f64(rng.f64() * 2.0);
    }
    for _ in 0..rng.usize(1..8) {
        // Half of it happens while the server does the last that it does.
        let last = rest.saturating_sub(Duration::from_millis(rng.u64(0..6_000)));
        let at = if rng.bool() { last } else { TROUBLE.mul_f64(rng.f64()) };
        cues.push((at, Cue::Fault(fault(kind, rng))));
    }
    if rng.bool() {
        end_quietly(kind, rest, &mut cues, rng);
    }
    for _ in 0..rng.usize(1..5) {
        cues.push((rest.mul_f64(rng.f64()), Cue::Look(rng.usize(0..6))));
        cues.push((rest.mul_f64(rng.f64()), Cue::BackUp));
    }
    cues.push((Duration::from_secs(2), Cue::Look(rng.usize(0..6))));
    cues.sort_by_key(|(at, _)| *at);
    cues
}

/// The last that goes wrong hits the last that the server does: nothing that comes after gives away
/// what was missed, so that only what a client compares or reads again by itself can.
fn end_quietly(kind: Kind, rest: Duration, cues: &mut Vec<(Duration, Cue)>, rng: &mut Rng) {
    let begin = rest.saturating_sub(ENDING);
    cues.retain(|(at, cue)| *at < begin || *cue == Cue::Work);
    let a_while = Duration::from_millis(rng.u64(500..4_000));
    let last = match rng.u8(0..5) {
        0 => Fault::Swallowing(ENDING),
        1 => Fault::Outage(a_while),
        2 => Fault::Repeating(ENDING),
        // What follows has the places that were there before.
        3 if kind == Kind::Local => Fault::Rewrite,
        _ => Fault::Cut,
    };
    cues.push((begin, Cue::Fault(last)));
    for _ in 0..4 {
        cues.push((begin + ENDING.mul_f64(rng.f64()), Cue::Work));
    }
}

fn fault(kind: Kind, rng: &mut Rng) -> Fault {
    let a_while = Duration::from_millis(rng.u64(500..20_000));
    match rng.u8(0..20) {
        0 => Fault::Cut,
        1 => Fault::Outage(a_while / 4),
        2 | 3 => Fault::HalfOpen,
        4 => Fault::Parted(a_while),
        5 => Fault::Outage(a_while),
        6 | 7 => Fault::Lossy(a_while),
        8 => Fault::Repeating(a_while),
        9 => Fault::Swapping(a_while),
        10 => Fault::Garbling(a_while),
        11 => Fault::Oversize,
        12 => {
            let status = [401, 403, 404, 429, 429, 500, 503][rng.usize(0..7)];
            Fault::Refusing(a_while, status)
        }
        13 => Fault::Failing(a_while),
        14 => Fault::Slow(a_while, Duration::from_millis(rng.u64(100..4_000))),
        15 => Fault::Deaf(a_while),
        16 if rng.u8(0..32) == 0 => Fault::Flood(rng.u16(4_200..5_000)),
        16 | 17 => Fault::Sleep(Duration::from_secs(rng.u64(11..3_600))),
        // Without an epoch a restore cannot be told from a list that lags.
        18 if kind == Kind::Local => Fault::Restore,
        19 if kind == Kind::Local => Fault::Rewrite,
        _ => Fault::Cut,
    }
}

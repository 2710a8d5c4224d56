//! What the network does to what is on it.

use std::time::Duration;

use fastrand::Rng;

use crate::wire::CallError;

/// The state of the network; calm by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Weather {
    /// New connections and calls fail; what is on open sockets waits.
    pub(super) parted: bool,
    /// Every call and every new socket is answered so.
    pub(super) refusal: Option<CallError>,
    /// The odds of a frame of being lost, of coming twice, of being overtaken, of being damaged.
    pub(super) loses: f64,
    pub(super) repeats: f64,
    pub(super) swaps: f64,
    pub(super) garbles: f64,
    /// Calls that fail although the network stands.
    pub(super) failing: f64,
    /// How much longer everything takes at most.
    pub(super) delay: Duration,
}

impl Weather {
    /// The time that a frame takes.
    pub(super) fn flight(&self, rng: &mut Rng) -> Duration {
        Duration::from_millis(rng.u64(5..80)) + self.delay.mul_f64(rng.f64())
    }

    /// The time that a call takes, one way.
    pub(super) fn walk(&self, rng: &mut Rng) -> Duration {
        Duration::from_millis(rng.u64(10..250)) + self.delay.mul_f64(rng.f64())
    }
}

/// The network's own failure.
pub(super) fn reset() -> CallError {
    CallError::Unreachable { host: "api.example.com".into(), reason: "connection reset".into() }
}

/// Nobody answers.
pub(super) fn unconnected() -> CallError {
    CallError::Unconnected { host: "api.example.com".into(), reason: "no route to host".into() }
}

/// Nobody answers in time.
pub(super) fn silence(after: Duration) -> CallError {
    CallError::TimedOut { host: "api.example.com".into(), after }
}

/// A status that the server answers with.
pub(super) fn status(status: u16, retry_after: Option<Duration>) -> CallError {
    match status {
        401 => CallError::Unauthorized("revoked".into()),
        403 => CallError::Forbidden("no such scope".into()),
        status => {
            CallError::Rejected { status, code: None, message: "not now".into(), retry_after, details: None }
        }
    }
}

//! The client against servers that play a script, over real sockets.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::result_large_err,
    clippy::unwrap_used,
    reason = "the script's own surprises end the test"
)]

mod calls;
#[path = "../support/fake.rs"]
#[allow(dead_code, reason = "each test target uses its own part")]
mod fake;
#[path = "../support/observer.rs"]
#[allow(dead_code, reason = "each test target uses its own part")]
mod observer;
mod settle;
mod watch;

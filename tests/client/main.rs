//! The client against servers that play a script, over real sockets.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::result_large_err,
    clippy::unwrap_used,
    reason = "the script's own surprises end the test"
)]

mod calls;
mod fake;
mod settle;
mod watch;

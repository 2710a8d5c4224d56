//! The engine against real database files, with an executor that does as the test says.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be"
)]

mod agents;
mod children;
mod crash;
mod credits;
mod fake;
mod faults;
mod loops;
mod mcp;
mod runs;
#[path = "../support/shop.rs"]
mod shop;
mod storage;
mod stream;
mod workflows;

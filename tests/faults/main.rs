//! What goes wrong between the client and its server, over real sockets: one test per fault.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::result_large_err,
    clippy::unwrap_used,
    reason = "the script's own surprises end the test"
)]

#[path = "../support/fake.rs"]
#[allow(dead_code, reason = "each test target uses its own part")]
mod fake;
mod front;
#[path = "../support/observer.rs"]
#[allow(dead_code, reason = "each test target uses its own part")]
mod observer;
mod proxies;
mod proxy;
#[path = "../support/mod.rs"]
mod support;
mod tls;

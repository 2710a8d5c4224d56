//! What goes wrong between the client and its server, over real sockets: one test per fault.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::result_large_err,
    clippy::unwrap_used,
    reason = "the script's own surprises end the test"
)]

mod commands;
#[path = "../support/fake.rs"]
#[allow(dead_code, reason = "each test target uses its own part")]
mod fake;
mod front;
mod http;
#[path = "../support/observer.rs"]
#[allow(dead_code, reason = "each test target uses its own part")]
mod observer;
mod proxies;
mod proxy;
mod raw;
mod stream;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod token;

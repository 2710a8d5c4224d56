//! The local runtime over real sockets: routes, the gate, streams, and the data directory.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what these helpers cannot do fails the test that called them"
)]

mod agents;
mod analytics;
#[path = "../support/oauth.rs"]
mod authority;
mod billing;
mod client;
mod connections;
mod directory;
mod gate;
mod mcp;
mod models;
mod oauth;
mod races;
mod routes;
mod runtime;
#[path = "../support/shop.rs"]
mod shop;
mod streams;
mod tokens;
mod triggers;
mod validate;
mod webhooks;
mod whole;

//! arcc, the AgentRuntime Command Center.
#![warn(missing_docs)]
pub mod app;
pub mod config;
pub mod client;
pub mod domain;
pub mod machine;
pub mod mirror;
pub mod platform;
#[cfg(feature = "server")]
pub mod server;
pub mod wire;
pub mod ui;

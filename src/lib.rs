//! arcc, the AgentRuntime Command Center.
#![warn(missing_docs)]
pub mod app;
pub mod domain;
pub mod machine;
pub mod mirror;
pub mod ui;
pub mod wire;

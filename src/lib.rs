//! arcc, the AgentRuntime Command Center.
#![warn(missing_docs)]
pub mod domain;
pub mod machine;
#[cfg(feature = "server")]
pub mod server;
pub mod wire;

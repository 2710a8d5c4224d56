//! arcc, the AgentRuntime Command Center.
#![warn(missing_docs)]
pub mod client;
pub mod domain;
pub mod machine;
pub mod mirror;
pub mod wire;

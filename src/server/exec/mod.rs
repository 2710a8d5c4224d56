//! Carrying out attempts: Lua scripts in sandboxed child processes, tools over MCP, questions to models.
//!
//! ```text
//!   Call ──► LocalExecutor ──► lua::Pool ──► child `arcc lua-worker` (no secrets, no files, limits)
//!                         ├──► mcp::Client ─► session per server URL ─► streamable HTTP
//!                         ├──► llm::Client ─► chat completions of the one provider
//!                         └──► agent::Runner ─► both, in turn, until there is an answer
//! ```
//!
//! Nothing here decides about retries or timeouts of a run; that is the machine's. An attempt
//! ends in an [`Outcome`](crate::machine::Outcome), whatever happened to it.

pub mod agent;
mod credentials;
mod executor;
mod instances;
pub mod llm;
mod local;
pub mod lua;
pub mod mcp;

pub use credentials::{ConnectionFacts, Credential, CredentialError, Credentials, NoCredentials};
pub use executor::{Executor, Notes};
pub use instances::{Binding, InstanceError, Instances, NoInstances};
pub use llm::LlmProvider;
pub use local::{ExecutorOptions, LocalExecutor};
pub use lua::lua_worker_main;

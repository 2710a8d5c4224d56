//! The HTTP and WebSocket surface of the local runtime.
//!
//! Every request, whatever its path, first passes the [`Gate`]: host, origin, token, tenant and
//! project. Handlers then ask the [`Engine`](crate::server::engine::Engine) and write what it says
//! with [`crate::wire::write`]; no state is kept here. Streams read the log, never memory.

mod access;
mod agents;
mod analytics;
mod billing;
mod body;
mod commands;
mod connections;
mod error;
mod feed;
mod gate;
mod llm;
mod mcp;
mod mcp_instances;
mod params;
mod path;
mod pats;
mod router;
mod runs;
mod state;
mod stream;
mod tasks;
mod triggers;
mod turns;
mod validate;
mod versions;
mod webhooks;
mod workflows;

pub use error::ApiError;
pub use gate::{Gate, PROJECT, TENANT};
pub use router::{router, serve};
pub use state::HttpState;

//! Tools over MCP: streamable HTTP, one session per server, opened when first needed.
//!
//! A peer is trusted with nothing: connecting has a deadline, a call has a deadline, an answer has
//! a size limit, redirects are not followed and proxies not asked.

mod address;
mod arguments;
mod client;
mod dial;
mod discovery;
mod error;
mod result;
mod session;

pub use address::{Endpoint, KnownServers, check_address};
pub use client::{Client, Line, Target, Terms};
pub use discovery::{Discovery, ListedTool};
pub use error::ClientError;
pub(super) use error::causes;

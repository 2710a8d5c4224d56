//! The remote port: everything that talks to an AgentRuntime API, hosted or local.
//!
//! [`Client`] makes single calls: reads, and commands, which are sent exactly once; what became of
//! one whose answer was lost, [`Client::settle`] finds out by reading. [`watch()`]
//! keeps a mirror fed: it polls the feed, holds a socket per wanted workflow, fetches the run that
//! is looked at, and reports all of it as [`WatchEvent`](crate::mirror::WatchEvent)s.
//!
//! What to do when is decided by pure parts (`plan` over `stream`, `focus`, `feed`, `backoff`):
//! inputs are data, the time and the randomness are parameters, and the answer is a list of
//! orders. `watch` is the shell that carries the orders out.

mod account;
mod answer;
mod backoff;
mod command;
mod endpoint;
mod feed;
mod find;
mod focus;
mod follow;
mod http;
mod investigate;
mod mcp;
mod network;
mod outbox;
mod paging;
mod plan;
mod reach;
mod reads;
mod route;
mod settle;
mod socket;
mod stream;
mod trust;
mod watch;

pub use endpoint::Endpoint;
pub use find::FindError;
pub use follow::Follow;
pub use http::Client;
pub use mcp::Registered;
pub use network::{Network, Proxy};
pub use paging::{Listed, RunsPage};
pub use reach::{Answered, Reach};
pub use watch::{Interest, Watch, watch};

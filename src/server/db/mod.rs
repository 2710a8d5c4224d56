//! The runtime's database: one SQLite file, an append-only event log and what is derived from it.
//!
//! The log is the truth; `runs` and `tasks` are derived from it and change in the transaction
//! that appends. Functions here take a connection and know nothing of machines or threads:
//! [`open()`] gives the one connection that writes, [`Readers`] those that only read.

pub mod agents;
pub mod analytics;
pub mod children;
pub mod connections;
pub mod credits;
pub mod dry_runs;
pub mod log;
pub mod mcp;
pub mod open;
pub mod pats;
pub mod readers;
pub mod runs;
pub mod tallies;
pub mod tasks;
pub mod triggers;
pub mod uses;
pub mod webhooks;
pub mod workflows;

mod error;
mod record;
mod schema;
mod value;

pub use error::DbError;
pub use open::{Opened, open};
pub use readers::Readers;
pub use record::{
    AgentRecord, ConnectionRecord, DryRun, NewWorkflow, RunQuery, VersionRecord, WorkflowPatch,
    WorkflowRecord, WorkflowStatus,
};

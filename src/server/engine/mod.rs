//! The host of the run machines: it makes their events durable and performs their orders.
//!
//! One thread owns the connection that writes and every live machine. It takes inputs from a
//! bounded channel, up to 256 at a time, and its order is fixed: decide, append to one
//! transaction, commit, perform the orders, wake the watchers, answer the callers. An `Ok` of a
//! write therefore means: on the disk.
//!
//! ```text
//!            requests                       Order::Execute
//! Engine ───────────────► writer thread ───────────────────► calls ──► Executor
//!    │                     │  ▲   │  └────► timers                │
//!    │ reads               │  └───┼───────────┴── Input ──────────┘
//!    ▼                     ▼      └──► hub: last place per workflow ──► streams
//! readers ◄──────────── SQLite
//! ```
//!
//! Nothing polls: an engine without inputs, calls and due timers does not wake up. When the
//! database fails, nothing of the batch is acknowledged, machines go back to what the log says,
//! results and timers are kept and tried again, and reads go on.

mod calls;
mod error;
mod fleet;
mod guard;
mod handle;
mod hub;
mod money;
mod prices;
mod reads;
mod recovery;
mod request;
mod timers;
mod writer;

pub use crate::server::db::credits::{Grant, LedgerCause, LedgerRow};
pub use crate::server::db::{
    DryRun, NewWorkflow, RunQuery, VersionRecord, WorkflowPatch, WorkflowRecord, WorkflowStatus,
};
pub use error::EngineError;
pub use handle::{Engine, WeakEngine};
pub use prices::{PRICES, Price};
pub use request::CreditsOrder;

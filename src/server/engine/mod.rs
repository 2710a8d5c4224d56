//! The host of the run machines: it makes their events durable and performs their orders.
//!
//! Order is fixed: decide, append to one transaction, commit, perform the orders, wake the
//! watchers, answer the callers. An `Ok` of a write therefore means: on the disk.

mod error;
mod handle;

pub use crate::server::db::{
    NewWorkflow, RunQuery, VersionRecord, WorkflowPatch, WorkflowRecord, WorkflowStatus,
};
pub use error::EngineError;
pub use handle::Engine;

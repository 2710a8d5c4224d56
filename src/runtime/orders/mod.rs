//! Commands on the record: a ticket in the journal before each is sent, and what became of it after.
//!
//! Screen and command line send through here, so that both leave the same trace. A command that
//! cannot be recorded is not sent: what an operator did must not depend on memory alone. Who must
//! act on a machine whose disk is full says so with `--no-journal`.

mod entry;
mod send;

pub use entry::{Entry, Origin, Outcome, Record, Ticket, What, records};
pub(in crate::runtime) use send::with_run_id;
pub use send::{Orders, Recalled, RecordId};

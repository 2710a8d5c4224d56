//! The runtime's database: one SQLite file, an append-only event log and what is derived from it.

mod error;

pub use error::DbError;

//! The whole local runtime as one thing to start and stop.
//!
//! A data directory belongs to one process at a time, by an exclusive lock. While it runs, the
//! directory holds, for its user alone (0600 in 0700):
//!
//! - `arcc.lock`: locked; names the process.
//! - `arcc.db`: the engine's database.
//! - `vault.key`: what secrets in the database are sealed with.
//! - `token`: this start's bearer token.
//! - `runtime.json`: where the server listens, so that others [`attach`] instead of starting one.

mod announcement;
mod data_dir;
mod error;
mod options;
mod parts;
mod private_file;
mod server;

pub use announcement::{Announcement, attach};
pub use error::ServeError;
pub use options::ServeOptions;
pub use server::Server;

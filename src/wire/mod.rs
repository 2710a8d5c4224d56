//! The HTTP and WebSocket contract, shared by client and server.
//!
//! [`read`] is the only reader of foreign JSON: tolerant, because field names differ between
//! platform versions and unknown fields must never make a payload unreadable. [`mod@write`] is what
//! the local runtime answers; whatever it writes, [`read`] reads back.

pub mod bundle;
pub mod command;
pub mod error;
pub mod finding;
pub mod frame;
pub mod headers;
pub mod paths;
pub mod read;
pub mod start;
pub mod validation;
pub mod write;

pub use command::{Command, Decision, Publish, Reply};
pub use error::CallError;
pub use finding::Finding;
pub use frame::Frame;
pub use read::Page;
pub use start::{Again, StartRun};

//! What each kind of step does, one file per kind.
//!
//! A kind turns a step and the run's data into [`Prepared`] work: a call for the host, or a
//! question to a person. To add a kind, add its file, its arm in `prepare`, and, where it is a
//! new sort of call, its variant of [`Work`](super::Work).

mod human;
mod llm;
mod lua;
mod mcp;
mod prepare;
mod repeat;
mod unsupported;

pub use lua::LUA_SCRIPT_FAILED;
pub(super) use prepare::{Prepared, prepare};
pub(super) use repeat::restore;

//! What each kind of step does, one file per kind.
//!
//! A kind turns a step and the run's data into [`Prepared`] work: a call for the host, a
//! child run, a question to a person, or a loop. To add a kind, add its file, its arm in `prepare`, and, where it is a
//! new sort of call, its variant of [`Work`](super::Work).

mod agent;
mod child;
mod condition;
mod human;
mod llm;
mod looped;
mod lua;
mod mcp;
mod prepare;
mod repeat;
mod unsupported;

pub(super) use child::ChildWork;
pub(super) use condition::{holds, is_true, passes_over};
pub use lua::LUA_SCRIPT_FAILED;
pub(super) use prepare::{Prepared, prepare};
pub(super) use repeat::restore;

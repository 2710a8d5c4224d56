//! The run machine: what a run does next, as a pure function.
//!
//! State plus [`Input`] gives events plus [`Order`]s. There is no clock, thread, socket or
//! randomness in here: instants come with the input, and orders are performed by a host, which
//! feeds results back. Any host that keeps events in order and delivers each result at least
//! once can drive it: the embedded one in `server`, or a distributed engine.
//!
//! The event log is the only truth. [`Machine::replay`] rebuilds the state from it, so a host
//! never stores a machine; it decides, commits the events, performs the orders, broadcasts.

mod io;

pub use io::{
    Call, EventDraft, Input, Order, Outcome, Reaction, Refusal, StartInput, StepError, TimerKey, Work,
};

//! The run machine: what a run does next, as a pure function.
//!
//! State plus [`Input`] gives events plus [`Order`]s. There is no clock, thread, socket or
//! randomness in here: instants come with the input, and orders are performed by a host, which
//! feeds results back. Any host that keeps events in order and delivers each result at least
//! once can drive it: the embedded one in `server`, or a distributed engine.
//!
//! The event log is the only truth. [`Machine::replay`] rebuilds the state from it, so a host
//! never stores a machine; it decides, commits the events, performs the orders, broadcasts.
//! [`Machine::handle`] changes its state through the same fold, so the two cannot part.
//!
//! Loops are carried out in here: [`Call::step`] of an inner step is a path such as `each[3]/send`,
//! unique within the run, and comes back in [`Input::Finished`], [`Order::Cancel`] and timers; its
//! events carry the public id `each#body#send` and `iteration`.
//!
//! A `workflow_call` is carried out by a run of its own, which the host starts in the transaction of
//! the parent's events: [`Order::StartChild`], [`Input::ChildEnded`]. The child's id follows from the
//! attempt, so it is never started twice, and its end is taken in the transaction of its last event,
//! so it is never lost. Stopping or failing the parent stops the child; pausing the parent holds back
//! what comes after the child, not the child.
//!
//! ```text
//! Input ─► handle ─► Turn ─┬─► emit(event) ─► fold ─► state      (the only code that changes it)
//!                          │        └───────► Reaction.events    (commit these first)
//!                          └─► order ───────► Reaction.orders    (then perform these)
//! ```

mod agent;
mod attempt;
mod children;
mod draft;
mod ending;
mod episode;
mod fold;
mod handle;
mod io;
mod loops;
mod plan;
mod recover;
mod state;
mod tasks;
#[cfg(test)]
mod tests;
mod turn;
mod view;
mod work;

pub use agent::{AWAITING_CONTINUE, AgentWork, Powers, Target, TurnLimit, TurnNote};
pub use attempt::{MAX_RETRY_DELAY, RETRY_DELAY};
pub use draft::MACHINE_VERSION;
pub use ending::DRAIN_TIMEOUT;
pub use episode::{AGENT_HANDOFF_REFUSED, AWAITING_CHAT, AWAITING_EPISODE_CLOSE};
pub use io::{
    Call, Caller, ChildCall, ChildEnd, ConnectionChoice, EventDraft, Failure, Input, Order, Outcome,
    Reaction, Refusal, StartInput, StepError, TimerKey, Work,
};
pub use loops::REVIEW_TASK;
pub use recover::RECOVERY_TASK;
pub use state::Machine;
pub use view::{AWAITING_CHILD_TASK, AWAITING_HUMAN_TASK};
pub use work::LUA_SCRIPT_FAILED;

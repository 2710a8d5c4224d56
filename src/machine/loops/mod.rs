//! Loops: a body of steps for each item of a list, or until a condition holds.
//!
//! Each iteration has a [`Lane`], numbered like a step after the steps of the graph, so attempts,
//! retries, time limits and recovery are those of any step. A lane carries out the inner steps of
//! the body one after the other, in the order of their dependencies, then of the author.
//!
//! An inner step has two names. Events say `each#body#send` with the `iteration`, counted from 0;
//! orders, timers, tasks and idempotency keys say `each[3]/send`, which no other attempt shares.
//!
//! The fold opens iterations, at most `for_each_max_parallel` at a time, so they need no events of
//! their own. An iteration that began ends whole: what it never started is skipped as blocked.
//! A loop is never tried again as a whole; its inner steps are. While the run is paused a loop
//! decides nothing. In a graceful stop no inner step begins: a loop with work left is cancelled.
//!
//! When an inner step fails for good, `for_each_error_policy` says what follows:
//!
//! | policy | |
//! |---|---|
//! | `fail_fast` | the loop and with it the run fails |
//! | `continue_on_error` | the item is noted as failed, the other items go on |
//! | `pause` | the same, and the run is paused; resuming goes on with the other items |
//! | `human_review` | a person says: approve tries the step again, reject fails the loop; a result field `action` of `retry`, `skip` or `fail` says it plainly |

mod advance;
mod body;
mod failing;
mod lane;
mod open;
mod result;
mod scope;

pub(super) use body::{Body, MAX_ITEMS};
pub use failing::REVIEW_TASK;
pub(super) use lane::{Lane, LoopState};
pub(super) use scope::View;

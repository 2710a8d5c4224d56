//! Runs the terminal program: input, reports of the client port and timers become messages,
//! messages change the model, effects are carried out, and what changed is drawn.
//!
//! This is the only place where the screen's tasks are spawned. The loop awaits nothing but
//! "what comes next": requests answer by message.

mod effects;
mod event_loop;
mod input;
pub mod orders;

pub use event_loop::{Left, Outcome, Program, run};
pub use orders::Orders;

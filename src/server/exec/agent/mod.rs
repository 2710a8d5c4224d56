//! Agents: a model that uses tools until it has an answer.
//!
//! ```text
//!   prompt ──► model ──► calls? ──no──► result {message, turn_id, result{done?, handoff?}, …}
//!                ▲         │yes
//!                └─ answers ┴──► tools over MCP, or `finish` and `handoff`, which end the turn
//! ```
//!
//! A turn has a number of rounds, a time limit, and a size: of the conversation, of every answer that
//! goes into it, of the calls in one reply. What a tool answers is only ever an answer: an error of a
//! tool is told to the model, which may try something else. `finish` and `handoff` exist in episodes
//! alone, and only name steps that can be handed to; the machine decides about them all the same.
//!
//! A turn breaks off as a whole. After a crash it is repeated only if each tool that it may use declares
//! that a repeated call does no harm; a call that is made again then has the same idempotency key.

mod control;
mod definition;
mod error;
mod history;
mod library;
mod toolbox;
mod turn;

pub use definition::{AgentDefinition, ToolBinding};
pub use error::AgentError;
pub use library::{Agents, NoAgents};
pub use turn::{Runner, Terms};

/// The most that a line of an event tells of foreign text, in characters.
const LINE: usize = 200;

/// Foreign text in one line, cut.
fn line(text: &str) -> String {
    let start: String = text.chars().take(LINE).map(|ch| if ch.is_control() { ' ' } else { ch }).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

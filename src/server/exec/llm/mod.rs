//! Questions to a model, over any endpoint that speaks OpenAI's chat completions.
//!
//! The provider and its key come from the environment, as a pair, or from the connection that a step
//! names: a key is only ever sent to the address that stands beside it. It appears in no error, no log
//! and no `Debug`.
//!
//! A peer is trusted with nothing: connecting has a deadline, an answer has a deadline and a size
//! limit, redirects are not followed, and plain HTTP is for this machine alone.

mod answer;
mod client;
mod conversation;
mod error;
mod provider;
mod question;

pub use client::{Client, MAX_BODY_BYTES};
pub use conversation::{Conversation, Reply, ToolCall};
pub use error::LlmError;
pub use provider::LlmProvider;
pub use question::Question;

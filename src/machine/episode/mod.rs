//! Episodes: runs in which agents, not the graph alone, say which steps take part.
//!
//! A graph with a gated step (`no_auto_start`) runs as an episode. A step that is not gated comes into
//! scope with the last of the steps it depends on; a gated one by an entry grant (`trigger_steps` of
//! the start) or by a handoff. Steps outside of the scope never begin. An episode is closed by an agent
//! that is `done`, or when a step marked `terminal` completes. Then what is outside of the scope, and
//! what waits for such a step, is skipped as `out_of_scope`, and the run completes once the rest has
//! ended. One that nothing closes stays open: its run is `running` with the phase
//! [`AWAITING_EPISODE_CLOSE`], and only a stop ends it.
//!
//! # Handoffs
//!
//! The result of an agent may hold `handoff: {to, payload}`. What is given to the target, by a grant
//! or a handoff, is found as `input._steps.<target>`: fields of an object are laid over what is there
//! already, any other value takes its place. An agent gets it with its prompt, and a field `prompt` in
//! place of its own prompt; a human task shows it as `handoff`.
//!
//! - To a step that does not exist, to itself, or past the target's `input_allowlist`: the step fails
//!   with [`AGENT_HANDOFF_REFUSED`].
//! - To a step that has begun or ended or is switched off, after the close, beside `done`, or in a
//!   graph that is no episode: nothing comes of it, and `step_completed` says why in `handoff_ignored`.
//!
//! # Chat
//!
//! A run that was started with the trigger type `chat` is a chat session. An agent in it that neither
//! is done nor hands off ends its turn, and the run is paused as [`AWAITING_CHAT`] until it is resumed.

mod handoff;
mod scope;

pub use handoff::AGENT_HANDOFF_REFUSED;
pub(super) use handoff::refused;
pub(super) use scope::Episode;

/// The phase of a run in which nothing is left to do but what nobody has handed off.
pub const AWAITING_EPISODE_CLOSE: &str = "awaiting_episode_close";

/// Why a chat session is paused between turns; also its phase.
pub const AWAITING_CHAT: &str = "awaiting_chat";

//! What a workspace has: credits, tokens, triggers.

mod args;
mod run;

pub(super) use args::{CreditsCommand, TokensCommand, TriggersCommand};
pub(super) use run::{credits, tokens, triggers};

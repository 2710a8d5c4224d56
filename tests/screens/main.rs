//! What an operator sees: text of every screen and state, its key styles, and what must never be seen.

mod corpus;
mod diagnosis;
mod home;
mod overlays;
mod run;
mod safety;
#[expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]
#[allow(dead_code, reason = "the bench of frames uses the rest")]
mod stage;

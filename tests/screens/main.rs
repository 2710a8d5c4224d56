//! What an operator sees: text of every screen and state, its key styles, and what must never be seen.

#[expect(clippy::unwrap_used, reason = "a picture that cannot be made fails its test")]
mod corpus;
#[expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]
mod diagnosis;
mod home;
#[expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]
mod mend;
mod overlays;
#[expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]
mod reruns;
mod run;
mod safety;
#[expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]
#[allow(dead_code, reason = "the bench of frames uses the rest")]
mod stage;
#[cfg(unix)]
#[expect(clippy::unwrap_used, reason = "a terminal that cannot be had fails its test")]
mod tmux;

//! What an operator sees: text of every screen and state, its key styles, and what must never be seen.

mod home;
mod overlays;
mod run;
mod safety;
mod stage;

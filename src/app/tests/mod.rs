//! Drives `update` with keys and reports, as the runtime does.

mod answers;
mod bundle;
mod churn;
mod decisions;
mod diagnosis;
mod editing;
mod failures;
mod family;
mod guards;
mod home;
mod kit;
mod mend;
mod overlays;
mod past;
mod reruns;
mod run_screen;
mod upkeep;

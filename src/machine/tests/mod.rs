//! The machine's rules, one file per theme, and properties over random graphs.

mod agents;
mod children;
mod control;
mod driver;
mod episodes;
mod failing;
mod human;
mod loops;
mod properties;
mod recovery;
mod repeats;
mod running;

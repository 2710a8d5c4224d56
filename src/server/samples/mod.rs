//! Sample workflows, and a gentle driver that keeps something happening in them.
//!
//! A fresh runtime has nothing to show. [`install()`] adds the workflows of `assets/workflows`, and
//! [`drive()`] starts, holds and drains runs of them, so that approvals wait, something drains,
//! something runs and something has failed. It touches only runs that it started (their trigger
//! is `sample`), keeps to small numbers, and stops when it is told.

mod catalog;
mod drive;
mod engine;
mod error;
mod install;
mod plan;

pub use catalog::{SAMPLES, Sample};
pub use drive::drive;
pub use engine::{SampleEngine, SampleRun};
pub use error::SamplesError;
pub use install::{Installed, install};
pub use plan::{Move, Plan, Scene};

/// Whether the sample workflows are installed and kept moving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// They are.
    On,
    /// They are not.
    Off,
}

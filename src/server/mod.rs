//! The embedded local runtime.

pub mod exec;
pub mod samples;
pub mod tools;

//! The embedded local runtime: it executes workflow runs on this machine and answers the
//! platform's HTTP and WebSocket contract on the loopback interface.

pub mod access;
pub mod db;
pub mod egress;
pub mod engine;
pub mod exec;
pub mod http;
pub mod registry;
pub mod samples;
pub mod serve;
pub mod tools;
pub mod validation;

//! Lua scripts: untrusted code, so each runs in a child process that has nothing worth stealing.
//!
//! The child is this program, started as `arcc lua-worker` with an empty environment, in `/`,
//! under resource limits, and on Linux behind Landlock and a seccomp filter where the kernel has them.
//! It says first how far it is confined, then reads one JSON request per line and writes one JSON
//! reply per line.
//! Inside of it each script gets a fresh Lua state with allow-listed globals and a memory limit.
//! A hook inside of Lua cannot stop every script (protected-call loops and pathological patterns
//! outlive it), so the deadline is kept from outside, with SIGKILL.

mod budget;
mod confinement;
mod decode;
mod encode;
mod limits;
mod pool;
mod process;
mod protocol;
mod sandbox;
mod syntax;
mod worker;

pub use confinement::{Confinement, Lock};
pub use limits::{DEFAULT_TIME, LONGEST_TIME, MAX_RESULT_BYTES, MAX_SOURCE_BYTES, MEMORY_BYTES, time_limit};
pub use pool::{Pool, ScriptFailure, WORKERS};
pub use protocol::NO_TABLE;
pub use syntax::compile;
pub use worker::lua_worker_main;

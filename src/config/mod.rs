//! Settings: a file, the environment and flags, merged into whom to talk to and how.
//!
//! Flags win over the environment, the environment over the file. A token never comes from a
//! flag, and never goes to another origin than the one it was given for.

mod error;
mod file;
mod guardrail;
mod profile;
mod proxy;

pub use error::ConfigError;
pub use file::{ConfigFile, FileProfile, Loaded, ProfileKind, ThemeChoice};
pub use guardrail::{Confirm, GUARDED, Guardrail, ReasonRule};
pub use profile::{Environment, Flags, Remote, Target, TokenSource, resolve};
pub use proxy::ProxyChoice;

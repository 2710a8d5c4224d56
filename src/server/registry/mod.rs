//! MCP servers and instances: registering, discovering, wiring and validating them.
//!
//! ```text
//!   register ─► discover ─► version (accepted tools) ─► instance ─► profile ─► connection
//!                  │                                       ▲
//!                  └── a real session with the server      └── what a step's `instance_id` means
//! ```
//!
//! [`Registry`] is what the API asks; [`Lookup`] is what the executor asks for each call. A step is
//! validated against the accepted tools, and called with the arguments that the live server wants.

mod body;
mod changes;
mod checks;
mod directory;
mod error;
mod examine;
mod instances;
mod lookup;
mod overrides;
mod profiles;
mod servers;
mod shipped;
mod write;

pub use changes::Changes;
pub use checks::{CheckOutcome, CheckStatus, Examination};
pub use error::RegistryError;
pub use examine::Smoke;
pub use instances::{Instance, NewInstance, Wanted};
pub use lookup::Lookup;
pub use profiles::{NewProfile, ProfilePatch};
pub use servers::{NewServer, NewVersion, Registry};
pub use shipped::catalog_entry;
pub use write::{instance, profile, resolution, server, tools, version};

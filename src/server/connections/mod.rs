//! Connections: what the runtime may say of itself to tools and models, and the secrets for it.
//!
//! A connection's record says its name, where it stands, and how its secret is sent; the secret
//! itself is sealed ([`vault`](crate::server::vault)), in a table of its own. It leaves this module
//! as the one header of a call, and in no other way: no route returns it, and no error, event or log
//! line holds it.
//!
//! A connection becomes `needs_reconnect` when a server refuses it or its token can no longer be
//! refreshed. It becomes `active` again when its secrets are replaced, when it is authorized anew,
//! or when a validation saw it work. Until then it is still sent where it is used: the server's own
//! refusal says more than this runtime's memory of one.

mod credentials;
mod delivery;
mod error;
mod models;
mod new;
mod oauth;
mod secrets;
mod store;

pub use delivery::Delivery;
pub use error::ConnectionError;
pub use models::{LLM, holds_models, models_at};
pub use new::{ConnectionPatch, NewConnection};
pub use oauth::Authorization;
pub use store::Connections;

/// Where a connection that can be used stands.
pub(in crate::server) const ACTIVE: &str = "active";
/// Where a connection that was refused stands.
pub(in crate::server) const NEEDS_RECONNECT: &str = "needs_reconnect";
/// The kind of connection whose secret comes from an authorization server.
pub(in crate::server) const OAUTH: &str = "oauth";

//! Who may do what: roles, scopes, and the tokens that carry them.
//!
//! A request is judged twice: the token's scopes say what it may be used for, its role what its
//! holder may do. Both must allow it.

mod keyring;
mod rights;
mod token;

pub use keyring::{Caller, Keyring, Lookup, PatRecord};
pub use rights::{Rights, Role, SCOPES, Scopes};
pub use token::{digest, fresh, same};

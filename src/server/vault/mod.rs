//! Secrets at rest: sealed in the database, under a key that lies in a file of its own.
//!
//! `vault.key` holds 256 random bits and is made with the data directory: 0600,
//! a plain file, its owner's alone. A secret is sealed with XChaCha20-Poly1305 under a random nonce
//! and bound to the name of its owner, so that a row put in another's place does not open. Whoever
//! has the database without the key file has nothing; a backup should keep the two apart.

mod error;
mod key;
mod seal;

pub use error::VaultError;
pub use seal::Vault;

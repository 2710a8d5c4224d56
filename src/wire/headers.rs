//! Header names of the contract.

/// The workspace's slug.
pub const TENANT: &str = "x-tenant-id";
/// The project's id.
pub const PROJECT: &str = "x-project-id";

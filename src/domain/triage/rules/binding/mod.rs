//! How the step that matters reaches its tool: instance, profile, connection, overrides.

pub(super) mod connection;
pub(super) mod instance;
pub(super) mod overrides;

//! MCP servers, their published tool lists, and the instances that workflows bind to.
//!
//! ```text
//!   server 1 ── n version (tools as they were discovered and accepted; one is active)
//!     │
//!     └── n instance 1 ── n profile (how it is wired; exactly one is active, where there is any)
//!
//!   workflow 1 ── n override (instance → connection, in place of the profile's)
//! ```

pub mod instances;
pub mod overrides;
pub mod profiles;
pub mod servers;

mod record;

pub use record::{InstanceRecord, Override, ProfileRecord, ServerRecord, ServerStatus, ServerVersion};

/// The tables; part of the schema.
pub(super) const TABLES: &str = "
CREATE TABLE mcp_servers (
    id              TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    service         TEXT NOT NULL,
    canonical_url   TEXT NOT NULL UNIQUE,
    description     TEXT NOT NULL,
    mode            TEXT NOT NULL,
    auth_mode       TEXT NOT NULL,
    active_version  INTEGER,
    -- What the last discovery listed, until a version is made of it.
    discovered      TEXT,
    discovered_at   INTEGER,
    last_validation TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mcp_server_versions (
    server_id     TEXT NOT NULL REFERENCES mcp_servers (id),
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    config_schema TEXT NOT NULL,
    tools         TEXT NOT NULL,
    PRIMARY KEY (server_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE mcp_instances (
    id              TEXT PRIMARY KEY,
    server_id       TEXT NOT NULL REFERENCES mcp_servers (id),
    name            TEXT NOT NULL,
    last_validation TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mcp_instances_of_server ON mcp_instances (server_id);

CREATE TABLE mcp_profiles (
    id          TEXT PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES mcp_instances (id),
    name        TEXT NOT NULL,
    active      INTEGER NOT NULL,
    source_spec TEXT NOT NULL,
    config      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (instance_id, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mcp_profiles_active ON mcp_profiles (instance_id) WHERE active = 1;

CREATE TABLE connection_overrides (
    workflow_id   TEXT NOT NULL REFERENCES workflows (id),
    instance_id   TEXT NOT NULL REFERENCES mcp_instances (id),
    connection_id TEXT NOT NULL,
    PRIMARY KEY (workflow_id, instance_id)
) STRICT, WITHOUT ROWID;
";

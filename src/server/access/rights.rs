//! Roles and scopes.

use std::collections::BTreeSet;

/// What the holder of a token is in the project, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    ProjectViewer,
    /// Works: starts and controls runs, decides tasks, edits workflows.
    ProjectContributor,
    /// Runs the project.
    ProjectAdmin,
    /// Runs the workspace: money above all.
    TenantAdmin,
}

impl Role {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 4] =
        [Self::ProjectViewer, Self::ProjectContributor, Self::ProjectAdmin, Self::TenantAdmin];

    /// The platform's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProjectViewer => "project_viewer",
            Self::ProjectContributor => "project_contributor",
            Self::ProjectAdmin => "project_admin",
            Self::TenantAdmin => "tenant_admin",
        }
    }

    /// Reads the platform's word.
    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == raw)
    }
}

/// The scopes that a token may have: the platform's, and `billing:write` and `pat:write`, which are
/// this runtime's own because the platform publishes none for those routes.
pub const SCOPES: [&str; 24] = [
    "workflow:read",
    "workflow:run",
    "workflow:edit",
    "mcp:read",
    "mcp:write",
    "mcp:execute",
    "webhook:manage",
    "vault:read",
    "vault:write",
    "pat:read",
    "pat:write",
    "llm:read",
    "llm:write",
    "analytics:read",
    "billing:read",
    "billing:write",
    "agent:read",
    "agent:write",
    "memory:read",
    "memory:write",
    "chat:read",
    "chat:write",
    "work:read",
    "work:write",
];

/// What a token may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// Everything: the token of the runtime's own start.
    All,
    /// These.
    Only(BTreeSet<&'static str>),
}

impl Scopes {
    /// Reads words; the first that is no scope is given back.
    ///
    /// # Errors
    /// The word that is no scope.
    pub fn parse<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, &'w str> {
        let known = |word: &'w str| SCOPES.into_iter().find(|scope| *scope == word).ok_or(word);
        words.into_iter().map(known).collect::<Result<_, _>>().map(Self::Only)
    }

    /// Whether one is among them.
    pub fn have(&self, scope: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(scopes) => scopes.contains(scope),
        }
    }

    /// Each by name.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Self::All => SCOPES.to_vec(),
            Self::Only(scopes) => scopes.iter().copied().collect(),
        }
    }
}

/// What a token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// What its holder is.
    pub role: Role,
    /// What it may be used for.
    pub scopes: Scopes,
}

impl Rights {
    /// Everything: whoever can read the data directory owns the runtime.
    pub const OWNER: Self = Self { role: Role::TenantAdmin, scopes: Scopes::All };
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn roles_are_ordered_and_read_back() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("owner"), None);
    }

    #[test]
    fn unknown_scopes_are_named() {
        let scopes = Scopes::parse(["workflow:read", "mcp:read"]).unwrap();
        assert!(scopes.have("mcp:read") && !scopes.have("mcp:write"));
        assert_eq!(Scopes::parse(["workflow:read", "root"]), Err("root"));
        assert!(SCOPES.iter().all(|scope| Scopes::All.have(scope)));
    }
}

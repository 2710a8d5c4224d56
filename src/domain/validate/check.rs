//! The checks by name, and how each can end.

/// One check of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// The envelope: a list of steps with ids and types, and episodes that can end.
    Graph,
    /// Types of steps and of their fields.
    GraphSchema,
    /// What steps wait for: unknown steps and cycles.
    Dependencies,
    /// Fields that a type needs, and their limits.
    StepConfig,
    /// The paths of templates, against what the graph, the input and the run can offer.
    Templates,
    /// That Lua scripts compile; they are not run.
    LuaSyntax,
    /// That tool calls name a tool and a server.
    McpBindings,
    /// What switched-off steps leave unset.
    DisabledSteps,
    /// The input's schema, and the trigger payload against it.
    InputSchema,
    /// Running Lua scripts on fixtures.
    LuaFixture,
    /// Columns of tenant data that steps write.
    TenantdataUpsert,
    /// Looking up instances and tools with a tenant's resolver.
    McpResolve,
    /// Running mappers on fixtures.
    MapperFixtures,
}

impl Check {
    /// Every check, in the order in which they are performed.
    pub const ALL: [Self; 13] = [
        Self::Graph,
        Self::GraphSchema,
        Self::Dependencies,
        Self::StepConfig,
        Self::Templates,
        Self::LuaSyntax,
        Self::McpBindings,
        Self::DisabledSteps,
        Self::InputSchema,
        Self::LuaFixture,
        Self::TenantdataUpsert,
        Self::McpResolve,
        Self::MapperFixtures,
    ];

    /// The platform's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::GraphSchema => "graph_schema",
            Self::Dependencies => "dependencies",
            Self::StepConfig => "step_config",
            Self::Templates => "templates",
            Self::LuaSyntax => "lua_syntax",
            Self::McpBindings => "mcp_bindings",
            Self::DisabledSteps => "disabled_steps",
            Self::InputSchema => "input_schema",
            Self::LuaFixture => "lua_fixture",
            Self::TenantdataUpsert => "tenantdata_upsert",
            Self::McpResolve => "mcp_resolve",
            Self::MapperFixtures => "mapper_fixtures",
        }
    }

    /// Reads the platform's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == word)
    }

    /// Whether it is performed when the request does not say which checks are. Of the two others, one
    /// is when there is a registry, the other when there are fixtures.
    pub fn is_default(self) -> bool {
        !matches!(self, Self::McpResolve | Self::MapperFixtures)
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// It found no error; there may be warnings.
    Passed,
    /// It found an error.
    Failed,
    /// It could not be performed, because the graph has no steps to look at.
    Blocked,
    /// There was nothing to check, or not what it takes; the reason, in one sentence.
    NotApplicable(&'static str),
}

impl CheckResult {
    /// The platform's word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::NotApplicable(_) => "not_applicable",
        }
    }

    /// Why it was not applicable.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::NotApplicable(reason) => Some(reason),
            Self::Passed | Self::Failed | Self::Blocked => None,
        }
    }
}

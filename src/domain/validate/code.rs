//! The machine words of issues.

use super::Severity;

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $word:literal, $severity:ident;)+) => {
        /// What is wrong, as a machine word. The platform publishes some of the words; where it does
        /// not, the word is this runtime's own, and its documentation says so.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])+ $name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Whether it keeps a graph from being ready: every error does, and a warning that says
            /// that something could not be checked, or is not executed here.
            pub fn blocks(self) -> bool {
                let blocking = [
                    Self::McpToolInputSchemaUnavailable,
                    Self::TenantdataSchemaUnavailable,
                    Self::StepTypeNotExecuted,
                ];
                self.severity() == Severity::Error || blocking.contains(&self)
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    /// A path of a template leads nowhere. Published.
    TemplateUnresolved = "template_unresolved", Error;
    /// A template reads a step that need not have ended by then. Published.
    TemplateMissingDependency = "template_missing_dependency", Error;
    /// The template that gives a loop its items leads nowhere. Published.
    ForEachItemsUnresolved = "for_each_items_unresolved", Error;
    /// A loop's items are no list, or too many. Published.
    ForEachItemsInvalid = "for_each_items_invalid", Error;
    /// A step asks for the principal's connection and pins another one. Published.
    McpConnectionResolutionConflict = "mcp_connection_resolution_conflict", Error;
    /// A field has a value that its place does not take. Published.
    GraphSchemaValidation = "graph_schema_validation", Error;
    /// An episode has no step that could close it. Published.
    EpisodeC3SpineWithoutClose = "episode_c3_spine_without_close", Error;
    /// A step's `input_allowlist` names a step that does not exist. Own.
    InputAllowlistUnknown = "input_allowlist_unknown", Error;
    /// A step names an agent that the runtime does not have. Own.
    AgentUnknown = "agent_unknown", Error;
    /// A step is of a type that the platform may execute and this runtime refuses; it blocks readiness.
    /// Own.
    StepTypeNotExecuted = "step_type_not_executed", Warning;
    /// A step's connection is only known once its principal is. Published.
    McpConnectionResolutionPrincipal = "mcp_connection_resolution_principal", Warning;
    /// Arguments of a tool are only known when it is called. Published.
    McpToolArgDeferred = "mcp_tool_arg_deferred", Warning;
    /// A tool's input schema is not known, so its arguments cannot be checked; keeps a graph from
    /// being ready. Published.
    McpToolInputSchemaUnavailable = "mcp_tool_input_schema_unavailable", Warning;
    /// A resolver of inputs names no model. Published.
    InputResolverNoModel = "input_resolver_no_model", Warning;
    /// A script that was tried out returned no table. Published.
    LuaFixtureReturnType = "lua_fixture_return_type", Error;
    /// A script failed on the scope that was given for it. Published.
    LuaFixtureRuntime = "lua_fixture_runtime", Warning;
    /// A script did not return the row that a fixture expects. Published.
    MapperFixtureFailed = "mapper_fixture_failed", Error;
    /// No row sets a column that an upsert writes. Published.
    TenantdataUpsertColumnMissing = "tenantdata_upsert_column_missing", Error;
    /// Where written rows come from cannot be told. Published.
    TenantdataRowsUntraced = "tenantdata_rows_untraced", Warning;
    /// Tenant data is written, and its schema is not known; keeps a graph from being ready. Published.
    TenantdataSchemaUnavailable = "tenantdata_schema_unavailable", Warning;
    /// `connection.<field>` is ambiguous where several instances are bound. Published.
    ConnectionRootMultiInstance = "connection_root_multi_instance", Warning;

    /// An instance is not installed here. Own.
    McpInstanceUnresolved = "mcp_instance_unresolved", Error;
    /// An instance is installed, and its calls would fail now. Own.
    McpInstanceNotReady = "mcp_instance_not_ready", Warning;
    /// A server does not offer that tool. Own.
    McpToolUnknown = "mcp_tool_unknown", Error;
    /// A tool needs an argument that the step does not give. Own.
    McpToolArgMissing = "mcp_tool_arg_missing", Error;
    /// An argument is of the wrong type or value, or none that the tool takes. Own.
    McpToolArgInvalid = "mcp_tool_arg_invalid", Error;
    /// An argument that the tool does not declare, though it may take it. Own.
    McpToolArgUnknown = "mcp_tool_arg_unknown", Warning;

    /// There is no list of steps. Own.
    GraphStepsMissing = "graph_steps_missing", Error;
    /// The list of steps is empty: a run would complete without doing anything. Own.
    GraphEmpty = "graph_empty", Warning;
    /// A step is no object. Own.
    StepInvalid = "step_invalid", Error;
    /// Two steps share an id. Own.
    StepIdDuplicate = "step_id_duplicate", Error;
    /// A step lacks a field that it needs. Own.
    StepFieldMissing = "step_field_missing", Error;
    /// A step's type is unknown. Own.
    StepTypeUnknown = "step_type_unknown", Error;
    /// A step's type, or a field, was removed from the platform. Own.
    StepTypeLegacy = "step_type_legacy", Error;
    /// A placeholder of an import file was never replaced. Own.
    PlaceholderUnmapped = "placeholder_unmapped", Error;
    /// A loop within a loop, or a step that loops cannot hold. Own.
    LoopBodyInvalid = "loop_body_invalid", Error;
    /// A step calls a workflow that does not exist. Own.
    WorkflowCallUnknown = "workflow_call_unknown", Error;
    /// A step calls a workflow that has no published version, or was put away. Own.
    WorkflowCallUnpublished = "workflow_call_unpublished", Error;
    /// A step calls the workflow that it belongs to. Own.
    WorkflowCallRecursive = "workflow_call_recursive", Error;
    /// A step depends on one that does not exist. Own.
    DependencyUnknown = "dependency_unknown", Error;
    /// Steps wait for each other. Own.
    DependencyCycle = "dependency_cycle", Error;
    /// A step names the same dependency twice. Own.
    DependencyRepeated = "dependency_repeated", Warning;
    /// Nested or doubled braces; they would stay in the text. Own.
    TemplateBraces = "template_braces", Error;
    /// Braces that hold no template or never close; they stay in the text. Own.
    TemplateLiteralBraces = "template_literal_braces", Warning;
    /// A template reads a step that is switched off, and has no default. Own.
    TemplateReadsDisabledStep = "template_reads_disabled_step", Warning;
    /// A Lua script does not compile. Own.
    LuaSyntax = "lua_syntax", Error;
    /// A Lua script is longer than 64 KiB. Own.
    LuaSourceTooLarge = "lua_source_too_large", Error;
    /// A Lua script holds a template; scripts are not expanded. Own.
    LuaTemplateIgnored = "lua_template_ignored", Warning;
    /// The input's schema is none. Own.
    InputSchemaInvalid = "input_schema_invalid", Error;
    /// The trigger payload does not fit the input's schema. Own.
    InputPayloadMismatch = "input_payload_mismatch", Error;
}

//! Checking a graph before it runs.
//!
//! [`validate()`] runs a table of checks, one file each, over a graph as its author wrote it, so
//! that a graph which cannot even be parsed for running is still told everything that is wrong
//! with it. Every finding is an [`Issue`] with a [`Code`]; errors, and a few warnings, keep the
//! graph from being ready.
//!
//! What needs more than the graph is given from outside: the Lua compiler as a function; the trigger
//! payload, mocked results, the registry ([`Directory`]) and what scripts returned when they were
//! tried out ([`trials()`]) as values. Without them their check is not applicable, and the report
//! says why.

mod agents;
mod check;
mod code;
mod dependencies;
mod directory;
mod disabled_steps;
mod episode;
mod fields;
mod graph;
mod graph_schema;
mod input_schema;
mod issue;
#[cfg(test)]
mod lookup_tests;
mod lua_syntax;
mod mcp_bindings;
mod mcp_resolve;
mod report;
mod run;
mod scope;
mod shape;
mod step_config;
mod subject;
mod templates;
mod tenantdata;
#[cfg(test)]
mod tests;
mod trial;
mod workflow_calls;

pub use check::{Check, CheckResult};
pub use code::Code;
pub use directory::{Directory, KnownInstance, KnownServer};
pub use fields::schema_text;
pub use issue::{Issue, Severity};
pub use lua_syntax::{LuaCompiler, LuaFault};
pub use report::{Readiness, Report};
pub use run::{Options, Unusable, validate};
pub use trial::{Trial, TrialEnd, trials};
pub use workflow_calls::{Callee, Callees};

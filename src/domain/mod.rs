//! The nouns and rules of the platform, pure: no clock, no socket, no thread.
//!
//! JSON appears here only as an opaque payload ([`serde_json::Value`]); reading foreign JSON
//! is the business of [`crate::wire`]. "Now" is always a parameter.

pub mod child_call;
pub mod clock;
pub mod comparison;
pub mod consequence;
pub mod context;
pub mod credits;
pub mod digest;
pub mod document;
pub mod draft;
pub mod drawing;
pub mod event;
pub mod failure;
pub mod failures;
pub mod graph;
pub mod history;
pub mod ids;
pub mod import;
pub mod input;
pub mod run;
pub mod schema;
pub mod series;
pub mod step;
pub mod task;
pub mod template;
pub mod text;
pub mod timeline;
pub mod tree;
pub mod triage;
pub mod validate;
pub mod workflow;

pub use clock::Timestamp;
pub use credits::{Balance, Bucket, Credits, Usage};
pub use digest::Digest;
pub use event::{EventKind, RunEvent};
pub use failure::FailureCode;
pub use graph::{Graph, StepSpec};
pub use history::{ChildRun, RunHistory, StepState};
pub use ids::{AgentId, EventId, RunId, StepId, TaskId, WorkflowId};
pub use run::{Drain, ParentStep, Phase, Principal, Progress, Run, RunClass, RunStatus, StopMode};
pub use step::{SkipReason, StepKind, StepStatus};
pub use task::{PendingTask, Verbatim};
pub use workflow::{Workflow, WorkflowVersion};

//! Workflows and their published versions.

use std::sync::Arc;

use super::{Graph, Timestamp, WorkflowId};

/// A workflow as listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// The workflow.
    pub id: WorkflowId,
    /// Its name.
    pub name: Box<str>,
    /// What it is for.
    pub description: Box<str>,
    /// `draft`, `published`, `archived`, … as the server says.
    pub status: Box<str>,
    /// The highest published version, if any.
    pub latest_version: Option<u64>,
    /// The draft graph, where the reply carries one that can be read.
    pub graph: Option<Arc<Graph>>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// A published, immutable version.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowVersion {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// Its number, counted from 1.
    pub version: u64,
    /// What the author said of it.
    pub changelog: Box<str>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// The graph as published, if it can be read.
    pub graph: Option<Arc<Graph>>,
}

impl WorkflowVersion {
    /// The one that new runs take.
    pub fn latest(versions: Vec<Self>) -> Option<Self> {
        versions.into_iter().max_by_key(|version| version.version)
    }
}

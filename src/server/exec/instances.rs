//! What the executor needs from whoever keeps the registry: where an instance is, and over which
//! connection it is called.

use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use crate::domain::WorkflowId;

/// How an instance is to be called by a workflow. Nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The instance.
    pub instance: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// The slug of its server, such as `acme_crm`.
    pub service: Box<str>,
    /// The server's address, or the name that a known server is called by.
    pub address: Box<str>,
    /// The name of its active config profile.
    pub profile: Option<Box<str>>,
    /// The connection that the active profile is wired to.
    pub connection: Option<Box<str>>,
    /// The connection that the workflow uses in its place.
    pub overridden: Option<Box<str>>,
    /// Whether the server wants a connection at all.
    pub needs_connection: bool,
}

/// Why an instance cannot be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// There is no such instance.
    #[error(
        "the instance `{instance}` is not installed in this runtime{}; give the step a server_url instead",
        .nearest.as_ref().map(|near| format!(" (the nearest is `{near}`)")).unwrap_or_default()
    )]
    Unknown {
        /// What was asked for.
        instance: Box<str>,
        /// The instance most like it.
        nearest: Option<Box<str>>,
    },
    /// None of its profiles counts.
    #[error("the instance `{name}` has no active config profile; set one active, then run again")]
    NoProfile {
        /// The instance's name.
        name: Box<str>,
    },
    /// The registry cannot be read.
    #[error("the instance `{instance}` cannot be looked up: {why}")]
    Unreadable {
        /// What was asked for.
        instance: Box<str>,
        /// The causes, outermost first.
        why: Box<str>,
    },
}

/// Keeps instances.
pub trait Instances: fmt::Debug + Send + Sync + 'static {
    /// How a workflow calls an instance; without a workflow, as the active profile says.
    fn bind(
        &self,
        instance: &str,
        workflow: Option<&WorkflowId>,
    ) -> BoxFuture<'static, Result<Binding, InstanceError>>;

    /// Whether a server of that address was registered by the operator; `false` where nobody knows.
    fn is_registered(&self, server_url: &str) -> BoxFuture<'static, bool>;
}

/// For hosts that keep no registry: every instance is unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoInstances;

impl Instances for NoInstances {
    fn bind(
        &self,
        instance: &str,
        _: Option<&WorkflowId>,
    ) -> BoxFuture<'static, Result<Binding, InstanceError>> {
        ready(Err(InstanceError::Unknown { instance: instance.into(), nearest: None })).boxed()
    }

    fn is_registered(&self, _: &str) -> BoxFuture<'static, bool> {
        ready(false).boxed()
    }
}

//! What a case is about: the step that failed or hangs, and the binding it uses.

use crate::domain::triage::{Asked, Case, Connection, Instance, Profile, Spec};
use crate::domain::{EventKind, FailureCode, RunClass, RunEvent, StepId, StepKind};

/// The failure's code: of the run, else of the step that failed first.
pub(super) fn code<'a>(case: &Case<'a>) -> Option<&'a FailureCode> {
    let of_step = || case.state(case.root()?)?.failure_code.as_ref();
    case.run?.failure_code.as_ref().or_else(of_step)
}

/// The failure in words: of the step that failed first, else of the run.
pub(super) fn error<'a>(case: &Case<'a>) -> Option<&'a str> {
    let of_step = || case.state(case.root()?)?.error.as_deref();
    of_step().or_else(|| case.run?.error.as_deref())
}

/// What more the server says of the failure, by field: of the run, else of the step that failed first.
pub(super) fn detail<'a>(case: &Case<'a>, field: &str) -> Option<&'a str> {
    let of_run = case.run.and_then(|run| run.error_details.as_deref()?.get(field)?.as_str());
    of_run.or_else(|| {
        let root = case.root();
        let fails =
            |event: &&RunEvent| event.kind == EventKind::StepFailed && event.step_id().as_ref() == root;
        case.history.events().iter().find(fails)?.data.get("details")?.get(field)?.as_str()
    })
}

/// Whether the run ended badly.
pub(super) fn has_failed(case: &Case<'_>) -> bool {
    case.run.is_some_and(|run| run.status.class() == RunClass::Failed)
}

/// The step that matters: the one that failed first, else the one in flight that began first.
pub(super) fn step<'a>(case: &Case<'a>) -> Option<&'a StepId> {
    if has_failed(case) {
        // What an operator stopped is not what is wrong with a run.
        return case.root().filter(|_| code(case) != Some(&FailureCode::RunStopped));
    }
    if case.is_over() {
        return None;
    }
    let flying = case.history.steps().filter(|(_, step)| step.status.is_in_flight());
    flying.min_by_key(|(_, step)| step.started_at).map(|(id, _)| id)
}

/// How a tool is reached.
#[derive(Clone, Copy)]
pub(super) struct Binding<'a> {
    /// The step.
    pub(super) step: &'a StepId,
    /// Its definition.
    pub(super) spec: Spec<'a>,
}

impl<'a> Binding<'a> {
    /// The binding of the step that matters, if it calls a tool.
    pub(super) fn of(case: &Case<'a>) -> Option<Self> {
        let step = step(case)?;
        let spec = case.spec(step)?;
        (spec.kind() == StepKind::McpCall).then_some(Self { step, spec })
    }

    /// The tool.
    pub(super) fn tool(&self) -> &'a str {
        self.spec.text("tool_name").unwrap_or("(no tool)")
    }

    /// The instance that the step names.
    pub(super) fn instance_id(&self) -> Option<&'a str> {
        self.spec.text("instance_id")
    }

    /// The address that the step names.
    pub(super) fn url(&self) -> Option<&'a str> {
        self.spec.text("server_url")
    }

    /// The instance, where it is known: the one named, else one with the same address.
    pub(super) fn instance(&self, case: &Case<'a>) -> Option<&'a Instance> {
        let list = case.facts.instances().known()?;
        match (self.instance_id(), self.url()) {
            (Some(id), _) => list.iter().find(|instance| &*instance.id == id),
            (None, Some(url)) => list.iter().find(|instance| instance.url.as_deref() == Some(url)),
            (None, None) => None,
        }
    }

    /// The server that its instance, or the step itself, names.
    pub(super) fn server(&self, case: &Case<'a>) -> Option<&'a str> {
        let of_instance = || self.instance(case)?.server.as_deref();
        self.spec.text("server_id").or_else(of_instance)
    }

    /// The active profile, where it is known.
    pub(super) fn profile(&self, case: &Case<'a>) -> Option<&'a Profile> {
        let instance = self.instance(case)?;
        let profiles = case.facts.profiles(&instance.id).known()?;
        let named = instance.active_profile.as_deref();
        profiles.iter().find(|profile| profile.active || Some(&*profile.id) == named)
    }

    /// The connection that is used: the workflow's override, else the profile's, else the instance's.
    pub(super) fn connection_id(&self, case: &Case<'a>) -> Option<&'a str> {
        let instance = self.instance(case);
        let id = self.instance_id().or(instance.map(|instance| &*instance.id));
        let overrides = case.run.and_then(|run| case.facts.overrides(&run.workflow_id).known());
        let over = overrides.into_iter().flatten().find(|over| Some(&*over.instance) == id);
        over.map(|over| &*over.connection)
            .or_else(|| self.profile(case)?.connection.as_deref())
            .or_else(|| instance?.connection.as_deref())
    }
}

/// A connection of the project.
pub(super) fn connection<'a>(case: &Case<'a>, id: &str) -> Option<&'a Connection> {
    match case.facts.connections() {
        Asked::Known(_, list) => list.iter().find(|connection| &*connection.id == id),
        _ => None,
    }
}

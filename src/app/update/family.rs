//! From a step to the run that it called, and back.

use crate::app::decide::workflow_of;
use crate::app::model::Tone;
use crate::app::panes::{self, Tab};
use crate::app::{Action, Model};
use crate::domain::{RunId, StepId, Timestamp, WorkflowId};

/// Opens the run that the selected step called, or the one whose step called this run.
pub(super) fn open(model: &mut Model, action: Action, now: Timestamp) {
    let found = if action == Action::OpenChild { child(model) } else { parent(model) };
    let (workflow, run, step) = match found {
        Ok(found) => found,
        Err(why) => return model.say(Tone::Info, why, now),
    };
    panes::open_run(model, workflow, run);
    if let (Some(open), Some(step)) = (&mut model.run, step) {
        open.canvas.selected = Some(panes::on_canvas(&step));
        open.canvas.follow = false;
        panes::settle_run(model);
    }
}

/// A run to open, and the step to select there.
type Found = Result<(WorkflowId, RunId, Option<StepId>), String>;

fn child(model: &Model) -> Found {
    let open = model.run.as_ref().ok_or("no run is open")?;
    let step = match open.tab {
        Tab::Timeline => open.timeline.selected.as_ref().map(|key| &key.step),
        _ => open.canvas.selected.as_ref(),
    };
    let step = step.ok_or("no step is selected")?;
    let detail = model.mirror.detail(&open.run).ok_or("the log of this run has not come yet")?;
    let history = open.history(detail);
    // Of a loop, the run that one of its inner steps called last.
    let inner = || history.steps().filter(|(id, _)| id.parent().as_ref() == Some(step));
    let own = history.step(step).and_then(|state| state.child.as_ref());
    let called = own.or_else(|| inner().filter_map(|(_, state)| state.child.as_ref()).last());
    let called = called.ok_or_else(|| format!("{step} called no other run"))?;
    let spec = || Some(WorkflowId::new(detail.graph.as_ref()?.step(step)?.text("workflow_id")?));
    let workflow = called.workflow_id.clone().or_else(|| workflow_of(model, &called.run_id)).or_else(spec);
    let workflow = workflow.ok_or_else(|| of_no_workflow(&called.run_id))?;
    Ok((workflow, called.run_id.clone(), None))
}

fn parent(model: &Model) -> Found {
    let open = model.run.as_ref().ok_or("no run is open")?;
    let parent = model.mirror.run(&open.run).and_then(|run| run.parent.as_deref());
    let parent = parent.ok_or("no other run called this one, as far as the server says")?;
    let named = Some(&parent.workflow_id).filter(|id| !id.as_str().is_empty()).cloned();
    let workflow = named.or_else(|| workflow_of(model, &parent.run_id));
    let workflow = workflow.ok_or_else(|| of_no_workflow(&parent.run_id))?;
    let step = Some(&parent.step_id).filter(|id| !id.as_str().is_empty()).cloned();
    Ok((workflow, parent.run_id.clone(), step))
}

/// Why a run cannot be opened of which only the id is known.
pub(super) fn of_no_workflow(run: &RunId) -> String {
    format!("the server does not say which workflow run {} is of", run.short())
}

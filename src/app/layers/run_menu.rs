//! The menu of a run. It acts on the run it was opened on, whatever is selected since.

use super::Layer;
use crate::app::key::Key;
use crate::app::update::perform_at;
use crate::app::{Action, Effect, Model};
use crate::domain::{RunId, Timestamp, WorkflowId};

/// All that can be done to a run, in the menu's order. What is refused now says why when chosen.
pub const RUN_MENU: [Action; 11] = [
    Action::Approve,
    Action::EditResult,
    Action::Reject,
    Action::Pause,
    Action::Resume,
    Action::Stop,
    Action::RunAgain,
    Action::Open,
    Action::Diagnose,
    Action::CopyId,
    Action::Console,
];

pub(super) fn press(
    model: &mut Model,
    (workflow, run): (WorkflowId, RunId),
    index: usize,
    key: Key,
    now: Timestamp,
) -> Option<Vec<Effect>> {
    let last = RUN_MENU.len() - 1;
    let action = Action::of_key(key, model.screen);
    let index = match action {
        Some(Action::Back | Action::RunMenu) => return Some(Vec::new()),
        Some(Action::Open) => return Some(perform_at(model, RUN_MENU[index.min(last)], &run, now)),
        Some(Action::Down | Action::NextPane) => (index + 1).min(last),
        Some(Action::Up | Action::PreviousPane) => index.saturating_sub(1),
        Some(Action::First | Action::PageUp) => 0,
        Some(Action::Last | Action::PageDown) => last,
        Some(Action::Quit) => {
            model.layers.push(Layer::RunMenu { workflow, run, index });
            return None;
        }
        Some(chosen) if RUN_MENU.contains(&chosen) => return Some(perform_at(model, chosen, &run, now)),
        _ => index,
    };
    model.layers.push(Layer::RunMenu { workflow, run, index });
    Some(Vec::new())
}

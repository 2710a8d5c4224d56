//! Keys over the runs that run again.

use super::Layer;
use crate::app::key::Key;
use crate::app::update::perform_at;
use crate::app::{Action, Effect, Model, reruns};
use crate::domain::Timestamp;

/// The key that starts nothing more.
pub(super) const END: Key = Key::Char('s');

pub(super) fn press(model: &mut Model, index: usize, key: Key, now: Timestamp) -> Option<Vec<Effect>> {
    let Some(series) = &model.reruns.series else { return Some(Vec::new()) };
    let last = series.items().len().saturating_sub(1);
    let action = Action::of_key(key, model.screen);
    let index = match action {
        _ if key == END => {
            reruns::end(model, now);
            index
        }
        Some(Action::Back | Action::Series) => {
            if series.is_over() {
                // Seen to its end: it is put away.
                model.reruns.series = None;
            }
            return Some(Vec::new());
        }
        Some(Action::Open) => {
            let item = series.items().get(index.min(last));
            let run = item.map(|item| item.stage.new_run().unwrap_or(&item.run).clone());
            return Some(run.map_or_else(Vec::new, |run| perform_at(model, Action::Open, &run, now)));
        }
        Some(Action::Down) => (index + 1).min(last),
        Some(Action::Up) => index.saturating_sub(1),
        Some(Action::First | Action::PageUp) => 0,
        Some(Action::Last | Action::PageDown) => last,
        Some(Action::Quit) => {
            model.layers.push(Layer::Series { index });
            return None;
        }
        _ => index,
    };
    model.layers.push(Layer::Series { index });
    Some(Vec::new())
}

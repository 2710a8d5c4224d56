//! The search of the tab that is shown.

use super::{RunScreen, Search, Tab, context, events};
use crate::app::Model;

impl RunScreen {
    /// What is searched for in the tab that is shown: data on the Context tab, the log elsewhere.
    pub fn search(&self) -> Option<&Search> {
        match self.tab {
            Tab::Context => self.context.search.as_ref(),
            Tab::Events => self.events.search.as_ref(),
            Tab::Canvas | Tab::Timeline | Tab::Diagnosis => None,
        }
    }

    pub(super) fn search_mut(&mut self) -> &mut Option<Search> {
        match self.tab {
            Tab::Context => &mut self.context.search,
            Tab::Canvas | Tab::Events | Tab::Timeline | Tab::Diagnosis => &mut self.events.search,
        }
    }
}

/// Searches for a text, from what is selected on; an empty text ends the search.
pub(crate) fn set_search(model: &mut Model, text: &str) {
    let Some(mut open) = model.run.take() else { return };
    match (model.mirror.detail(&open.run), open.tab) {
        (None, _) => {}
        (Some(detail), Tab::Context) => context::search(&mut open, detail, text),
        (Some(detail), _) => {
            let RunScreen { events: list, moment, .. } = &mut open;
            let history = moment.as_ref().map_or(&detail.history, |moment| &moment.history);
            events::search(list, history.events(), text);
        }
    }
    model.run = Some(open);
    super::settle(model);
}

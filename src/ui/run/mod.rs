//! The screen of one run.

mod bars;
mod canvas;
mod context;
pub(super) mod dag;
pub(super) mod diagnosis;
mod events;
pub(super) mod finding;
pub(super) mod page;
mod payload;
mod reader;
mod side;
mod steps;
mod tabs;
mod timeline;

use ratatui::buffer::Buffer;

use super::draw::Scene;
use super::header;
use crate::app::layout;
use crate::app::panes::{RunScreen, Tab};
use crate::domain::triage::CauseChain;
use crate::mirror::RunDetail;

/// What hangs together with the run's failure, at the moment that is shown: its row tells of what
/// came later.
fn chain(scene: Scene<'_>, screen: &RunScreen, detail: &RunDetail) -> CauseChain {
    let run = scene.model.mirror.run(&screen.run).filter(|_| screen.moment.is_none());
    CauseChain::read(screen.history(detail), detail.graph.as_deref(), run)
}

/// Draws everything but the footer.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, buf: &mut Buffer) {
    let parts = layout::run(scene.model.size);
    header::run(scene, screen, parts.header.intersection(buf.area), buf);
    tabs::draw(scene, screen, parts.tabs.intersection(buf.area), buf);
    let main = parts.main.intersection(buf.area);
    // All that is shown of a moment of the past is as it was then.
    let now = screen.moment.as_ref().and_then(|moment| moment.time()).unwrap_or(scene.now);
    let present = scene;
    let scene = Scene { now, ..scene };
    match (screen.tab, &screen.events.payload) {
        (Tab::Canvas, _) => canvas::draw(scene, screen, main, buf),
        (Tab::Events, None) => events::draw(scene, screen, main, buf),
        (Tab::Events, Some(open)) => payload::draw(scene, screen, open, main, buf),
        (Tab::Timeline, _) => timeline::draw(scene, screen, main, buf),
        (Tab::Diagnosis, _) => diagnosis::draw(present, screen, main, buf),
        (Tab::Context, _) => context::draw(scene, screen, main, buf),
    }
    if let Some(side) = parts.side {
        let scene = if screen.tab == Tab::Diagnosis { present } else { scene };
        side::draw(scene, screen, side.intersection(buf.area), buf);
    }
}

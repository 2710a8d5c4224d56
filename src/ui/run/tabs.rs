//! The line of tabs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::{Moment, RunScreen, TABS, Tab};
use crate::ui::draw::Scene;
use crate::ui::strip::Strip;

/// Draws the tabs, and at the right what is new in the run.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let mut strip = Strip::new().gap(1);
    for entry in TABS {
        let text = format!(" {} {} ", entry.action.entry().keys[0], entry.title);
        strip = strip.add(text, if entry.tab == screen.tab { theme.tab } else { theme.muted }).gap(1);
    }
    if let Some(moment) = &screen.moment {
        return past(scene, moment, strip).paint(area, buf);
    }
    let follows = match screen.tab {
        Tab::Canvas | Tab::Timeline => screen.canvas.follow,
        Tab::Events => screen.events.follow,
        Tab::Context | Tab::Diagnosis => return strip.paint(area, buf),
    };
    let live = scene.model.mirror.run(&screen.run).is_some_and(|run| !run.status.is_terminal());
    if live {
        let (text, style) =
            if follows { ("● following ", theme.success) } else { ("○ not following  ", theme.muted) };
        strip = strip.right(text, style);
        if !follows {
            strip = strip.right("f", theme.key).right(" follow ", theme.muted);
        }
    }
    strip.paint(area, buf);
}

/// How to move in the past, and back to the present.
fn past<'a>(scene: Scene<'_>, moment: &Moment, strip: Strip<'a>) -> Strip<'a> {
    let theme = scene.theme;
    let at = moment.time().map_or_else(String::new, |at| at.strftime("%H:%M:%S%.3f UTC   ").to_string());
    strip
        .right(at, theme.muted)
        .right("[", theme.key)
        .right(" back  ", theme.muted)
        .right("]", theme.key)
        .right(" forward  ", theme.muted)
        .right("esc", theme.key)
        .right(" now ", theme.muted)
}

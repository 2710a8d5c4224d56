//! Sections without rows: why they have none.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::clock::{age, human};
use crate::domain::document::wrap;
use crate::domain::text::visible;
use crate::mirror::{LinkState, Section, Source};
use crate::ui::draw::Scene;
use crate::ui::pane::row;
use crate::ui::strip::put;

/// Says why a section is empty: nothing there, nothing matches, or nothing is known yet.
pub(super) fn draw(scene: Scene<'_>, section: Section, area: Rect, buf: &mut Buffer) {
    let (text, style) = reason(scene, section);
    let mut lines = Vec::new();
    wrap(&visible(&text), usize::from(area.width.saturating_sub(2)), 0, &mut lines);
    for (index, line) in lines.iter().enumerate().take(usize::from(area.height)) {
        let row = row(area, index as u16);
        put(buf, (row.x + 1, row.y), row.width.saturating_sub(2), line, style);
    }
}

fn reason(scene: Scene<'_>, section: Section) -> (String, Style) {
    let theme = scene.theme;
    let mirror = &scene.model.mirror;
    if mirror.feed_at().is_some() || mirror.run_count() > 0 {
        if !scene.model.home.filter.is_empty() {
            return (format!("nothing matches “{}”", scene.model.home.filter), theme.muted);
        }
        return (nothing(section).into(), theme.muted);
    }
    match mirror.link(&Source::Feed).map(|link| &link.state) {
        Some(LinkState::Retrying { error, next, .. }) => match section {
            Section::AwaitingApproval => {
                (format!("{error}. Next try in {}.", human(age(scene.now, *next))), theme.failed)
            }
            _ => ("not known: no connection".into(), theme.muted),
        },
        Some(LinkState::Refused(error)) => match section {
            Section::AwaitingApproval => (format!("refused: {error}"), theme.failed),
            _ => ("not known: the server refuses".into(), theme.muted),
        },
        Some(LinkState::Live) => ("loading…".into(), theme.muted),
        Some(LinkState::Connecting | LinkState::Closed) | None => {
            let text = match section {
                Section::AwaitingApproval => format!("connecting to {}…", scene.model.session.host),
                _ => "loading…".into(),
            };
            (text, theme.muted)
        }
    }
}

fn nothing(section: Section) -> &'static str {
    match section {
        Section::AwaitingApproval => "nothing waits for a person",
        Section::StoppingGracefully => "no run is stopping",
        Section::RunningNow => "nothing is running",
        Section::FailedRecently => "nothing failed in the last 24 h",
    }
}

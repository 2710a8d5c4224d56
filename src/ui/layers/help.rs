//! Help: what the keys do, from the table of actions, and what the glyphs mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::action::{ACTIONS, Place};
use crate::domain::document::wrap;
use crate::domain::{RunStatus, SkipReason, StepStatus};
use crate::ui::Theme;
use crate::ui::draw::Scene;
use crate::ui::pane::{overlay, row};
use crate::ui::status::{of_status, of_step};
use crate::ui::strip::Strip;

/// Columns of the keys.
const KEYS: u16 = 11;

/// Draws help from its line `offset` on.
pub(super) fn draw(scene: Scene<'_>, offset: usize, buf: &mut Buffer) {
    let theme = scene.theme;
    let wide = buf.area.width >= 120;
    let width = if wide { buf.area.width.saturating_sub(8).min(150) } else { 76.min(buf.area.width - 4) };
    let column = if wide { (width - 4) / 2 } else { width - 4 };
    let lines = lines(theme, usize::from(column.saturating_sub(KEYS + 2)));
    let half = if wide { lines.len().div_ceil(2) } else { lines.len() };
    let title = Strip::new().add("Keys", theme.title).right("esc closes", theme.muted);
    let inside = overlay((width, half as u16 + 2), &title, theme, buf);
    let first = offset.min(half.saturating_sub(usize::from(inside.height)));
    for (side, part) in lines.chunks(half.max(1)).enumerate() {
        for (index, line) in part.iter().skip(first).take(usize::from(inside.height)).enumerate() {
            let line_at = row(inside, index as u16);
            let x = inside.x + side as u16 * column;
            line.paint(Rect { x, width: column.saturating_sub(1), ..line_at }, buf);
        }
    }
    let rest = half.saturating_sub(first + usize::from(inside.height));
    if rest > 0 && inside.height > 0 {
        let last = row(inside, inside.height - 1);
        buf.set_style(last, theme.overlay);
        Strip::new().right(format!("↓ {rest} more lines"), theme.accent).paint(last, buf);
    }
}

/// All lines: the groups of actions, then the glyphs.
fn lines(theme: &Theme, columns: usize) -> Vec<Strip<'static>> {
    let mut lines = Vec::new();
    let groups = [
        (Place::Anywhere, "Everywhere"),
        (Place::OnRun, "On the selected run"),
        (Place::RunScreen, "On the screen of a run"),
    ];
    for (place, name) in groups {
        if !lines.is_empty() {
            lines.push(Strip::new());
        }
        lines.push(Strip::new().add(name, theme.accent));
        for entry in ACTIONS.iter().filter(|entry| entry.place == place) {
            let keys: Vec<_> = entry.keys.iter().map(ToString::to_string).collect();
            let mut texts = Vec::new();
            wrap(entry.help, columns, 0, &mut texts);
            for (index, text) in texts.iter().enumerate() {
                let keys = if index == 0 { keys.join(" ") } else { String::new() };
                lines.push(Strip::new().cell(keys, KEYS, theme.key).add(String::from(&**text), theme.text));
            }
        }
    }
    lines.push(Strip::new());
    lines.push(Strip::new().add("Marks", theme.accent));
    lines.extend(glyphs(theme));
    lines
}

fn glyphs(theme: &Theme) -> Vec<Strip<'static>> {
    let steps = [
        StepStatus::Completed,
        StepStatus::Failed,
        StepStatus::Cancelled,
        StepStatus::Unended,
        StepStatus::Skipped(SkipReason::Blocked),
        StepStatus::Running,
        StepStatus::Retrying,
        StepStatus::Pending,
        StepStatus::Waiting,
    ];
    let runs = [
        (RunStatus::Paused, "paused"),
        (RunStatus::Draining, "draining: stops gracefully"),
        (RunStatus::Stopped, "stopped by an operator"),
    ];
    let steps =
        steps.iter().map(|status| of_step(status, theme)).map(|mark| (mark.glyph, mark.style, mark.word));
    let runs = runs.iter().map(|(status, word)| {
        let mark = of_status(status, theme);
        (mark.glyph, mark.style, *word)
    });
    let late = [
        ("!", theme.failed, "past its usual time"),
        ("│", theme.gutter, "text written by a model or a tool"),
    ];
    let all = steps.chain(runs).chain(late);
    all.map(|(glyph, style, word)| Strip::new().cell(glyph, KEYS, style).add(word, theme.text)).collect()
}

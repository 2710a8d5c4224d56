//! The editor of an input: its lines with their numbers, and what is wrong with them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::layers::Editor;
use crate::app::layout::{editor_rows, editor_size};
use crate::ui::draw::Scene;
use crate::ui::pane::{overlay, row};
use crate::ui::strip::Strip;

/// Columns of the lines' numbers.
const NUMBERS: u16 = 5;

/// Draws the editor over everything else.
pub(super) fn draw(scene: Scene<'_>, editor: &Editor, buf: &mut Buffer) {
    let theme = scene.theme;
    let size = (buf.area.width, buf.area.height);
    let (lines, here) = (editor.area.lines(), editor.area.row());
    let title = Strip::new()
        .add("The input of a new run", theme.title)
        .right(format!("line {} of {}", here + 1, lines.len()), theme.muted);
    let inside = overlay(editor_size(size), &title, theme, buf);
    let rows = editor_rows(size);
    for (index, line) in lines.iter().enumerate().skip(editor.area.offset()).take(rows) {
        let place = row(inside, (index - editor.area.offset()) as u16);
        let number = Strip::new().number((index + 1).to_string(), NUMBERS - 1, theme.muted).gap(1);
        let strip = if index == here {
            buf.set_style(place, theme.selection);
            number.typed(line, place.width.saturating_sub(NUMBERS), theme)
        } else {
            number.add(line.text(), theme.text)
        };
        strip.paint(place, buf);
    }
    let foot = Rect { y: inside.bottom().saturating_sub(2), height: inside.height.min(2), ..inside };
    if let Some(problem) = &editor.problem {
        Strip::new().add(problem.as_str(), theme.failed).paint(row(foot, 0), buf);
    }
    Strip::new()
        .hint("tab".into(), "take it into the dialog", theme)
        .gap(1)
        .hint("esc".into(), "drop the changes", theme)
        .paint(row(foot, 1), buf);
}

//! A page filled from top to bottom: named values, prose, and foreign text behind a gutter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use serde_json::Value;

use crate::domain::PendingTask;
use crate::domain::document::{Excerpt, Extent, excerpt, key_columns, task_excerpt, wrap};
use crate::domain::text::visible;
use crate::ui::draw::Scene;
use crate::ui::pane::row;
use crate::ui::strip::Strip;

/// Columns of the names of values.
const NAME: u16 = 15;

/// Columns of the names of values on narrow pages.
const NARROW: u16 = 11;

/// So many bytes of a foreign value are looked at: more than any screen has room for.
const BYTES: usize = 16 * 1_024;

/// The part of an area that is still free, and what fills it.
pub(in crate::ui) struct Page<'s, 'b> {
    scene: Scene<'s>,
    area: Rect,
    used: u16,
    buf: &'b mut Buffer,
}

impl<'s, 'b> Page<'s, 'b> {
    /// An empty page.
    pub(in crate::ui) fn new(scene: Scene<'s>, area: Rect, buf: &'b mut Buffer) -> Self {
        Self { scene, area, used: 0, buf }
    }

    /// Columns of a line.
    pub(in crate::ui) fn width(&self) -> u16 {
        self.area.width
    }

    /// Rows that are still free.
    pub(in crate::ui) fn left(&self) -> u16 {
        self.area.height.saturating_sub(self.used)
    }

    /// Writes one line.
    pub(in crate::ui) fn line(&mut self, strip: &Strip<'_>) {
        strip.paint(row(self.area, self.used), self.buf);
        self.used = self.used.saturating_add(1);
    }

    /// Leaves one line free, unless the page is still empty.
    pub(in crate::ui) fn blank(&mut self) {
        self.used = self.used.saturating_add(u16::from(self.used > 0));
    }

    /// Lets something else fill up to `rows` rows; it answers with how many it used.
    pub(in crate::ui) fn draw(&mut self, rows: u16, fill: impl FnOnce(Rect, &mut Buffer) -> u16) {
        let height = rows.min(self.left());
        let area = Rect { y: self.area.y + self.used.min(self.area.height), height, ..self.area };
        self.used += fill(area, self.buf).min(height);
    }

    /// Writes a sentence over as many lines as it needs.
    pub(in crate::ui) fn text(&mut self, text: &str, style: Style) {
        let mut lines = Vec::new();
        if !text.is_empty() {
            wrap(&visible(text), usize::from(self.area.width), 0, &mut lines);
        }
        for line in lines {
            self.line(&Strip::new().add(&*line, style));
        }
    }

    /// Writes a sentence after its number, later lines below its beginning.
    pub(in crate::ui) fn numbered(&mut self, number: usize, text: &str) {
        let mut lines = Vec::new();
        wrap(&visible(text), usize::from(self.area.width.saturating_sub(3)), 0, &mut lines);
        for (index, line) in lines.iter().enumerate() {
            let before = if index == 0 { number.to_string() } else { String::new() };
            let strip =
                Strip::new().cell(before, 3, self.scene.theme.key).add(&**line, self.scene.theme.text);
            self.line(&strip);
        }
    }

    /// Writes a short value after its name.
    pub(in crate::ui) fn named(&mut self, name: &str, value: &str, style: Style) {
        let columns = if self.area.width < 56 { NARROW } else { NAME };
        let columns = columns.max(crate::ui::strip::columns(name) + 1);
        self.line(&Strip::new().cell(name, columns, self.scene.theme.muted).add(value, style));
    }

    /// Writes foreign text of several lines after its name, behind a gutter, at most `rows` of them.
    pub(in crate::ui) fn quote(&mut self, name: &str, text: &str, rows: usize) {
        self.line(&Strip::new().add(name, self.scene.theme.muted));
        self.foreign_text(text, rows);
    }

    /// Writes foreign text of several lines behind a gutter, at most `rows` of them.
    pub(in crate::ui) fn foreign_text(&mut self, text: &str, rows: usize) {
        let start = &text[..text.floor_char_boundary(BYTES)];
        self.fields(&Value::String(start.to_owned()), rows.min(usize::from(self.left())));
    }

    /// Writes a foreign value field by field behind a gutter, leaving `keep` rows free below it.
    pub(in crate::ui) fn foreign(&mut self, value: &Value, keep: u16) {
        let rows = usize::from(self.left().saturating_sub(keep));
        self.fields(value, rows);
    }

    /// Writes what a task shows a person, as [`Page::foreign`] does; as the server wrote it where a
    /// value would hide digits or fields.
    pub(in crate::ui) fn payload(&mut self, task: &PendingTask, keep: u16) {
        let rows = usize::from(self.left().saturating_sub(keep));
        let key = if task.verbatim.is_some() { 0 } else { key_columns(&task.payload) as u16 };
        let found = task_excerpt(task, self.columns(), BYTES);
        self.excerpt(found, key, rows);
    }

    fn columns(&self) -> usize {
        usize::from(self.area.width.saturating_sub(2))
    }

    fn fields(&mut self, value: &Value, rows: usize) {
        let found = excerpt(value, self.columns(), BYTES);
        self.excerpt(found, key_columns(value) as u16, rows);
    }

    fn excerpt(&mut self, found: Excerpt, key: u16, rows: usize) {
        let theme = self.scene.theme;
        let lines = found.lines;
        let fits = lines.len() <= rows && found.extent == Extent::Whole;
        // In a single row the value's beginning tells more than the count of its lines.
        let alone = !fits && rows == 1;
        let shown = if fits { lines.len() } else { lines.len().min(rows.saturating_sub(1).max(rows.min(1))) };
        for line in &lines[..shown] {
            let strip = Strip::new().gap(2).cell(line.key.as_deref().unwrap_or(""), key, theme.muted);
            let strip = if key > 0 { strip.gap(1) } else { strip };
            let strip = strip.add("│ ", theme.gutter).add(&*line.text, theme.foreign);
            self.line(&if alone { strip.right("… more", theme.muted) } else { strip });
        }
        if !fits && rows > 1 {
            let text = match found.extent {
                Extent::Whole => {
                    format!("… {} more lines of {}: enter opens", lines.len() - shown, lines.len())
                }
                Extent::Cut => "… many more lines: enter opens".to_owned(),
            };
            self.line(&Strip::new().gap(2).add(text, theme.muted));
        }
    }
}

//! A laid-out graph on the screen: the part of it that is seen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::panes::Issue;
use crate::domain::drawing::{Drawing, Edge, Node};
use crate::domain::triage::{CauseChain, Part};
use crate::domain::{RunHistory, StepId, StepStatus};
use crate::ui::draw::Scene;
use crate::ui::status::of_step;

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const UP: u8 = 4;
const DOWN: u8 = 8;
const ARROW: u8 = 16;
/// The line belongs to the selected step.
const FOCUS: u8 = 32;

/// Lines by the sides they touch, as bits of left, right, up and down.
const LINES: [&str; 16] = [" ", "─", "─", "─", "│", "┘", "└", "┴", "│", "┐", "┌", "┬", "│", "┤", "├", "┼"];

/// What is drawn, and which part of it.
pub(in crate::ui) struct View<'a> {
    pub(in crate::ui) drawing: &'a Drawing,
    pub(in crate::ui) history: &'a RunHistory,
    /// What hangs together with the failure.
    pub(in crate::ui) chain: &'a CauseChain,
    /// What is wrong with the graph, by step.
    pub(in crate::ui) issues: &'a [Issue],
    /// The drawing's cell at the top left.
    pub(in crate::ui) pan: (u16, u16),
    pub(in crate::ui) selected: Option<&'a StepId>,
}

/// Cells of the screen, and how far the drawing is moved against them.
struct Window<'b> {
    area: Rect,
    shift: (i32, i32),
    buf: &'b mut Buffer,
}

/// Draws the part of a graph that falls into `area`; a graph that is smaller stands in its middle.
pub(in crate::ui) fn draw(scene: Scene<'_>, view: &View<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let drawing = view.drawing;
    let dx = shift(area.width, drawing.width, view.pan.0);
    let dy = shift(area.height, drawing.height, view.pan.1);
    let shift = (i32::from(area.x) + dx, i32::from(area.y) + dy);
    let mut window = Window { area, shift, buf };
    lines(scene, view, &mut window);
    for node in &drawing.nodes {
        if window.sees(node.x, node.y, node.w, 3) {
            boxed(scene, view, node, &mut window);
        }
    }
}

/// How far the drawing moves along one axis: into the middle if there is room for all of it, else
/// by the pan, which `update` keeps so that the selected box is seen.
fn shift(room: u16, size: u16, pan: u16) -> i32 {
    if size <= room { i32::from((room - size) / 2) } else { -i32::from(pan.min(size - room)) }
}

impl Window<'_> {
    fn sees(&self, x: u16, y: u16, w: u16, h: u16) -> bool {
        let (x, y) = (i32::from(x) + self.shift.0, i32::from(y) + self.shift.1);
        x < i32::from(self.area.right())
            && y < i32::from(self.area.bottom())
            && x + i32::from(w) > i32::from(self.area.x)
            && y + i32::from(h) > i32::from(self.area.y)
    }

    /// Writes text that is safe already at a cell of the drawing, as far as it is seen.
    fn write(&mut self, x: u16, y: u16, text: &str, style: Style) {
        let y = i32::from(y) + self.shift.1;
        if y < i32::from(self.area.y) || y >= i32::from(self.area.bottom()) {
            return;
        }
        let mut x = i32::from(x) + self.shift.0;
        for cluster in text.graphemes(true) {
            let columns = cluster.width() as i32;
            if x >= i32::from(self.area.x) && x + columns <= i32::from(self.area.right()) {
                self.buf.set_stringn(x as u16, y as u16, cluster, columns as usize, style);
            }
            x += columns;
        }
    }
}

fn lines(scene: Scene<'_>, view: &View<'_>, window: &mut Window<'_>) {
    let mut cells = vec![0_u8; usize::from(window.area.width) * usize::from(window.area.height)];
    for edge in &view.drawing.edges {
        let focus = view.selected.is_some_and(|step| edge.from == *step || edge.to == *step);
        trace(edge, if focus { FOCUS } else { 0 }, window, &mut cells);
    }
    for (index, bits) in cells.into_iter().enumerate().filter(|(_, bits)| *bits != 0) {
        let at = (
            window.area.x + (index % usize::from(window.area.width)) as u16,
            window.area.y + (index / usize::from(window.area.width)) as u16,
        );
        let style = if bits & FOCUS != 0 { scene.theme.edge_focus } else { scene.theme.edge };
        let symbol = if bits & ARROW != 0 { "▶" } else { LINES[usize::from(bits & 15)] };
        if let Some(cell) = window.buf.cell_mut(at) {
            cell.set_symbol(symbol).set_style(style);
        }
    }
}

/// Notes for every cell that is seen which of its sides an edge touches.
fn trace(edge: &Edge, focus: u8, window: &Window<'_>, cells: &mut [u8]) {
    let (width, height) = (i32::from(window.area.width), i32::from(window.area.height));
    let (dx, dy) = (window.shift.0 - i32::from(window.area.x), window.shift.1 - i32::from(window.area.y));
    let mut mark = |x: i32, y: i32, bits: u8| {
        if (0..width).contains(&x) && (0..height).contains(&y) {
            cells[(y * width + x) as usize] |= bits | focus;
        }
    };
    let local = |(x, y): (u16, u16)| (i32::from(x) + dx, i32::from(y) + dy);
    for pair in edge.points.windows(2) {
        let ((ax, ay), (bx, by)) = (local(pair[0]), local(pair[1]));
        for x in ax.min(bx).max(-1)..=ax.max(bx).min(width) {
            let bits = if x > ax.min(bx) { LEFT } else { 0 } | if x < ax.max(bx) { RIGHT } else { 0 };
            mark(x, ay, bits);
        }
        for y in ay.min(by).max(-1)..=ay.max(by).min(height) {
            let bits = if y > ay.min(by) { UP } else { 0 } | if y < ay.max(by) { DOWN } else { 0 };
            mark(bx, y, bits);
        }
    }
    if let [first, .., last] = edge.points[..] {
        let ((fx, fy), (lx, ly)) = (local(first), local(last));
        mark(fx, fy, LEFT);
        mark(lx, ly, ARROW);
    }
}

fn boxed(scene: Scene<'_>, view: &View<'_>, node: &Node, window: &mut Window<'_>) {
    let theme = scene.theme;
    let status = view.chain.status(view.history, &node.step);
    let part = view.chain.part(&node.step);
    let mark = of_step(&status, theme);
    let here = view.selected == Some(&node.step);
    let border = match (here, &status, part) {
        (true, StepStatus::Pending, _) => theme.border_focus,
        (false, StepStatus::Pending, _) | (false, _, Some(Part::Blocked | Part::Unended)) => theme.border,
        _ => mark.style,
    };
    let corners = match (here, part) {
        (true, _) => ["┏", "━", "┓", "┃", "┗", "┛"],
        // What never ran is an outline of what would have been.
        (false, Some(Part::Blocked)) => ["┌", "╌", "┐", "┊", "└", "┘"],
        (false, _) => ["┌", "─", "┐", "│", "└", "┘"],
    };
    let bar = corners[1].repeat(usize::from(node.w - 2));
    window.write(node.x, node.y, &format!("{}{bar}{}", corners[0], corners[2]), border);
    window.write(node.x, node.y + 2, &format!("{}{bar}{}", corners[4], corners[5]), border);
    window.write(node.x, node.y + 1, corners[3], border);
    window.write(node.x + node.w - 1, node.y + 1, corners[3], border);
    let ink = if part == Some(Part::Root) { theme.failed } else { theme.muted };
    if let Some((long, short)) = part.map(Part::words) {
        on_border((node.x, node.y), node.w, [long, short], ink, window);
    }
    let issues = view.issues.iter().filter(|issue| issue.step == node.step).count();
    if issues > 0 {
        let long = if issues == 1 { "! 1 issue".to_owned() } else { format!("! {issues} issues") };
        on_border((node.x, node.y + 2), node.w, [&long, "!"], theme.draining, window);
    }
    let room = usize::from(node.w - 4);
    let label = crate::ui::strip::cut((&*node.label).into(), room.saturating_sub(2));
    let paper = if here { theme.selection } else { Style::default() };
    let ink = match (here, &status) {
        (true, _) => theme.strong,
        (false, StepStatus::Pending | StepStatus::Skipped(_)) => theme.muted,
        (false, _) => theme.text,
    };
    window.write(node.x + 1, node.y + 1, &" ".repeat(usize::from(node.w - 2)), paper);
    window.write(node.x + 2, node.y + 1, mark.glyph, mark.style.patch(paper));
    window.write(node.x + 4, node.y + 1, &label, ink.patch(paper));
}

/// Writes the first of the words that fits into a box's border.
fn on_border((x, y): (u16, u16), width: u16, words: [&str; 2], ink: Style, window: &mut Window<'_>) {
    let room = usize::from(width.saturating_sub(2));
    if let Some(word) = words.into_iter().find(|word| word.width() + 2 <= room) {
        window.write(x + 1, y, &format!(" {word} "), ink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_drawings_stand_in_the_middle_and_large_ones_are_panned() {
        assert_eq!(shift(10, 4, 3), 3);
        assert_eq!(shift(10, 30, 5), -5);
        assert_eq!(shift(10, 30, 99), -20);
    }
}

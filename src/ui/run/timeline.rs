//! The Timeline tab: a row per step, from its beginning to its end.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::bars::{self, Scale};
use crate::app::layout;
use crate::app::panes::{RunScreen, TimeRow};
use crate::domain::clock::human_fine;
use crate::domain::timeline::{Track, TrackKind};
use crate::domain::tree::Fold;
use crate::domain::triage::CauseChain;
use crate::domain::{StepId, StepStatus, Timestamp};
use crate::mirror::RunDetail;
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, first_row, frame, row};
use crate::ui::status::{of_status, of_step};
use crate::ui::strip::{Strip, columns, put};

/// Columns of the times at the right.
const TIME: u16 = 8;

/// What everything is drawn from.
#[derive(Clone, Copy)]
struct Chart<'a> {
    scene: Scene<'a>,
    screen: &'a RunScreen,
    detail: &'a RunDetail,
    chain: &'a CauseChain,
    scale: Scale,
    /// Columns of the names at the left.
    names: u16,
}

/// Draws the tab.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let title = Strip::new().add("Timeline", theme.title);
    let Some(detail) = scene.model.mirror.detail(&screen.run) else {
        let inside = frame(area, &title, Focus::Here, theme, buf);
        return super::canvas::loading(scene, screen, inside, buf);
    };
    let Some((from, to)) = span(scene, screen, detail) else {
        let inside = frame(area, &title, Focus::Here, theme, buf);
        return Strip::new().gap(1).add("no event yet", theme.muted).paint(row(inside, 0), buf);
    };
    let times = format!("{} to {} UTC", from.strftime("%H:%M:%S"), to.strftime("%H:%M:%S"));
    frame(area, &title.right(times, theme.muted), Focus::Here, theme, buf);
    let parts = layout::timeline(scene.model.size);
    let place = |area: Rect| area.intersection(buf.area);
    let (axis, rows, legend) = (place(parts.axis), place(parts.rows), parts.legend.map(place));
    let names = (rows.width * 3 / 10).clamp(18, 34);
    let scale = Scale::new((from, to), to.min(scene.now), rows.width.saturating_sub(names + TIME + 4));
    let chain = &super::chain(scene, screen, detail);
    let chart = Chart { scene, screen, detail, chain, scale, names };
    states(&chart, axis, rows, buf);
    let view = &screen.timeline;
    let first = first_row(view.offset, view.index, rows.height, view.rows.len());
    for (line, of) in view.rows[first..].iter().take(usize::from(rows.height)).enumerate() {
        step(&chart, of, first + line == view.index, row(rows, line as u16), buf);
    }
    if let Some(area) = legend {
        explain(&chart, area, buf);
    }
}

/// From the run's first instant to its end, or to the present. A moment of the past is shown on
/// the whole run's scale, so that stepping through it moves along one line.
fn span(scene: Scene<'_>, screen: &RunScreen, detail: &RunDetail) -> Option<(Timestamp, Timestamp)> {
    let events = detail.history.events();
    let times = || events.iter().filter_map(|event| event.at);
    let run = scene.model.mirror.run(&screen.run);
    let from = times().next().or_else(|| run?.started_at)?;
    let last = times().next_back().unwrap_or(from);
    let ended = run.is_none_or(|run| run.status.is_terminal());
    let to = if ended || screen.moment.is_some() { last } else { last.max(scene.now) };
    Some((from, to.max(from)))
}

/// The axis with its times, and the run's own states down through all rows.
fn states(chart: &Chart<'_>, axis: Rect, rows: Rect, buf: &mut Buffer) {
    let theme = chart.scene.theme;
    let left = axis.x + chart.names + 2;
    let right = axis.right().saturating_sub(TIME + 1);
    for (column, time) in chart.scale.marks() {
        let x = left + column;
        let text = if time.is_zero() { "0s".to_owned() } else { human_fine(time) };
        // A time that would be cut tells nothing.
        if x + columns(&text) <= right {
            put(buf, (x, axis.y), columns(&text), &text, theme.muted);
        }
    }
    let mut line = |x: u16, style: Style, symbol: &'static str| {
        for y in rows.top()..rows.bottom() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    };
    let marks = chart.screen.history(chart.detail).marks();
    let marks = marks.iter().filter_map(|mark| Some((left + chart.scale.column(mark.at?), &mark.status)));
    let marks: Vec<_> = marks.map(|(x, status)| (x, of_status(status, theme))).collect();
    if chart.scale.now() < chart.scene.now || chart.screen.moment.is_some() || is_live(chart) {
        line(left + chart.scale.column(chart.scale.now()), theme.running, "│");
    }
    for (x, mark) in marks.iter().skip(1) {
        line(*x, mark.style, "┊");
    }
    for (x, mark) in &marks {
        put(buf, (*x, axis.y + 1), 1, mark.glyph, mark.style);
    }
}

fn is_live(chart: &Chart<'_>) -> bool {
    let run = chart.scene.model.mirror.run(&chart.screen.run);
    run.is_some_and(|run| !run.status.is_terminal())
}

fn step(chart: &Chart<'_>, of: &TimeRow, selected: bool, area: Rect, buf: &mut Buffer) {
    let theme = chart.scene.theme;
    if selected {
        buf.set_style(area, theme.selection);
        Strip::new().add("▌", theme.accent).paint(area, buf);
    }
    let track = of.track.and_then(|place| chart.screen.timeline.timeline.tracks().get(place));
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let time = track.and_then(|track| track.length(chart.scale.now())).map(human_fine).unwrap_or_default();
    let line = Rect {
        x: inside.x + chart.names + 1,
        width: inside.width.saturating_sub(chart.names + TIME + 2),
        ..inside
    };
    if let Some(track) = track {
        bars::draw(&track.bars, chart.scale, theme, line, buf);
    }
    name(chart, of, track).paint(Rect { width: chart.names.min(inside.width), ..inside }, buf);
    let times = Rect { x: inside.right().saturating_sub(TIME), width: TIME.min(inside.width), ..inside };
    Strip::new().number(time, TIME, theme.muted).paint(times, buf);
}

/// A row's name: how it stands, and how many iterations it has been through.
fn name<'a>(chart: &Chart<'_>, of: &'a TimeRow, track: Option<&'a Track>) -> Strip<'a> {
    let theme = chart.scene.theme;
    let strip = Strip::new().gap(of.depth * 2);
    if let Some(track) = track.filter(|track| track.kind == TrackKind::Round) {
        return strip.add("· ", theme.muted).add(&*track.label, theme.foreign);
    }
    let status = chart.chain.status(chart.screen.history(chart.detail), &of.key.step);
    let mark = of_step(&status, theme);
    let strip = match of.fold {
        Some(Fold::Open) => strip.add("▾ ", theme.muted),
        Some(Fold::Closed) => strip.add("▸ ", theme.muted),
        None => strip.gap(2),
    };
    let critical = chart.screen.timeline.critical.contains(&of.key.step);
    let ink = match (&status, critical) {
        (StepStatus::Pending | StepStatus::Skipped(_), _) => theme.muted,
        (_, true) => theme.strong,
        (_, false) => theme.text,
    };
    let strip = strip.add(mark.glyph, mark.style).gap(1).add(label(chart, &of.key.step), ink);
    let strip = match iterations(chart, of, track) {
        0 => strip,
        count => strip.add(format!(" ({count})"), theme.muted),
    };
    if critical { strip.right("‹", theme.accent) } else { strip }
}

/// An inner step by the name it has within its loop.
fn label<'a>(chart: &Chart<'_>, step: &'a StepId) -> std::borrow::Cow<'a, str> {
    if step.parent().is_some() {
        return step.as_str().rsplit('#').next().unwrap_or_default().into();
    }
    let spec = chart.detail.graph.as_ref().and_then(|graph| graph.step(step));
    spec.map_or_else(|| step.as_str().into(), |spec| crate::domain::drawing::label(spec).to_owned().into())
}

/// The iterations of an inner step, or of a loop by those of its inner steps.
fn iterations(chart: &Chart<'_>, of: &TimeRow, track: Option<&Track>) -> usize {
    let Some(track) = track else { return 0 };
    if track.kind == TrackKind::Inner {
        return track.iterations();
    }
    let tracks = chart.screen.timeline.timeline.tracks();
    let inside = tracks.iter().filter(|inner| inner.step.parent().as_ref() == Some(&of.key.step));
    inside.map(Track::iterations).max().unwrap_or(0)
}

fn explain(chart: &Chart<'_>, area: Rect, buf: &mut Buffer) {
    let theme = chart.scene.theme;
    let mut strip = Strip::new().gap(1);
    let tracks = chart.screen.timeline.timeline.tracks();
    let seen = |doing| tracks.iter().flat_map(|track| &track.bars).any(|bar| bar.doing == doing);
    for (symbol, word, style) in bars::legend(theme, seen) {
        strip = strip.add(symbol, style).add(format!(" {word} "), theme.muted).gap(1);
    }
    if !chart.screen.timeline.critical.is_empty() {
        strip = strip.add("‹", theme.accent).add(" critical", theme.muted);
    }
    strip.paint(area, buf);
}

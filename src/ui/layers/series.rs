//! The runs that run again, one below the other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::RunStatus;
use crate::domain::clock::{age, human};
use crate::domain::series::{Ending, Item, Series, Stage, Tally};
use crate::ui::Theme;
use crate::ui::draw::Scene;
use crate::ui::pane::{first_row, overlay, row};
use crate::ui::status::of_status;
use crate::ui::strip::Strip;

/// Columns of the list.
const WIDTH: u16 = 110;
/// The most rows of the list.
const ROWS: u16 = 18;

/// Draws the list.
pub(super) fn draw(scene: Scene<'_>, index: usize, buf: &mut Buffer) {
    let Some(series) = &scene.model.reruns.series else { return };
    let theme = scene.theme;
    let count = series.items().len();
    let title = Strip::new().add("Running again", theme.title);
    let title = title.right(told(series), style(series, theme));
    let rows = (count as u16).min(ROWS);
    let inside = overlay((WIDTH, rows + 4), &title, theme, buf);
    let list = Rect { height: inside.height.saturating_sub(2), ..inside };
    let index = index.min(count.saturating_sub(1));
    let first = first_row(0, index, list.height, count);
    for (line, item) in series.items()[first..].iter().take(usize::from(list.height)).enumerate() {
        let place = row(list, line as u16);
        if first + line == index {
            buf.set_style(place, theme.selection);
            Strip::new().add("▌", theme.accent).paint(place, buf);
        }
        one(scene, item).paint(place, buf);
    }
    let keys = row(inside, inside.height.saturating_sub(1));
    let mut strip = Strip::new().hint("enter".into(), "open the run", theme).gap(1);
    if series.ending().is_none() {
        strip = strip.hint("s".into(), "start nothing more", theme).gap(1);
    }
    let close = if series.is_over() { "put it away" } else { "close" };
    strip.hint("esc".into(), close, theme).paint(keys, buf);
}

/// The line above the footer while there is a series.
pub(in crate::ui) fn band(scene: Scene<'_>) -> Option<Strip<'_>> {
    let series = scene.model.reruns.series.as_ref()?;
    let theme = scene.theme;
    let at = match series.current().or_else(|| series.stopped_at()) {
        Some(item) => format!("  {} {}", name(scene, item), how(scene, item)),
        None => String::new(),
    };
    let strip = Strip::new().gap(1).add(told(series), style(series, theme)).add(at, theme.text);
    let strip = strip.right("S", theme.key);
    Some(strip.right(if series.is_over() { " shows it " } else { " shows and ends it " }, theme.muted))
}

/// How far the series is, in words.
fn told(series: &Series) -> String {
    let Tally { completed, under_way, waiting, total } = series.tally();
    let done = format!("{completed} of {total} completed");
    match series.ending() {
        None => format!("running again: {done}, {under_way} running, {waiting} left"),
        Some(Ending::Completed) => format!("ran again: {done}"),
        Some(Ending::FailedAgain | Ending::NotStarted) => format!("stopped: {done}, {waiting} left"),
        Some(Ending::Ended) => format!("ended: {done}, {waiting} left"),
    }
}

fn style(series: &Series, theme: &Theme) -> Style {
    match series.ending() {
        None => theme.running,
        Some(Ending::Completed) => theme.success,
        Some(Ending::Ended) => theme.muted,
        Some(Ending::FailedAgain | Ending::NotStarted) => theme.failed,
    }
}

/// One run: what it was, what stands in for it, and how that is.
fn one<'a>(scene: Scene<'a>, item: &'a Item) -> Strip<'a> {
    let theme = scene.theme;
    let status = match &item.stage {
        Stage::Waiting | Stage::Preparing => RunStatus::Pending,
        Stage::Starting(_) | Stage::Running(_) => RunStatus::Running,
        Stage::Completed(_) => RunStatus::Completed,
        Stage::FailedAgain(_) | Stage::NotStarted(_) => RunStatus::Failed,
    };
    let mark = of_status(&status, theme);
    let strip =
        Strip::new().gap(2).add(mark.glyph, mark.style).gap(1).cell(name(scene, item), 28, theme.text).gap(1);
    let strip = match item.stage.new_run() {
        Some(new) => strip.add("→ ", theme.muted).cell(new.short(), 9, theme.accent),
        None => strip.gap(11),
    };
    strip.gap(1).add(how(scene, item), mark.style)
}

/// The run that failed, as the operator reads it.
fn name(scene: Scene<'_>, item: &Item) -> String {
    let run = scene.model.mirror.run(&item.run);
    let workflow = run.map_or(item.workflow.as_str(), |run| scene.model.mirror.workflow_name(run));
    format!("{workflow} {}", item.run.short())
}

/// How a run's turn is or went: by what the server says of its new run.
fn how(scene: Scene<'_>, item: &Item) -> String {
    let new = item.stage.new_run().and_then(|new| scene.model.mirror.run(new));
    match (&item.stage, new) {
        (Stage::NotStarted(why), _) => format!("not started: {why}"),
        (Stage::Running(new), Some(run)) => {
            let waits = scene.model.mirror.tasks_of(new).next().is_some();
            let word = if waits { "waits for a person" } else { run.status.as_str() };
            let since =
                run.started_at.map(|at| format!(", {}", human(age(at, scene.now)))).unwrap_or_default();
            format!("{word}{since}")
        }
        (Stage::FailedAgain(_), Some(run)) => {
            let code = run.failure_code.as_ref().map(|code| format!(": {code}")).unwrap_or_default();
            let error = run.error.as_deref().map(|error| format!(" {error}")).unwrap_or_default();
            format!("failed again{code}{error}")
        }
        (stage, _) => stage.word().to_owned(),
    }
}

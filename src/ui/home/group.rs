//! Failures of one cause: how many, since when, of which workflows, and how they came over the day.

use std::time::Duration;

use crate::app::decide::by_workflow;
use crate::app::panes::{FailedRow, RowKey};
use crate::domain::failures::over_time;
use crate::domain::{Run, RunId, Timestamp};
use crate::ui::draw::Scene;
use crate::ui::run::page::Page;
use crate::ui::strip::Strip;

/// The time that the bars are about, and how many there are of them.
const DAY: (Duration, usize) = (Duration::from_hours(24), 24);

/// Bars by height; the lowest stands for nothing.
const BARS: [&str; 8] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇"];

/// Writes what is known of the selected group; nothing where a single run is selected.
pub(super) fn draw(scene: Scene<'_>, key: &RowKey, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    let Some(runs) = runs(scene, key) else { return };
    let ends: Vec<Timestamp> = runs.iter().filter_map(|run| run.over_at()).collect();
    let since =
        ends.iter().min().map_or_else(String::new, |at| format!(" since {} UTC", at.strftime("%H:%M")));
    let strip = Strip::new().add(format!("{} failures of one cause", runs.len()), theme.failed);
    page.line(
        &strip
            .add(since, theme.text)
            .right("R", theme.key)
            .right(" runs all again  ", theme.muted)
            .right("enter", theme.key)
            .right(" unfolds", theme.muted),
    );
    page.text(&by_workflow(scene.model, &runs), theme.muted);
    let counts = over_time(ends.into_iter(), scene.now, DAY.0, DAY.1);
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bars: String = counts.iter().map(|count| bar(*count, most)).collect();
    page.line(&Strip::new().add("24 h │", theme.muted).add(bars, theme.failed).add("│ now", theme.muted));
    page.blank();
    page.text("The newest of them:", theme.muted);
}

fn runs<'a>(scene: Scene<'a>, key: &RowKey) -> Option<Vec<&'a Run>> {
    let RowKey::Failures(signature, _) = key else { return None };
    let rows = scene.model.home.failed.iter();
    let mut own = rows.filter_map(|row| match row {
        FailedRow::Group { signature: known, runs, .. } if known == signature => Some(runs),
        FailedRow::Group { .. } | FailedRow::Run(_) => None,
    });
    let known = |id: &RunId| scene.model.mirror.run(id);
    own.next().map(|runs| runs.iter().filter_map(known).collect())
}

fn bar(count: usize, most: usize) -> &'static str {
    BARS[(count * (BARS.len() - 1)).div_ceil(most)]
}

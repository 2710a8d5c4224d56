//! The line at the top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::draw::Scene;
use super::status::{Waits, of_run};
use super::strip::{Strip, cut};
use crate::app::Freshness;
use crate::app::freshness::overdue;
use crate::app::model::{Access, Environment};
use crate::app::panes::RunScreen;
use crate::domain::clock::{age, human, human_fine};
use crate::domain::text::visible;
use crate::domain::{Credits, Usage};
use crate::mirror::{LinkState, Section, Source};

/// From this width on the header has room for everything.
const WIDE: u16 = 100;

/// The most columns of a failure code; the known ones have fewer.
const CODE: usize = 26;

/// The connection in one word.
struct Connection {
    glyph: &'static str,
    word: String,
    style: Style,
    stale: bool,
}

/// The header of the Command Center.
pub(super) fn home(scene: Scene<'_>, area: Rect, buf: &mut Buffer) {
    let link = connection(scene);
    let mut strip = place(scene, &link);
    let theme = scene.theme;
    strip = strip.gap(3).add(format!("{} {}", link.glyph, link.word), link.style);
    let ink = |style: Style| if link.stale { Style::default() } else { style };
    if area.width >= WIDE {
        strip = strip.add(streams(scene), ink(theme.muted));
    }
    strip = strip.add(data_age(scene), ink(theme.muted));
    let unreadable = scene.model.mirror.unreadable();
    if unreadable > 0 {
        strip = strip.add(format!("  ! {unreadable} unreadable"), ink(theme.failed));
    }
    let skipped = scene.model.mirror.skipped_frames();
    if skipped > 0 {
        let word = if skipped == 1 { "frame" } else { "frames" };
        strip = strip.add(format!("  ! {skipped} odd {word}"), ink(theme.waiting));
    }
    if let Some(skew) = scene.model.mirror.clock_skew_seconds() {
        let away = human(std::time::Duration::from_secs(skew.unsigned_abs()));
        let side = if skew > 0 { "ahead" } else { "behind" };
        strip = strip.add(format!("  ! clock {away} {side}"), ink(theme.waiting));
    }
    let count = |section| scene.model.mirror.len(section, scene.now);
    // The word for production takes room away.
    let roomy = area.width >= 80 + production(scene).left_columns();
    let badges = [
        ("◆", count(Section::AwaitingApproval), "pending", theme.waiting),
        ("◐", count(Section::StoppingGracefully), "draining", theme.draining),
        ("✖", count(Section::FailedRecently), "failed", theme.failed),
    ];
    for (glyph, count, word, style) in badges {
        let text = if roomy { format!("  {glyph} {count} {word}") } else { format!("  {glyph} {count}") };
        strip = strip.right(text, ink(if count == 0 { theme.muted } else { style }));
    }
    if let Some(usage) = scene.model.mirror.credits().filter(|_| area.width >= WIDE) {
        let (text, style) = credits(usage, scene);
        strip = strip.right(format!("  {text}"), ink(style));
    }
    finish(scene, &strip.right(" ", Style::default()), &link, area, buf);
}

/// What is left of the credits; loud once it is nothing.
fn credits(usage: &Usage, scene: Scene<'_>) -> (String, Style) {
    match usage {
        Usage { is_unlimited: true, .. } => ("no limit".into(), scene.theme.muted),
        Usage { total: 0, .. } => ("0.0 cr".into(), scene.theme.failed),
        Usage { total, .. } => (Credits(*total).to_string(), scene.theme.text),
    }
}

/// The header of a run.
pub(super) fn run(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let link = connection(scene);
    let theme = scene.theme;
    let mut strip =
        if area.width >= WIDE { place(scene, &link).add(" › ", theme.muted) } else { Strip::new().gap(1) };
    let run = scene.model.mirror.run(&screen.run);
    let ink = |style: Style| if link.stale { Style::default() } else { style };
    let name = run.map_or(screen.workflow.as_str(), |run| scene.model.mirror.workflow_name(run));
    strip = strip
        .add(name, ink(theme.strong))
        .add(" › ", ink(theme.muted))
        .add(screen.run.short(), ink(theme.accent));
    if let Some(past) = past(scene, screen) {
        strip = strip.gap(2).add(past, ink(theme.waiting));
    }
    if link.stale || !matches!(link.glyph, "●") {
        strip = strip.gap(2).add(format!("{} {}", link.glyph, link.word), link.style);
    }
    if let Some(run) = run {
        let waits =
            scene.model.mirror.tasks_of(&run.id).next().map_or(Waits::ForNothing, |_| Waits::ForPerson);
        let mark = of_run(run, waits, theme);
        strip = strip.right(format!("{} {}", mark.glyph, mark.word), ink(mark.style));
        if let Some(code) = &run.failure_code {
            strip = strip.right(format!("  {}", cut(visible(code.as_str()), CODE)), ink(theme.failed));
        }
        if let Some(start) = run.started_at {
            let ran = age(start, run.ended_at.unwrap_or(scene.now));
            let (word, ran) =
                if run.ended_at.is_some() { ("ran", human_fine(ran)) } else { ("for", human(ran)) };
            strip = strip.right(format!("  {word} {ran}"), ink(theme.text));
        }
        if let Some(version) = run.version.filter(|_| area.width >= 80) {
            strip = strip.right(format!("  version {version}"), ink(theme.muted));
        }
    }
    finish(scene, &strip.right(" ", Style::default()), &link, area, buf);
}

/// Which moment of the past is shown, where it is not the present.
fn past(scene: Scene<'_>, screen: &RunScreen) -> Option<String> {
    let moment = screen.moment.as_ref()?;
    let all = scene.model.mirror.detail(&screen.run)?.history.events().len();
    Some(format!("at event {} of {all}", moment.shown))
}

fn finish(scene: Scene<'_>, strip: &Strip<'_>, link: &Connection, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, if link.stale { scene.theme.header_stale } else { scene.theme.header });
    let label = production(scene);
    let taken = label.left_columns().min(area.width);
    buf.set_style(Rect { width: taken, ..area }, scene.theme.production);
    label.paint(Rect { width: taken, ..area }, buf);
    strip.paint(Rect { x: area.x + taken, width: area.width - taken, ..area }, buf);
}

/// The word that stands before everything else where people depend on the server.
pub(super) fn production(scene: Scene<'_>) -> Strip<'static> {
    match scene.model.session.environment {
        Environment::Production => Strip::new().add(" PRODUCTION ", scene.theme.production),
        Environment::Ordinary => Strip::new(),
    }
}

fn place<'a>(scene: Scene<'a>, link: &Connection) -> Strip<'a> {
    let session = &scene.model.session;
    let ink = |style: Style| if link.stale { Style::default() } else { style };
    let strip = Strip::new()
        .gap(1)
        .add(session.tenant.as_str(), ink(scene.theme.strong))
        .add(" / ", ink(scene.theme.muted))
        .add(session.project.as_str(), ink(scene.theme.strong));
    match session.access {
        Access::ReadWrite => strip,
        Access::ReadOnly => strip.add("  read-only", ink(scene.theme.paused)),
    }
}

/// Whether what is shown is too old to decide on.
pub(super) fn is_stale(scene: Scene<'_>) -> bool {
    matches!(Freshness::of(scene.model, scene.now), Freshness::Stale { .. } | Freshness::Refused { .. })
}

fn connection(scene: Scene<'_>) -> Connection {
    let theme = scene.theme;
    let stale = is_stale(scene);
    let (glyph, word, style) = match scene.model.mirror.link(&Source::Feed).map(|link| &link.state) {
        None | Some(LinkState::Connecting | LinkState::Closed) => ("○", "connecting".into(), theme.muted),
        Some(LinkState::Live) => match Freshness::of(scene.model, scene.now) {
            Freshness::Fresh { .. } => ("●", "live".into(), theme.success),
            Freshness::Stale { .. } | Freshness::Refused { .. } => ("○", "stale".into(), theme.muted),
            Freshness::Never => ("○", "connecting".into(), theme.muted),
        },
        Some(LinkState::Retrying { next, .. }) => {
            let wait = human(age(scene.now, *next));
            let word = if *next > scene.now {
                format!("offline, next try {wait}")
            } else {
                "offline, trying".into()
            };
            ("○", word, theme.failed)
        }
        Some(LinkState::Refused(_)) => ("✖", "refused".into(), theme.failed),
    };
    Connection { glyph, word, style: if stale { Style::default() } else { style }, stale }
}

fn streams(scene: Scene<'_>) -> String {
    let streams = scene.model.mirror.links().filter(|(source, _)| matches!(source, Source::Stream(_)));
    let (live, all) = streams
        .fold((0, 0), |(live, all), (_, link)| (live + usize::from(link.state == LinkState::Live), all + 1));
    match (live, all) {
        (_, 0) => String::new(),
        (1, 1) => "  1 stream".into(),
        (live, all) if live == all => format!("  {all} streams"),
        (live, all) => format!("  {live} of {all} streams"),
    }
}

/// How old the picture is, once that is more than it should be.
fn data_age(scene: Scene<'_>) -> String {
    overdue(scene.model, scene.now).map_or_else(String::new, |age| format!("  data {}", human(age)))
}

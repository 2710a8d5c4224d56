//! `arcc` without a command: the Command Center.

use std::process::ExitCode;

use color_eyre::Result;
use tokio::sync::mpsc;

use super::args::Global;
use super::connect::{Connected, Purpose, connect};
use super::exit::Failure;
use super::output::remark;
use crate::app::Model;
use crate::app::model::{Paper, Tone};
use crate::client;
use crate::config::ThemeChoice;
use crate::platform::terminal::{self, Screen};
use crate::platform::{logging, paths::Paths};
use crate::runtime::{Left, Outcome, Program, run as run_program};
use crate::ui::{Glyphs, Theme};

/// How many reports may wait for the screen before the client port waits too.
const REPORTS: usize = 4_096;

/// Opens the Command Center and runs it until the operator quits.
pub(super) async fn run(global: &Global) -> Result<ExitCode> {
    need_terminal()?;
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return super::plain::run(global).await;
    }
    if let Some(paths) = Paths::of_user() {
        // Without a log everything else works.
        if let Err(error) = logging::begin(&paths.state) {
            remark(&format!("no log is written into {}: {error}", paths.state.display()));
        }
    }
    let connected = connect(global, Purpose::Screen).await?;
    let (reports_in, reports) = mpsc::channel(REPORTS);
    let watch = client::watch(connected.client.clone(), reports_in);
    let screen = Screen::take()?;
    let mut model = Model::new(connected.session.clone(), paper(global, &connected), screen.size());
    model.caller = super::diagnose::caller(&connected);
    let now = crate::domain::Timestamp::now();
    connected.notices.iter().for_each(|notice| model.say(Tone::Bad, notice.as_str(), now));
    let program =
        Program { model, themes: themes(global, &connected), orders: connected.orders(), watch, reports };
    let left = run_program(program, screen).await;
    connected.close().await;
    let left = left?;
    tell(&left);
    Ok(match left.outcome {
        Outcome::Quit => ExitCode::SUCCESS,
        Outcome::Ended(ending) => ExitCode::from(ending.exit_code()),
    })
}

/// Tells on the restored terminal what the screen can no longer tell.
fn tell(left: &Left) {
    for words in &left.unsent {
        remark(&format!("not sent, for the time for it had not come: {words}"));
    }
    for words in &left.unanswered {
        remark(&format!("sent and not answered: {words}. The next start asks what became of it"));
    }
}

fn need_terminal() -> Result<()> {
    if !terminal::is_interactive() {
        let text =
            "the Command Center needs a terminal; without one use a command such as `arcc runs list --json`";
        return Err(Failure::Usage(text.into()).into());
    }
    Ok(())
}

fn paper(global: &Global, connected: &Connected) -> Paper {
    match global.theme.or(connected.settings.file.theme).unwrap_or_default() {
        ThemeChoice::Light => Paper::Light,
        ThemeChoice::Dark => Paper::Dark,
        ThemeChoice::Auto => paper_of_terminal(),
    }
}

/// Some terminals tell their colours in `COLORFGBG`, as `ink;paper`; white paper is 7 or 15.
fn paper_of_terminal() -> Paper {
    let colours = std::env::var("COLORFGBG").unwrap_or_default();
    match colours.rsplit(';').next() {
        Some("7" | "15") => Paper::Light,
        _ => Paper::Dark,
    }
}

fn themes(global: &Global, connected: &Connected) -> (Theme, Theme) {
    let ascii = global.ascii || connected.settings.file.ascii || !terminal::locale_is_utf8();
    let glyphs = if ascii { Glyphs::Ascii } else { Glyphs::Unicode };
    let no_color = global.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if no_color {
        return (Theme::plain().with_glyphs(glyphs), Theme::plain().with_glyphs(glyphs));
    }
    (Theme::dark().with_glyphs(glyphs), Theme::light().with_glyphs(glyphs))
}

//! This machine: settings, terminal, data.

use std::path::{Path, PathBuf};

use super::Checkup;
use crate::cli::args::Global;
use crate::cli::connect::settings;
use crate::domain::triage::Verdict;
use crate::platform::paths::Paths;
use crate::platform::terminal::{self, locale_is_utf8};

/// The configuration file: where it is, and whether it can be used.
pub(super) fn config(global: &Global) -> Vec<Checkup> {
    let path =
        global.config.clone().or_else(|| Paths::of_user().map(|paths| paths.config.join("config.toml")));
    let Some(path) = path else {
        return vec![Checkup::new(
            "config",
            Verdict::Unchecked,
            "this user has no home directory, so there is no configuration file",
        )];
    };
    match settings(global) {
        Err(report) => vec![
            Checkup::new("config", Verdict::Cause, report.to_string())
                .advise("correct the file, or name another one with --config FILE"),
        ],
        Ok(loaded) => {
            let place = path.display();
            let read = if path.exists() {
                format!("{place} is valid")
            } else {
                format!("{place} does not exist; defaults are used")
            };
            let warnings = loaded.warnings.iter().map(|text| {
                Checkup::new("config", Verdict::Contributing, text.clone())
                    .advise("correct or remove the key")
            });
            [Checkup::ok("config", read)].into_iter().chain(warnings).collect()
        }
    }
}

/// What the terminal can show.
pub(super) fn terminal(global: &Global) -> Vec<Checkup> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let term = variable("TERM").unwrap_or_default();
    if !terminal::is_interactive() {
        return vec![Checkup::new(
            "terminal",
            Verdict::Unchecked,
            "standard input or output is no terminal here, so it was not looked at",
        )];
    }
    let mut found = vec![size(&term)];
    let colours = match (variable("NO_COLOR"), variable("COLORTERM")) {
        (Some(_), _) => "none, as NO_COLOR asks".to_owned(),
        (None, Some(word)) if word == "truecolor" || word == "24bit" => "16 million".to_owned(),
        (None, _) if term.contains("256") => "256".to_owned(),
        _ => "as many as the terminal has; TERM names no 256".to_owned(),
    };
    found.push(Checkup::ok("terminal", format!("colours: {colours}")));
    let letters = if global.ascii {
        "ASCII, as --ascii asks"
    } else if locale_is_utf8() {
        "UTF-8"
    } else {
        "ASCII: the locale is not UTF-8"
    };
    found.push(Checkup::ok("terminal", format!("characters: {letters}")));
    let through = match (variable("TMUX"), variable("STY")) {
        (Some(_), _) => "copies go through tmux by OSC 52; tmux needs `set -g allow-passthrough on`",
        (None, Some(_)) => "copies go by OSC 52, which GNU screen does not pass on",
        (None, None) => "copies go to the terminal by OSC 52",
    };
    let verdict = if variable("STY").is_some() { Verdict::Contributing } else { Verdict::Ok };
    found.push(Checkup::new("terminal", verdict, through));
    found
}

fn size(term: &str) -> Checkup {
    let (least_width, least_height) = crate::app::layout::MIN;
    match terminal::size() {
        _ if term == "dumb" => {
            Checkup::new("terminal", Verdict::Cause, "TERM is `dumb`: nothing can be drawn")
                .advise("use commands such as `arcc runs list`")
        }
        Some((width, height)) if width < least_width || height < least_height => Checkup::new(
            "terminal",
            Verdict::Cause,
            format!("{width}×{height} is too small; the Command Center needs {least_width}×{least_height}"),
        )
        .advise("make the window larger"),
        Some((width, height)) => Checkup::ok("terminal", format!("{width}×{height}, TERM {term}")),
        None => {
            Checkup::new("terminal", Verdict::Unchecked, format!("it does not tell its size, TERM {term}"))
        }
    }
}

/// The folders that the program writes into.
pub(super) fn data(global: &Global) -> Vec<Checkup> {
    let Some(paths) = Paths::of_user() else { return Vec::new() };
    let data = global.data.clone().unwrap_or(paths.data);
    [("data", data), ("state", paths.state)]
        .into_iter()
        .map(|(area, folder)| writable(area, &folder))
        .collect()
}

/// Whether a folder, or the nearest one above it that exists, can be written into.
fn writable(area: &'static str, folder: &Path) -> Checkup {
    let place = folder.display();
    let existing: Option<PathBuf> = folder.ancestors().find(|part| part.exists()).map(Path::to_owned);
    let Some(existing) = existing else {
        return Checkup::new(area, Verdict::Cause, format!("{place}: no folder above it exists"));
    };
    match tempfile_in(&existing) {
        Ok(()) if existing == folder => Checkup::ok(area, format!("{place} can be written")),
        Ok(()) => Checkup::ok(area, format!("{place} does not exist yet and can be made")),
        Err(error) => Checkup::new(area, Verdict::Cause, format!("{place} cannot be written: {error}"))
            .advise("correct its owner or mode, or name another one"),
    }
}

/// Makes a file and removes it again: modes alone do not tell of read-only or full file systems.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".arcc-doctor-{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    std::fs::remove_file(probe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_tried_and_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(writable("data", dir.path()).verdict, Verdict::Ok);
        assert!(
            writable("data", &dir.path().join("a/b")).text.ends_with("does not exist yet and can be made")
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

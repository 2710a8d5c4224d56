//! `arcc doctor`: everything that is not about one run. Settings, terminal, data, the way to the
//! server, who asks, credits, connections, memory.

mod machine;
mod server;

use std::process::ExitCode;

use color_eyre::Result;
use serde_json::{Value, json};

use super::args::{Global, Print};
use super::connect::{Purpose, connect, settings};
use super::exit::exit_code;
use super::findings::mark;
use super::output::show;
use crate::domain::document::wrap;
use crate::domain::text::visible;
use crate::domain::triage::{Finding, Verdict};

/// Columns of an area's name.
const AREA: usize = 12;
/// Columns of a line.
const WIDTH: usize = 80;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checkup {
    /// What it is about, in a word.
    area: &'static str,
    verdict: Verdict,
    /// What was found, in one sentence; may hold foreign text.
    text: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Checkup {
    fn new(area: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { area, verdict, text: text.into(), advice: None }
    }

    fn ok(area: &'static str, text: impl Into<String>) -> Self {
        Self::new(area, Verdict::Ok, text)
    }

    fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    fn of(area: &'static str, finding: &Finding) -> Self {
        let bad = matches!(finding.verdict, Verdict::Cause | Verdict::Contributing);
        let advice = finding.playbook().filter(|_| bad).map(|book| book.advice.clone());
        let said = finding.quote.as_deref().map(|quote| format!(" ({quote})")).unwrap_or_default();
        Self { area, verdict: finding.verdict, text: format!("{}{said}", finding.title), advice }
    }

    fn json(&self) -> Value {
        json!({"area": self.area, "verdict": self.verdict.as_str(), "text": self.text, "advice": self.advice})
    }

    fn lines(&self) -> Vec<String> {
        let mut broken = Vec::new();
        wrap(&visible(&self.text), WIDTH - AREA - 3, 0, &mut broken);
        let mut lines: Vec<String> = broken
            .iter()
            .enumerate()
            .map(|(index, line)| {
                let (mark, area) = if index == 0 { (mark(self.verdict), self.area) } else { (' ', "") };
                format!("{mark} {area:AREA$} {line}")
            })
            .collect();
        if let Some(advice) = &self.advice {
            let mut broken = Vec::new();
            wrap(&visible(advice), WIDTH - AREA - 6, 0, &mut broken);
            lines.extend(broken.iter().enumerate().map(|(index, line)| {
                let arrow = if index == 0 { "->" } else { "  " };
                format!("  {:AREA$} {arrow} {line}", "")
            }));
        }
        lines
    }
}

/// Looks at everything, tells it, and ends with 0 when nothing is wrong.
pub(super) async fn run(global: &Global, print: Print) -> Result<ExitCode> {
    let mut found = vec![Checkup::ok("program", concat!("arcc ", env!("CARGO_PKG_VERSION")))];
    found.extend(machine::config(global));
    found.extend(machine::terminal(global));
    found.extend(machine::data(global));
    let code = match settings(global) {
        // The settings have been told of already; without them there is nobody to ask.
        Err(report) => Some(exit_code(&report)),
        Ok(_) => match connect(global, Purpose::Command).await {
            Ok(connected) => {
                found.extend(server::check(&connected).await);
                connected.close().await;
                None
            }
            Err(report) => {
                found.push(Checkup::new("server", Verdict::Cause, report.to_string()));
                Some(exit_code(&report))
            }
        },
    };
    let code = code.unwrap_or_else(|| code_of(&found));
    let body = json!({"checks": found.iter().map(Checkup::json).collect::<Vec<_>>()});
    show(print, &body, || found.iter().flat_map(Checkup::lines).collect())?;
    Ok(code)
}

/// 4 when the server does not know who asks, 3 when it cannot be reached, 1 when something else is
/// wrong, 0 when nothing is.
fn code_of(found: &[Checkup]) -> ExitCode {
    let wrong = |area: &str| found.iter().any(|one| one.area == area && one.verdict == Verdict::Cause);
    ExitCode::from(if wrong("network") {
        3
    } else if wrong("access") {
        4
    } else {
        u8::from(found.iter().any(|one| one.verdict == Verdict::Cause))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_checkup_keeps_to_eighty_columns_and_shows_no_control() {
        let one = Checkup::new("network", Verdict::Cause, format!("\u{1b}[2J{}", "word ".repeat(30)))
            .advise("x ".repeat(60));
        let lines = one.lines();
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
        assert!(lines[0].starts_with("x network      \\e[2J"), "{}", lines[0]);
        assert_eq!(lines.iter().filter(|line| line.contains("->")).count(), 1);
    }

    #[test]
    fn what_is_wrong_decides_the_exit_code() {
        let code = |list: &[(&'static str, Verdict)]| {
            let list: Vec<Checkup> =
                list.iter().map(|(area, verdict)| Checkup::new(area, *verdict, "")).collect();
            format!("{:?}", code_of(&list))
        };
        let of = |number: u8| format!("{:?}", ExitCode::from(number));
        assert_eq!(code(&[("network", Verdict::Ok), ("credits", Verdict::Contributing)]), of(0));
        assert_eq!(code(&[("credits", Verdict::Cause)]), of(1));
        assert_eq!(code(&[("access", Verdict::Cause), ("credits", Verdict::Cause)]), of(4));
        assert_eq!(code(&[("network", Verdict::Cause), ("access", Verdict::Cause)]), of(3));
    }
}

//! Findings as lines for people, 80 columns wide, and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::output::columns;
use crate::domain::Timestamp;
use crate::domain::clock::{age, human, human_fine};
use crate::domain::comparison::{Comparison, Pace};
use crate::domain::document::wrap;
use crate::domain::text::visible;
use crate::domain::triage::{Act, Facts, Finding, Verdict, remedy};

/// Columns of a line.
const WIDTH: usize = 80;
/// How many lines of a quotation are printed.
const QUOTED: usize = 6;

/// The whole report: what was found, the worst first, then what to do.
pub(super) fn report(findings: &[Finding], now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last = None;
    for finding in findings {
        if last != Some(finding.verdict) {
            if last.is_some() {
                lines.push(String::new());
            }
            lines.push(heading(finding.verdict).to_owned());
            last = Some(finding.verdict);
        }
        finding_lines(finding, now, &mut lines);
    }
    if findings.is_empty() {
        lines.push("Nothing was found: no failure, nothing waiting, nothing slow.".into());
    }
    lines.extend(what_to_do(findings));
    lines
}

fn heading(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Cause => "Why",
        Verdict::Contributing => "Also",
        Verdict::Unchecked => "Could not be checked",
        Verdict::ByDesign => "By design, no fix needed",
        Verdict::Ok => "In order",
    }
}

/// The mark of a verdict: as the screen's ASCII glyphs.
pub(super) fn mark(verdict: Verdict) -> char {
    match verdict {
        Verdict::Cause => 'x',
        Verdict::Contributing => '!',
        Verdict::Unchecked => '?',
        Verdict::ByDesign => '-',
        Verdict::Ok => '+',
    }
}

fn finding_lines(finding: &Finding, now: Timestamp, lines: &mut Vec<String>) {
    put(&format!(" {} ", mark(finding.verdict)), &finding.title, lines);
    if let Some(quote) = &finding.quote {
        let all: Vec<&str> = quote.lines().collect();
        for line in all.iter().take(QUOTED) {
            put("   | ", line, lines);
        }
        if all.len() > QUOTED {
            lines.push(format!("   | … {} more lines", all.len() - QUOTED));
        }
    }
    if finding.verdict == Verdict::Ok {
        return;
    }
    for evidence in &finding.evidence {
        let ago = evidence.at.map(|at| format!(" ({} ago)", human(age(at, now)))).unwrap_or_default();
        put("     ", &format!("{}: {}{ago}", evidence.source, evidence.found), lines);
    }
}

/// Text made safe and broken at the line's end, later lines under the first one's text.
fn put(before: &str, text: &str, lines: &mut Vec<String>) {
    let mut broken = Vec::new();
    let room = WIDTH - before.chars().count();
    wrap(&visible(text), room, 0, &mut broken);
    for (index, line) in broken.iter().enumerate() {
        let is_quote = before.contains('|');
        let start = if index == 0 || is_quote { before.to_owned() } else { " ".repeat(before.len()) };
        lines.push(format!("{start}{line}").trim_end().to_owned());
    }
}

/// The steps of the first cause, then what can be done with one command or page.
fn what_to_do(findings: &[Finding]) -> Vec<String> {
    let matters = |finding: &&Finding| matches!(finding.verdict, Verdict::Cause | Verdict::Contributing);
    let Some(book) = remedy(findings) else { return Vec::new() };
    let mut lines = vec![String::new(), "What to do".to_owned()];
    for (index, step) in book.steps.iter().enumerate() {
        put(&format!(" {} ", index + 1), step, &mut lines);
    }
    if book.steps.is_empty() {
        put("   ", &book.advice, &mut lines);
    }
    let offers = findings.iter().filter(matters).flat_map(|finding| &finding.offers);
    let mut told: Vec<String> =
        offers.filter_map(|offer| how(&offer.act).map(|how| format!("{}: {how}", offer.label))).collect();
    told.dedup();
    for line in told {
        put("   ", &line, &mut lines);
    }
    lines
}

/// How to do it from a shell, where there is a way.
fn how(act: &Act) -> Option<String> {
    match act {
        Act::Command(command) => Some(command.to_string()),
        Act::Publish(workflow) => Some(format!("arcc workflows publish {workflow}")),
        Act::OpenRun { run, .. } => Some(format!("arcc diagnose {run}")),
        Act::Console(page) => Some(format!("the console's page {}", page.path())),
        Act::Copy(text) => Some(text.to_string()),
        Act::Decide
        | Act::Pause
        | Act::Resume
        | Act::Stop
        | Act::RunAgain
        | Act::Refetch
        | Act::Validate
        | Act::ShowEvents
        | Act::ShowStep(_)
        | Act::Reconnect { .. }
        | Act::Activate(_) => None,
    }
}

/// How long the steps took, against the last run that went well.
pub(super) fn against(found: &Comparison) -> Vec<String> {
    let head = format!("Steps, against run {}", visible(found.good.as_str()));
    let time = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), human_fine);
    let row = |pace: &Pace| {
        let ratio = pace.ratio().map(|ratio| format!("{ratio:.1}×")).unwrap_or_default();
        let first = found.first.as_ref().is_some_and(|first| first.step == pace.step);
        let note = if first {
            "first that differs"
        } else if pace.is_slower() {
            "slower"
        } else {
            ""
        };
        vec![pace.step.to_string(), time(pace.here), time(pace.there), ratio, note.to_owned()]
    };
    let rows: Vec<Vec<String>> = found.paces.iter().map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let table = columns(&["STEP", "HERE", "THERE", "TIMES", ""], &rows);
    [String::new(), head].into_iter().chain(table).collect()
}

/// What was asked, when, and whether it was answered.
pub(super) fn asked_json(facts: &Facts) -> Value {
    let fact = |(need, fact): (&crate::domain::triage::Need, &crate::domain::triage::Fact)| {
        json!({
            "what": need.to_string(),
            "asked": fact.asked,
            "asked_at": fact.asked_at,
            "took_ms": fact.took.as_millis() as u64,
            "error": fact.answer.as_ref().err().map(ToString::to_string),
        })
    };
    facts.iter().map(fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_eighty_columns_and_quotations_behind_their_gutter() {
        let mut lines = Vec::new();
        put(" x ", &"word ".repeat(40), &mut lines);
        put("   | ", &"x".repeat(200), &mut lines);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
        assert!(
            lines[1].starts_with("   word") && lines.last().is_some_and(|line| line.starts_with("   | x"))
        );
        put("   | ", "a\u{1b}[2Jb", &mut lines);
        assert_eq!(lines.last().map(String::as_str), Some("   | a\\e[2Jb"));
    }
}

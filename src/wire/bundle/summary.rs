//! A bundle in a page: for the clipboard, for a ticket, for a mail.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Contents, Subject};
use crate::domain::text::visible;
use crate::domain::triage::Verdict;
use crate::domain::{EventKind, RunEvent, Timestamp};

/// The address of the platform's support.
const SUPPORT: &str = "support@agentruntime.io";

/// The most characters of a mail's text: longer addresses are cut by many programs.
const MAIL: usize = 1_500;

/// What happened, in Markdown.
pub(super) fn summary(subject: &Subject<'_>, contents: Contents) -> String {
    let run = subject.run;
    let mut text = format!("# Run {} of {}\n\n", visible(run.id.as_str()), visible(run.title()));
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = writeln!(text, "- {name}: `{}`", visible(&value).replace('`', "'"));
        }
    };
    row("workflow", Some(run.workflow_id.to_string()));
    row("version", run.version.map(|version| version.to_string()));
    row("status", Some(run.status.to_string()));
    row("failure code", run.failure_code.as_ref().map(ToString::to_string));
    row("step", failed_step(subject));
    row("started", run.started_at.map(utc));
    row("ended", run.ended_at.map(utc));
    row("request id", run.request_id.as_deref().map(Into::into));
    row("server", Some(subject.host.to_owned()));
    row("client", Some(format!("arcc {}", env!("CARGO_PKG_VERSION"))));
    if let Some(error) = &run.error {
        let _ = write!(text, "\nThe error, as the platform reports it:\n\n");
        for line in error.lines() {
            let _ = writeln!(text, "> {}", visible(line));
        }
    }
    findings(subject, &mut text);
    let data =
        if contents == Contents::WithData { "inputs and results included" } else { "no inputs and results" };
    let _ = writeln!(text, "\n{} events in the log; {data}; secrets taken out.", subject.events.len());
    text
}

fn findings(subject: &Subject<'_>, text: &mut String) {
    let told = subject.findings.iter().filter(|finding| finding.verdict != Verdict::Ok);
    let lines: Vec<String> =
        told.map(|finding| format!("- {}: {}", finding.verdict, visible(&finding.title))).collect();
    if !lines.is_empty() {
        let _ = write!(text, "\nWhat arcc found:\n\n{}\n", lines.join("\n"));
    }
}

fn failed_step(subject: &Subject<'_>) -> Option<String> {
    let failed = |kind: &EventKind| *kind == EventKind::StepFailed;
    let first = subject.events.iter().find(|event| failed(&event.kind)).and_then(RunEvent::step_id);
    subject.run.failed_step.clone().or(first).map(|step| step.to_string())
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The address that opens a mail to support with the summary in it.
pub fn mail(subject: &str, summary: &str) -> String {
    let text: String = summary.chars().take(MAIL).collect();
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("mailto:{SUPPORT}?subject={}&body={}", encoded(subject), encoded(&text))
}

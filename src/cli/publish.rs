//! `arcc workflows diff` and `publish`: what a draft changes, and making it the next version.

use std::io::{BufRead, IsTerminal, Write};

use color_eyre::Result;
use serde_json::{Map, Value, json};

use super::args::{Print, Proof};
use super::connect::Connected;
use super::exit::Failure;
use super::guard::{Aimed, check};
use super::output::{remark, show};
use super::workflows::find_workflow;
use super::{order, validate};
use crate::domain::draft::changes;
use crate::domain::text::visible;
use crate::domain::{Digest, Graph, Workflow, WorkflowVersion};
use crate::wire::{Command, Publish};

/// Whether a person is asked before something is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Where there is one to ask.
    OnTerminal,
    /// Never.
    No,
}

/// A draft against what is published.
struct Draft {
    raw: Value,
    latest: Option<WorkflowVersion>,
    changes: Map<String, Value>,
}

impl Draft {
    async fn read(connected: &Connected, workflow: &Workflow) -> Result<Self> {
        let raw = connected.client.draft(&workflow.id).await?;
        let versions = connected.client.versions(&workflow.id).await?;
        let latest = WorkflowVersion::latest(versions);
        let unreadable =
            |problem| Failure::Operation(format!("the draft cannot be read as a graph: {problem}"));
        let draft = Graph::parse(&raw).map_err(unreadable)?;
        let published = latest.as_ref().and_then(|latest| latest.graph.as_deref());
        let changes = changes(published, &draft);
        Ok(Self { raw, latest, changes })
    }

    fn json(&self, workflow: &Workflow) -> Value {
        let latest = self.latest.as_ref().map(|latest| latest.version);
        json!({"workflow_id": workflow.id, "latest_version": latest, "changes": self.changes})
    }

    fn lines(&self, workflow: &Workflow) -> Vec<String> {
        let against = match &self.latest {
            Some(latest) => format!("version {}", latest.version),
            None => "nothing, for nothing is published".into(),
        };
        if self.changes.is_empty() {
            return vec![format!("{}: the draft is {against}", visible(&workflow.name))];
        }
        let mut lines = vec![format!("{}: the draft against {against}", visible(&workflow.name))];
        for (step, text) in &self.changes {
            lines.push(format!("@ {}", visible(step)));
            lines.extend(text.as_str().unwrap_or_default().lines().map(|line| visible(line).into_owned()));
        }
        lines
    }
}

/// Prints what publishing would change; whether it would change anything.
pub(super) async fn diff(connected: &Connected, workflow: &str, print: Print) -> Result<bool> {
    let workflow = find_workflow(&connected.client, workflow).await?;
    let draft = Draft::read(connected, &workflow).await?;
    show(print, &draft.json(&workflow), || draft.lines(&workflow))?;
    Ok(!draft.changes.is_empty())
}

/// Publishes a draft; the very one that a person was shown, where one was asked.
pub(super) async fn publish(
    connected: &Connected,
    (workflow, changelog): (&str, &str),
    ask: Ask,
    (proof, print): (&Proof, Print),
) -> Result<()> {
    check(connected, "publish", &Aimed::Workflow(workflow), proof)?;
    let workflow = find_workflow(&connected.client, workflow).await?;
    let mut publish =
        Publish { workflow: workflow.id.clone(), changelog: changelog.into(), shown: None, after: None };
    // Publishing asks for no validation; a draft that cannot be had or read is the server's to refuse.
    if let Ok(draft) = Draft::read(connected, &workflow).await {
        validate::warn(&draft.raw);
        publish.after = draft.latest.as_ref().map(|latest| latest.version);
        let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if ask == Ask::OnTerminal && asks && !print.json {
            draft.lines(&workflow).iter().for_each(|line| tell(line));
            if !agreed()? {
                return Err(Failure::Refused("nothing was published".into()).into());
            }
            publish.shown = Some(Digest::of(&draft.raw));
        }
    }
    let reply = order::send(connected, &Command::Publish(publish), proof.reason.as_deref()).await?;
    let version = reply.body.get("version").cloned().unwrap_or_default();
    let body = json!({"workflow_id": workflow.id, "version": version, "published_at": reply.body.get("published_at")});
    show(print, &body, || vec![format!("published {} as version {version}", visible(&workflow.name))])?;
    if !print.json {
        remark("`arcc runs failures` lists what failed before; `arcc runs rerun` runs it again");
    }
    Ok(())
}

fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn agreed() -> Result<bool> {
    let mut err = std::io::stderr();
    write!(err, "publish this? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

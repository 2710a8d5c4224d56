//! `arcc bundle`: what support needs to look into a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use color_eyre::Result;
use serde_json::json;

use super::args::{Global, Print, RunArg};
use super::connect::{Connected, Purpose, connect};
use super::diagnose::{Subject, thoroughness};
use super::output::show;
use crate::domain::Timestamp;
use crate::domain::text::visible;
use crate::platform::archive::{self, Form};
use crate::wire::bundle::{self, Bundle, Contents};

/// What goes into a bundle, and where it goes.
#[derive(Debug, Args)]
pub(super) struct BundleArgs {
    #[command(flatten)]
    pub(super) run: RunArg,
    /// Where to write it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) out: PathBuf,
    /// Write a folder and no `.tar.gz`
    #[arg(long)]
    pub(super) folder: bool,
    /// Let the run's inputs, results and payloads come along; secrets are taken out all the same
    #[arg(long)]
    pub(super) with_data: bool,
    /// Ask for nothing but the run itself
    #[arg(long)]
    pub(super) offline: bool,
    #[command(flatten)]
    pub(super) print: Print,
}

/// Writes the bundle and says where.
pub(super) async fn run(global: &Global, args: &BundleArgs) -> Result<ExitCode> {
    let connected = connect(global, Purpose::Command).await?;
    let done = of_run(&connected, args).await;
    connected.close().await;
    done
}

async fn of_run(connected: &Connected, args: &BundleArgs) -> Result<ExitCode> {
    let client = &connected.client;
    let run = client.find_run(&args.run.run).await?;
    let detail = client.detail(&run.workflow_id, &run.id).await?;
    let subject = Subject::new(connected, &detail, detail.tasks.clone().unwrap_or_default());
    let (_, findings) = subject.investigate(client, thoroughness(connected, args.offline)).await;
    let contents = if args.with_data { Contents::WithData } else { Contents::WithoutData };
    let bundle = Bundle::new(
        bundle::Subject {
            run: &detail.run,
            events: &detail.events,
            graph: detail.graph.as_deref(),
            context: detail.context.as_ref(),
            findings: &findings,
            host: client.host(),
            now: Timestamp::now(),
        },
        contents,
    );
    let form = if args.folder { Form::Folder } else { Form::Archive };
    let path = archive::write(&args.out, &bundle.name, &bundle.texts(), form)?;
    let mail = bundle::mail(&format!("Run {}", detail.run.id.short()), &bundle.summary);
    let body = json!({
        "path": path,
        "files": bundle.texts().iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "secrets_redacted": bundle.redacted,
        "summary": bundle.summary,
        "mail": mail,
    });
    show(args.print, &body, || {
        let written = format!("written: {}", visible(&path.display().to_string()));
        let secrets =
            format!("{} secrets were taken out; look through it before you send it.", bundle.redacted);
        vec![
            written,
            secrets,
            String::new(),
            bundle.summary.trim_end().to_owned(),
            String::new(),
            mail.clone(),
        ]
    })?;
    Ok(ExitCode::SUCCESS)
}

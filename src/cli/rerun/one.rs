//! Running one run again, with its own input or another.

use std::process::ExitCode;
use std::time::Duration;

use color_eyre::Result;

use super::{RerunArgs, started_with};
use crate::cli::connect::Connected;
use crate::cli::exit::Failure;
use crate::cli::guard::{Aimed, check};
use crate::cli::{runs, workflows};
use crate::domain::input::admit;
use crate::wire::StartRun;

pub(super) async fn run(connected: &Connected, run: &str, arguments: &RerunArgs) -> Result<ExitCode> {
    let input = arguments.input.as_deref().map(|raw| workflows::json_argument("--input", raw)).transpose()?;
    let run = connected.client.find_run(run).await?;
    check(connected, "start", &Aimed::Run(&run.id), &arguments.proof)?;
    let again = started_with(connected, &run.workflow_id, &run.id).await?;
    let mut start = StartRun { run_id: Some(uuid::Uuid::new_v4().to_string().into()), ..again.start };
    if let Some(input) = input {
        if let Err(problems) = admit(again.schema.as_ref(), input.clone()) {
            let problems: Vec<String> = problems.into_iter().map(|mismatch| mismatch.problem).collect();
            let text =
                format!("--input does not fit the workflow: {}; nothing was sent", problems.join("; "));
            return Err(Failure::Usage(text).into());
        }
        start.input = input;
    }
    let limit = arguments.wait.then(|| Duration::from_secs(arguments.timeout));
    runs::start(connected, start, (limit, &arguments.proof), arguments.print).await
}

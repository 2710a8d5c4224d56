//! `arcc runs rerun` and `arcc runs failures`: what comes after the fix.

mod args;
mod failures;
mod one;
mod series;

use std::process::ExitCode;

use color_eyre::Result;

pub(super) use args::RerunArgs;
pub(super) use failures::list;

use super::connect::Connected;
use super::exit::Failure;
use crate::domain::{RunId, WorkflowId};
use crate::wire::Again;

pub(super) async fn run(connected: &Connected, arguments: &RerunArgs) -> Result<ExitCode> {
    connected.need_write()?;
    match &arguments.run {
        Some(run) => one::run(connected, run, arguments).await,
        None => series::run(connected, arguments).await,
    }
}

/// What a run was started with, for a new one.
async fn started_with(connected: &Connected, workflow: &WorkflowId, run: &RunId) -> Result<Again> {
    let unknown = || Failure::Operation(format!("the server does not say what run {run} was started with"));
    Ok(connected.client.again(workflow, run).await?.ok_or_else(unknown)?)
}

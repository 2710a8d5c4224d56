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

pub(super) async fn run(connected: &Connected, arguments: &RerunArgs) -> Result<ExitCode> {
    connected.need_write()?;
    match &arguments.run {
        Some(run) => one::run(connected, run, arguments).await,
        None => series::run(connected, arguments).await,
    }
}

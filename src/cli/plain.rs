//! What the Command Center shows, as plain lists, for terminals that cannot draw.

use std::process::ExitCode;

use color_eyre::Result;

use super::args::{Global, Print};
use super::connect::{Connected, Purpose, connect};
use super::output::remark;
use super::{runs, tasks};

/// How many runs are listed.
const RUNS: usize = 20;

pub(super) async fn run(global: &Global) -> Result<ExitCode> {
    remark("a dumb terminal cannot draw: this is the plain list. `arcc --help` names what else there is");
    let connected = connect(global, Purpose::Command).await?;
    let done = lists(&connected).await;
    connected.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn lists(connected: &Connected) -> Result<()> {
    let print = Print { json: false };
    tasks::list(connected, print).await?;
    runs::list(connected, None, None, RUNS, print).await
}

//! The command line: everything that the screen does also works without it.

mod account;
mod args;
mod balance;
mod bundle;
mod connect;
mod diagnose;
mod doctor;
mod exit;
mod findings;
mod guard;
mod import;
mod journal;
mod mcp;
mod order;
mod output;
mod plain;
mod publish;
mod rerun;
mod runs;
#[cfg(feature = "server")]
mod scratch;
#[cfg(feature = "server")]
mod serve;
mod tasks;
mod token;
mod tui;
mod validate;
mod workflows;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

pub use args::Cli;
use args::Command;
pub use exit::{Failure, exit_code};

use crate::platform::redact::redacted;

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    #[cfg(feature = "server")]
    if matches!(cli.command, Some(Command::LuaWorker)) {
        return crate::server::exec::lua_worker_main();
    }
    let done = prepare().and_then(|()| start(cli));
    match done {
        Ok(code) => code,
        Err(report) => {
            exit::say(&report);
            exit_code(&report)
        }
    }
}

/// What must be in place before anything else runs.
fn prepare() -> color_eyre::Result<()> {
    let (report, errors) = color_eyre::config::HookBuilder::default().into_hooks();
    errors.install()?;
    std::panic::set_hook(Box::new(move |info| {
        let _ = writeln!(std::io::stderr(), "{}", redacted(&report.panic_report(info).to_string()));
    }));
    crate::platform::memory::seclude();
    crate::platform::terminal::restore_on_panic();
    // One TLS provider for HTTP and WebSocket; a second installation is no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(())
}

fn start(cli: Cli) -> color_eyre::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(dispatch(cli));
    // Nothing that is still on its way may keep the shell waiting.
    runtime.shutdown_background();
    code
}

async fn dispatch(cli: Cli) -> color_eyre::Result<ExitCode> {
    let Cli { global, command } = cli;
    match command {
        None => tui::run(&global).await,
        #[cfg(feature = "server")]
        Some(Command::Serve(arguments)) => serve::run(&global, &arguments).await,
        #[cfg(feature = "server")]
        Some(Command::LuaWorker) => Ok(ExitCode::FAILURE),
        Some(Command::Diagnose { run, offline, print }) => {
            diagnose::run(&global, &run.run, offline, print).await
        }
        Some(Command::Bundle(arguments)) => bundle::run(&global, &arguments).await,
        Some(Command::Doctor { print }) => doctor::run(&global, print).await,
        Some(Command::Runs(command)) => runs::run(&global, command).await,
        Some(Command::Mcp(command)) => mcp::run(&global, command).await,
        Some(Command::Tasks(command)) => tasks::run(&global, command).await,
        Some(Command::Workflows(command)) => workflows::run(&global, command).await,
        Some(Command::Credits { print, command }) => account::credits(&global, print, command).await,
        Some(Command::Tokens(command)) => account::tokens(&global, command).await,
        Some(Command::Triggers(command)) => account::triggers(&global, command).await,
        Some(Command::Journal { since, print }) => journal::run(since, print),
        Some(Command::Completions { shell }) => {
            // Into memory first: the generator panics when nobody reads on.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "arcc", &mut script);
            output::put(String::from_utf8_lossy(&script).trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

//! `arcc serve`: the local runtime on its own.

use std::io::Write;
use std::process::ExitCode;

use color_eyre::Result;
use color_eyre::eyre::WrapErr;

use super::args::{Global, ServeArgs};
use super::balance::Starting;
use super::connect::{allowed_hosts, data_dir, settings};
use super::output::remark;
use crate::platform::{logging, signals};
use crate::server::engine::CreditsOrder;
use crate::server::exec::LlmProvider;
use crate::server::samples::Samples;
use crate::server::serve::{ServeOptions, Server};

/// Runs until a signal comes. The first line of standard output tells where it listens.
pub(super) async fn run(global: &Global, arguments: &ServeArgs) -> Result<ExitCode> {
    let data_dir = data_dir(global)?;
    let settings = settings(global)?;
    settings.warnings.iter().for_each(|warning| remark(warning));
    let options = ServeOptions {
        listen: arguments.listen,
        data_dir: data_dir.clone(),
        samples: if global.no_samples { Samples::Off } else { Samples::On },
        lua_program: std::env::current_exe().wrap_err("cannot find this program's own file")?,
        llm: LlmProvider::from_variables(|name| std::env::var(name).ok()),
        allow_hosts: allowed_hosts(&arguments.allow_host, &settings.file)?,
    };
    let ended = signals::ending()?;
    let mut server = Server::start(options).await?;
    if let Some(starting) = arguments.credits {
        let order = match starting {
            Starting::Balance(balance) => CreditsOrder::Set(balance),
            Starting::Unlimited => CreditsOrder::Unlimited,
        };
        server.engine().order_credits(order).await.wrap_err("cannot set the balance of credits")?;
    }
    // The data directory exists and is ours from here on.
    if let Err(error) = logging::begin(&data_dir) {
        remark(&format!("no log is written: {error}"));
    }
    server.notices().iter().for_each(|notice| remark(notice));
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", server.announcement())
        .and_then(|()| out.flush())
        .wrap_err("cannot print the address")?;
    drop(out);
    tokio::select! {
        ending = ended => {
            server.shutdown().await;
            Ok(ExitCode::from(ending.exit_code()))
        }
        stopped = server.wait() => {
            stopped?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

//! Arguments and flags. A token is never one of them: other users could read it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::account::{CreditsCommand, TokensCommand, TriggersCommand};
use super::bundle::BundleArgs;
use super::mcp::McpCommand;
use super::rerun::RerunArgs;
use super::workflows::WorkflowsCommand;
use crate::config::{Flags, ThemeChoice};

/// The AgentRuntime Command Center: triage workflow runs from a terminal.
///
/// Without a command it opens the Command Center. Without a profile it uses the runtime on this
/// machine, and starts it if need be.
#[derive(Debug, Parser)]
#[command(name = "arcc", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// The profile to use; `local` is the runtime on this machine
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// The API's base URL [env: AR_API]; its token comes from AR_TOKEN
    #[arg(long, global = true, value_name = "URL")]
    pub(super) api: Option<String>,
    /// The workspace's slug [env: AR_TENANT]
    #[arg(long, global = true, value_name = "SLUG")]
    pub(super) tenant: Option<String>,
    /// The project's id [env: AR_PROJECT]
    #[arg(long, global = true, value_name = "ID")]
    pub(super) project: Option<String>,
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Where the local runtime keeps its data
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Never send anything, whatever else is set [env: AR_READ_ONLY]
    #[arg(long, global = true)]
    pub(super) read_only: bool,
    /// Send commands although they cannot be recorded in the journal
    #[arg(long, global = true)]
    pub(super) no_journal: bool,
    /// Draw for dark or light paper
    #[arg(long, global = true, value_enum)]
    pub(super) theme: Option<ThemeChoice>,
    /// Draw with ASCII alone
    #[arg(long, global = true)]
    pub(super) ascii: bool,
    /// Draw without colour [env: NO_COLOR]
    #[arg(long, global = true)]
    pub(super) no_color: bool,
    /// Let the local runtime drive no sample runs
    #[arg(long, global = true)]
    pub(super) no_samples: bool,
}

impl Global {
    /// Whether nothing may be sent, whatever else is set.
    pub(super) fn reads_only(&self) -> bool {
        let set = std::env::var("AR_READ_ONLY").unwrap_or_default();
        self.read_only || !matches!(&*set.trim().to_ascii_lowercase(), "" | "0" | "false" | "no")
    }

    pub(super) fn flags(&self) -> Flags {
        Flags {
            profile: self.profile.clone(),
            api: self.api.clone(),
            tenant: self.tenant.clone(),
            project: self.project.clone(),
        }
    }
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the local runtime on its own, until it is stopped
    #[cfg(feature = "server")]
    Serve(ServeArgs),
    /// Runs: list, look into, start and control them
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Tasks that wait for a person: list and decide them
    #[command(subcommand)]
    Tasks(TasksCommand),
    /// Workflows: list, apply, validate and publish them
    #[command(subcommand)]
    Workflows(WorkflowsCommand),
    /// Say why a run failed or is stuck, and what to do
    Diagnose {
        #[command(flatten)]
        run: RunArg,
        /// Ask for nothing but the run itself
        #[arg(long)]
        offline: bool,
        #[command(flatten)]
        print: Print,
    },
    /// Gather what support needs to look into a run, without secrets
    Bundle(BundleArgs),
    /// Check settings, terminal, connection, token, credits, connections and memory
    Doctor {
        #[command(flatten)]
        print: Print,
    },
    /// Credits: what is left; with `grant`, add some to the local runtime
    #[command(args_conflicts_with_subcommands = true)]
    Credits {
        #[command(flatten)]
        print: Print,
        #[command(subcommand)]
        command: Option<CreditsCommand>,
    },
    /// Personal access tokens: list, create and revoke them
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// Triggers: what starts runs by itself
    #[command(subcommand)]
    Triggers(TriggersCommand),
    /// Decisions that were sent from this machine, and what became of them
    Journal {
        /// Only decisions of the last time: 45m, 12h, 168h
        #[arg(long, value_name = "TIME", value_parser = span)]
        since: Option<std::time::Duration>,
        #[command(flatten)]
        print: Print,
    },
    /// MCP servers, instances and tools: list them, validate an instance
    #[command(subcommand)]
    Mcp(McpCommand),
    /// Print the completions of a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Run Lua scripts from standard input, confined; the local runtime's own
    #[cfg(feature = "server")]
    #[command(hide = true)]
    LuaWorker,
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The loopback address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(super) listen: std::net::SocketAddr,
    /// Begin with this balance: `20`, `trial=2,included=10,payg=5`, or `unlimited`
    #[arg(long, value_name = "CREDITS", value_parser = super::balance::starting)]
    pub(super) credits: Option<super::balance::Starting>,
    /// A host, address or network that graphs may call though it is on this machine or in a private
    /// network; may be given more than once [env: AR_ALLOW_HOSTS]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(super) allow_host: Vec<String>,
}

/// `arcc runs …`
#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// List runs, newest first
    List {
        /// Only runs of this status
        #[arg(long)]
        status: Option<String>,
        /// Only runs of this workflow, by id or name
        #[arg(long)]
        workflow: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 50, value_parser = at_least_one)]
        limit: usize,
        #[command(flatten)]
        print: Print,
    },
    /// Show a run: status, steps, what failed and what waits
    Show {
        #[command(flatten)]
        run: RunArg,
        #[command(flatten)]
        print: Print,
    },
    /// Show a run's event log
    Events {
        #[command(flatten)]
        run: RunArg,
        /// Go on with new events until the run ends; with --json, one event per line
        #[arg(long, short)]
        follow: bool,
        #[command(flatten)]
        print: Print,
    },
    /// Start a run of a published workflow
    Start {
        /// The workflow, by id or name
        workflow: String,
        /// The input as JSON, `@FILE`, or `-` for standard input
        #[arg(long, value_name = "JSON")]
        input: Option<String>,
        /// The id that the run shall have; starting it twice starts it once
        #[arg(long, value_name = "ID")]
        run_id: Option<String>,
        /// Wait until the run ends; exit 1 unless it completed
        #[arg(long)]
        wait: bool,
        /// How many seconds to wait; exit 5 when they are over
        #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "wait")]
        timeout: u64,
        #[command(flatten)]
        proof: Proof,
        #[command(flatten)]
        print: Print,
    },
    /// Run a run again; or all recent failures of one cause, one at a time, up to the first that fails
    /// again
    Rerun(RerunArgs),
    /// List recent failures, folded by cause
    Failures(Print),
    /// Pause a run: what is in flight ends, nothing new starts
    Pause {
        #[command(flatten)]
        run: RunArg,
        #[command(flatten)]
        proof: Proof,
        #[command(flatten)]
        print: Print,
    },
    /// Resume a paused run
    Resume {
        #[command(flatten)]
        run: RunArg,
        #[command(flatten)]
        proof: Proof,
        #[command(flatten)]
        print: Print,
    },
    /// Stop a run; a stopped run cannot be resumed
    Stop {
        #[command(flatten)]
        run: RunArg,
        /// Cancel what is in flight now, instead of letting it end
        #[arg(long)]
        immediate: bool,
        #[command(flatten)]
        proof: Proof,
        #[command(flatten)]
        print: Print,
    },
}

pub(super) fn at_least_one(raw: &str) -> Result<usize, String> {
    match raw.parse() {
        Ok(0) | Err(_) => Err("it must be a whole number of 1 or more".into()),
        Ok(number) => Ok(number),
    }
}

fn span(raw: &str) -> Result<std::time::Duration, String> {
    let span: jiff::SignedDuration = raw.parse().map_err(|_| "write it as 45m, 12h or 168h".to_owned())?;
    std::time::Duration::try_from(span).map_err(|_| "it must not be negative".to_owned())
}

/// `arcc tasks …`
#[derive(Debug, Subcommand)]
pub(super) enum TasksCommand {
    /// List the tasks that wait for a person
    List {
        #[command(flatten)]
        print: Print,
    },
    /// Show a task: what the person is asked, what an approval starts and a rejection stops
    Show {
        #[command(flatten)]
        task: TaskArg,
        #[command(flatten)]
        print: Print,
    },
    /// Approve a task
    Approve {
        #[command(flatten)]
        task: TaskArg,
        /// Fields to merge into the step's result, as a JSON object
        #[arg(long, value_name = "JSON")]
        result: Option<String>,
        #[command(flatten)]
        proof: Proof,
        #[command(flatten)]
        print: Print,
    },
    /// Reject a task: its branch stops
    Reject {
        #[command(flatten)]
        task: TaskArg,
        #[command(flatten)]
        proof: Proof,
        #[command(flatten)]
        print: Print,
    },
}

/// What guardrails may ask for.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Proof {
    /// Confirms it where a guardrail asks for that: the run's id or the profile's name
    #[arg(long, value_name = "VALUE")]
    pub(super) confirm: Option<String>,
    /// Why; goes into the journal, and with a rejection to the server
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

/// Which run.
#[derive(Debug, Args)]
pub(super) struct RunArg {
    /// The run's id, or as much of its beginning as is unique
    pub(super) run: String,
}

/// Which task.
#[derive(Debug, Args)]
pub(super) struct TaskArg {
    /// The run's id, or as much of its beginning as is unique
    pub(super) run: String,
    /// The task's id; may be left out when the run has only one
    pub(super) task: Option<String>,
}

/// How to print.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Print {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

//! The arguments of `arcc runs rerun`.

use clap::Args;

use crate::cli::args::{Print, Proof, at_least_one};

/// What to run again.
#[derive(Debug, Args)]
pub(in crate::cli) struct RerunArgs {
    /// The run: its id, or as much of its beginning as is unique
    #[arg(required_unless_present_any = ["signature", "like"], conflicts_with_all = ["signature", "like"])]
    pub(super) run: Option<String>,
    /// All recent failures of this cause, oldest first; `arcc runs failures` lists signatures
    #[arg(long, conflicts_with = "like")]
    pub(super) signature: Option<String>,
    /// All recent failures of the same cause as this run's, oldest first
    #[arg(long, value_name = "RUN")]
    pub(super) like: Option<String>,
    /// Of those, at most this many
    #[arg(long, conflicts_with = "run", value_parser = at_least_one)]
    pub(super) limit: Option<usize>,
    /// Only say which they are; start nothing
    #[arg(long, conflicts_with = "run")]
    pub(super) dry_run: bool,
    /// Another input than the run's own, as JSON, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON", requires = "run")]
    pub(super) input: Option<String>,
    /// Wait until the new run ends; exit 1 unless it completed. Of several, each is waited for
    #[arg(long, requires = "run")]
    pub(super) wait: bool,
    /// How many seconds to wait for a run; exit 5 when they are over
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(super) timeout: u64,
    #[command(flatten)]
    pub(super) proof: Proof,
    #[command(flatten)]
    pub(super) print: Print,
}

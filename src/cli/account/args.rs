//! Arguments of `arcc credits`, `arcc tokens` and `arcc triggers`.

use clap::Subcommand;

use crate::cli::args::Print;
use crate::cli::balance::bucket;
use crate::domain::Bucket;
use crate::domain::credits::parse_credits;

/// `arcc credits …`
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CreditsCommand {
    /// Add credits to the local runtime; the hosted platform sells them in its Console
    Grant {
        /// How many, like 17 or 0.5
        #[arg(value_name = "CREDITS", value_parser = parse_credits)]
        amount: u64,
        /// Into which bucket: trial, included or payg, which is the order of spending
        #[arg(long, default_value = "payg", value_parser = bucket)]
        bucket: Bucket,
        /// What for
        #[arg(long)]
        note: Option<String>,
        #[command(flatten)]
        print: Print,
    },
}

/// `arcc tokens …`
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokensCommand {
    /// List personal access tokens
    List {
        #[command(flatten)]
        print: Print,
    },
    /// Create a token and print it, this once
    Create {
        /// What to call it
        name: String,
        /// What it may be used for, like workflow:read; may be given several times
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// project_viewer, project_contributor, project_admin or tenant_admin
        #[arg(long, default_value = "project_contributor")]
        role: String,
        #[command(flatten)]
        print: Print,
    },
    /// Revoke a token: it opens nothing any more
    Revoke {
        /// The token's id, as the list shows it; not the token itself
        id: String,
        #[command(flatten)]
        print: Print,
    },
}

/// `arcc triggers …`
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TriggersCommand {
    /// List what starts runs of a workflow by itself
    List {
        /// The workflow, by id or name
        workflow: String,
        #[command(flatten)]
        print: Print,
    },
}

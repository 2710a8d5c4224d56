//! What can be asked of the server beside a run's own data.

use std::fmt;

use crate::domain::{RunId, Timestamp, WorkflowId};

/// One question. Ids are the server's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// The newest run of the project: whether this caller may read at all.
    Runs,
    /// A workflow's draft against its latest published version.
    Published(WorkflowId),
    /// A dry run of the graph that a run executes.
    DryRun {
        /// The workflow.
        workflow: WorkflowId,
        /// The published version; none is the draft.
        version: Option<u64>,
    },
    /// How long the steps of a workflow took in runs before this one.
    Earlier {
        /// The workflow.
        workflow: WorkflowId,
        /// The run that is not counted.
        except: RunId,
    },
    /// The last run of a workflow that went well, with its log, graph and data.
    LastGood {
        /// The workflow.
        workflow: WorkflowId,
        /// The run that it is compared with.
        except: RunId,
        /// When that run began: what went well before it comes first.
        before: Option<Timestamp>,
    },
    /// The newest failed runs of the project.
    Failures,
    /// Which connections a workflow uses in place of its instances' own.
    Overrides(WorkflowId),
    /// The MCP instances of the project.
    Instances,
    /// The config profiles of an instance.
    Profiles(Box<str>),
    /// The validation of an MCP server.
    ServerCheck(Box<str>),
    /// The connections of the project.
    Connections,
    /// The validation of a connection with an MCP server.
    ConnectionCheck {
        /// The server.
        server: Box<str>,
        /// The connection.
        connection: Box<str>,
    },
    /// The validation of an MCP instance.
    InstanceCheck(Box<str>),
    /// Whether Google accounts can be connected here.
    GoogleConfig,
    /// A connected Google account.
    GoogleAccount(Box<str>),
    /// The credit balance.
    Balance,
    /// What used credits, by workflow and action.
    Spend,
    /// What an action costs.
    Prices,
    /// The models that have a provider key.
    Models,
    /// Which key answers for a model.
    Model(Box<str>),
    /// The access tokens of the project, with their scopes.
    Tokens,
    /// A search in memory.
    Memory,
    /// A memory extraction.
    Extraction(Box<str>),
    /// A command of that word. It is never asked as a question: its refusal is known by having sent it.
    Order(&'static str),
}

/// How a question is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// A GET: it changes nothing.
    Read,
    /// A POST that has the server check something and changes nothing of it. It may call the
    /// service behind a tool, so it is only sent when a person asks for it.
    Check,
}

/// The least role that a question needs, as the platform documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `project_viewer`.
    Viewer,
    /// `project_contributor`.
    Contributor,
}

impl Role {
    /// The platform's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "project_viewer",
            Self::Contributor => "project_contributor",
        }
    }
}

impl Need {
    /// How it is put.
    pub fn manner(&self) -> Manner {
        match self {
            Self::DryRun { .. }
            | Self::ServerCheck(_)
            | Self::ConnectionCheck { .. }
            | Self::InstanceCheck(_)
            | Self::Model(_)
            | Self::Order(_)
            | Self::Memory => Manner::Check,
            Self::Runs
            | Self::Published(_)
            | Self::Earlier { .. }
            | Self::LastGood { .. }
            | Self::Failures
            | Self::Overrides(_)
            | Self::Instances
            | Self::Profiles(_)
            | Self::Connections
            | Self::GoogleConfig
            | Self::GoogleAccount(_)
            | Self::Balance
            | Self::Spend
            | Self::Prices
            | Self::Models
            | Self::Tokens
            | Self::Extraction(_) => Manner::Read,
        }
    }

    /// The least role that it needs.
    pub fn role(&self) -> Role {
        match self {
            Self::Runs
            | Self::Published(_)
            | Self::Earlier { .. }
            | Self::LastGood { .. }
            | Self::Failures
            | Self::Overrides(_)
            | Self::Models => Role::Viewer,
            _ => Role::Contributor,
        }
    }

    /// The scope of a token that covers it. Only `workflow:read` is documented for reads; the others
    /// go by their family's name.
    pub fn scope(&self) -> &'static str {
        match self {
            Self::Runs
            | Self::Published(_)
            | Self::Earlier { .. }
            | Self::LastGood { .. }
            | Self::Failures
            | Self::Overrides(_) => "workflow:read",
            Self::DryRun { .. } => "workflow:edit",
            Self::Instances
            | Self::Profiles(_)
            | Self::Connections
            | Self::GoogleConfig
            | Self::GoogleAccount(_) => "mcp:read",
            Self::ServerCheck(_)
            | Self::ConnectionCheck { .. }
            | Self::InstanceCheck(_)
            | Self::Order("activate") => "mcp:write",
            Self::Order("publish") => "workflow:edit",
            Self::Order(_) => "workflow:run",
            Self::Balance | Self::Prices => "billing:read",
            Self::Spend => "analytics:read",
            Self::Models | Self::Model(_) => "llm:read",
            Self::Tokens => "pat:read",
            Self::Memory | Self::Extraction(_) => "memory:read",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs => f.write_str("the list of runs"),
            Self::Published(_) => f.write_str("the published versions"),
            Self::DryRun { version: Some(version), .. } => write!(f, "the dry run of version {version}"),
            Self::DryRun { version: None, .. } => f.write_str("the dry run of the draft"),
            Self::Earlier { .. } => f.write_str("earlier runs"),
            Self::LastGood { .. } => f.write_str("the last run that went well"),
            Self::Failures => f.write_str("the newest failed runs"),
            Self::Overrides(_) => f.write_str("the workflow's connection overrides"),
            Self::Instances => f.write_str("the MCP instances"),
            Self::Profiles(instance) => write!(f, "the profiles of instance {instance}"),
            Self::ServerCheck(server) => write!(f, "the validation of MCP server {server}"),
            Self::Connections => f.write_str("the connections"),
            Self::ConnectionCheck { connection, .. } => {
                write!(f, "the validation of connection {connection}")
            }
            Self::InstanceCheck(instance) => write!(f, "the validation of instance {instance}"),
            Self::Order(word) => write!(f, "the command {word}"),
            Self::GoogleConfig => f.write_str("the Google configuration"),
            Self::GoogleAccount(id) => write!(f, "the Google account {id}"),
            Self::Balance => f.write_str("the credit balance"),
            Self::Spend => f.write_str("what used credits"),
            Self::Prices => f.write_str("the prices of actions"),
            Self::Models => f.write_str("the models with a provider key"),
            Self::Model(model) => write!(f, "which key answers for {model}"),
            Self::Tokens => f.write_str("the access tokens"),
            Self::Memory => f.write_str("the memory search"),
            Self::Extraction(job) => write!(f, "the memory extraction {job}"),
        }
    }
}

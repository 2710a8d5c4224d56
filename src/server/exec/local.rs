//! The executor of the local runtime.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::agent::{self, Agents, NoAgents};
use super::llm::{self, LlmProvider, Question};
use super::lua::{Pool, ScriptFailure, time_limit};
use super::mcp::{Client, ClientError, KnownServers, Target};
use super::{Credentials, Executor, Instances, NoCredentials, NoInstances, Notes};
use crate::domain::FailureCode;
use crate::machine::{Call, LUA_SCRIPT_FAILED, Outcome, StepError, Work};
use crate::server::egress::Egress;

/// How long a script's own `timeout_s` is exceeded here, so that the machine's timer, which knows
/// about retries, comes first.
const GRACE: Duration = Duration::from_secs(1);

/// How many calls to tools and models are under way at a time; further ones wait. A loop over five
/// hundred items must not open five hundred connections.
const CALLS: usize = 128;

/// What the executor is built from.
#[derive(Clone, Debug)]
pub struct ExecutorOptions {
    /// The program that becomes a Lua worker when it is started as `program lua-worker`.
    pub worker_program: PathBuf,
    /// Servers that graphs name instead of giving a URL, such as `builtin:desk`.
    pub servers: KnownServers,
    /// Who answers questions to models; without one, steps that ask fail.
    pub llm: Option<LlmProvider>,
    /// Who keeps connections.
    pub credentials: Arc<dyn Credentials>,
    /// Who keeps agents.
    pub agents: Arc<dyn Agents>,
    /// Who keeps the instances that steps are bound to.
    pub instances: Arc<dyn Instances>,
    /// Where calls may go.
    pub egress: Egress,
}

impl ExecutorOptions {
    /// Options that know no servers, models and connections, and list no hosts.
    pub fn new(worker_program: PathBuf) -> Self {
        let (credentials, instances) = (Arc::new(NoCredentials), Arc::new(NoInstances));
        let (servers, agents, egress) = (KnownServers::new(), Arc::new(NoAgents), Egress::default());
        Self { worker_program, servers, llm: None, credentials, agents, instances, egress }
    }
}

/// Runs Lua in child processes, calls tools over MCP, asks models and lets agents take turns.
///
/// Cloning is cheap; clones share workers and sessions.
#[derive(Clone, Debug)]
pub struct LocalExecutor {
    scripts: Arc<Pool>,
    tools: Arc<Client>,
    models: Arc<llm::Client>,
    agents: agent::Runner,
    turns: Arc<Semaphore>,
}

impl LocalExecutor {
    /// An executor; workers and sessions are opened when first needed.
    ///
    /// # Errors
    /// When the HTTP client cannot be built, for want of TLS roots.
    pub fn new(options: ExecutorOptions) -> Result<Self, ClientError> {
        let ExecutorOptions { servers, instances, credentials, egress, .. } = options;
        let models = llm::Client::new(options.llm, &egress).with_credentials(credentials.clone());
        let (models, tools) = (Arc::new(models), Client::new(servers, &egress)?);
        let tools = Arc::new(tools.with_registry(instances, credentials));
        let agents = agent::Runner::new(options.agents, models.clone(), tools.clone());
        let turns = Arc::new(Semaphore::new(CALLS));
        Ok(Self { scripts: Arc::new(Pool::new(options.worker_program)), tools, models, agents, turns })
    }

    /// The MCP client, for whoever looks at servers without calling their tools.
    pub fn tools(&self) -> Arc<Client> {
        Arc::clone(&self.tools)
    }

    /// The Lua workers, for whoever tries scripts out.
    pub fn scripts(&self) -> Arc<Pool> {
        Arc::clone(&self.scripts)
    }

    /// A place among the calls under way, for work that calls out; none is needed once it is called off.
    async fn turn(&self, work: &Work, cancel: &CancellationToken) -> Option<SemaphorePermit<'_>> {
        if !matches!(work, Work::Llm { .. } | Work::Mcp { .. }) {
            return None;
        }
        tokio::select! {
            turn = self.turns.acquire() => turn.ok(),
            () = cancel.cancelled() => None,
        }
    }

    async fn script(
        &self,
        script: &str,
        globals: Value,
        asked: Option<Duration>,
        cancel: CancellationToken,
    ) -> Outcome {
        let limit = time_limit(asked);
        let limit = if asked == Some(limit) { limit + GRACE } else { limit };
        let ended = self.scripts.run(script, globals, limit, &cancel).await;
        ended.map_or_else(|failure| Outcome::Failed(script_error(&failure)), Outcome::Done)
    }
}

impl Executor for LocalExecutor {
    fn execute(&self, call: Call, cancel: CancellationToken) -> BoxFuture<'static, Outcome> {
        self.execute_telling(call, cancel, Notes::channel().0)
    }

    fn execute_telling(
        &self,
        call: Call,
        cancel: CancellationToken,
        notes: Notes,
    ) -> BoxFuture<'static, Outcome> {
        let this = self.clone();
        async move {
            let key = call.idempotency_key();
            let _turn = this.turn(&call.work, &cancel).await;
            match call.work {
                Work::Lua { script, globals } => this.script(&script, globals, call.timeout, cancel).await,
                Work::Llm { model, prompt, params, credential } => {
                    let question = Question { model, prompt, params, credential };
                    this.models.ask(question, call.timeout, cancel).await
                }
                Work::Agent(work) => {
                    let workflow = Some(call.workflow_id);
                    let terms = agent::Terms { key, workflow, limit: call.timeout, cancel, notes };
                    this.agents.take(*work, terms).await
                }
                Work::Mcp { server_url, instance_id, tool, args, connection } => {
                    let workflow = Some(call.workflow_id);
                    let target = Target { server_url, instance_id, tool, connection, workflow };
                    this.tools
                        .call(target, args, super::mcp::Terms { key, limit: call.timeout, cancel })
                        .await
                }
            }
        }
        .boxed()
    }

    fn repeatable(&self, work: Work) -> BoxFuture<'static, bool> {
        let this = self.clone();
        async move {
            match work {
                // A model that is asked twice costs twice, and changes nothing.
                Work::Agent(work) => this.agents.repeatable(&work).await,
                Work::Lua { .. } | Work::Llm { .. } => true,
                Work::Mcp { server_url, instance_id, tool, .. } => {
                    let target = Target { server_url, instance_id, tool, ..Target::default() };
                    this.tools.repeatable(target).await
                }
            }
        }
        .boxed()
    }
}

/// A script is pure, so the same script fails the same way: only what befell its process is worth
/// another attempt.
fn script_error(failure: &ScriptFailure) -> StepError {
    let (code, retryable) = match failure {
        ScriptFailure::TookTooLong(_) => (FailureCode::RunStalledOrTimedOut, false),
        ScriptFailure::Script(_) => (FailureCode::Unknown(LUA_SCRIPT_FAILED.into()), false),
        ScriptFailure::CalledOff | ScriptFailure::WorkerDied(_) | ScriptFailure::NoWorker { .. } => {
            (FailureCode::Unknown(LUA_SCRIPT_FAILED.into()), true)
        }
    };
    StepError::new(code, failure.to_string(), retryable)
}

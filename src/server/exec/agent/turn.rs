//! Taking a turn: ask the model, do what it calls for, tell it what came of it, ask again.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::history::History;
use super::toolbox::{Called, Tool, Toolbox};
use super::{AgentDefinition, AgentError, Agents, control, line};
use crate::domain::{AgentId, WorkflowId};
use crate::machine::{AgentWork, Outcome, TurnLimit, TurnNote};
use crate::server::exec::Notes;
use crate::server::exec::llm::{Client as Models, Conversation, LlmError, Reply, ToolCall};
use crate::server::exec::mcp::{Client as Tools, Terms as CallTerms};

/// How long a turn may take when its step does not say.
const DEFAULT_LIMIT: Duration = Duration::from_secs(600);
/// How long a step's `timeout_s` is exceeded here, so that the machine's own timer comes first.
const GRACE: Duration = Duration::from_secs(1);
/// How long one answer of the model may take.
const ANSWER: Duration = Duration::from_secs(180);
/// The most calls of one reply that are carried out.
const MAX_CALLS: usize = 16;
/// How long a question waits that a provider could not answer, before it is asked again. It costs twice
/// then; a turn that broke off would cost all its calls again.
const PATIENCE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// The terms of one turn.
#[derive(Debug)]
pub struct Terms {
    /// The key that is the same for every repetition of this attempt.
    pub key: String,
    /// The workflow that asks, for the connections that are set for it.
    pub workflow: Option<WorkflowId>,
    /// How long it may take; ten minutes when the step does not say.
    pub limit: Option<Duration>,
    /// Calls it off.
    pub cancel: CancellationToken,
    /// Where it tells what it is doing.
    pub notes: Notes,
}

/// Takes the turns of agents. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Runner {
    agents: Arc<dyn Agents>,
    models: Arc<Models>,
    tools: Arc<Tools>,
}

/// How a turn ends that does not fail.
enum End {
    Done(Value),
    Limit(TurnLimit),
}

impl Runner {
    /// A runner of these agents.
    pub fn new(agents: Arc<dyn Agents>, models: Arc<Models>, tools: Arc<Tools>) -> Self {
        Self { agents, models, tools }
    }

    /// Takes a turn; however it goes, there is an outcome. Calling it off aborts requests and calls at once.
    pub async fn take(&self, work: AgentWork, terms: Terms) -> Outcome {
        let patience = terms.limit.map_or(DEFAULT_LIMIT, |limit| limit + GRACE);
        let cancel = terms.cancel.clone();
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(AgentError::CalledOff(work.agent_id.clone())),
            ended = timeout(patience, self.attempt(&work, &terms)) => ended.unwrap_or_else(|_| {
                let limit = terms.limit.unwrap_or(DEFAULT_LIMIT);
                Err(AgentError::TookTooLong { agent: work.agent_id.clone(), limit })
            }),
        };
        match ended {
            Ok(End::Done(result)) => Outcome::Done(result),
            Ok(End::Limit(limit)) => Outcome::LimitReached(limit),
            Err(error) => Outcome::Failed(error.into_step_error()),
        }
    }

    /// Whether a turn may be repeated after a crash: every tool that it may use declares that a repeated
    /// call does no harm. `false` when that cannot be found out.
    pub async fn repeatable(&self, work: &AgentWork) -> bool {
        let Ok(agent) = self.agent(work).await else { return false };
        let toolbox = Toolbox::open(&agent, (None, None), &self.tools).await;
        toolbox.is_ok_and(|toolbox| toolbox.is_repeatable())
    }

    async fn agent(&self, work: &AgentWork) -> Result<AgentDefinition, AgentError> {
        let id = &work.agent_id;
        let found = self.agents.find(&AgentId::new(id)).await;
        let found = found.map_err(|reason| AgentError::Unreadable { id: id.clone(), reason })?;
        found.ok_or_else(|| AgentError::Unknown(id.clone()))
    }

    async fn attempt(&self, work: &AgentWork, terms: &Terms) -> Result<End, AgentError> {
        let began = Instant::now();
        let agent = self.agent(work).await?;
        let toolbox =
            Toolbox::open(&agent, (work.powers.clone(), terms.workflow.as_ref()), &self.tools).await?;
        let mut turn = Turn { runner: self, agent: &agent, toolbox: &toolbox, terms };
        let mut history = History::begin(&agent, work);
        let allowance = history.rounds.saturating_add(agent.max_rounds);
        while history.rounds < allowance {
            if let Some((message, result)) = turn.round(&mut history).await? {
                return Ok(End::Done(history.result((&agent, work), (&message, result), began.elapsed())));
            }
        }
        Ok(End::Limit(history.limit(&agent, began.elapsed())))
    }
}

/// A turn under way.
struct Turn<'t> {
    runner: &'t Runner,
    agent: &'t AgentDefinition,
    toolbox: &'t Toolbox,
    terms: &'t Terms,
}

impl Turn<'_> {
    /// One question and the calls that the model answers with; its last words and what comes of them, if
    /// it ends the turn.
    async fn round(&mut self, history: &mut History) -> Result<Option<(String, Value)>, AgentError> {
        history.rounds += 1;
        let round = history.rounds;
        self.tell("asking", format!("round {round}: asks `{}`", line(&self.agent.model))).await;
        let reply = self.ask(history).await?;
        history.hear(&reply);
        history.check(self.agent)?;
        for (place, call) in reply.calls.iter().enumerate() {
            let answer = if place < MAX_CALLS {
                self.call(call, history).await
            } else {
                Answer::Refused(format!("more than {MAX_CALLS} calls at once; this one was not made"))
            };
            let (summary, ok) = answer.told(call);
            let (tool, round) = (line(&call.name).into(), history.rounds);
            self.terms.notes.tell(TurnNote::ToolRound { round, tool, summary, ok }).await;
            match answer {
                Answer::End(result) => return Ok(Some((reply.text, result))),
                Answer::Text(text) => history.answer(call, &text),
                Answer::Refused(reason) => history.answer(call, &format!("error: {reason}")),
            }
            history.check(self.agent)?;
        }
        let is_over = reply.calls.is_empty();
        Ok(is_over.then(|| (reply.text, Value::Object(Map::new()))))
    }

    /// Asks the model, and again where its provider could not answer.
    async fn ask(&self, history: &History) -> Result<Reply, AgentError> {
        let conversation = Conversation {
            model: &self.agent.model,
            messages: &history.messages,
            tools: self.toolbox.schemas(),
            params: &self.agent.llm_params,
            credential: self.agent.llm_credential_id.as_deref(),
        };
        let mut waits = PATIENCE.into_iter();
        loop {
            match (self.runner.models.converse(&conversation, ANSWER).await, waits.next()) {
                (Err(error), Some(wait)) if is_passing(&error) => {
                    self.tell("waiting", line(&error.to_string())).await;
                    sleep(wait).await;
                }
                (answer, _) => return Ok(answer?),
            }
        }
    }

    async fn call(&self, call: &ToolCall, history: &mut History) -> Answer {
        let called = match self.toolbox.find(&call.name) {
            Ok(called) => called,
            Err(reason) => return Answer::Refused(reason),
        };
        let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
        let args: Value = match serde_json::from_str(text) {
            Ok(args @ Value::Object(_)) => args,
            Ok(_) => return Answer::Refused("the arguments must be a JSON object".into()),
            Err(error) => return Answer::Refused(format!("the arguments are not valid JSON: {error}")),
        };
        match called {
            Called::Finish => Answer::End(control::finished(&args)),
            Called::Handoff(powers) => {
                control::handed_off(&args, powers).map_or_else(Answer::Refused, Answer::End)
            }
            Called::Tool(tool) => self.use_tool(tool, args, history).await,
        }
    }

    async fn use_tool(&self, tool: &Tool, args: Value, history: &mut History) -> Answer {
        let name = &tool.target.tool;
        self.tell("calling", format!("round {}: calls `{}`", history.rounds, line(name))).await;
        let key = history.key_of(&self.terms.key, name, &args);
        let terms = CallTerms { key, limit: None, cancel: self.terms.cancel.clone() };
        match self.runner.tools.call(tool.target.clone(), args, terms).await {
            Outcome::Done(Value::String(text)) => Answer::Text(text),
            Outcome::Done(value) => Answer::Text(value.to_string()),
            Outcome::Failed(error) => Answer::Refused(error.message),
            Outcome::LimitReached(limit) => Answer::Refused(limit.message),
        }
    }

    async fn tell(&self, phase: &str, message: String) {
        self.terms.notes.tell(TurnNote::Status { phase: phase.into(), message }).await;
    }
}

/// What comes of a call.
enum Answer {
    /// The tool's result, for the model.
    Text(String),
    /// Why there is none, for the model.
    Refused(String),
    /// The turn ends with this result.
    End(Value),
}

impl Answer {
    /// What was asked and answered in one line, and whether it went well.
    fn told(&self, call: &ToolCall) -> (String, bool) {
        let (came, ok) = match self {
            Self::Text(text) => (line(text), true),
            Self::Refused(reason) => (line(reason), false),
            Self::End(result) => (line(&result.to_string()), true),
        };
        (format!("{} → {came}", line(&call.arguments)), ok)
    }
}

/// Whether asking again may help.
fn is_passing(error: &LlmError) -> bool {
    matches!(error, LlmError::Busy { .. } | LlmError::Unreachable { .. } | LlmError::BrokeOff { .. })
}

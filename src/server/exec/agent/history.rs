//! What was said in a turn so far, and what it has cost.

use std::time::Duration;

use serde_json::{Value, json};

use super::{AgentDefinition, AgentError};
use crate::domain::digest::{canonical_json, sha256};
use crate::machine::{AgentWork, TurnLimit};
use crate::server::exec::llm::{Reply, ToolCall};

/// The most that a conversation may hold, in bytes: it must fit into an event.
pub(super) const MAX_BYTES: usize = 512 * 1024;
/// The most of a tool's answer that a model is told, in bytes.
const MAX_ANSWER: usize = 32 * 1024;

/// A turn in the making.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) messages: Vec<Value>,
    bytes: usize,
    /// The rounds begun so far, over all allowances.
    pub(super) rounds: u32,
    tokens_in: Option<u64>,
    tokens_out: Option<u64>,
    /// What earlier allowances took.
    took: Duration,
    /// A digest of each call made so far.
    calls: Vec<String>,
}

impl History {
    /// The beginning of a turn, or where its last allowance of rounds ended.
    pub(super) fn begin(agent: &AgentDefinition, work: &AgentWork) -> Self {
        if let Some(transcript) = &work.transcript {
            return Self::restored(transcript);
        }
        let mut history = Self::default();
        if !agent.system_prompt.is_empty() {
            history.push(json!({"role": "system", "content": agent.system_prompt}));
        }
        history.push(json!({"role": "user", "content": work.prompt}));
        history
    }

    fn restored(transcript: &Value) -> Self {
        let number = |name: &str| transcript[name].as_u64();
        let mut history = Self {
            rounds: number("rounds").and_then(|rounds| u32::try_from(rounds).ok()).unwrap_or(0),
            tokens_in: number("tokens_in"),
            tokens_out: number("tokens_out"),
            took: Duration::from_millis(number("latency_ms").unwrap_or(0)),
            ..Self::default()
        };
        let calls = transcript["calls"].as_array().into_iter().flatten();
        history.calls = calls.filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        let messages = transcript["messages"].as_array().into_iter().flatten();
        messages.for_each(|message| history.push(message.clone()));
        history
    }

    fn push(&mut self, message: Value) {
        self.bytes += message.to_string().len();
        self.messages.push(message);
    }

    /// Takes what the model said.
    pub(super) fn hear(&mut self, reply: &Reply) {
        let add = |sum: Option<u64>, more: Option<u64>| match (sum, more) {
            (None, None) => None,
            (sum, more) => Some(sum.unwrap_or(0).saturating_add(more.unwrap_or(0))),
        };
        self.tokens_in = add(self.tokens_in, reply.tokens_in);
        self.tokens_out = add(self.tokens_out, reply.tokens_out);
        self.push(reply.message());
    }

    /// Takes what a tool answered, as far as it is not too long.
    pub(super) fn answer(&mut self, call: &ToolCall, text: &str) {
        let end = text.floor_char_boundary(MAX_ANSWER);
        let mut told = text[..end].to_owned();
        if end < text.len() {
            told.push_str(&format!("\n… {} more bytes were left out", text.len() - end));
        }
        self.push(json!({"role": "tool", "tool_call_id": call.id, "content": told}));
    }

    /// Refuses to go on with a conversation that no event could hold.
    pub(super) fn check(&self, agent: &AgentDefinition) -> Result<(), AgentError> {
        if self.bytes <= MAX_BYTES {
            return Ok(());
        }
        Err(AgentError::TooLong { agent: agent.name.clone(), limit: MAX_BYTES, round: self.rounds })
    }

    /// A key for a call that is the same when the turn is repeated and the model calls the same tool with
    /// the same arguments as often; no other call has it.
    pub(super) fn key_of(&mut self, turn: &str, tool: &str, args: &Value) -> String {
        let digest = sha256(&format!("{tool} {}", canonical_json(args)))[..16].to_owned();
        let before = self.calls.iter().filter(|known| **known == digest).count();
        let key = format!("{turn}/{digest}/{}", before + 1);
        self.calls.push(digest);
        key
    }

    /// The step's result: `{message, turn_id, result, model, rounds, tokens_in, tokens_out, latency_ms}`.
    pub(super) fn result(
        &self,
        (agent, work): (&AgentDefinition, &AgentWork),
        (message, result): (&str, Value),
        took: Duration,
    ) -> Value {
        json!({
            "message": message,
            "turn_id": work.turn_id,
            "result": result,
            "model": agent.model,
            "rounds": self.rounds,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "latency_ms": milliseconds(self.took + took),
        })
    }

    /// What is logged when the rounds are used up.
    pub(super) fn limit(self, agent: &AgentDefinition, took: Duration) -> TurnLimit {
        let message = format!(
            "the agent `{}` has used up its {} rounds and is not done; resume the run to give it as many again, or \
             stop it",
            agent.name, agent.max_rounds
        );
        let transcript = json!({
            "messages": self.messages,
            "rounds": self.rounds,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "latency_ms": milliseconds(self.took + took),
            "calls": self.calls,
        });
        TurnLimit { rounds: self.rounds, message, transcript }
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn equal_calls_have_keys_of_their_own_that_a_repetition_makes_again() {
        let keys = |history: &mut History| {
            let args = [json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), json!({"a": 2})];
            args.map(|args| history.key_of("r/s/1", "send", &args))
        };
        let first = keys(&mut History::default());
        assert_eq!(first, keys(&mut History::default()));
        let digest = |key: &str| key.rsplit_once('/').unwrap().0.to_owned();
        assert_eq!(digest(&first[0]), digest(&first[1]));
        assert!(
            first[0].ends_with("/1") && first[1].ends_with("/2") && first[2].ends_with("/1"),
            "{first:?}"
        );
    }

    #[test]
    fn long_answers_are_cut_at_a_character() {
        let mut history = History::default();
        let call = ToolCall { id: "c".into(), name: "t".into(), arguments: String::new() };
        history.answer(&call, &"ä".repeat(20_000));
        let text = history.messages[0]["content"].as_str().unwrap();
        assert!(text.ends_with("ä\n… 7232 more bytes were left out"), "{}", &text[text.len() - 60..]);
    }
}

//! Validating with what only the local runtime has: the Lua compiler and hashes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::exec::lua::{self, NO_TABLE, Pool, ScriptFailure};
use crate::domain::Timestamp;
use crate::domain::digest::{canonical_json, sha256};
use crate::domain::validate::{Options, Trial, TrialEnd, Unusable, schema_text, validate};
use crate::wire::validation::{Evidence, write};

/// How long a script may take when it is tried out.
const TRIAL_LIMIT: Duration = Duration::from_secs(5);

/// Where scripts are tried out; without workers, nowhere.
#[derive(Clone, Debug, Default)]
pub struct Sandbox(Option<Arc<Pool>>);

impl Sandbox {
    /// A sandbox of these workers.
    pub fn new(workers: Arc<Pool>) -> Self {
        Self(Some(workers))
    }

    /// Runs scripts on their data; `None` when no worker can be started.
    pub async fn try_out(&self, trials: Vec<Trial>) -> Option<Vec<(Trial, TrialEnd)>> {
        let workers = self.0.as_deref()?;
        let cancel = CancellationToken::new();
        let tries = trials.into_iter().map(|trial| {
            let cancel = cancel.clone();
            async move {
                let ran = workers.run(&trial.script, trial.globals.clone(), TRIAL_LIMIT, &cancel).await;
                end(ran).map(|end| (trial, end))
            }
        });
        join_all(tries).await.into_iter().collect()
    }
}

fn end(ran: Result<Value, ScriptFailure>) -> Option<TrialEnd> {
    match ran {
        Ok(result) => Some(TrialEnd::Returned(result)),
        Err(ScriptFailure::NoWorker { .. }) => None,
        Err(ScriptFailure::Script(words)) if words.ends_with(NO_TABLE) => Some(TrialEnd::NoTable(words)),
        Err(failure) => Some(TrialEnd::Failed(failure.to_string())),
    }
}

/// Validates a graph; the hash of the graph, and the answer as the API gives it.
///
/// # Errors
/// When there is nothing to validate.
pub fn validate_graph(
    graph: &Value,
    options: Options<'_>,
    now: Timestamp,
) -> Result<(String, Value), Unusable> {
    let report = validate(graph, &Options { lua: Some(&lua::compile), ..options })?;
    let graph_hash = sha256(&canonical_json(graph));
    let evidence = Evidence {
        graph_hash: Some(graph_hash.clone()),
        workflow_graph_schema_hash: Some(sha256(&schema_text())),
        validated_at: now,
    };
    Ok((graph_hash, write(&report, &evidence)))
}

//! The shipped workflows.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::SamplesError;
use crate::server::engine::NewWorkflow;

/// A shipped workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its name, which is its file's too.
    pub name: &'static str,
    /// The file: `{name, description, graph, example_trigger_payload}`.
    pub text: &'static str,
    /// A field of the input that differs from run to run, and the values it takes in turn.
    varies: (&'static str, &'static [&'static str]),
}

macro_rules! sample {
    ($name:literal, $field:literal, $values:expr) => {
        Sample {
            name: $name,
            text: include_str!(concat!("../../../assets/workflows/", $name, ".json")),
            varies: ($field, &$values),
        }
    };
}

/// All of them.
pub const SAMPLES: [Sample; 7] = [
    sample!(
        "access-review",
        "account",
        ["build-bot@example.com", "reporting@example.com", "intern-07@example.com"]
    ),
    sample!(
        "order-confirmation",
        "order_id",
        ["SO-1042", "SO-1050", "SO-1046", "SO-1048", "SO-1043", "SO-1049"]
    ),
    sample!("invoice-sync", "month", ["2026-10", "2026-09", "2026-08"]),
    sample!("lead-sync", "source", ["autumn-fair", "web-form", "partner-portal"]),
    sample!("backfill", "table", ["shipments", "returns", "price-history"]),
    sample!("retry-heal", "feed", ["supplier-prices", "carrier-rates", "stock-levels"]),
    sample!("nightly-digest", "date", ["2026-11-22", "2026-11-21", "2026-11-20"]),
];

#[derive(Deserialize)]
struct File {
    name: String,
    description: String,
    graph: Value,
    example_trigger_payload: Map<String, Value>,
}

impl Sample {
    /// The sample of that name.
    pub fn named(name: &str) -> Option<&'static Sample> {
        SAMPLES.iter().find(|sample| sample.name == name)
    }

    /// The workflow as the engine takes it.
    ///
    /// # Errors
    /// When the shipped file is broken.
    pub fn workflow(&self) -> Result<NewWorkflow, SamplesError> {
        let File { name, description, graph, .. } = self.file()?;
        Ok(NewWorkflow { name, description, graph })
    }

    /// The input of its `turn`-th run, counted from 0.
    ///
    /// # Errors
    /// When the shipped file is broken.
    pub fn input(&self, turn: usize) -> Result<Value, SamplesError> {
        let mut input = self.file()?.example_trigger_payload;
        let (field, values) = self.varies;
        if let Some(value) = values.get(turn % values.len().max(1)) {
            input.insert(field.to_owned(), Value::from(*value));
        }
        Ok(Value::Object(input))
    }

    fn file(&self) -> Result<File, SamplesError> {
        serde_json::from_str(self.text).map_err(|source| SamplesError::Shipped { name: self.name, source })
    }
}

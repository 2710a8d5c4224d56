//! What the tools take.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Of `orders_list`.
#[derive(Debug, Deserialize)]
pub(super) struct ListOrders {
    /// Only those of this status.
    pub(super) status: Option<String>,
    /// How many at most.
    pub(super) limit: Option<usize>,
}

/// Of `order_get`.
#[derive(Debug, Deserialize)]
pub(super) struct GetOrder {
    /// Which.
    pub(super) order_id: String,
}

/// Of `rates_get`.
#[derive(Debug, Deserialize)]
pub(super) struct GetRates {
    /// The currency that one unit of is priced.
    pub(super) base: String,
}

/// Of `outbox_send`.
#[derive(Debug, Deserialize)]
pub(super) struct SendMail {
    /// The recipient.
    pub(super) to: String,
    /// The subject.
    pub(super) subject: String,
    /// The text.
    pub(super) body: String,
    /// Sends once per key.
    pub(super) key: Option<String>,
}

/// Of `ledger_post`.
#[derive(Debug, Deserialize)]
pub(super) struct PostEntry {
    /// The account.
    pub(super) account: String,
    /// The amount, in units of the currency.
    pub(super) amount: f64,
    /// The currency.
    pub(super) currency: String,
    /// What it is for.
    #[serde(default)]
    pub(super) memo: String,
    /// The connection to post over.
    #[serde(default = "local")]
    pub(super) connection: String,
    /// Posts once per key.
    pub(super) key: Option<String>,
}

fn local() -> String {
    "local".to_owned()
}

/// Of `wait`.
#[derive(Debug, Deserialize)]
pub(super) struct Wait {
    /// How long.
    pub(super) seconds: f64,
    /// What for.
    #[serde(default)]
    pub(super) label: String,
}

/// Of `fail`.
#[derive(Debug, Deserialize)]
pub(super) struct Fail {
    /// The words to fail with.
    pub(super) message: String,
    /// How many calls of the key fail; all, if absent.
    pub(super) times: Option<u32>,
    /// Whose calls are counted together.
    pub(super) key: Option<String>,
}

/// Reads a tool's arguments; the error says which one is wrong.
pub(super) fn read<T: DeserializeOwned>(args: Option<Map<String, Value>>) -> Result<T, String> {
    serde_json::from_value(Value::Object(args.unwrap_or_default())).map_err(|error| error.to_string())
}

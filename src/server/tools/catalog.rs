//! How the tools describe themselves.

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

/// What a call does to the world, as the annotations tell it.
#[derive(Clone, Copy)]
enum Effect {
    /// Nothing.
    Reads,
    /// Something, but the same call twice does it once.
    WritesOnce,
    /// It fails as it is told, and counts how often.
    Fails,
}

/// Every tool of the desk.
pub(super) fn tools() -> Vec<Tool> {
    let mut tools = reading();
    tools.extend(writing());
    tools.extend(passing());
    tools
}

fn reading() -> Vec<Tool> {
    vec![
        tool(
            "orders_list",
            "Lists orders of the order book, newest first, optionally of one status only.",
            json!({
                "status": {"type": "string", "enum": ["open", "confirmed", "shipped", "on_hold"], "description": "Only orders of this status."},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20, "description": "How many orders at most."},
            }),
            &[],
            Effect::Reads,
        ),
        tool(
            "order_get",
            "Reads one order: customer, lines, currency and total.",
            json!({"order_id": {"type": "string", "description": "The order's id, such as SO-1042."}}),
            &["order_id"],
            Effect::Reads,
        ),
        tool(
            "rates_get",
            "Tells how much one unit of a currency is worth in the others.",
            json!({"base": {"type": "string", "default": "EUR", "description": "EUR, USD, GBP or CHF."}}),
            &[],
            Effect::Reads,
        ),
    ]
}

fn writing() -> Vec<Tool> {
    let key = json!({"type": "string", "description": "Calls of the same key take effect once. The runtime's own key is used if absent."});
    vec![
        tool(
            "outbox_send",
            "Puts a mail into the outbox. Nothing leaves this machine.",
            json!({
                "to": {"type": "string", "description": "The recipient's address."},
                "subject": {"type": "string", "description": "The subject."},
                "body": {"type": "string", "description": "The text."},
                "key": key,
            }),
            &["to", "subject", "body"],
            Effect::WritesOnce,
        ),
        tool(
            "ledger_post",
            "Posts an entry to the ledger. Fails while the connection it goes over is not active.",
            json!({
                "account": {"type": "string", "description": "The account to post to."},
                "amount": {"type": "number", "description": "The amount, in units of the currency."},
                "currency": {"type": "string", "description": "The currency's code.", "default": "EUR"},
                "memo": {"type": "string", "description": "What the entry is for.", "default": ""},
                "connection": {"type": "string", "description": "The connection to post over; see connections.json.", "default": "local"},
                "key": key,
            }),
            &["account", "amount"],
            Effect::WritesOnce,
        ),
    ]
}

fn passing() -> Vec<Tool> {
    vec![
        tool(
            "wait",
            "Takes the given time, as a slow service would, and stops when the call is cancelled.",
            json!({
                "seconds": {"type": "number", "minimum": 0, "maximum": 600, "description": "How long."},
                "label": {"type": "string", "default": "", "description": "What is being waited for; comes back in the result."},
            }),
            &["seconds"],
            Effect::Reads,
        ),
        tool(
            "fail",
            "Fails with the given message: always, or only the first calls of a key.",
            json!({
                "message": {"type": "string", "description": "The words to fail with."},
                "times": {"type": "integer", "minimum": 0, "description": "How many calls of the key fail before one succeeds; all of them if absent."},
                "key": {"type": "string", "description": "Whose calls are counted together; the message if absent."},
            }),
            &["message"],
            Effect::Fails,
        ),
    ]
}

fn tool(
    name: &'static str,
    description: &'static str,
    properties: Value,
    required: &[&str],
    effect: Effect,
) -> Tool {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties);
    schema.insert("required".to_owned(), json!(required));
    let hints = match effect {
        Effect::Reads => ToolAnnotations::new().read_only(true),
        Effect::WritesOnce => ToolAnnotations::new().read_only(false).destructive(false).idempotent(true),
        Effect::Fails => ToolAnnotations::new().read_only(false).destructive(false).idempotent(false),
    };
    Tool::new(name, description, schema).with_annotations(hints.open_world(false))
}

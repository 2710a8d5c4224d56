//! The tools at work.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, JsonObject,
    ListToolsResult, PaginatedRequestParams, RequestMetaObject, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::faults::{Faults, Verdict};
use super::journal::{Appended, Journal};
use super::orders::Files;
use super::{ToolsError, arguments, catalog, rates};

/// The longest a `wait` may last, in seconds.
const LONGEST_WAIT: f64 = 600.0;
/// How many orders are listed when the call does not say.
const USUAL_ORDERS: usize = 20;
/// Where the runtime puts the idempotency key of an attempt.
const KEY_FIELD: &str = "agentruntime/idempotency-key";

/// The desk. Clones share its files.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    files: Arc<Files>,
    outbox: Arc<Journal>,
    ledger: Arc<Journal>,
    faults: Arc<Faults>,
}

/// Why a tool has no result.
enum Refusal {
    /// It failed at its work.
    Failed(String),
    /// It did not understand the call.
    Misread(String),
}

impl From<ToolsError> for Refusal {
    fn from(error: ToolsError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Desk {
    /// A desk over the files in `dir`, which is created if need be.
    pub(super) fn open(dir: &Path) -> Result<Self, ToolsError> {
        let failed = |source| ToolsError::File { path: dir.to_owned(), doing: "written", source };
        fs::create_dir_all(dir).map_err(failed)?;
        Ok(Self {
            files: Arc::new(Files::open(dir)?),
            outbox: Arc::new(Journal::open(&dir.join("outbox.jsonl"))?),
            ledger: Arc::new(Journal::open(&dir.join("ledger.jsonl"))?),
            faults: Arc::default(),
        })
    }

    async fn answer(
        &self,
        tool: &str,
        args: Option<JsonObject>,
        key: Option<String>,
        ct: CancellationToken,
    ) -> Result<Value, Refusal> {
        match tool {
            "orders_list" => self.orders_list(&read(args)?),
            "order_get" => self.order_get(&read(args)?),
            "rates_get" => rates_get(&read(args)?),
            "outbox_send" => self.outbox_send(read(args)?, key),
            "ledger_post" => self.ledger_post(read(args)?, key),
            "wait" => wait(read(args)?, ct).await,
            "fail" => self.fail(read(args)?),
            other => Err(Refusal::Misread(format!("there is no tool `{other}`"))),
        }
    }

    fn orders_list(&self, args: &arguments::ListOrders) -> Result<Value, Refusal> {
        let mut orders = self.files.orders(args.status.as_deref())?;
        orders.truncate(args.limit.unwrap_or(USUAL_ORDERS));
        Ok(json!({"count": orders.len(), "orders": orders}))
    }

    fn order_get(&self, args: &arguments::GetOrder) -> Result<Value, Refusal> {
        let order = self.files.order(&args.order_id)?;
        order.ok_or_else(|| Refusal::Failed(format!("404 Not Found: there is no order `{}`", args.order_id)))
    }

    fn outbox_send(&self, args: arguments::SendMail, key: Option<String>) -> Result<Value, Refusal> {
        if !args.to.contains('@') {
            return Err(Refusal::Failed(format!("550 `{}` is not an address", args.to)));
        }
        let mail =
            json!({"id": id("msg"), "at": now(), "to": args.to, "subject": args.subject, "body": args.body});
        Ok(match self.outbox.append(args.key.or(key), mail)? {
            Appended::New(mail) => {
                json!({"message_id": mail["id"], "sent_at": mail["at"], "duplicate": false})
            }
            Appended::Before(mail) => {
                json!({"message_id": mail["id"], "sent_at": mail["at"], "duplicate": true})
            }
        })
    }

    fn ledger_post(&self, args: arguments::PostEntry, key: Option<String>) -> Result<Value, Refusal> {
        if let Some(refusal) = self.files.refusal(&args.connection)? {
            return Err(Refusal::Failed(refusal));
        }
        let entry = json!({
            "id": id("led"), "at": now(), "account": args.account, "amount": args.amount,
            "currency": args.currency, "memo": args.memo,
        });
        Ok(match self.ledger.append(args.key.or(key), entry)? {
            Appended::New(entry) => {
                json!({"entry_id": entry["id"], "posted_at": entry["at"], "duplicate": false})
            }
            Appended::Before(entry) => {
                json!({"entry_id": entry["id"], "posted_at": entry["at"], "duplicate": true})
            }
        })
    }

    fn fail(&self, args: arguments::Fail) -> Result<Value, Refusal> {
        match self.faults.count(args.key.as_ref().unwrap_or(&args.message), args.times) {
            Verdict::Fails => Err(Refusal::Failed(args.message)),
            Verdict::Succeeds { after } => Ok(json!({"ok": true, "failures_before": after})),
        }
    }
}

impl ServerHandler for Desk {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult { tools: catalog::tools(), ..ListToolsResult::default() })
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        catalog::tools().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let key = key(&context.meta).or_else(|| request.meta.as_ref().and_then(key));
        match self.answer(&request.name, request.arguments, key, context.ct).await {
            Ok(value) => Ok(CallToolResult::structured(value).into()),
            Err(Refusal::Failed(message)) => {
                Ok(CallToolResult::error(vec![ContentBlock::text(message)]).into())
            }
            Err(Refusal::Misread(message)) => Err(ErrorData::invalid_params(message, None)),
        }
    }
}

fn rates_get(args: &arguments::GetRates) -> Result<Value, Refusal> {
    rates::of(&args.base).ok_or_else(|| Refusal::Failed(format!("422 no rates for `{}`", args.base)))
}

async fn wait(args: arguments::Wait, ct: CancellationToken) -> Result<Value, Refusal> {
    let asked = Duration::try_from_secs_f64(args.seconds.min(LONGEST_WAIT));
    let asked = asked.map_err(|_| Refusal::Misread("`seconds` must be zero or more".to_owned()))?;
    tokio::select! {
        () = tokio::time::sleep(asked) => Ok(json!({"waited_seconds": asked.as_secs_f64(), "label": args.label})),
        () = ct.cancelled() => Err(Refusal::Failed("the wait was called off".to_owned())),
    }
}

fn read<T: serde::de::DeserializeOwned>(args: Option<JsonObject>) -> Result<T, Refusal> {
    arguments::read(args).map_err(Refusal::Misread)
}

fn key(meta: &RequestMetaObject) -> Option<String> {
    meta.get(KEY_FIELD).and_then(Value::as_str).map(str::to_owned)
}

fn now() -> String {
    Timestamp::now().to_string()
}

fn id(kind: &str) -> String {
    format!("{kind}_{}", uuid::Uuid::now_v7().simple())
}

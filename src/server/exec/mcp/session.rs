//! One session with one server.

use std::collections::HashMap;
use std::time::Duration;

use http::HeaderValue;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientConfig, Implementation, JsonObject,
    PaginatedRequestParams, RequestMetaObject, Tool,
};
use rmcp::service::{ClientInitializeError, RunningService, ServiceError};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{DynamicTransportError, StreamableHttpClientTransport};
use rmcp::{RoleClient, ServiceExt};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::dial::Dial;
use super::error::{causes, denial, denied, network};
use super::{ClientError, Discovery, ListedTool, arguments, result};

/// How long opening a session may take: connecting, the handshake and the list of tools each.
const OPENING: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// The most tools that a server may list; a list can go on for ever.
const MAX_TOOLS: usize = 2_000;
/// Where the idempotency key travels in a call's `_meta`.
const KEY_FIELD: &str = "agentruntime/idempotency-key";

type Service = RunningService<RoleClient, ClientConfig>;

/// An open session, and the tools as the server listed them when it was opened.
#[derive(Debug)]
pub(super) struct Session {
    /// What it was opened with.
    pub(super) dial: Dial,
    speech: Speech,
    service: Service,
    tools: HashMap<String, Tool>,
}

/// How to speak of the server: without the query of its address, and without secrets.
#[derive(Clone, Debug)]
struct Speech {
    url: Box<str>,
    dial: Dial,
}

impl Session {
    /// Connects, shakes hands and lists the tools.
    pub(super) async fn open(http: reqwest::Client, dial: Dial) -> Result<Self, ClientError> {
        let speech = Speech { url: shown(&dial.url), dial: dial.clone() };
        let silent = |_| speech.unreachable(&format!("no answer within {}s", OPENING.as_secs()));
        let mut config = StreamableHttpClientTransportConfig::with_uri(dial.url.as_str())
            .max_json_response_size(MAX_ANSWER_BYTES)
            .max_sse_event_size(MAX_ANSWER_BYTES);
        if let Some((name, value)) = &dial.header {
            let mut value = HeaderValue::from_str(value.expose_secret())
                .map_err(|_| speech.unreachable("the connection's secret is no header value"))?;
            value.set_sensitive(true);
            config.custom_headers.insert(name.clone(), value);
        }
        let transport = StreamableHttpClientTransport::with_client(http, config);
        let service = timeout(OPENING, introduction().serve(transport)).await.map_err(silent)?;
        let service = service.map_err(|error| match error {
            ClientInitializeError::TransportError { error, .. } => speech.untransported(&error),
            other => speech.unreachable(&causes(&other)),
        })?;
        let tools = timeout(OPENING, list(&service, &speech)).await.map_err(silent)??;
        Ok(Self { dial, speech, service, tools })
    }

    /// Whether calls can still be made.
    pub(super) fn is_open(&self) -> bool {
        !self.service.is_closed() && !self.service.is_transport_closed()
    }

    /// What the server tells about itself.
    pub(super) fn discovery(&self) -> Discovery {
        let info = self.service.peer().peer_info().and_then(|info| info.server_info.clone());
        let server = info.map(|info| (info.name, info.version));
        let mut tools: Vec<_> = self.tools.values().map(ListedTool::of).collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        Discovery { server, tools }
    }

    /// Calls a tool. Dropping the future before it is done tells the server to stop.
    pub(super) async fn call(&self, tool: &str, args: Value, key: &str) -> Result<Value, ClientError> {
        let mut args = match args {
            Value::Object(fields) => fields,
            Value::Null => JsonObject::new(),
            _ => return Err(ClientError::NotAnObject(tool.into())),
        };
        if let Some(tool) = self.tools.get(tool) {
            arguments::fit(&mut args, &tool.input_schema);
        }
        let mut meta = RequestMetaObject::new();
        meta.insert(KEY_FIELD.to_owned(), key.into());
        let mut params = CallToolRequestParams::new(tool.to_owned()).with_arguments(args);
        params.meta = Some(meta);
        match self.service.peer().call_tool_once(params).await {
            Ok(CallToolResponse::Complete(answer)) => match result::read(answer) {
                Err(ClientError::Tool(text)) => Err(ClientError::Tool(self.dial.scrub(text))),
                read => read.map(|value| self.dial.scrub_value(value)),
            },
            Ok(_) => Err(self.refused(tool, "it asks for more input, which a workflow step cannot give")),
            Err(ServiceError::McpError(error)) => Err(self.refused(tool, &error.message)),
            Err(ServiceError::TransportSend(error)) if denial(&error).is_some() => {
                Err(self.speech.rejected(denial(&error).unwrap_or_default(), &network(&error)))
            }
            Err(error) => Err(ClientError::NoAnswer {
                url: self.speech.url.clone(),
                tool: tool.into(),
                reason: self.speech.hide(&broken(&error)),
            }),
        }
    }

    /// Whether the tool says that it only reads, or that repeating a call changes nothing.
    pub(super) fn is_repeatable(&self, tool: &str) -> bool {
        let hints = self.tools.get(tool).and_then(|tool| tool.annotations.as_ref());
        hints.is_some_and(|hints| hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true))
    }

    fn refused(&self, tool: &str, reason: &str) -> ClientError {
        let reason = self.speech.hide(reason);
        ClientError::Refused { url: self.speech.url.clone(), tool: tool.into(), reason }
    }
}

impl Speech {
    fn hide(&self, reason: &str) -> String {
        self.dial.scrub(reason.replace(self.dial.url.as_str(), &self.url))
    }

    /// What the transport met before there was a session.
    fn untransported(&self, error: &DynamicTransportError) -> ClientError {
        if let Some(denied) = denied(error) {
            return ClientError::Denied(denied);
        }
        match denial(error) {
            Some(status) => self.rejected(status, &network(error)),
            None => self.unreachable(&network(error)),
        }
    }

    fn unreachable(&self, reason: &str) -> ClientError {
        ClientError::Unreachable { url: self.url.clone(), reason: self.hide(reason) }
    }

    fn rejected(&self, status: u16, reason: &str) -> ClientError {
        let reason = self.hide(reason);
        ClientError::Rejected { url: self.url.clone(), way: self.dial.way.clone(), status, reason }
    }
}

/// Every tool, over as many pages as it takes, and no more than there may be.
async fn list(service: &Service, speech: &Speech) -> Result<HashMap<String, Tool>, ClientError> {
    let mut tools = HashMap::new();
    let mut cursor = None;
    loop {
        let params = cursor.map(|cursor| PaginatedRequestParams::default().with_cursor(Some(cursor)));
        let page = service.list_tools(params).await.map_err(|error| match &error {
            ServiceError::TransportSend(sent) => speech.untransported(sent),
            other => speech.unreachable(&causes(other)),
        })?;
        if tools.len() + page.tools.len() > MAX_TOOLS {
            return Err(speech.unreachable(&format!("it lists more than {MAX_TOOLS} tools")));
        }
        tools.extend(page.tools.into_iter().map(|tool| (tool.name.to_string(), tool)));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(tools);
        }
    }
}

fn broken(error: &ServiceError) -> String {
    match error {
        ServiceError::TransportSend(error) => network(error),
        other => causes(other),
    }
}

/// An address for messages: queries may hold keys.
fn shown(url: &Url) -> Box<str> {
    let mut url = url.clone();
    url.set_query(None);
    String::from(url).into()
}

fn introduction() -> ClientConfig {
    let program = Implementation::new("arcc", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::default(), program)
}

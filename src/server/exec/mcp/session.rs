//! One session with one server.

use std::collections::HashMap;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientConfig, Implementation, JsonObject,
    RequestMetaObject, Tool,
};
use rmcp::service::{ClientInitializeError, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceExt};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::error::{causes, denied, network};
use super::{ClientError, Endpoint, ListedTool, arguments, result};

/// How long opening a session may take: connecting, the handshake and the list of tools each.
const OPENING: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Where the idempotency key travels in a call's `_meta`.
const KEY_FIELD: &str = "agentruntime/idempotency-key";

/// An open session, and the tools as the server listed them when it was opened.
#[derive(Debug)]
pub(super) struct Session {
    /// Without the query.
    url: Box<str>,
    address: Url,
    service: RunningService<RoleClient, ClientConfig>,
    tools: HashMap<String, Tool>,
}

impl Session {
    /// Connects, shakes hands and lists the tools.
    pub(super) async fn open(http: reqwest::Client, endpoint: &Endpoint) -> Result<Self, ClientError> {
        let url = shown(&endpoint.url);
        let hide = |reason: String| reason.replace(endpoint.url.as_str(), &url);
        let unreachable =
            |reason: String| ClientError::Unreachable { url: url.clone(), reason: hide(reason) };
        let silent = |_| unreachable(format!("no answer within {}s", OPENING.as_secs()));
        let mut config = StreamableHttpClientTransportConfig::with_uri(endpoint.url.as_str())
            .max_json_response_size(MAX_ANSWER_BYTES)
            .max_sse_event_size(MAX_ANSWER_BYTES);
        if let Some(token) = &endpoint.token {
            config = config.auth_header(token.expose_secret());
        }
        let transport = StreamableHttpClientTransport::with_client(http, config);
        let service = timeout(OPENING, introduction().serve(transport)).await.map_err(silent)?;
        let service = service.map_err(|error| match error {
            ClientInitializeError::TransportError { error, .. } => {
                denied(&error).map_or_else(|| unreachable(network(&error)), ClientError::Denied)
            }
            other => unreachable(causes(&other)),
        })?;
        let tools = timeout(OPENING, service.list_all_tools()).await.map_err(silent)?;
        let tools = tools.map_err(|error| unreachable(broken(&error)))?;
        let tools = tools.into_iter().map(|tool| (tool.name.to_string(), tool)).collect();
        Ok(Self { url, address: endpoint.url.clone(), service, tools })
    }

    /// Whether calls can still be made.
    pub(super) fn is_open(&self) -> bool {
        !self.service.is_closed() && !self.service.is_transport_closed()
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
            Ok(CallToolResponse::Complete(answer)) => result::read(answer),
            Ok(_) => {
                Err(self.refused(tool, "it asks for more input, which a workflow step cannot give".into()))
            }
            Err(ServiceError::McpError(error)) => Err(self.refused(tool, error.message.into_owned())),
            Err(error) => Err(ClientError::NoAnswer {
                url: self.url.clone(),
                tool: tool.into(),
                reason: broken(&error).replace(self.address.as_str(), &self.url),
            }),
        }
    }

    /// The tools as the server listed them, by name.
    pub(super) fn listed(&self) -> Vec<ListedTool> {
        let mut listed: Vec<_> = self.tools.values().map(ListedTool::of).collect();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        listed
    }

    /// Whether the tool says that it only reads, or that repeating a call changes nothing.
    pub(super) fn is_repeatable(&self, tool: &str) -> bool {
        let hints = self.tools.get(tool).and_then(|tool| tool.annotations.as_ref());
        hints.is_some_and(|hints| hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true))
    }

    fn refused(&self, tool: &str, reason: String) -> ClientError {
        ClientError::Refused { url: self.url.clone(), tool: tool.into(), reason }
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

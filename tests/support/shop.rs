//! An MCP server that a test owns: it changes its tools, wants a token, hangs or floods as told.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arcc::server::exec::{ConnectionFacts, Credential, CredentialError, Credentials};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use futures_util::stream;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::{RoleServer, ServerHandler};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

/// How the shop answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it should.
    #[default]
    Kind,
    /// Not at all.
    Silent,
    /// With more and more, without an end.
    Flooding,
}

#[derive(Debug, Default)]
struct Inner {
    tools: Mutex<Vec<Tool>>,
    token: Mutex<Option<String>>,
    mood: Mutex<Mood>,
    seen: Mutex<Vec<Option<String>>>,
}

/// The server; clones are handles to the same one.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    inner: Arc<Inner>,
    url: String,
}

impl Shop {
    /// Opens one on a free port, which offers `stock_list` and `order_place`.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let shop = Self { inner: Arc::default(), url };
        shop.offer(vec![stock_list(), order_place()]);
        let (handler, sessions) = (shop.clone(), Arc::new(LocalSessionManager::default()));
        let service = StreamableHttpService::new(move || Ok(handler.clone()), sessions, Default::default());
        let router = axum::Router::new().nest_service("/mcp", service);
        let router = router.layer(from_fn_with_state(shop.clone(), door));
        tokio::spawn(async move { axum::serve(listener, router).await });
        shop
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Offers these tools from now on.
    pub(crate) fn offer(&self, tools: Vec<Tool>) {
        *self.inner.tools.lock().unwrap() = tools;
    }

    /// Wants this token from now on.
    pub(crate) fn want(&self, token: &str) {
        *self.inner.token.lock().unwrap() = Some(token.to_owned());
    }

    pub(crate) fn be(&self, mood: Mood) {
        *self.inner.mood.lock().unwrap() = mood;
    }

    /// What the last request had as `Authorization`.
    pub(crate) fn last_seen(&self) -> Option<String> {
        self.inner.seen.lock().unwrap().last().cloned().flatten()
    }
}

async fn door(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    shop.inner.seen.lock().unwrap().push(sent.clone());
    let mood = shop.inner.mood.lock().unwrap().clone();
    match mood {
        Mood::Kind => {}
        Mood::Silent => std::future::pending::<()>().await,
        Mood::Flooding => {
            let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 64 * 1024]));
            return ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(endless))
                .into_response();
        }
    }
    let wanted = shop.inner.token.lock().unwrap().clone();
    if wanted.is_some_and(|token| sent != Some(format!("Bearer {token}"))) {
        // A server may well repeat what it was sent.
        return (StatusCode::UNAUTHORIZED, format!("no access with {sent:?}")).into_response();
    }
    next.run(request).await
}

impl ServerHandler for Shop {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.inner.tools.lock().unwrap().clone()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = |text: String| CallToolResult::success(vec![ContentBlock::text(text)]);
        Ok(match &*request.name {
            "expired" => {
                let words = "401 Unauthorized: the token has expired";
                CallToolResult::error(vec![ContentBlock::text(words)])
            }
            "mirror" => text(json!({"sent": self.last_seen()}).to_string()),
            _ => text(json!({"tool": request.name, "args": request.arguments}).to_string()),
        }
        .into())
    }
}

fn tool(name: &'static str, schema: Value, is_read_only: bool) -> Tool {
    let Value::Object(schema) = schema else { panic!("a schema is an object") };
    Tool::new(name, "A tool of the shop.", schema)
        .with_annotations(ToolAnnotations::new().read_only(is_read_only))
}

/// A tool that only reads and needs no arguments.
pub(crate) fn stock_list() -> Tool {
    tool(
        "stock_list",
        json!({"type": "object", "properties": {"limit": {"type": "integer", "default": 5}}}),
        true,
    )
}

/// A tool that writes.
pub(crate) fn order_place() -> Tool {
    let properties = json!({"sku": {"type": "string"}, "qty": {"type": "integer", "minimum": 1}});
    tool("order_place", json!({"type": "object", "properties": properties, "required": ["sku"]}), false)
}

/// The same with another schema.
pub(crate) fn order_place_by_number() -> Tool {
    let properties = json!({"number": {"type": "string"}});
    tool("order_place", json!({"type": "object", "properties": properties, "required": ["number"]}), false)
}

/// A tool that says that its token has expired.
pub(crate) fn expired() -> Tool {
    tool("expired", json!({"type": "object"}), true)
}

/// Connections in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Arc<Mutex<BTreeMap<String, Key>>>);

#[derive(Clone, Debug)]
struct Key {
    token: String,
    status: String,
    why: String,
}

impl Keys {
    /// Connections of these ids and tokens; each is named after its id.
    pub(crate) fn of(keys: &[(&str, &str)]) -> Self {
        let key = |token: &str| Key { token: token.to_owned(), status: "active".into(), why: String::new() };
        let all = keys.iter().map(|(id, token)| ((*id).to_owned(), key(token)));
        Self(Arc::new(Mutex::new(all.collect())))
    }

    /// Where a connection stands, and why.
    pub(crate) fn standing(&self, id: &str) -> (String, String) {
        let key = self.0.lock().unwrap()[id].clone();
        (key.status, key.why)
    }

    fn set(&self, id: &str, status: &str, why: &str) {
        if let Some(key) = self.0.lock().unwrap().get_mut(id) {
            (key.status, key.why) = (status.to_owned(), why.to_owned());
        }
    }
}

impl Credentials for Keys {
    fn find(&self, id: &str) -> BoxFuture<'static, Result<Option<ConnectionFacts>, CredentialError>> {
        let facts = |key: &Key| ConnectionFacts {
            id: id.into(),
            name: format!("The {id}").into(),
            status: key.status.clone().into(),
        };
        ready(Ok(self.0.lock().unwrap().get(id).map(facts))).boxed()
    }

    fn header_for(
        &self,
        id: &str,
        _: &Url,
    ) -> BoxFuture<'static, Result<Option<Credential>, CredentialError>> {
        let key = self.0.lock().unwrap().get(id).cloned();
        let found = match key {
            None => Err(CredentialError::Unknown(id.into())),
            Some(key) if key.status == "needs_reconnect" => {
                Err(CredentialError::NeedsReconnect { name: format!("The {id}").into(), why: key.why.into() })
            }
            Some(key) => {
                let value = SecretString::from(format!("Bearer {}", key.token));
                Ok(Some(Credential { header: header::AUTHORIZATION, value }))
            }
        };
        ready(found).boxed()
    }

    fn needs_reconnect(&self, id: &str, why: &str) -> BoxFuture<'static, ()> {
        self.set(id, "needs_reconnect", why);
        ready(()).boxed()
    }

    fn works(&self, id: &str) -> BoxFuture<'static, ()> {
        self.set(id, "active", "");
        ready(()).boxed()
    }
}

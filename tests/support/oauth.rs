//! An authorization server whose person always agrees, and an MCP server that it protects.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

/// What the authorization server and the MCP server know together.
#[derive(Default)]
pub(crate) struct World {
    challenge: String,
    pub(crate) resource: String,
    /// Tokens that were given, newest last; the last one is valid.
    pub(crate) given: u32,
    pub(crate) lives: u32,
    pub(crate) refuses_refresh: bool,
    pub(crate) refused: bool,
    pub(crate) asked: Vec<String>,
}

pub(crate) type Shared = Arc<Mutex<World>>;

/// A server with one tool, which says that it was reached.
struct Echoes;

impl rmcp::ServerHandler for Echoes {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let serde_json::Value::Object(schema) = json!({"type": "object"}) else { panic!("an object") };
        let echo = Tool::new("echo", "Says that it was reached.", schema);
        let echo = echo.with_annotations(ToolAnnotations::new().read_only(true));
        Ok(ListToolsResult::with_all_items(vec![echo]))
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text("{\"reached\": true}")]).into())
    }
}

/// Both servers; the base URLs of the MCP server and of the authorization server.
pub(crate) async fn world(lives: u32) -> (Shared, String, String) {
    let shared = Shared::new(Mutex::new(World { lives, ..World::default() }));
    let authority = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", authority.local_addr().unwrap());
    let resource = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", resource.local_addr().unwrap());
    let metadata = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "registration_endpoint": format!("{issuer}/register"),
        "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
    });
    let router = Router::new()
        .route("/.well-known/oauth-authorization-server", get(async move || Json(metadata)))
        .route("/register", post(register))
        .route("/authorize", get(agree))
        .route("/token", post(token))
        .with_state(shared.clone());
    tokio::spawn(axum::serve(authority, router).into_future());

    let protected = json!({"resource": format!("{server}/mcp"), "authorization_servers": [issuer], "scopes_supported": ["mcp:execute"]});
    let service = StreamableHttpService::new(
        || Ok(Echoes),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let guarded = Router::new()
        .nest_service("/mcp", service)
        .layer(from_fn_with_state((shared.clone(), server.clone()), guard));
    let router = Router::new()
        .route("/.well-known/oauth-protected-resource/mcp", get(async move || Json(protected)))
        .merge(guarded);
    tokio::spawn(axum::serve(resource, router).into_future());
    (shared, server, issuer)
}

async fn guard(State((shared, server)): State<(Shared, String)>, request: Request, next: Next) -> Response {
    let valid = {
        let world = shared.lock().unwrap();
        let want = format!("Bearer at-{}", world.given);
        world.given > 0
            && !world.refused
            && request.headers().get(header::AUTHORIZATION).is_some_and(|sent| *sent == *want)
    };
    if valid {
        return next.run(request).await;
    }
    let challenge = format!("Bearer resource_metadata=\"{server}/.well-known/oauth-protected-resource/mcp\"");
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}

async fn register(Json(asked): Json<Value>) -> (StatusCode, Json<Value>) {
    let answer = json!({"client_id": "client-1", "redirect_uris": asked["redirect_uris"], "client_name": asked["client_name"]});
    (StatusCode::CREATED, Json(answer))
}

/// The person agrees at once.
async fn agree(State(shared): State<Shared>, Query(asked): Query<HashMap<String, String>>) -> Redirect {
    assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
    let mut world = shared.lock().unwrap();
    world.challenge = asked["code_challenge"].clone();
    world.resource = asked["resource"].clone();
    Redirect::to(&format!("{}?code=code-1&state={}", asked["redirect_uri"], asked["state"]))
}

async fn token(State(shared): State<Shared>, form: String) -> Response {
    let asked: HashMap<String, String> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let mut world = shared.lock().unwrap();
    world.asked.push(asked["grant_type"].clone());
    let granted = match asked["grant_type"].as_str() {
        "authorization_code" => {
            asked["code"] == "code-1" && challenge(&asked["code_verifier"]) == world.challenge
        }
        _ => !world.refuses_refresh && asked["refresh_token"] == format!("rt-{}", world.given),
    };
    if !granted {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    world.given += 1;
    world.refused = false;
    let (access, refresh) = (format!("at-{}", world.given), format!("rt-{}", world.given));
    Json(json!({
        "access_token": access, "token_type": "bearer", "refresh_token": refresh, "expires_in": world.lives,
        "scope": "mcp:execute",
    }))
    .into_response()
}

fn challenge(verifier: &str) -> String {
    let digest = Sha256::digest(verifier.as_bytes());
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = digest.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let digit = |bits: &[u8]| {
        bits.iter().chain([0; 6].iter()).take(6).fold(0, |sum, bit| sum * 2 + usize::from(*bit))
    };
    bits.chunks(6).map(|chunk| char::from(alphabet[digit(chunk)])).collect()
}

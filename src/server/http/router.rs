//! The routes, and serving them.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::routing::{any, delete, get, patch, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::error::ApiError;
use super::state::HttpState;
use super::{
    agents, analytics, billing, commands, connections, gate, llm, mcp, mcp_instances, pats, runs, stream,
    tasks, triggers, turns, validate, versions, webhooks, workflows,
};

/// How long open requests and streams may take to end when the server closes.
const GRACE: Duration = Duration::from_secs(5);

/// All routes behind the gate.
pub fn router(state: HttpState) -> Router {
    let routes = workflow_routes()
        .merge(run_routes())
        .merge(connections::routes())
        .merge(llm::routes())
        .merge(mcp_routes())
        .merge(agent_routes())
        .merge(billing_routes())
        .merge(token_routes())
        .merge(analytics_routes())
        .merge(trigger_routes());
    routes
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), gate::admit))
        .with_state(state)
}

fn workflow_routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/workflows", get(workflows::list).post(workflows::create))
        .route("/v1/workflows/{id}", get(workflows::show).patch(workflows::patch).delete(workflows::archive))
        .route("/v1/workflows/{id}/versions", get(versions::list).post(versions::publish))
        .route("/v1/workflows/{id}/versions/{version}", get(versions::show))
        .route("/v1/workflows/{id}/validate", post(validate::validate))
        .route("/v1/workflows/{id}/graph-dry-runs", get(validate::dry_runs))
        .route("/v1/workflows/{id}/command", post(commands::command))
        .route("/v1/workflows/{id}/stream", get(stream::open))
        .route("/v1/workflows/{id}/runs", get(runs::of_workflow))
}

fn run_routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/runs", get(runs::all))
        .route("/v1/tasks/pending", get(tasks::all))
        .route("/v1/workflows/{id}/runs/{run}", get(runs::show))
        .route("/v1/workflows/{id}/runs/{run}/summary", get(runs::summary))
        .route("/v1/workflows/{id}/runs/{run}/events", get(runs::events))
        .route("/v1/workflows/{id}/runs/{run}/context", get(runs::context))
        .route("/v1/workflows/{id}/runs/{run}/tasks/pending", get(tasks::of_run))
        .route("/v1/workflows/{id}/runs/{run}/tasks/{task}/complete", post(tasks::complete))
}

fn mcp_routes() -> Router<HttpState> {
    let server = "/v1/mcp/servers/{id}";
    let instance = "/v1/mcp/instances/{id}";
    Router::new()
        .route("/v1/mcp/platform-catalog", get(mcp::catalog))
        .route("/v1/mcp/tools", get(mcp::tools))
        .route("/v1/mcp/servers", get(mcp::servers).post(mcp::register))
        .route(server, get(mcp::show))
        .route(&format!("{server}/discover"), post(mcp::discover))
        .route(&format!("{server}/versions"), get(mcp::versions).post(mcp::add_version))
        .route(&format!("{server}/validate"), post(mcp::validate))
        .route(&format!("{server}/connections/{{connection}}/validate"), post(mcp::validate_connection))
        .route("/v1/mcp/instances", get(mcp_instances::list).post(mcp_instances::create))
        .route("/v1/mcp/instances/resolve", post(mcp_instances::resolve))
        .route(instance, get(mcp_instances::show))
        // What instances were called before; the platform still answers there.
        .route("/v1/mcp/connections", get(mcp_instances::list).post(mcp_instances::create))
        .route("/v1/mcp/connections/{id}", get(mcp_instances::show))
        .route(&format!("{instance}/validate"), post(mcp_instances::validate))
        .route(
            &format!("{instance}/config-profiles"),
            get(mcp_instances::profiles).post(mcp_instances::add_profile),
        )
        .route(&format!("{instance}/config-profiles/{{profile}}"), patch(mcp_instances::patch_profile))
        .route(
            &format!("{instance}/config-profiles/{{profile}}/set-active"),
            post(mcp_instances::activate_profile),
        )
        .route(
            "/v1/workflows/{id}/connection-overrides",
            get(mcp_instances::overrides).put(mcp_instances::replace_overrides),
        )
}

fn agent_routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/agents", get(agents::list).post(agents::create))
        .route("/v1/agents/{id}", get(agents::show).patch(agents::patch).delete(agents::delete))
        .route("/v1/workflows/{id}/runs/{run}/steps/{step}/turns/{turn}/stream", get(turns::open))
}

fn billing_routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/billing/usage", get(billing::usage))
        .route("/v1/billing/usage-history", get(billing::history))
        .route("/v1/billing/usage-dimensions", get(billing::dimensions))
        .route("/v1/billing/action-pricing", get(billing::pricing))
        .route("/v1/billing/status", get(billing::status))
        .route("/v1/billing/summary", get(billing::summary))
        .route("/v1/billing/plans", get(billing::plans))
        .route("/v1/billing/payment-history", get(billing::payments))
        .route("/v1/billing/grants", post(billing::grant))
        .route("/v1/billing/topups/{*rest}", any(billing::no_shop))
        .route("/v1/billing/trial", any(billing::no_shop))
        .route("/v1/billing/subscription", any(billing::no_shop))
        .route("/v1/billing/codes", any(billing::no_shop))
}

fn token_routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/pats", get(pats::list).post(pats::create))
        .route("/v1/pats/{id}", delete(pats::revoke))
        .route("/v1/pats/{id}/reveal", get(pats::reveal))
}

fn analytics_routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/usage-history", get(analytics::by_principal))
        .route("/v1/analytics/live-runs", get(analytics::live_runs))
        .route("/v1/analytics/success-rate", get(analytics::success_rate))
        .route("/v1/analytics/execution-duration", get(analytics::execution_duration))
        .route("/v1/analytics/runs-count", get(analytics::runs_count))
        .route("/v1/analytics/steps-executed", get(analytics::steps_executed))
        .route("/v1/analytics/credits-consumed", get(analytics::credits_consumed))
        .route("/v1/analytics/steps-summary", get(analytics::steps_summary))
        .route("/v1/analytics/runs-timeseries", get(analytics::runs_series))
        .route("/v1/analytics/usage-timeseries", get(analytics::usage_series))
}

fn trigger_routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/workflows/{id}/triggers", get(triggers::list).post(triggers::create))
        .route(
            "/v1/workflows/{id}/triggers/{trigger}",
            get(triggers::show).patch(triggers::patch).delete(triggers::remove),
        )
        .route("/v1/inbound-webhooks", get(webhooks::list).post(webhooks::create))
        .route(
            "/v1/inbound-webhooks/{id}",
            post(webhooks::enter).patch(webhooks::patch).delete(webhooks::remove),
        )
}

async fn unknown(request: Request) -> ApiError {
    ApiError::NotFound(format!("this runtime has no path {}", request.uri().path()))
}

async fn wrong_method(request: Request) -> ApiError {
    ApiError::Method { method: request.method().to_string(), path: request.uri().path().to_owned() }
}

/// Serves `state` on `listener` until its closing token fires, then lets open requests finish and
/// closes open streams, both within a grace time.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, state: HttpState) -> io::Result<()> {
    let closing = state.closing().clone();
    // A frame is small and somebody watches for it.
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    let server = axum::serve(listener, router(state.clone()));
    let server = server.with_graceful_shutdown(closing.clone().cancelled_owned()).into_future();
    let mut server = std::pin::pin!(server);
    let ended = tokio::select! {
        ended = &mut server => ended,
        // What has not ended in time is left; its client sees a broken connection.
        () = closing.cancelled() => timeout(GRACE, &mut server).await.unwrap_or(Ok(())),
    };
    // Streams are no connections to the server above any more, and still say goodbye.
    let _ = timeout(GRACE, state.streams_closed()).await;
    ended
}

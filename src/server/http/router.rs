//! The routes, and serving them.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::routing::{get, patch, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::error::ApiError;
use super::state::HttpState;
use super::{commands, connections, gate, runs, stream, tasks, validate, versions, workflows};

/// How long open requests and streams may take to end when the server closes.
const GRACE: Duration = Duration::from_secs(5);

/// All routes behind the gate.
pub fn router(state: HttpState) -> Router {
    let routes = workflow_routes().merge(run_routes()).merge(connection_routes());
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

fn connection_routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/connections", get(connections::list).post(connections::create))
        .route("/v1/connections/google/config", get(connections::google_config))
        .route("/v1/connections/google/oauth-url", post(connections::google))
        .route("/v1/connections/google/complete", post(connections::google))
        .route("/v1/connections/google/accounts/{id}", get(connections::google))
        .route("/v1/connections/google/accounts/{id}/services", patch(connections::google))
        .route(
            "/v1/connections/{id}",
            get(connections::show).patch(connections::patch).delete(connections::remove),
        )
        .route("/v1/connections/{id}/credentials", get(connections::credentials))
        .route("/v1/connections/{id}/oauth-url", post(connections::oauth_url))
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

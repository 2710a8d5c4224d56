//! The page that a browser comes back to.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rmcp::transport::auth::{AuthorizationCallback, AuthorizationSession};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::flow::{PATH, PATIENCE};
use crate::server::connections::Connections;

/// One authorization that waits for its browser.
struct Waiting {
    connections: Connections,
    id: String,
    host: String,
    /// Gone once it has its code.
    session: Mutex<Option<AuthorizationSession>>,
    end: CancellationToken,
}

/// Waits for the browser, at most as long as a person has.
pub(super) async fn serve(
    listener: TcpListener,
    connections: Connections,
    id: String,
    session: AuthorizationSession,
    end: CancellationToken,
) {
    let Ok(address) = listener.local_addr() else { return };
    let session = Mutex::new(Some(session));
    let waiting = Waiting { connections, id, host: address.to_string(), session, end: end.clone() };
    let router = Router::new().route(PATH, get(come_back)).with_state(Arc::new(waiting));
    let late = end.clone();
    let served = axum::serve(listener, router).with_graceful_shutdown(end.cancelled_owned());
    tokio::select! {
        _ = served.into_future() => {}
        () = tokio::time::sleep(PATIENCE) => late.cancel(),
    }
}

async fn come_back(
    State(waiting): State<Arc<Waiting>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    if host != Some(waiting.host.as_bytes()) {
        return page(StatusCode::FORBIDDEN, "This address is not for you.");
    }
    let url = format!("http://{}{PATH}?{}", waiting.host, query.unwrap_or_default());
    let mut place = waiting.session.lock().await;
    let Some(session) = place.as_ref() else {
        return page(StatusCode::GONE, "This authorization is complete already.");
    };
    // Neither a stranger's nor a mistyped answer ends the wait for the right one.
    let Ok(callback) = AuthorizationCallback::from_redirect_url(&url) else {
        return page(
            StatusCode::BAD_REQUEST,
            "The authorization server gave no code. Was it declined? Try again.",
        );
    };
    let issuer = callback.issuer.as_deref();
    match session.handle_callback_with_issuer(&callback.code, &callback.csrf_token, issuer).await {
        Ok(_) => {
            if let Some(session) = place.take() {
                waiting.connections.oauth().keep(&waiting.id, session.auth_manager);
            }
            waiting.end.cancel();
            tracing::info!(connection = waiting.id, "a connection was authorized");
            page(StatusCode::OK, "Done: the connection is authorized. This window can be closed.")
        }
        Err(error) => {
            tracing::warn!(connection = waiting.id, %error, "an authorization did not come about");
            page(StatusCode::BAD_REQUEST, "The code was not taken. Ask for a new address and try again.")
        }
    }
}

/// A page without a word from outside.
fn page(status: StatusCode, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONNECTION, "close"),
    ];
    (status, headers, format!("arcc\n\n{text}\n")).into_response()
}

//! Who may speak to the tools server.

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What a request must carry.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    host: Box<str>,
    authorization: Box<str>,
}

impl Admission {
    /// For the server at this address with this bearer token.
    pub(super) fn new(address: SocketAddr, token: &str) -> Self {
        Self { host: address.to_string().into(), authorization: format!("Bearer {token}").into() }
    }
}

/// Lets a request through that names the exact host, comes from no browser page and has the token.
/// A page elsewhere that rebinds its name to this address sends its own name as `Host`.
pub(super) async fn admit(State(want): State<Admission>, request: Request, next: Next) -> Response {
    match refusal(&want, request.headers()) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

fn refusal(want: &Admission, headers: &HeaderMap) -> Option<Response> {
    let header = |name| headers.get(name).map(HeaderValue::as_bytes);
    if header(header::HOST) != Some(want.host.as_bytes()) || header(header::ORIGIN).is_some() {
        return Some((StatusCode::FORBIDDEN, "this server answers to its own address only").into_response());
    }
    if header(header::AUTHORIZATION).is_some_and(|got| same(got, want.authorization.as_bytes())) {
        return None;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    Some((StatusCode::UNAUTHORIZED, challenge, "a bearer token is required").into_response())
}

/// Compares without telling by its duration where the difference is.
fn same(got: &[u8], want: &[u8]) -> bool {
    let differences = got.iter().zip(want).fold(0, |all, (a, b)| all | (a ^ b));
    got.len() == want.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_equal_bytes_are_the_same() {
        assert!(same(b"Bearer abc", b"Bearer abc"));
        for other in ["", "Bearer ab", "Bearer abd", "Bearer abcd", "bearer abc"] {
            assert!(!same(other.as_bytes(), b"Bearer abc"), "{other}");
        }
    }
}

//! JSON bodies, with refusals that say what to mend.

use axum::body::HttpBody as _;
use axum::body::{Body as RawBody, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::error::ApiError;

/// The most that a body may hold, in bytes.
const LIMIT: usize = 1024 * 1024;
/// How much of a body that is too large is still read and dropped: a connection closed on unread
/// bytes may lose the answer on its way.
const DISCARD: usize = 16 * LIMIT;

/// The body as a JSON object.
pub(super) struct Body(pub(super) Map<String, Value>);

impl Body {
    /// A text field, if it is there.
    pub(super) fn text(&self, field: &str) -> Result<Option<&str>, ApiError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::Invalid(format!("`{field}` must be a text"))),
        }
    }

    /// A field that is true or false, if it is there.
    pub(super) fn switch(&self, field: &str) -> Result<Option<bool>, ApiError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(is_on)) => Ok(Some(*is_on)),
            Some(_) => Err(ApiError::Invalid(format!("`{field}` must be true or false"))),
        }
    }

    /// A field that holds an object, if it is there.
    pub(super) fn object(&self, field: &str) -> Result<Option<&Map<String, Value>>, ApiError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(ApiError::Invalid(format!("`{field}` must be an object"))),
        }
    }
}

impl<S: Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        check_type(request.headers())?;
        let bytes = read(request.into_body()).await?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(ApiError::Invalid("the body must be a JSON object".into())),
            Err(_) if bytes.is_empty() => {
                Err(ApiError::Malformed("the body is empty; a JSON object is needed".into()))
            }
            Err(wrong) => Err(ApiError::Malformed(format!("the body is not valid JSON: {wrong}"))),
        }
    }
}

/// The body of a request that needs none: an absent one counts as an empty object.
pub(super) struct MaybeBody(pub(super) Body);

impl<S: Sync> FromRequest<S> for MaybeBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_declared = request.headers().contains_key(header::CONTENT_TYPE);
        if !is_declared && request.body().is_end_stream() {
            return Ok(Self(Body(Map::new())));
        }
        Body::from_request(request, state).await.map(Self)
    }
}

/// The body's very bytes, whatever they are.
pub(super) struct Raw(pub(super) Bytes);

impl<S: Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        Ok(Self(read(request.into_body()).await?.into()))
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.ok_or_else(|| ApiError::MediaType("nothing in particular".into()))?;
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(ApiError::MediaType(format!("{text:?}")))
}

async fn read(body: RawBody) -> Result<Vec<u8>, ApiError> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut size) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|wrong| ApiError::Malformed(format!("the body broke off: {wrong}")))?;
        size += chunk.len();
        if size > DISCARD {
            break;
        }
        if size <= LIMIT {
            kept.extend_from_slice(&chunk);
        }
    }
    if size > LIMIT { Err(ApiError::TooLarge { limit: LIMIT }) } else { Ok(kept) }
}

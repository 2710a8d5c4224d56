//! Query parameters.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use super::error::ApiError;

/// The query parameters of a request; unknown ones are ignored.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// A parameter's text; an empty one counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A whole number.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                ApiError::Malformed(format!("the parameter `{name}` is {text:?}; it must be a whole number"))
            })
        };
        self.text(name).map(parse).transpose()
    }

    /// How many rows are asked for: `default` if not said, never more than `most`.
    pub(super) fn limit(&self, default: u32, most: u32) -> Result<u32, ApiError> {
        match self.number("limit")? {
            Some(0) => Err(ApiError::Malformed("the parameter `limit` is 0; ask for 1 or more".into())),
            limit => Ok(limit.unwrap_or(default).min(most)),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn limits_are_held_and_mistakes_are_named() {
        let limit = |query: &str| Params::parse(query).limit(20, 100).map_err(|e| e.to_string());
        assert_eq!(limit(""), Ok(20));
        assert_eq!(limit("limit=7&x=y"), Ok(7));
        assert_eq!(limit("limit=5000"), Ok(100));
        assert_eq!(limit("limit=0"), Err("the parameter `limit` is 0; ask for 1 or more".into()));
        assert_eq!(
            limit("limit=-1"),
            Err("the parameter `limit` is \"-1\"; it must be a whole number".into())
        );
    }
}

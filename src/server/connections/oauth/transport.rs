//! The HTTP of the OAuth protocol, under the egress policy.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use rmcp::transport::auth::{OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRequest};
use url::{Origin, Url};

use crate::server::egress::{ChosenBy, Clients};

/// The largest answer, in bytes; metadata and tokens are small.
const MAX_ANSWER: usize = 256 * 1024;
/// How long an exchange may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Calls a registered server where its operator said, and what that server names as a stranger's
/// choice. Redirects are not followed, whatever is asked for.
pub(super) struct Transport {
    pub(super) clients: Clients,
    /// The registered server.
    pub(super) server: Origin,
}

impl OAuthHttpClient for Transport {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        async move {
            let exchange = self.exchange(request);
            tokio::time::timeout(PATIENCE, exchange)
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {}s", PATIENCE.as_secs()).into()))
        }
        .boxed()
    }
}

impl Transport {
    async fn exchange(
        &self,
        request: OAuthHttpRequest,
    ) -> Result<http::Response<Vec<u8>>, OAuthHttpClientError> {
        let request = reqwest::Request::try_from(request.request)?;
        let answer =
            self.client(request.url())?.execute(request).await.map_err(reqwest::Error::without_url)?;
        let mut response = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(reqwest::Error::without_url)?;
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(format!("the answer is larger than {MAX_ANSWER} bytes").into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, OAuthHttpClientError> {
        let chosen_by = if url.origin() == self.server { ChosenBy::Operator } else { ChosenBy::Graph };
        Ok(self.clients.to(url, chosen_by)?)
    }
}

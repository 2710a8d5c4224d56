//! What the executor gets of connections: one header for one call.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use url::Url;

use super::models::{holds_models, models_at};
use super::{ConnectionError, Connections, Delivery, LLM, OAUTH};
use crate::server::db::ConnectionRecord;
use crate::server::egress::is_loopback;
use crate::server::exec::{ConnectionFacts, Credential, CredentialError, Credentials};

impl Credentials for Connections {
    fn find(&self, connection: &str) -> BoxFuture<'static, Result<Option<ConnectionFacts>, CredentialError>> {
        let (this, id) = (self.clone(), connection.to_owned());
        async move {
            match this.get(&id).await {
                Ok(record) => Ok(Some(facts(&record))),
                Err(ConnectionError::NotFound(_)) => Ok(None),
                Err(error) => Err(unreadable(&id, &error)),
            }
        }
        .boxed()
    }

    fn header_for(
        &self,
        connection: &str,
        server: &Url,
    ) -> BoxFuture<'static, Result<Option<Credential>, CredentialError>> {
        let (this, id, server) = (self.clone(), connection.to_owned(), server.clone());
        async move {
            let (record, secrets) = this.opened(&id).await.map_err(|error| match error {
                ConnectionError::NotFound(_) => CredentialError::Unknown(id.as_str().into()),
                error => unreadable(&id, &error),
            })?;
            check_server(&record, &server)?;
            if record.service == OAUTH {
                return this.token(&record).await.map(Some);
            }
            let delivery = Delivery::from_json(&record.delivery);
            let sent = delivery.map(|delivery| delivery.of(&secrets)).transpose();
            sent.map_err(|error| unreadable(&id, &error))
        }
        .boxed()
    }

    fn models_at(&self, connection: &str) -> BoxFuture<'static, Result<Option<Url>, CredentialError>> {
        let (this, id) = (self.clone(), connection.to_owned());
        async move {
            match this.get(&id).await {
                Ok(record) => Ok(models_at(&record)),
                Err(ConnectionError::NotFound(_)) => Err(CredentialError::Unknown(id.as_str().into())),
                Err(error) => Err(unreadable(&id, &error)),
            }
        }
        .boxed()
    }

    fn with_models(&self) -> BoxFuture<'static, Result<Vec<ConnectionFacts>, CredentialError>> {
        let this = self.clone();
        async move {
            let all = this.list().await.map_err(|error| unreadable(LLM, &error))?;
            Ok(all.iter().filter(|record| holds_models(record)).map(facts).collect())
        }
        .boxed()
    }

    fn needs_reconnect(&self, connection: &str, why: &str) -> BoxFuture<'static, ()> {
        let (this, id, why) = (self.clone(), connection.to_owned(), why.to_owned());
        async move {
            // A token may have been withdrawn before its end: the next call gets another one.
            if let Ok(record) = this.get(&id).await
                && record.service == OAUTH
                && this.renew_refused(&record).await
            {
                return;
            }
            this.note(&id, Some(&why)).await;
        }
        .boxed()
    }

    fn works(&self, connection: &str) -> BoxFuture<'static, ()> {
        let (this, id) = (self.clone(), connection.to_owned());
        async move { this.note(&id, None).await }.boxed()
    }
}

impl Connections {
    /// Notes where a connection stands. A step is told what happened to it, so a failure here is
    /// only worth a line in the log.
    async fn note(&self, id: &str, why: Option<&str>) {
        if let Err(error) = self.mark(id, why).await {
            tracing::warn!(connection = id, %error, "where a connection stands could not be noted");
        }
    }
}

/// A secret goes to the server it is bound to, and over plain HTTP to this machine alone.
fn check_server(record: &ConnectionRecord, server: &Url) -> Result<(), CredentialError> {
    let withhold =
        |why: String| Err(CredentialError::Withheld { name: record.name.as_str().into(), why: why.into() });
    if let Some(bound) = &record.server_url
        && Url::parse(bound).map(|bound| bound.origin()).ok() != Some(server.origin())
    {
        let (bound, asked) = (origin(bound), server.origin().ascii_serialization());
        return withhold(format!("it is bound to {bound}, and this is {asked}"));
    }
    if server.scheme() == "http" && !is_loopback(server) {
        return withhold("plain http would show it to the network; use https".to_owned());
    }
    Ok(())
}

fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| "no address".to_owned(), |url| url.origin().ascii_serialization())
}

fn facts(record: &ConnectionRecord) -> ConnectionFacts {
    ConnectionFacts {
        id: record.id.as_str().into(),
        name: record.name.as_str().into(),
        status: record.status.as_str().into(),
    }
}

fn unreadable(id: &str, error: &ConnectionError) -> CredentialError {
    CredentialError::Unreadable { id: id.into(), why: error.to_string().into() }
}

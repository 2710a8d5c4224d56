//! What a diagnosis asks the server besides a run's own data: each question with its own time-out,
//! all of them at once, each answer saying what was asked and when.

mod ask;
mod compound;
mod question;

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use secrecy::ExposeSecret;

use super::Client;
use crate::domain::triage::{Caller, Case, Fact, Facts, Manner, Need, Thoroughness, TokenForm, wanted};
use crate::wire::CallError;

/// How long a question may take in all that changes nothing.
const READ: Duration = Duration::from_secs(10);
/// How long one may take that has the server call a tool or a model.
const CHECK: Duration = Duration::from_secs(30);
/// How many questions are on their way at once.
const AT_ONCE: usize = 8;
/// How often answers may make more questions worth asking.
const ROUNDS: usize = 6;

impl Client {
    /// Who asks, as far as it may be told.
    pub fn caller(&self) -> Caller {
        let endpoint = &self.inner.endpoint;
        let token = endpoint.token.expose_secret().trim();
        let form = if token.is_empty() {
            TokenForm::None
        } else if token.starts_with("pat_") || token.starts_with("ar_pat_") {
            TokenForm::Pat
        } else {
            TokenForm::Other
        };
        let header =
            |value: &Option<String>| value.as_deref().filter(|value| !value.is_empty()).map(Into::into);
        Caller {
            host: self.host().into(),
            token: form,
            token_source: "".into(),
            tenant: header(&endpoint.tenant),
            project: header(&endpoint.project),
            console: None,
        }
    }

    /// Asks one question. It always comes to a fact: an answer, or why there is none.
    pub async fn investigate(&self, need: &Need) -> Fact {
        ask::ask(self, need, limit(need)).await
    }

    /// Asks all questions, several at once, and tells each answer as it comes.
    pub async fn investigate_all(&self, needs: Vec<Need>, mut tell: impl FnMut(Need, Fact)) {
        let mut waiting = needs.into_iter();
        let one = |need: Need| async move {
            let fact = self.investigate(&need).await;
            (need, fact)
        };
        let mut flying: FuturesUnordered<_> = waiting.by_ref().take(AT_ONCE).map(one).collect();
        while let Some((need, fact)) = flying.next().await {
            tell(need, fact);
            flying.extend(waiting.next().map(one));
        }
    }

    /// Asks what a case wants until it wants nothing more: answers may make more worth asking. The
    /// case's own facts do not count; those gathered do.
    pub async fn gather(&self, thoroughness: Thoroughness, base: &Case<'_>, facts: &mut Facts) {
        for _ in 0..ROUNDS {
            let needs = wanted(&Case { facts, ..*base }, thoroughness);
            if needs.is_empty() {
                return;
            }
            self.investigate_all(needs, |need, fact| facts.put(need, fact)).await;
        }
    }

    /// Asks where an account is connected again; answers with the address to open in a browser.
    ///
    /// # Errors
    /// When the server refuses, or answers without an address.
    pub async fn reconnect_url(&self, connection: &str, provider: &str) -> Result<String, CallError> {
        let request = question::reconnect(connection, provider);
        let raw = self.post(&request.path, &request.body.unwrap_or_default()).await?;
        let names = ["url", "oauth_url", "auth_url", "authorization_url", "connect_url", "data.url"];
        let url = crate::wire::read::address(&raw, &names);
        url.filter(|url| url.starts_with("https://") || url.starts_with("http://127.0.0.1"))
            .ok_or_else(|| self.odd(&"a reconnection without an https address"))
    }
}

fn limit(need: &Need) -> Duration {
    match need.manner() {
        Manner::Read => READ,
        Manner::Check => CHECK,
    }
}

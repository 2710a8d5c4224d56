//! Credits, tokens and triggers: bodies that are mostly unpublished, so they are handed on whole.

use http::Method;
use serde_json::Value;

use super::Client;
use super::http::Request;
use crate::domain::{Usage, WorkflowId};
use crate::wire::{CallError, paths, read};

impl Client {
    /// What is left of the credits; and the body, whole.
    ///
    /// # Errors
    /// When it cannot be had, or tells of no balance. The platform asks for a contributor here.
    pub async fn usage(&self) -> Result<(Usage, Value), CallError> {
        let body = self.get(paths::USAGE, &[]).await?;
        let usage = read::usage(&body).ok_or_else(|| self.odd(&"usage without a balance"))?;
        Ok((usage, body))
    }

    /// Adds credits; only local runtimes take that.
    ///
    /// # Errors
    /// When the server refuses it. Sent once: an unanswered call may have taken effect.
    pub async fn grant_credits(&self, body: &Value) -> Result<(Usage, Value), CallError> {
        let body = self.post(paths::GRANTS, body).await?;
        let usage = read::usage(&body).ok_or_else(|| self.odd(&"a grant without a balance"))?;
        Ok((usage, body))
    }

    /// The personal access tokens.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn tokens(&self) -> Result<Value, CallError> {
        self.get(paths::PATS, &[]).await
    }

    /// Creates a personal access token; the answer holds the token itself.
    ///
    /// # Errors
    /// When the server refuses it. Sent once: an unanswered call may have taken effect.
    pub async fn create_token(&self, body: &Value) -> Result<Value, CallError> {
        self.post(paths::PATS, body).await
    }

    /// Revokes a personal access token.
    ///
    /// # Errors
    /// When the server refuses it. Sent once: an unanswered call may have taken effect.
    pub async fn revoke_token(&self, id: &str) -> Result<(), CallError> {
        let path = paths::pat(id);
        let request = Request { method: Method::DELETE, path: &path, query: &[], body: None };
        self.request(request).await.map(drop)
    }

    /// What starts runs of a workflow by itself.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn triggers(&self, workflow: &WorkflowId) -> Result<Value, CallError> {
        self.get(&paths::triggers(workflow), &[]).await
    }
}

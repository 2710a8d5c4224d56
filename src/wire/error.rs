//! Why a call to the API did not give what was asked.

use std::time::Duration;

use serde_json::Value;

use crate::domain::triage::{Trouble, TroubleKind};

/// A failed call, in terms that every layer may see.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The server answered with an error status.
    #[error("the server answered {status}: {message}")]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// The machine word, where the body has one.
        code: Option<Box<str>>,
        /// What the server said; foreign text.
        message: Box<str>,
        /// When it asks to try again.
        retry_after: Option<Duration>,
        /// `details` of the body, whole; of a validation, the body itself.
        details: Option<Box<Value>>,
    },
    /// The token is missing, wrong, expired or revoked (401).
    #[error(
        "not authenticated: {0}. Check the token of this profile (AR_TOKEN, token_file or token_command)"
    )]
    Unauthorized(Box<str>),
    /// The token is good, but not for this (403): role, scope or context.
    #[error(
        "not allowed: {0}. The role, the token's scopes or the tenant and project headers do not cover this"
    )]
    Forbidden(Box<str>),
    /// No connection came about: refused, no such host, no trust. Nothing was sent.
    #[error("cannot reach {host}: {reason}")]
    Unconnected {
        /// Host and port.
        host: Box<str>,
        /// What the network said.
        reason: Box<str>,
    },
    /// A check before a command failed, so the command was not sent.
    #[error("nothing was sent: {0}")]
    NotSent(#[source] Box<CallError>),
    /// The journal could not be written, so the command was not sent.
    #[error(
        "nothing was sent: the decision cannot be recorded ({0}). Mend that, or start with --no-journal to go unrecorded"
    )]
    Unrecorded(Box<str>),
    /// The connection broke before an answer. A command may have taken effect all the same.
    #[error("lost the connection to {host}: {reason}")]
    Unreachable {
        /// Host and port.
        host: Box<str>,
        /// What the network said.
        reason: Box<str>,
    },
    /// No answer within the time allowed. A command may have taken effect all the same.
    #[error("{host} did not answer within {} s", .after.as_secs())]
    TimedOut {
        /// Host and port.
        host: Box<str>,
        /// The time allowed.
        after: Duration,
    },
    /// The answer is not what the API sends: HTML, broken JSON, too large.
    #[error("{host} answered, but not as the AgentRuntime API does: {reason}. Check the URL of this profile")]
    NotTheApi {
        /// Host and port.
        host: Box<str>,
        /// What was wrong with the answer.
        reason: Box<str>,
    },
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        let text = match &error {
            // The advice of these is for commands; a diagnosis says itself which of it applies.
            CallError::Unauthorized(message) => format!("the server answered 401: {message}").into(),
            CallError::Forbidden(message) => format!("the server answered 403: {message}").into(),
            other => other.to_string().into(),
        };
        let known = |kind, status, code| Self { kind, status, code, text };
        match error {
            CallError::Unauthorized(_) => known(TroubleKind::Unauthenticated, Some(401), None),
            CallError::Forbidden(_) => known(TroubleKind::Forbidden, Some(403), None),
            CallError::Rejected { status, code, .. } => {
                let kind = match status {
                    404 => TroubleKind::Missing,
                    500.. => TroubleKind::Unavailable,
                    _ => TroubleKind::Refused,
                };
                known(kind, Some(status), code)
            }
            CallError::NotTheApi { .. } => known(TroubleKind::Odd, None, None),
            CallError::NotSent(_) | CallError::Unrecorded(_) => known(TroubleKind::NotSent, None, None),
            CallError::Unconnected { .. } | CallError::Unreachable { .. } | CallError::TimedOut { .. } => {
                known(TroubleKind::NoAnswer, None, None)
            }
        }
    }
}

impl CallError {
    /// What a failed check before a command means for the command: whatever happened to the check,
    /// the command was not sent.
    pub fn before_sending(self) -> Self {
        if self.outcome_unknown() { Self::NotSent(Box::new(self)) } else { self }
    }

    /// Whether the same question asked again may be answered: no connection, a lost one, or a server
    /// that is down or busy. Commands are never asked again.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unconnected { .. } | Self::Unreachable { .. } => true,
            Self::Rejected { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// Whether the command may have taken effect although no answer said so.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Unreachable { .. } | Self::NotTheApi { .. })
            || matches!(self, Self::Rejected { status, .. } if *status >= 500)
    }

    /// Whether the server says that it was decided or done before (409).
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Rejected { status: 409, .. })
    }

    /// Whether the thing does not exist, or the feature is off (404).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Rejected { status: 404, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sent_can_have_taken_effect() {
        let (host, reason): (Box<str>, Box<str>) = ("h".into(), "refused".into());
        let lost = CallError::Unreachable { host: host.clone(), reason: reason.clone() };
        let refused = CallError::Unconnected { host: host.clone(), reason };
        let late = CallError::TimedOut { host, after: Duration::from_secs(1) };
        for error in [lost, late] {
            assert!(error.outcome_unknown(), "{error}");
            let before = error.before_sending();
            assert!(!before.outcome_unknown(), "{before}");
        }
        assert!(!refused.outcome_unknown());
        assert_eq!(refused.clone().before_sending(), refused);
        assert!(std::mem::size_of::<CallError>() <= 72);
    }
}

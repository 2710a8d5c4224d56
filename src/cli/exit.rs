//! Exit codes, and how a failure is told.

use std::process::ExitCode;

use crate::client::FindError;
use crate::config::ConfigError;
use crate::platform::secrets::SecretError;
use crate::wire::CallError;

/// A failure with an exit code of its own.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was asked did not come about: 1.
    #[error("{0}")]
    Operation(String),
    /// The arguments or settings are wrong: 2.
    #[error("{0}")]
    Usage(String),
    /// It does not fit how things stand: 6, as a conflict that the server finds.
    #[error("{0}")]
    Conflict(String),
    /// The time to wait is over: 5.
    #[error("{0}")]
    WaitOver(String),
    /// Refused before anything was sent: 7.
    #[error("{0}")]
    Refused(String),
    /// It was sent, and nobody can say whether it took effect: 8.
    #[error("{0}")]
    Unknown(String),
}

/// The exit code for a failure: 1 failed, 2 usage or settings, 3 connection, 4 authentication,
/// 5 wait over, 6 conflict, 7 refused by a guard, 8 sent with unknown effect.
pub fn exit_code(report: &color_eyre::Report) -> ExitCode {
    ExitCode::from(code(report))
}

fn code(report: &color_eyre::Report) -> u8 {
    for cause in report.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return match failure {
                Failure::Operation(_) => 1,
                Failure::Usage(_) => 2,
                Failure::Conflict(_) => 6,
                Failure::WaitOver(_) => 5,
                Failure::Refused(_) => 7,
                Failure::Unknown(_) => 8,
            };
        }
        if let Some(error) = cause.downcast_ref::<CallError>() {
            return call_code(error);
        }
        if let Some(error) = cause.downcast_ref::<FindError>() {
            return match error {
                FindError::Call(error) => call_code(error),
                FindError::NoneFound { .. } => 1,
                FindError::Ambiguous { .. } => 2,
            };
        }
        if cause.is::<ConfigError>() {
            return 2;
        }
        #[cfg(feature = "server")]
        if let Some(crate::server::serve::ServeError::NotLoopback { .. }) = cause.downcast_ref() {
            return 2;
        }
        if cause.is::<SecretError>() {
            return 4;
        }
    }
    1
}

fn call_code(error: &CallError) -> u8 {
    match error {
        CallError::Unauthorized(_) | CallError::Forbidden(_) => 4,
        CallError::NotSent(check) => call_code(check),
        CallError::Unrecorded(_) => 7,
        CallError::Unconnected { .. }
        | CallError::Unreachable { .. }
        | CallError::TimedOut { .. }
        | CallError::NotTheApi { .. } => 3,
        CallError::Rejected { status: 409, .. } => 6,
        CallError::Rejected { status: 500..=599 | 429, .. } => 3,
        CallError::Rejected { .. } => 1,
    }
}

/// Tells a failure in one line on standard error: what happened, and why.
pub(super) fn say(report: &color_eyre::Report) {
    let mut told: Vec<String> = Vec::new();
    for cause in report.chain() {
        let text = cause.to_string();
        // A message often holds its source's already.
        if !told.iter().any(|before| before.contains(&text)) {
            told.push(text);
        }
    }
    super::output::remark(&told.join(": "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use color_eyre::eyre::WrapErr;

    #[test]
    fn codes_are_found_through_context() {
        let conflict = CallError::Rejected {
            status: 409,
            code: None,
            message: "decided".into(),
            retry_after: None,
            details: None,
        };
        let report = Err::<(), _>(conflict).wrap_err("approving").unwrap_err();
        assert_eq!(code(&report), 6);
        assert_eq!(code(&Failure::Refused("read-only".into()).into()), 7);
        assert_eq!(code(&CallError::Unauthorized("no token".into()).into()), 4);
    }
}

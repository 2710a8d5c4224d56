//! What can be wrong with the settings.

use std::path::PathBuf;

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML, or a value has the wrong type.
    #[error("{path} is not a valid configuration: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// The profile does not exist.
    #[error("there is no profile `{name}`{}", known(.profiles))]
    NoSuchProfile {
        /// What was asked for.
        name: String,
        /// What there is.
        profiles: Vec<String>,
    },
    /// The API's URL cannot be used.
    #[error("the API URL `{url}` cannot be used: {reason}")]
    BadUrl {
        /// The URL, without anything secret.
        url: String,
        /// Why.
        reason: String,
    },
    /// No token is set.
    #[error(
        "there is no token for {origin}: set AR_TOKEN, or `token_file` or `token_command` in the profile"
    )]
    NoToken {
        /// The API's origin.
        origin: String,
    },
    /// A guardrail names an action that does not exist.
    #[error("a guardrail names the action `{action}`, which does not exist; there are: {}", super::GUARDED.join(", "))]
    NoSuchAction {
        /// What it names.
        action: String,
    },
    /// The profile's token is bound to another origin.
    #[error(
        "the token of profile `{profile}` belongs to {bound} and is not sent to {origin}: set AR_TOKEN for {origin}"
    )]
    ForeignToken {
        /// The profile.
        profile: String,
        /// The origin that its token is for.
        bound: String,
        /// The origin that was asked for.
        origin: String,
    },
}

fn known(profiles: &[String]) -> String {
    if profiles.is_empty() {
        return ", and the configuration defines none".into();
    }
    format!("; there are: {}", profiles.join(", "))
}

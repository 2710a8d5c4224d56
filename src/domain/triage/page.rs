//! Pages of the web console.

use crate::domain::WorkflowId;

/// A page that the console can be opened on. Ids are percent-encoded by whoever builds the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The Command Center.
    CommandCenter,
    /// A workflow in the studio.
    Workflow(WorkflowId),
    /// An MCP instance.
    Instance(Box<str>),
    /// The validation of an MCP server.
    ServerValidation(Box<str>),
    /// The connections.
    Connections,
    /// The model providers.
    Providers,
    /// Usage and cost.
    Analytics,
    /// The access tokens.
    ApiKeys,
    /// The settings, with plan and billing.
    Settings,
}

impl Page {
    /// The page's path with ids encoded.
    pub fn path(&self) -> String {
        match self {
            Self::CommandCenter => "/command-center".into(),
            Self::Workflow(id) => format!("/workflow/{}", encoded(id.as_str())),
            Self::Instance(id) => format!("/mcp/instances/{}", encoded(id)),
            Self::ServerValidation(id) => format!("/mcp/{}/validate", encoded(id)),
            Self::Connections => "/connections".into(),
            Self::Providers => "/providers".into(),
            Self::Analytics => "/analytics".into(),
            Self::ApiKeys => "/settings?tab=apiKeys".into(),
            Self::Settings => "/settings".into(),
        }
    }

    /// Reads the word of a playbook; pages of a thing need its id, so they have none.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "command-center" => Self::CommandCenter,
            "connections" => Self::Connections,
            "providers" => Self::Providers,
            "analytics" => Self::Analytics,
            "api-keys" => Self::ApiKeys,
            "settings" => Self::Settings,
            _ => return None,
        })
    }
}

/// An id as one segment of a path: whatever it holds, it cannot leave it.
fn encoded(id: &str) -> String {
    use std::fmt::Write as _;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.');
    let dots = id.bytes().all(|byte| byte == b'.');
    id.bytes().fold(String::with_capacity(id.len()), |mut out, byte| {
        if plain(byte) && !dots {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_within_its_segment() {
        assert_eq!(Page::Workflow("a/../b?c#d".into()).path(), "/workflow/a%2F..%2Fb%3Fc%23d");
        assert_eq!(Page::Instance("..".into()).path(), "/mcp/instances/%2E%2E");
        assert_eq!(Page::ServerValidation("é".into()).path(), "/mcp/%C3%A9/validate");
    }
}

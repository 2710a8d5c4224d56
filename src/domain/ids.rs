//! Identifiers. The platform's ids are opaque strings: a UUID in one place, a slug in another,
//! so nothing here looks inside them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! define_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the id as the server wrote it.
            pub fn new(raw: impl AsRef<str>) -> Self {
                Self(Arc::from(raw.as_ref()))
            }

            /// The id as the server wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first eight characters, which is what the console shows.
            pub fn short(&self) -> &str {
                self.0.char_indices().nth(8).map_or(&self.0, |(end, _)| &self.0[..end])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl From<&str> for $name {
            fn from(raw: &str) -> Self {
                Self::new(raw)
            }
        }

        impl From<String> for $name {
            fn from(raw: String) -> Self {
                Self(Arc::from(raw))
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

define_id!(
    /// One execution of a workflow.
    RunId
);
define_id!(
    /// A workflow; its graph is published as numbered versions.
    WorkflowId
);
define_id!(
    /// A step of a graph. Steps inside a loop report as `parent#body#inner`.
    StepId
);
define_id!(
    /// A human task. It may equal the step's id, so it names a task only together with its run.
    TaskId
);
define_id!(
    /// An agent that `agent_call` steps name.
    AgentId
);
define_id!(
    /// One entry of a run's event log.
    EventId
);

impl StepId {
    /// The loop step this one runs inside of, if its id has the form `parent#body#inner`.
    pub fn parent(&self) -> Option<StepId> {
        self.0.split_once('#').map(|(parent, _)| StepId::new(parent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_counts_characters_and_never_splits_one() {
        assert_eq!(RunId::new("7c9e6679-aaaa").short(), "7c9e6679");
        assert_eq!(RunId::new("ééééééééé").short(), "éééééééé");
        assert_eq!(RunId::new("abc").short(), "abc");
    }

    #[test]
    fn inner_steps_know_their_loop() {
        assert_eq!(StepId::new("each#body#send").parent(), Some(StepId::new("each")));
        assert_eq!(StepId::new("send").parent(), None);
    }
}

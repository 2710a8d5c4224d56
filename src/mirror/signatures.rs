//! What the failed runs have in common with each other.

use std::collections::HashMap;

use crate::domain::failures::Signature;
use crate::domain::{Run, RunClass, RunId};

/// The signatures of failed runs. Masking a message is what costs, so it is done when a failure
/// changes and not with every list.
#[derive(Clone, Debug, Default)]
pub(super) struct Signatures {
    known: HashMap<RunId, Signed>,
}

/// A signature, and the error that it was made from.
#[derive(Clone, Debug)]
struct Signed {
    error: Option<Box<str>>,
    signature: Signature,
}

impl Signatures {
    /// Takes in how a run stands now.
    pub(super) fn note(&mut self, run: &Run) {
        if run.status.class() != RunClass::Failed {
            self.known.remove(&run.id);
            return;
        }
        match self.known.get_mut(&run.id) {
            Some(signed) if signed.error == run.error => signed.signature.renew(run),
            _ => {
                let signed = Signed { error: run.error.clone(), signature: Signature::of(run) };
                self.known.insert(run.id.clone(), signed);
            }
        }
    }

    /// The signature of a failed run.
    pub(super) fn get(&self, run: &RunId) -> Option<&Signature> {
        self.known.get(run).map(|signed| &signed.signature)
    }

    /// Forgets runs.
    pub(super) fn retain(&mut self, keep: impl Fn(&RunId) -> bool) {
        self.known.retain(|id, _| keep(id));
    }
}

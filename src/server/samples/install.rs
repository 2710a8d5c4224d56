//! Adds the sample workflows to a runtime, once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{SAMPLES, Sample, SampleEngine, SamplesError};
use crate::domain::WorkflowId;
use crate::server::engine::{WorkflowRecord, WorkflowStatus};

/// The note of which samples were installed, in the data folder.
const NOTE: &str = "samples.json";

/// The samples that are there to be started: name and workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    workflows: BTreeMap<&'static str, WorkflowId>,
}

impl Installed {
    /// The workflow of a sample; `None` where a person archived it.
    pub fn workflow(&self, sample: &str) -> Option<&WorkflowId> {
        self.workflows.get(sample)
    }

    /// The sample that a workflow is.
    pub fn sample(&self, workflow: &WorkflowId) -> Option<&'static str> {
        self.workflows.iter().find(|(_, id)| *id == workflow).map(|(name, _)| *name)
    }

    /// Whether there is nothing to start.
    pub fn is_empty(&self) -> bool {
        self.workflows.is_empty()
    }
}

impl FromIterator<(&'static str, WorkflowId)> for Installed {
    fn from_iter<I: IntoIterator<Item = (&'static str, WorkflowId)>>(samples: I) -> Self {
        Self { workflows: samples.into_iter().collect() }
    }
}

/// Creates and publishes the samples that were never there, and finds the others again.
///
/// A sample that a person renamed is still the sample; one that a person archived stays away. A
/// workflow of the same name that was there before counts as the sample.
///
/// # Errors
/// When the engine refuses a workflow, or the note of what was installed cannot be kept.
pub async fn install(engine: &impl SampleEngine, data_dir: &Path) -> Result<Installed, SamplesError> {
    let path = data_dir.join(NOTE);
    let mut note = read_note(&path)?;
    let mut installed = Installed::default();
    for sample in &SAMPLES {
        let failed = |source| SamplesError::Engine { name: sample.name, source };
        let known = engine.known().await.map_err(failed)?;
        let workflow = match find(sample, &known, &note) {
            Some(found) => found.clone(),
            None => engine.add(sample.workflow()?).await.map_err(failed)?,
        };
        note.insert(sample.name.to_owned(), workflow.id.to_string());
        match workflow.status {
            WorkflowStatus::Archived => continue,
            WorkflowStatus::Published => {}
            // Also where a crash came between creating and publishing.
            WorkflowStatus::Draft => engine.release(&workflow.id).await.map_err(failed)?,
        }
        installed.workflows.insert(sample.name, workflow.id);
    }
    write_note(&path, &note)?;
    Ok(installed)
}

/// The workflow noted for the sample, else the one of its name. A note whose workflow is unknown
/// is of another database.
fn find<'w>(
    sample: &Sample,
    known: &'w [WorkflowRecord],
    note: &BTreeMap<String, String>,
) -> Option<&'w WorkflowRecord> {
    let noted = note.get(sample.name);
    let by_note = known.iter().find(|workflow| noted.is_some_and(|id| workflow.id.as_str() == id));
    by_note.or_else(|| known.iter().find(|workflow| workflow.name == sample.name))
}

fn read_note(path: &Path) -> Result<BTreeMap<String, String>, SamplesError> {
    match fs::read_to_string(path) {
        // A note that cannot be understood is no loss: the names find the workflows again.
        Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(source) => Err(SamplesError::Note { path: path.to_owned(), doing: "read", source }),
    }
}

fn write_note(path: &Path, note: &BTreeMap<String, String>) -> Result<(), SamplesError> {
    let failed = |source| SamplesError::Note { path: PathBuf::from(path), doing: "written", source };
    let text = serde_json::to_string_pretty(note).map_err(io::Error::from).map_err(failed)?;
    fs::write(path, text + "\n").map_err(failed)
}

//! A file that is only ever appended to, one JSON object per line, once per key.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::ToolsError;

/// The field that holds the key.
const KEY_FIELD: &str = "key";

/// An append-only file.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// The entries that have keys, by key.
    by_key: HashMap<String, Value>,
}

/// What became of an entry.
#[derive(Debug, PartialEq)]
pub(super) enum Appended {
    /// It was written.
    New(Value),
    /// An entry of that key was there already; this is it.
    Before(Value),
}

impl Journal {
    /// Opens the file, creates it if need be, and reads which keys it holds. A torn last line, left
    /// behind by a crash, is passed over.
    pub(super) fn open(path: &Path) -> Result<Self, ToolsError> {
        let failed = |doing| move |source| ToolsError::File { path: path.to_owned(), doing, source };
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed("written"))?;
        let text = fs::read_to_string(path).map_err(failed("read"))?;
        let entries = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let by_key =
            entries.filter_map(|entry| Some((entry.get(KEY_FIELD)?.as_str()?.to_owned(), entry))).collect();
        if !text.is_empty() && !text.ends_with('\n') {
            (&file).write_all(b"\n").map_err(failed("written"))?;
        }
        Ok(Self { path: path.to_owned(), state: Mutex::new(State { file, by_key }) })
    }

    /// Appends an entry under a key, and returns after it is on the disk.
    pub(super) fn append(&self, key: Option<String>, mut entry: Value) -> Result<Appended, ToolsError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = key.as_ref().and_then(|key| state.by_key.get(key)) {
            return Ok(Appended::Before(before.clone()));
        }
        entry[KEY_FIELD] = json!(key);
        write_line(&mut state.file, &entry).map_err(|source| ToolsError::File {
            path: self.path.clone(),
            doing: "written",
            source,
        })?;
        if let Some(key) = key {
            state.by_key.insert(key, entry.clone());
        }
        Ok(Appended::New(entry))
    }
}

fn write_line(file: &mut File, entry: &Value) -> io::Result<()> {
    let line = format!("{entry}\n");
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_key_is_written_once_even_across_a_crash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outbox.jsonl");
        let entry = || json!({"to": "desk@example.com"});
        let kept = json!({"to": "desk@example.com", "key": "r/s/1"});
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.append(Some("r/s/1".into()), entry()).unwrap(), Appended::New(kept.clone()));
        drop(journal);
        fs::write(&path, fs::read_to_string(&path).unwrap() + "{\"to\": \"half").unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.append(Some("r/s/1".into()), entry()).unwrap(), Appended::Before(kept));
        journal.append(None, entry()).unwrap();
        journal.append(None, entry()).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        assert_eq!(whole.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 3);
    }
}

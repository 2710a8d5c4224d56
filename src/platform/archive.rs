//! Writes a set of files as a folder or as one archive: whole or not at all, for this user's eyes only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The form of what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A folder.
    Folder,
    /// A `.tar.gz` file.
    Archive,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Something is there already.
    #[error("{0} is there already; name another place")]
    Exists(PathBuf),
    /// The system refused.
    #[error("{path} could not be written: {source}")]
    Unwritten {
        /// What was to be written.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Writes the files, each a name and a text, below `dir` under `name`; answers with where.
///
/// # Errors
/// When something of that name is there already, or the system refuses; nothing is left then.
pub fn write(dir: &Path, name: &str, files: &[(&str, &str)], form: Form) -> Result<PathBuf, ArchiveError> {
    let path = match form {
        Form::Folder => dir.join(name),
        Form::Archive => dir.join(format!("{name}.tar.gz")),
    };
    if fs::symlink_metadata(&path).is_ok() {
        return Err(ArchiveError::Exists(path));
    }
    let partial = dir.join(format!(".{name}.partial"));
    let written = fs::create_dir_all(dir).and_then(|()| match form {
        Form::Folder => folder(&partial, files),
        Form::Archive => archive(&partial, name, files),
    });
    match written.and_then(|()| fs::rename(&partial, &path)) {
        Ok(()) => Ok(path),
        Err(source) => {
            // Whatever was begun is of no use to anybody.
            let _ = fs::remove_dir_all(&partial).or_else(|_| fs::remove_file(&partial));
            Err(ArchiveError::Unwritten { path, source })
        }
    }
}

fn folder(path: &Path, files: &[(&str, &str)]) -> io::Result<()> {
    private_dir(path)?;
    for (name, text) in files {
        let mut file = private_file(&path.join(name))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
    }
    Ok(())
}

fn archive(path: &Path, name: &str, files: &[(&str, &str)]) -> io::Result<()> {
    let mut tar = tar::Builder::new(GzEncoder::new(private_file(path)?, Compression::default()));
    for (file, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o600);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, format!("{name}/{file}"), text.as_bytes())?;
    }
    tar.into_inner()?.finish()?.sync_all()
}

#[cfg(unix)]
fn private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use pretty_assertions::assert_eq;

    const FILES: [(&str, &str); 2] = [("manifest.json", "{}\n"), ("events.jsonl", "one\ntwo\n")];

    #[test]
    fn an_archive_holds_its_files_below_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(dir.path(), "b-1", &FILES, Form::Archive).unwrap();
        assert_eq!(path.file_name().unwrap(), "b-1.tar.gz");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(&path).unwrap()));
        let mut read = |entry: io::Result<tar::Entry<'_, _>>| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.path().unwrap().display().to_string(), text)
        };
        let found: Vec<_> = tar.entries().unwrap().map(&mut read).collect();
        let want = FILES.map(|(name, text)| (format!("b-1/{name}"), text.to_owned()));
        assert_eq!(found, want);
    }

    #[test]
    fn a_folder_is_private_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(dir.path(), "b-1", &FILES, Form::Folder).unwrap();
        assert_eq!(fs::read_to_string(path.join("events.jsonl")).unwrap(), "one\ntwo\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
            assert_eq!(fs::metadata(path.join("events.jsonl")).unwrap().mode() & 0o777, 0o600);
        }
        assert!(matches!(write(dir.path(), "b-1", &FILES, Form::Folder), Err(ArchiveError::Exists(_))));
    }

    #[test]
    fn what_could_not_be_written_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let bad = [("a", "1"), ("no/such/folder", "2")];
        assert!(matches!(write(dir.path(), "b", &bad, Form::Folder), Err(ArchiveError::Unwritten { .. })));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

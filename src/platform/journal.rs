//! A file that only grows, one line a record: readable by this user alone, on disk before it counts.
//!
//! Several processes may write it at once. It is bounded: full, it becomes `journal.1.jsonl`, and
//! the one before that is forgotten.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// From this many bytes on the file is put aside.
const FULL: u64 = 4 << 20;

/// The most bytes of a file that are read; a larger one is not ours.
const MOST: u64 = 64 << 20;

/// A journal in a folder.
#[derive(Clone, Debug)]
pub struct JournalFile {
    dir: PathBuf,
    full: u64,
}

impl JournalFile {
    /// The journal in that folder; nothing is made before something is written.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), full: FULL }
    }

    /// Where it is written.
    pub fn path(&self) -> PathBuf {
        self.dir.join("journal.jsonl")
    }

    /// Where it is put once it is full.
    pub fn older(&self) -> PathBuf {
        self.dir.join("journal.1.jsonl")
    }

    /// Adds a line, which must hold no line break; it is on disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written: nothing may be done then that was to be on record.
    pub fn append(&self, line: &str) -> io::Result<()> {
        make_folder(&self.dir)?;
        // Held until the end, so that nobody puts the file aside or writes between.
        let lock = open(&self.dir.join("journal.lock"))?;
        lock.lock()?;
        let mut file = open(&self.path())?;
        if file.metadata()?.len() >= self.full {
            std::fs::rename(self.path(), self.older())?;
            file = open(&self.path())?;
        }
        let begin = if ends_torn(&mut file)? { "\n" } else { "" };
        file.write_all(format!("{begin}{line}\n").as_bytes())?;
        file.sync_all()
    }

    /// Its lines, the older file's first; none where there is no journal yet.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn lines(&self) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        for path in [self.older(), self.path()] {
            let file = match File::open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            let mut bytes = Vec::new();
            file.take(MOST).read_to_end(&mut bytes)?;
            lines.extend(String::from_utf8_lossy(&bytes).lines().map(str::to_owned));
        }
        Ok(lines)
    }
}

/// Whether the last line was cut off, as by a power cut: the next one must not join it.
fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(unix)]
fn make_folder(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_folder(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)
}

/// Opens a file of this user alone for reading and for writing at its end. A link is refused: what
/// it points to is not this program's to write.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path).map_err(|error| told(path, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))
                .map_err(|error| told(path, &error))?;
        }
    }
    Ok(file)
}

fn told(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use std::os::unix::fs::PermissionsExt;

    fn journal() -> (tempfile::TempDir, JournalFile) {
        let dir = tempfile::tempdir().unwrap();
        let journal = JournalFile::new(&dir.path().join("state"));
        (dir, journal)
    }

    #[test]
    fn lines_are_read_back_and_belong_to_this_user_alone() {
        let (_dir, journal) = journal();
        assert_eq!(journal.lines().unwrap(), Vec::<String>::new());
        journal.append("{\"a\":1}").unwrap();
        std::fs::set_permissions(journal.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        journal.append("{\"b\":2}").unwrap();
        assert_eq!(journal.lines().unwrap(), ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(std::fs::metadata(journal.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_line_that_was_cut_off_does_not_spoil_the_next() {
        let (_dir, journal) = journal();
        journal.append("whole").unwrap();
        std::fs::write(journal.path(), "whole\n{\"cut").unwrap();
        journal.append("next").unwrap();
        assert_eq!(journal.lines().unwrap(), ["whole", "{\"cut", "next"]);
    }

    #[test]
    fn a_full_file_is_put_aside_and_still_read() {
        let (_dir, journal) = journal();
        let journal = JournalFile { full: 10, ..journal };
        for line in ["one one one", "two two two", "three"] {
            journal.append(line).unwrap();
        }
        assert_eq!(journal.lines().unwrap(), ["two two two", "three"]);
    }

    #[test]
    fn a_link_is_never_written_through() {
        let (dir, journal) = journal();
        journal.append("x").unwrap();
        let target = dir.path().join("precious");
        std::fs::write(&target, "precious").unwrap();
        std::fs::remove_file(journal.path()).unwrap();
        std::os::unix::fs::symlink(&target, journal.path()).unwrap();
        let text = journal.append("y").unwrap_err().to_string();
        assert!(text.contains("journal.jsonl"), "{text}");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
    }

    #[test]
    fn many_writers_lose_no_line() {
        let (_dir, journal) = journal();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let journal = &journal;
                scope.spawn(move || {
                    for line in 0..10 {
                        journal.append(&format!("{writer} {line}")).unwrap();
                    }
                });
            }
        });
        let mut lines = journal.lines().unwrap();
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), 40);
    }
}

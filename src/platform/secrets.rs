//! Tokens: read from where they are kept, refused where others could read or change them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::redact::remember;

/// A token is short; anything longer is the wrong file.
const MAX_TOKEN: usize = 16 * 1024;

/// How long a token command may take.
const COMMAND_TIME: Duration = Duration::from_secs(30);

/// Why no token could be had. No variant carries any part of a token.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the token file {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others could read or change the file.
    #[error(
        "the token file {path} is not safe: {reason}. It must be a regular file of yours alone: chmod 600 {path}"
    )]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// Others could put another file in its place.
    #[error(
        "the token file {path} is not safe: other users can change its folder {folder}: chmod go-w {folder}"
    )]
    OpenFolder {
        /// The file.
        path: PathBuf,
        /// The folder that it is in.
        folder: PathBuf,
    },
    /// There is no usable token in what was read.
    #[error("{origin} holds no token: {reason}")]
    NoToken {
        /// Where it was looked for.
        origin: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The command did not work.
    #[error("the token command `{program}` {reason}")]
    Command {
        /// The program.
        program: String,
        /// What went wrong.
        reason: String,
    },
}

/// Reads a token file: a regular file of this user that nobody else can read, in a folder where
/// nobody else can put another one in its place.
///
/// # Errors
/// When it cannot be read, is not safe, or holds no token.
pub fn from_file(path: &Path) -> Result<SecretString, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
    let unsafe_file = |reason| SecretError::Unsafe { path: path.to_owned(), reason };
    let meta = std::fs::symlink_metadata(path).map_err(unreadable)?;
    if !meta.is_file() {
        return Err(unsafe_file("it is not a regular file"));
    }
    if let Some(reason) = exposed(&meta) {
        return Err(unsafe_file(reason));
    }
    // A bare name is in the working directory.
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if is_open(&std::fs::metadata(folder).map_err(unreadable)?) {
        return Err(SecretError::OpenFolder { path: path.to_owned(), folder: folder.to_owned() });
    }
    if meta.len() > MAX_TOKEN as u64 {
        return Err(SecretError::NoToken { origin: path.display().to_string(), reason: "it is too large" });
    }
    clean(&std::fs::read_to_string(path).map_err(unreadable)?, path.display().to_string())
}

#[cfg(unix)]
fn exposed(meta: &std::fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;
    if meta.mode() & 0o077 != 0 {
        return Some("other users can read or change it");
    }
    // Whoever owns it can read it, and put another token into it. Root can do that anyway.
    let own = rustix::process::geteuid().as_raw();
    (meta.uid() != own && own != 0).then_some("it belongs to another user")
}

/// Whether others can put another file into a folder, or away what is there. The sticky bit, as of
/// `/tmp`, keeps them from the latter; a group that has the user's own number is the user alone.
#[cfg(unix)]
fn is_open(folder: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::geteuid().as_raw();
    let foreign = folder.uid() != own && folder.uid() != 0;
    let for_group = folder.mode() & 0o020 != 0 && folder.gid() != own && folder.gid() != 0;
    let for_all = folder.mode() & 0o002 != 0;
    let sticky = folder.mode() & 0o1000 != 0;
    foreign || (for_group || for_all) && !sticky
}

#[cfg(not(unix))]
fn is_open(_folder: &std::fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn exposed(_meta: &std::fs::Metadata) -> Option<&'static str> {
    None
}

/// Runs a command, by absolute path and without a shell, and takes what it prints.
///
/// # Errors
/// When it cannot be run, fails, takes too long, or prints no token.
pub async fn from_command(argv: &[String]) -> Result<SecretString, SecretError> {
    let (program, arguments) = argv.split_first().ok_or_else(|| command_error("", "is empty"))?;
    if !Path::new(program).is_absolute() {
        return Err(command_error(program, "must be an absolute path"));
    }
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(COMMAND_TIME, command.output()).await;
    let output = output.map_err(|_| command_error(program, "did not end within 30 s"))?;
    let output = output.map_err(|error| command_error(program, &format!("could not be run: {error}")))?;
    if !output.status.success() {
        return Err(command_error(program, &format!("failed ({})", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| command_error(program, "did not print text"))?;
    clean(&text, format!("the output of `{program}`"))
}

/// Takes a token as it was given, without the blanks around it.
///
/// # Errors
/// When it is empty, too long, or holds characters that no header can carry.
pub fn clean(raw: &str, origin: String) -> Result<SecretString, SecretError> {
    let token = raw.trim();
    let reason = if token.is_empty() {
        Some("it is empty")
    } else if token.len() > MAX_TOKEN {
        Some("it is too long")
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("it contains characters that no token has")
    } else {
        None
    };
    match reason {
        Some(reason) => Err(SecretError::NoToken { origin, reason }),
        None => {
            let token = SecretString::from(token);
            remember(&token);
            Ok(token)
        }
    }
}

/// Whether a token looks like the platform's; others work too, but deserve a warning.
pub fn looks_usual(token: &SecretString) -> bool {
    let token = token.expose_secret();
    token.starts_with("pat_") || token.starts_with("ar_pat_")
}

fn command_error(program: &str, reason: &str) -> SecretError {
    SecretError::Command { program: program.to_owned(), reason: reason.to_owned() }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]
    fn file(mode: u32, text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn a_private_file_gives_its_token_without_the_line_end() {
        let token = from_file(file(0o600, "pat_abc\n").path()).unwrap();
        assert_eq!(token.expose_secret(), "pat_abc");
    }

    #[test]
    fn shared_files_links_and_bad_contents_are_refused() {
        let shared = file(0o640, "pat_abc");
        let text = from_file(shared.path()).unwrap_err().to_string();
        assert!(text.contains("chmod 600") && !text.contains("pat_abc"), "{text}");
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(file(0o600, "pat_abc").path(), &link).unwrap();
        assert!(matches!(from_file(&link), Err(SecretError::Unsafe { .. })));
        assert!(matches!(from_file(file(0o600, " \n").path()), Err(SecretError::NoToken { .. })));
        assert!(matches!(from_file(file(0o600, "pat\u{1b}[0m").path()), Err(SecretError::NoToken { .. })));
    }

    #[test]
    fn a_file_in_a_folder_that_others_can_change_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "pat_abc").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        for (mode, fine) in [(0o700, true), (0o755, true), (0o1777, true), (0o777, false), (0o757, false)] {
            std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            match from_file(&path) {
                Ok(_) => assert!(fine, "{mode:o}"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(
                        !fine && text.contains("chmod go-w") && !text.contains("pat_abc"),
                        "{mode:o}: {text}"
                    );
                }
            }
        }
    }

    #[tokio::test]
    async fn a_command_is_run_without_a_shell() {
        let argv = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let token = from_command(&argv(&["/bin/echo", "pat_$HOME"])).await.unwrap();
        assert_eq!(token.expose_secret(), "pat_$HOME");
        assert!(from_command(&argv(&["echo", "x"])).await.unwrap_err().to_string().contains("absolute path"));
        assert!(from_command(&argv(&["/bin/false"])).await.unwrap_err().to_string().contains("failed"));
    }
}

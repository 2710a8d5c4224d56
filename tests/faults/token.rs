//! Row 16: a token that ends in mid-session is read again, once, wherever it came from.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arcc::client::{Client, TokenReader};
use arcc::mirror::{LinkState, Mirror, Source};
use arcc::platform::secrets;
use arcc::wire::{CallError, Command};
use futures_util::future::BoxFuture;
use pretty_assertions::assert_eq;
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::fake::{self, Fake, TOKEN};
use crate::observer::{App, accept, focus, stream_of_w};
use crate::support::arcc;

/// A token file, and how often it was read again.
struct TokenFile {
    folder: TempDir,
    reads: AtomicUsize,
    quiet: bool,
}

impl TokenFile {
    fn new(quiet: bool) -> Arc<Self> {
        let file = Self { folder: tempfile::tempdir().unwrap(), reads: AtomicUsize::new(0), quiet };
        file.write(TOKEN);
        Arc::new(file)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    fn write(&self, token: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(self.path(), token).unwrap();
        std::fs::set_permissions(self.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

impl TokenReader for TokenFile {
    fn read(&self) -> BoxFuture<'_, Result<SecretString, String>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { secrets::from_file(&self.path()).map_err(|error| error.to_string()) })
    }

    fn place(&self) -> String {
        "the token file".into()
    }

    fn is_quiet(&self) -> bool {
        self.quiet
    }
}

fn client(fake: &Fake, file: &Arc<TokenFile>) -> Client {
    fake.client().reading_token(file.clone())
}

fn pause() -> Command {
    Command::Pause { workflow: "w".into(), run: "r".into() }
}

#[tokio::test]
async fn a_token_that_is_rotated_in_mid_session_is_read_again_once_for_requests_and_streams() {
    let (fake, mut opened) = Fake::start().await;
    let file = TokenFile::new(true);
    let mut app = App::watching(client(&fake, &file), focus());
    let socket = accept(&mut opened).await;
    app.detail().await;
    file.write("pat_rotated");
    fake.take_only("pat_rotated");
    drop(socket);
    app.watch.refetch();
    let _socket = accept(&mut opened).await;
    app.link(stream_of_w(), |state| *state == LinkState::Live).await;
    app.whole_list().await;
    app.detail().await;
    assert_eq!(file.reads(), 1, "one reading serves everything");
    let refused = app.mirror.links().any(|(_, link)| matches!(link.state, LinkState::Refused(_)));
    assert!(!refused, "a refusal was told of although another token was at hand");
}

#[tokio::test]
async fn a_stream_that_ends_because_its_token_did_is_opened_with_another() {
    let (fake, mut opened) = Fake::start().await;
    let file = TokenFile::new(false);
    let mut app = App::watching(client(&fake, &file), focus());
    let mut socket = accept(&mut opened).await;
    app.detail().await;
    file.write("pat_rotated");
    fake.take_only("pat_rotated");
    let frame = CloseFrame { code: 3000.into(), reason: "token expired".into() };
    socket.close(Some(frame)).await.unwrap();
    let told = app.link(stream_of_w(), |state| matches!(state, LinkState::Retrying { .. })).await;
    let LinkState::Retrying { error, .. } = told else { unreachable!() };
    assert!(error.to_string().contains("the token is another one by now"), "{error}");
    let _socket = accept(&mut opened).await;
    app.link(stream_of_w(), |state| *state == LinkState::Live).await;
    assert_eq!(file.reads(), 1);
}

#[tokio::test]
async fn a_token_that_is_still_the_same_or_refused_too_is_said_so_and_read_no_more() {
    for (written, words) in [(TOKEN, "still gives the same token"), ("pat_wrong", "refused too")] {
        let (fake, mut opened) = Fake::start().await;
        let file = TokenFile::new(true);
        let mut app = App::watching(client(&fake, &file), focus());
        let socket = accept(&mut opened).await;
        app.detail().await;
        file.write(written);
        fake.take_only("pat_unknown_to_us");
        drop(socket);
        app.watch.refetch();
        let refusals = |mirror: &Mirror| -> Vec<String> {
            let links = [Source::Feed, stream_of_w()].map(|source| mirror.link(&source).cloned());
            let refused = links.into_iter().flatten().filter_map(|link| match link.state {
                LinkState::Refused(error) => Some(error.to_string()),
                _ => None,
            });
            refused.collect()
        };
        app.until("both refusals", |_, mirror| refusals(mirror).len() == 2).await;
        for text in refusals(&app.mirror) {
            assert!(text.contains("not authenticated") && text.contains(words), "{text}");
            assert!(!text.contains(written), "{text}");
        }
        sleep(Duration::from_millis(300)).await;
        let (asked, reads) = (fake.asked("").len(), file.reads());
        sleep(Duration::from_secs(3)).await;
        assert_eq!((fake.asked("").len(), file.reads()), (asked, reads), "asked in a loop");
        assert_eq!(reads, 1);
        assert!(app.mirror.run(&"r".into()).is_some(), "what was known stays");
    }
}

#[tokio::test]
async fn an_order_that_was_refused_for_its_token_is_not_sent_again_but_the_next_one_goes() {
    let (fake, _opened) = Fake::start().await;
    fake.answer("POST /v1/workflows/w/command", 200, json!({"status": "paused"}));
    let file = TokenFile::new(true);
    let client = client(&fake, &file);
    file.write("pat_rotated");
    fake.take_only("pat_rotated");
    let error = client.send(&pause()).await.unwrap_err();
    let CallError::Unauthorized(said) = &error else { panic!("{error:?}") };
    assert!(said.contains("give the order again"), "{said}");
    assert_eq!(fake.asked("POST").len(), 1);
    client.send(&pause()).await.unwrap();
    assert_eq!((fake.asked("POST").len(), file.reads()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profiles_token_file_is_read_again_by_a_running_command() {
    let (fake, mut opened) = Fake::start().await;
    let file = TokenFile::new(true);
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("config/arcc");
    std::fs::create_dir_all(&folder).unwrap();
    let profile =
        format!("[profiles.acme]\napi = \"{}\"\ntoken_file = \"{}\"\n", fake.url(), file.path().display());
    std::fs::write(folder.join("config.toml"), profile).unwrap();
    fake.answer("GET /v1/runs", 200, json!({"runs": [fake::run("running")], "total": 1}));
    let mut command = arcc(home.path());
    command.args(["--profile", "acme", "runs", "events", "r", "--follow", "--json"]);
    let follower = tokio::task::spawn_blocking(move || command.output().unwrap());
    let socket = accept(&mut opened).await;
    fake::within("its first reading", async {
        while fake.asked("GET /v1/workflows/w/runs/r/events").is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    file.write("pat_rotated");
    fake.take_only("pat_rotated");
    fake.answer("GET /v1/workflows/w/runs/r/summary", 200, fake::run("completed"));
    drop(socket);
    let done = follower.await.unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{told}");
    assert!(!told.contains("pat_"), "{told}");
}

#[tokio::test]
async fn a_token_file_that_is_gone_is_said_so_without_any_token() {
    let (fake, _opened) = Fake::start().await;
    let file = TokenFile::new(true);
    let client = client(&fake, &file);
    fake.take_only("pat_rotated");
    std::fs::remove_file(file.path()).unwrap();
    let text = client.tasks().await.unwrap_err().to_string();
    assert!(text.contains("cannot read the token file") && !text.contains(TOKEN), "{text}");
}

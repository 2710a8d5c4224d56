//! The data directory: held by one, readable by its owner alone.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use pretty_assertions::assert_eq;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use arcc::server::serve::{ServeError, Server, attach};

use crate::client::Ask;
use crate::runtime::{Echo, Runtime, options, serve};

async fn refused(dir: &Path) -> ServeError {
    match Server::start_with(options(dir), Arc::new(Echo)).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn the_announcement_leads_to_the_server_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(attach(dir.path()), None);
    let server = serve(dir.path()).await;
    let found = attach(dir.path()).unwrap();
    let token_file = dir.path().join("token");
    let said =
        json!({"url": server.url(), "token_file": token_file, "tenant": "local", "project": "default"});
    assert_eq!(server.announcement(), said);
    assert_eq!((found.to_json(), found.pid), (said, std::process::id()));

    let token = fs::read_to_string(&token_file).unwrap();
    assert_eq!(token.trim_end(), server.token().expose_secret());
    let ask = Ask {
        addr: found.url.strip_prefix("http://").unwrap().parse().unwrap(),
        method: "GET".into(),
        path: "/v1/runs".into(),
        headers: vec![
            ("Host".into(), found.url.strip_prefix("http://").unwrap().into()),
            ("Authorization".into(), format!("Bearer {}", token.trim_end())),
        ],
        body: Vec::new(),
    };
    assert_eq!(ask.send().await.status, 200);

    server.shutdown().await;
    assert_eq!(attach(dir.path()), None);
    for gone in ["runtime.json", "token"] {
        assert!(!dir.path().join(gone).exists(), "{gone}");
    }
}

#[tokio::test]
async fn every_start_has_a_token_of_its_own_and_the_same_runs() {
    let runtime = Runtime::start().await;
    let run = runtime.run(&runtime.workflow().await).await;
    let before = runtime.get(&format!("{run}/events")).await;
    let Runtime { server, dir, .. } = runtime;
    let old = server.token().expose_secret().to_owned();
    server.shutdown().await;
    let runtime = Runtime::within(dir).await;
    assert_ne!(runtime.server.token().expose_secret(), old);
    let stale = runtime.ask("GET", "/v1/runs").with("Authorization", &format!("Bearer {old}"));
    assert_eq!(stale.send().await.status, 401);
    assert_eq!(runtime.get(&format!("{run}/events")).await, before);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_in_the_directory_is_open_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("state/arcc");
    let server = serve(&dir).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in ["token", "runtime.json", "arcc.lock", "arcc.db"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
    let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".new")), "{left:?}");
    server.shutdown().await;
}

#[tokio::test]
async fn a_directory_in_use_is_refused_with_the_process_that_holds_it() {
    let runtime = Runtime::start().await;
    let dir = runtime.dir.path();
    let token = fs::read_to_string(dir.join("token")).unwrap();
    let error = refused(dir).await;
    assert_eq!(
        error.to_string(),
        format!(
            "{} is in use by process {}: attach to that one, end it, or choose another data directory",
            dir.display(),
            std::process::id()
        )
    );
    // The one that runs is not disturbed.
    assert_eq!(fs::read_to_string(dir.join("token")).unwrap(), token);
    assert!(attach(dir).is_some());
    assert_eq!(runtime.get("/v1/runs").await["total"], 0);
}

/// Not a test by itself: the other process of the test below.
#[tokio::test]
#[ignore = "run by another test as a process of its own"]
async fn hold_a_directory_until_killed() {
    let dir = std::env::var("ARCC_TEST_DIR").unwrap();
    let server = serve(Path::new(&dir)).await;
    println!("\nurl {}", server.url());
    std::future::pending::<()>().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_killed_runtime_frees_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["directory::hold_a_directory_until_killed", "--exact", "--ignored", "--nocapture"])
        .env("ARCC_TEST_DIR", dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.find_map(|line| line.unwrap().strip_prefix("url ").map(str::to_owned)).unwrap();
    let found = attach(dir.path()).unwrap();
    assert_eq!((found.url, found.pid), (url, child.id()));
    let ServeError::Held { pid, .. } = refused(dir.path()).await else { panic!("held") };
    assert_eq!(pid, Some(child.id()));

    child.kill().unwrap();
    child.wait().unwrap();
    // What it left behind leads nowhere.
    assert!(dir.path().join("runtime.json").exists());
    assert_eq!(attach(dir.path()), None);
    let server = serve(dir.path()).await;
    assert_eq!(attach(dir.path()).unwrap().url, server.url());
    server.shutdown().await;
}

#[tokio::test]
async fn addresses_that_cannot_serve_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let mut options = options(&dir.path().join("never"));
        options.listen = open.parse().unwrap();
        let Err(error) = Server::start_with(options, Arc::new(Echo)).await else { panic!("{open}") };
        let want = format!(
            "will not listen on {open}: the local runtime serves this machine alone, use 127.0.0.1:0 or [::1]:0"
        );
        assert_eq!(error.to_string(), want);
    }
    assert!(!dir.path().join("never").exists());

    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options(dir.path());
    options.listen = taken.local_addr().unwrap();
    let Err(error) = Server::start_with(options, Arc::new(Echo)).await else { panic!("taken") };
    let port = taken.local_addr().unwrap().port();
    let want = format!(
        "port {port} of 127.0.0.1 is taken by another program: choose another, or port 0 for any free one"
    );
    assert_eq!(error.to_string(), want);
    // The failed start holds nothing.
    serve(dir.path()).await.shutdown().await;
}

#[test]
fn an_announcement_without_a_holder_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let left: Value = json!({"url": "http://127.0.0.1:1", "token_file": "/t", "tenant": "local", "project": "default", "pid": 1});
    fs::write(dir.path().join("runtime.json"), left.to_string()).unwrap();
    assert_eq!(attach(dir.path()), None);
    fs::write(dir.path().join("arcc.lock"), "1\n").unwrap();
    assert_eq!(attach(dir.path()), None);
}

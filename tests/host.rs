//! The whole program where the machine does not play along, and where secrets must not appear.
#![cfg(all(unix, feature = "server"))]
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

mod support;

use std::path::Path;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use support::pty::Terminal;
use support::serve::Serve;
use tempfile::tempdir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let home = tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let data = file.join("data");
    let output = support::arcc(home.path())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && output.stdout.is_empty(), "{told}");
    let want = format!("cannot use {} as data directory", data.display());
    assert!(told.contains(&want) && told.contains("choose another one with --data DIR"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), b"in the way");
}

/// What a command did there would be lost unseen.
#[test]
fn a_command_has_no_runtime_where_nothing_can_be_kept() {
    let home = tempdir().unwrap();
    std::fs::write(home.path().join("data"), "in the way").unwrap();
    let output = support::arcc(home.path()).args(["runs", "list"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{told}");
    assert!(
        told.contains("as data directory") && told.contains("choose another one with --data DIR"),
        "{told}"
    );
}

#[test]
fn the_screen_works_in_memory_where_nothing_can_be_kept_and_says_so() {
    let home = tempdir().unwrap();
    let memory = home.path().join("memory");
    std::fs::create_dir(&memory).unwrap();
    // Neither data nor logs and journals have a place.
    for folder in ["data", "state"] {
        std::fs::write(home.path().join(folder), "in the way").unwrap();
    }
    let more = [("XDG_RUNTIME_DIR", memory.to_str().unwrap())];
    let program = env!("CARGO_BIN_EXE_arcc");
    let mut terminal = Terminal::start_with(program, &[], (home.path(), &more), (160, 45));
    terminal.wait_for("works in memory and forgets everything");
    terminal.wait_for("Awaiting approval");
    assert_eq!(std::fs::read_dir(&memory).unwrap().count(), 1);
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    let told = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(told.contains("no log is written into"), "{told}");
    assert_eq!(std::fs::read_dir(&memory).unwrap().count(), 0);
    assert_eq!(std::fs::read(home.path().join("data")).unwrap(), b"in the way");
}

#[cfg(target_os = "linux")]
#[test]
fn a_runtime_leaves_no_core_file() {
    let home = tempdir().unwrap();
    let serve = Serve::start(home.path(), &["--no-samples"]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", serve.pid())).unwrap();
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().next(), Some("0"));
}

/// Every file below a folder.
fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

/// The ways in which a secret can be written down. Base64 has three, by where it begins.
fn spellings(secret: &str) -> Vec<String> {
    let percent: String = secret
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let shifted = (0..3).map(|shift| base64_within(&"\0".repeat(shift), secret));
    [secret.to_owned(), percent, hex].into_iter().chain(shifted).collect()
}

/// The part of the base64 text that only the secret decides.
fn base64_within(before: &str, secret: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = [before.as_bytes(), secret.as_bytes()].concat();
    let bits: Vec<usize> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| usize::from(byte >> at & 1))).collect();
    let first = (before.len() * 8).div_ceil(6);
    let digits = bits.chunks_exact(6).skip(first);
    digits.map(|digit| char::from(alphabet[digit.iter().fold(0, |sum, bit| sum * 2 + bit)])).collect()
}

/// A server that answers everything with 401 and tells what it was sent, as careless ones do.
async fn parrot() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16 * 1024];
            let count = stream.read(&mut request).await.unwrap_or(0);
            let said = String::from_utf8_lossy(&request[..count]).into_owned();
            let body = json!({"error": {"message": format!("who are you? {said}")}}).to_string();
            let head = format!(
                "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + &body).as_bytes()).await;
        }
    });
    url
}

/// Asks a runtime; the answer goes on the record.
struct Asker<'a> {
    serve: &'a Serve,
    http: reqwest::Client,
    record: Vec<(String, Vec<u8>)>,
}

impl Asker<'_> {
    async fn ask(&mut self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.serve.url());
        let mut asked = self.http.request(method, url).bearer_auth(self.serve.token());
        if let Some(body) = body {
            asked = asked.json(&body);
        }
        let answer = asked.send().await.unwrap();
        let head = format!("{:?} {:?}", answer.status(), answer.headers());
        let body = answer.bytes().await.unwrap().to_vec();
        self.record.push((format!("the answer of {path}"), [head.into_bytes(), body.clone()].concat()));
        serde_json::from_slice(&body).unwrap_or_default()
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.ask(reqwest::Method::POST, path, Some(body)).await
    }

    async fn get(&mut self, path: &str) -> Value {
        self.ask(reqwest::Method::GET, path, None).await
    }

    /// Runs a workflow of one step to its end.
    async fn run(&mut self, step: Value) {
        let graph = json!({"steps": [step]});
        let made = self.post("/v1/workflows", json!({"name": "canary", "graph": graph})).await;
        let path = format!("/v1/workflows/{}", made["id"].as_str().unwrap());
        self.post(&format!("{path}/versions"), json!({"changelog": ""})).await;
        let started = self.post(&format!("{path}/command"), json!({"command": "start", "params": {}})).await;
        let run = format!("{path}/runs/{}", started["run_id"].as_str().unwrap());
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !["failed", "completed"]
            .contains(&self.get(&format!("{run}/summary")).await["status"].as_str().unwrap())
        {
            assert!(std::time::Instant::now() < deadline, "the run does not end");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        self.get(&format!("{run}/events")).await;
        self.get(&format!("{run}/context")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_nowhere_to_be_found() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // With signs that each spelling writes differently.
    let stored = "sk/canary+stored?7f3a=9d&e1";
    let model = "sk/canary+model?2b8c=4e&f0";
    let parrot = parrot().await;
    let home = tempdir().unwrap();
    let base = format!("{parrot}/v1");
    let environment = [("AR_LLM_BASE_URL", &*base), ("AR_LLM_API_KEY", model), ("AR_LOG", "trace")];
    let serve = Serve::start_with(home.path(), &["--no-samples", "--allow-host", "127.0.0.1"], &environment);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut asker = Asker { serve: &serve, http, record: Vec::new() };

    let body = json!({"display_name": "Canary", "credentials": {"api_key": stored}, "server_url": format!("{parrot}/mcp")});
    let made = asker.post("/v1/connections", body).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/connections/{id}");
    for body in [
        json!({"credentials": {"api_key": stored}}),
        json!({"credentials": {"api_key": format!("{stored}\n")}}),
        json!({"credentials": {"api_key": stored, "list": [stored]}}),
        json!({"send_as": {"header": "host", "credential": "api_key"}}),
    ] {
        asker.ask(reqwest::Method::PATCH, &path, Some(body)).await;
    }
    for path in ["/v1/connections", &*path, &*format!("{path}/credentials"), "/v1/llm-provider-keys/catalog"]
    {
        asker.get(path).await;
    }
    asker.post("/v1/llm/resolve", json!({"model": "small", "llm_credential_id": id})).await;
    asker.run(json!({"id": "ask", "type": "llm_call", "model": "small", "prompt": "Hello."})).await;
    asker
        .run(json!({"id": "ask", "type": "llm_call", "model": "small", "prompt": "Hello.", "llm_credential_id": id}))
        .await;
    let server = json!({"name": "parrot", "canonical_url": format!("{parrot}/mcp"), "auth_mode": "token"});
    let server = asker.post("/v1/mcp/servers", server).await;
    if let Some(server) = server["id"].as_str().map(str::to_owned) {
        asker.post(&format!("/v1/mcp/servers/{server}/discover"), json!({"connection_id": id})).await;
        asker.post(&format!("/v1/mcp/servers/{server}/connections/{id}/validate"), json!({})).await;
        asker.get(&format!("/v1/mcp/servers/{server}")).await;
    }
    asker.get(&path).await;
    let mut record = std::mem::take(&mut asker.record);
    files(home.path(), &mut record);
    serve.interrupt();
    files(home.path(), &mut record);

    let whole: Vec<_> = record.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        whole.iter().any(|name| name.ends_with("arcc.log"))
            && whole.iter().any(|name| name.ends_with("arcc.db-wal"))
    );
    for secret in [stored, model] {
        for spelling in spellings(secret) {
            let needle = spelling.as_bytes();
            for (name, bytes) in &record {
                if let Some(place) = bytes.windows(needle.len()).position(|part| part == needle) {
                    let around = &bytes[place.saturating_sub(300)..(place + 100).min(bytes.len())];
                    panic!("{name} holds {spelling}: {}", String::from_utf8_lossy(around));
                }
            }
        }
    }
}

//! An account is connected again from the screen, with a real authorization server: from the key to the
//! connection that is good again and the checks of what uses it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up has failed")]
#![cfg(all(unix, feature = "server"))]

#[path = "support/oauth.rs"]
mod authority;
mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use authority::world;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use support::pty::Terminal;
use support::serve::Serve;
use tempfile::tempdir;

/// Asks a runtime.
struct Asker {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Asker {
    fn new(serve: &Serve) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::limited(5)).build().unwrap();
        Self { http, url: serve.url().to_owned(), token: serve.token() }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let asked = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(&body);
        let answer = asked.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status}: {body}");
        body
    }

    /// What a browser does with the address: the person agrees at once and is sent back.
    async fn browse(&self, address: &str) {
        let page = self.http.get(address).send().await.unwrap();
        assert!(page.text().await.unwrap().contains("the connection is authorized"));
    }
}

/// A browser that only writes down what it was to open.
fn browser(home: &Path) -> String {
    let dir = home.join("bin");
    std::fs::create_dir_all(&dir).unwrap();
    let program = dir.join("xdg-open");
    std::fs::write(&program, format!("#!/bin/sh\necho \"$1\" > {}/opened\n", home.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", dir.display())
}

fn id(body: &Value) -> String {
    body["id"].as_str().or(body["instance_id"].as_str()).unwrap().to_owned()
}

async fn opened(home: &Path) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Ok(address) = std::fs::read_to_string(home.join("opened"))
            && address.ends_with('\n')
        {
            return address.trim().to_owned();
        }
        assert!(Instant::now() < deadline, "no browser was opened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn the_command_line_names_the_address(home: &Path) {
    let arcc = |arguments: &[&str]| {
        let output = support::arcc(home).arg("mcp").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let listed = arcc(&["connections", "--json"]);
    let [connection] = listed["connections"].as_array().unwrap().as_slice() else { panic!("one: {listed}") };
    let told = arcc(&["reconnect", "Desk", "--json"]);
    assert_eq!(told["connection_id"], connection["id"]);
    assert!(told["url"].as_str().unwrap().starts_with("http://127.0.0.1"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_key_to_a_connection_that_is_good_again_and_what_uses_it_checked() {
    let (shared, server, _) = world(3_600).await;
    let home = tempdir().unwrap();
    let serve = Serve::start(home.path(), &["--no-samples", "--allow-host", "127.0.0.1"]);
    let asker = Asker::new(&serve);
    let made = json!({"display_name": "Desk", "service": "oauth", "server_url": format!("{server}/mcp")});
    let connection = id(&asker.post("/v1/connections", made).await);
    let begun = asker.post(&format!("/v1/connections/{connection}/oauth-url"), json!({})).await;
    asker.browse(begun["url"].as_str().unwrap()).await;
    the_command_line_names_the_address(home.path());

    let made = json!({"name": "Desk", "canonical_url": format!("{server}/mcp"), "auth_mode": "token"});
    let registered = id(&asker.post("/v1/mcp/servers", made).await);
    let path = format!("/v1/mcp/servers/{registered}");
    asker.post(&format!("{path}/discover"), json!({ "connection_id": connection })).await;
    asker.post(&format!("{path}/versions"), json!({})).await;
    let mut instances = Vec::new();
    for name in ["desk-one", "desk-two"] {
        let new = json!({"server_id": registered, "name": name, "connection_id": connection});
        instances.push(id(&asker.post("/v1/mcp/instances", new).await));
    }
    let step = json!({"id": "send", "type": "mcp_call", "tool_name": "echo", "instance_id": instances[0]});
    let graph = json!({ "steps": [step] });
    let workflow = id(&asker.post("/v1/workflows", json!({"name": "desk", "graph": graph})).await);
    asker.post(&format!("/v1/workflows/{workflow}/versions"), json!({})).await;

    // The account ends: neither the token nor its renewal is taken any more.
    {
        let mut world = shared.lock().unwrap();
        (world.refused, world.refuses_refresh) = (true, true);
    }
    let start = json!({"command": "start", "params": {}});
    asker.post(&format!("/v1/workflows/{workflow}/command"), start).await;

    let path = browser(home.path());
    let environment = [("DISPLAY", ":9"), ("PATH", &*path)];
    let program = env!("CARGO_BIN_EXE_arcc");
    let arguments = ["--no-samples"];
    let mut terminal = Terminal::start_with(program, &arguments, (home.path(), &environment), (160, 45));
    terminal.wait("the failed run", |screen| screen.contains("MCP_TOOL_FAILED"));
    terminal.keys("d");
    terminal.wait_for("needs reconnecting");
    terminal.keys("g");
    for _ in 0..12 {
        std::thread::sleep(Duration::from_millis(100));
        let screen = terminal.wait("a finding", |screen| screen.contains("▌"));
        let chosen = screen.lines().find(|line| line.contains('▌')).unwrap_or_default();
        if chosen.contains("needs reconnecting") {
            break;
        }
        terminal.keys("j");
    }
    terminal.keys("\r");
    terminal.wait_for("in the browser");
    shared.lock().unwrap().refuses_refresh = false;
    asker.browse(&opened(home.path()).await).await;
    terminal.wait_for("Desk is connected again");
    for name in ["desk-one", "desk-two"] {
        terminal.wait_for(&format!("instance {name} over Desk passes its validation"));
    }
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    serve.interrupt();
}

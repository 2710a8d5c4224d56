//! A published MCP server of others: `@modelcontextprotocol/server-everything`, over streamable HTTP.
//!
//! It is installed into a temporary directory where `ARCC_TEST_NPM=1` is set and `npm` is at hand;
//! elsewhere the test says that it was skipped.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::case::Case;
use crate::rig::Rig;

const PACKAGE: &str = "@modelcontextprotocol/server-everything";

/// The server as a process; it ends with the test.
struct Everything {
    child: Child,
    url: String,
}

impl Drop for Everything {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn install(home: &Path) -> Result<(), String> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(home).arg(PACKAGE);
    let output = npm.output().map_err(|error| format!("npm: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

async fn start(home: &Path) -> Everything {
    install(home).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = home.join("node_modules/.bin/mcp-server-everything");
    let mut command = Command::new(program);
    command.arg("streamableHttp").env("PORT", port.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Everything { child: command.spawn().unwrap(), url: format!("http://127.0.0.1:{port}/mcp") };
    let deadline = Instant::now() + Duration::from_secs(30);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(Instant::now() < deadline, "{PACKAGE} does not listen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_of_a_published_server_are_called() {
    if std::env::var("ARCC_TEST_NPM").as_deref() != Ok("1") {
        eprintln!("skipped: set ARCC_TEST_NPM=1 to test against {PACKAGE} from npm");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let server = start(home.path()).await;
    let step = |id: &str, tool: &str, args: serde_json::Value| json!({"id": id, "type": "mcp_call", "server_url": server.url, "tool_name": tool, "tool_args": args});
    let mut add = step("add", "get-sum", json!({"a": 2, "b": 40}));
    add["depends_on"] = json!(["echo"]);
    let mut ghost = step("ghost", "no-such-tool", json!({}));
    ghost["depends_on"] = json!(["add"]);
    let case = Case::of(
        "third_party",
        json!({
            "rule": "4.2: mcp_call works with any MCP server over streamable HTTP",
            "graph": {"steps": [step("echo", "echo", json!({"message": "hello"})), add, ghost]},
            "events": [
                "run_started", "step_started echo", "step_completed echo", "step_started add", "step_completed add",
                "step_started ghost", "step_failed ghost", "state_changed running>failed", "run_failed MCP_TOOL_FAILED",
            ],
            "status": "failed",
            "failure": {"code": "MCP_TOOL_FAILED", "says": "no-such-tool"},
        }),
    );
    let host = server.url.trim_start_matches("http://").trim_end_matches("/mcp").to_owned();
    Rig::with(&[("AR_ALLOW_HOSTS", host)]).await.run(&case).await.unwrap();
}

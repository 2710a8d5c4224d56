//! A runtime in a directory of its own.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use arcc::machine::{Call, Outcome, Work};
use arcc::server::egress::AllowedHosts;
use arcc::server::exec::Executor;
use arcc::server::samples::Samples;
use arcc::server::serve::{ServeOptions, Server};

use crate::client::{Answer, Ask};

/// Waits for something that must happen within ten seconds.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .unwrap_or_else(|_| panic!("no {what} in time"))
}

/// Answers every call with its arguments.
pub(crate) struct Echo;

impl Executor for Echo {
    fn execute(&self, call: Call, _: CancellationToken) -> BoxFuture<'static, Outcome> {
        let result = match call.work {
            Work::Mcp { args, .. } => args,
            Work::Llm { prompt, .. } => prompt.as_ref().into(),
            Work::Agent(work) => work.prompt.as_ref().into(),
            Work::Lua { globals, .. } => globals,
        };
        async move { Outcome::Done(result) }.boxed()
    }

    fn repeatable(&self, _: Work) -> BoxFuture<'static, bool> {
        async { true }.boxed()
    }
}

/// Options for a runtime in `dir`, on a free port, without samples.
pub(crate) fn options(dir: &Path) -> ServeOptions {
    ServeOptions {
        allow_hosts: AllowedHosts::none(),
        listen: "127.0.0.1:0".parse().unwrap(),
        data_dir: dir.to_owned(),
        samples: Samples::Off,
        lua_program: "unused".into(),
        llm: None,
    }
}

/// Starts a runtime in `dir`.
pub(crate) async fn serve(dir: &Path) -> Server {
    Server::start_with(options(dir), Arc::new(Echo)).await.unwrap()
}

/// A running server and its directory.
pub(crate) struct Runtime {
    pub(crate) server: Server,
    pub(crate) dir: TempDir,
    pub(crate) addr: SocketAddr,
}

impl Runtime {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        Self::within(tempfile::tempdir().unwrap()).await
    }

    /// Starts one in a directory that may have been used before.
    pub(crate) async fn within(dir: TempDir) -> Self {
        let server = serve(dir.path()).await;
        Self::of(server, dir)
    }

    /// Takes one that was started in `dir`.
    pub(crate) fn of(server: Server, dir: TempDir) -> Self {
        let addr = server.url().strip_prefix("http://").unwrap().parse().unwrap();
        Self { server, dir, addr }
    }

    /// A request with everything right about it.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        let bearer = format!("Bearer {}", self.server.token().expose_secret());
        Ask {
            addr: self.addr,
            method: method.into(),
            path: path.into(),
            headers: vec![("Host".into(), self.addr.to_string()), ("Authorization".into(), bearer)],
            body: Vec::new(),
        }
    }

    /// A request with a body, sent.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        let mut ask = self.ask(method, path).with("Content-Type", "application/json");
        ask.body = body.to_string().into_bytes();
        ask.send().await
    }

    /// The body of a GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path).send().await;
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
        answer.body
    }

    /// A published workflow that asks a person and then calls a tool; its path.
    pub(crate) async fn workflow(&self) -> String {
        let made = self.send("POST", "/v1/workflows", json!({"name": "digest", "graph": graph()})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let path = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
        let published = self.send("POST", &format!("{path}/versions"), json!({"changelog": "first"})).await;
        assert_eq!(published.status, 201, "{}", published.body);
        path
    }

    /// Starts a run of the workflow at `path` and waits until it asks a person; the run's path.
    pub(crate) async fn run(&self, path: &str) -> String {
        let body = json!({"command": "start", "params": {"trigger_payload": {"topic": "x"}}});
        let started = self.send("POST", &format!("{path}/command"), body).await;
        assert_eq!(started.status, 200, "{}", started.body);
        let run = format!("{path}/runs/{}", started.body["run_id"].as_str().unwrap());
        self.until(&format!("{run}/tasks/pending"), |body| body["tasks"] != json!([])).await;
        run
    }

    /// Asks again and again until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        soon(path, async {
            loop {
                let body = self.get(path).await;
                if wanted(&body) {
                    return body;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Decides the first pending task of a run.
    pub(crate) async fn decide(&self, run: &str, approved: bool) -> Answer {
        let tasks = self.get(&format!("{run}/tasks/pending")).await;
        let task = tasks["tasks"][0]["task_id"].as_str().unwrap().to_owned();
        self.send("POST", &format!("{run}/tasks/{task}/complete"), json!({"approved": approved})).await
    }
}

/// A graph that asks a person and then calls a tool.
pub(crate) fn graph() -> Value {
    json!({"steps": [
        {"id": "review", "type": "human_task", "task_type": "approval", "task_payload": {"title": "Send?"}},
        {"id": "send", "type": "mcp_call", "depends_on": ["review"], "server_url": "http://127.0.0.1:9/mcp",
         "tool_name": "send", "tool_args": {"to": "team@example.com"}},
    ]})
}

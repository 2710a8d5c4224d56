//! A server that plays a script: fixed answers by path, sockets handed to the test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcc::client::{Client, Endpoint};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// The token that the server takes.
pub(crate) const TOKEN: &str = "pat_fake";

/// A socket that the client opened.
pub(crate) type Stream = WebSocketStream<TcpStream>;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, (u16, String)>,
    asked: Vec<Asked>,
    refuse_streams: Option<u16>,
    date: String,
    /// The only token that is taken; at first any is by requests, and [`TOKEN`] by streams.
    token: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    url: String,
}

impl Fake {
    /// A server with one workflow `w`, one run `r`, and the queue of sockets that clients open.
    pub(crate) async fn start() -> (Self, mpsc::Receiver<Stream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { state: Arc::default(), url };
        fake.answer("GET /v1/runs", 200, json!({"runs": [run("running")], "total": 1}));
        fake.answer("GET /v1/tasks/pending", 200, json!({"tasks": []}));
        fake.answer("GET /v1/workflows", 200, json!({"workflows": [{"id": "w", "name": "digest"}]}));
        fake.answer("GET /v1/workflows/w/runs/r/summary", 200, run("running"));
        fake.answer("GET /v1/workflows/w/runs/r/events", 200, json!({"events": []}));
        fake.answer("GET /v1/workflows/w/runs/r/context", 200, json!({"input": {"topic": "x"}}));
        fake.answer("GET /v1/workflows/w/runs/r/tasks/pending", 200, json!({"tasks": []}));
        let (sockets, opened) = mpsc::channel(16);
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(server.clone().serve(stream, sockets.clone()));
            }
        });
        (fake, opened)
    }

    pub(crate) fn client(&self) -> Client {
        client(&self.url)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }

    pub(crate) fn answer(&self, request: &str, status: u16, body: impl Into<Value>) {
        self.state.lock().unwrap().answers.insert(request.into(), (status, body.into().to_string()));
    }

    /// Tells this time with every answer.
    pub(crate) fn date(&self, date: &str) {
        self.state.lock().unwrap().date = format!("date: {date}\r\n");
    }

    /// From now on requests and new streams are refused with any other token.
    pub(crate) fn take_only(&self, token: &str) {
        self.state.lock().unwrap().token = Some(token.into());
    }

    /// An answer whose body is no JSON, or none at all.
    pub(crate) fn answer_raw(&self, request: &str, status: u16, body: &str) {
        self.state.lock().unwrap().answers.insert(request.into(), (status, body.into()));
    }

    pub(crate) fn refuse_streams(&self, status: Option<u16>) {
        self.state.lock().unwrap().refuse_streams = status;
    }

    /// The requests so far whose line begins so.
    pub(crate) fn asked(&self, line: &str) -> Vec<Asked> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|asked| asked.line.starts_with(line)).cloned().collect()
    }

    async fn serve(self, mut stream: TcpStream, sockets: mpsc::Sender<Stream>) {
        let mut peeked = [0; 4_096];
        let seen = stream.peek(&mut peeked).await.unwrap_or(0);
        let head = String::from_utf8_lossy(&peeked[..seen]).to_lowercase();
        if head.contains("upgrade: websocket") {
            if let Some(socket) = self.upgrade(stream).await {
                let _ = sockets.send(socket).await;
            }
            return;
        }
        let wrong = |token: &String| !head.contains(&format!("authorization: bearer {token}\r\n"));
        let refused = self.state.lock().unwrap().token.as_ref().is_some_and(wrong);
        let Some(asked) = read(&mut stream).await else { return };
        let key = asked.line.split('?').next().unwrap_or_default().to_owned();
        let (status, body, date) = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(asked);
            let missing = || (404, json!({"error": "not here"}).to_string());
            let (status, body) = match refused {
                true => (401, json!({"error": "token expired"}).to_string()),
                false => state.answers.get(&key).cloned().unwrap_or_else(missing),
            };
            (status, body, state.date.clone())
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\n{date}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all((head + &body).as_bytes()).await;
    }

    async fn upgrade(&self, stream: TcpStream) -> Option<Stream> {
        let (refused, token) = {
            let state = self.state.lock().unwrap();
            (state.refuse_streams, state.token.clone())
        };
        let wanted = format!("Bearer {}", token.as_deref().unwrap_or(TOKEN));
        let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
            let status = refused.or((bearer != Some(&wanted)).then_some(401));
            match status {
                None => Ok(response),
                Some(status) => {
                    let body = Some(json!({"error": "no stream for you"}).to_string());
                    Err(http::Response::builder().status(status).body(body).unwrap())
                }
            }
        };
        tokio_tungstenite::accept_hdr_async(stream, check).await.ok()
    }
}

pub(crate) fn client(url: &str) -> Client {
    let token = SecretString::from(TOKEN);
    let endpoint = Endpoint {
        url: url.parse().unwrap(),
        token,
        tenant: Some("acme".into()),
        project: Some("p1".into()),
    };
    Client::new(endpoint).unwrap()
}

pub(crate) fn run(status: &str) -> Value {
    json!({"run_id": "r", "workflow_id": "w", "status": status, "started_at": "2026-01-02T03:04:05Z"})
}

/// Reads one request with its body.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut raw = Vec::new();
    let end = loop {
        if let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut raw).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    while raw.len() < end + length.unwrap_or(0) {
        if stream.read_buf(&mut raw).await.ok()? == 0 {
            return None;
        }
    }
    let line = String::from_utf8_lossy(&raw).lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    Some(Asked { line, body: String::from_utf8_lossy(&raw[end..]).into_owned() })
}

/// Waits for a condition; a test that misses it fails soon.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(10), future).await;
    waited.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

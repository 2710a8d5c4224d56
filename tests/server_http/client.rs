//! A client that says exactly what it is told to, so that hosts, origins and bodies can be wrong.

use std::net::SocketAddr;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};

use arcc::wire::Frame;

use crate::runtime::soon;

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) addr: SocketAddr,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Ask {
    /// Replaces a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Leaves a header out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Sends it.
    pub(crate) async fn send(self) -> Answer {
        let mut head = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        head += "\r\n";
        soon("an answer", exchange(self.addr, [head.into_bytes(), self.body].concat())).await
    }

    /// Opens it as a WebSocket.
    pub(crate) async fn connect(self) -> Result<Socket, u16> {
        let stream = TcpStream::connect(self.addr).await.unwrap();
        self.connect_over(stream).await
    }

    /// Opens it as a WebSocket that can hold little of what it has not read yet.
    pub(crate) async fn connect_narrow(self) -> Result<Socket, u16> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(self.addr).await.unwrap();
        self.connect_over(stream).await
    }

    async fn connect_over(self, stream: TcpStream) -> Result<Socket, u16> {
        let mut request = format!("ws://{}{}", self.addr, self.path).into_client_request().unwrap();
        request.headers_mut().remove("host");
        for (name, value) in &self.headers {
            let name = tungstenite::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        match soon("a handshake", tokio_tungstenite::client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }
}

async fn exchange(addr: SocketAddr, bytes: Vec<u8>) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).await.unwrap();
    let text = String::from_utf8(raw).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() },
    }
}

/// An open stream.
pub(crate) struct Socket(pub(crate) WebSocketStream<TcpStream>);

impl Socket {
    /// The next message.
    pub(crate) async fn message(&mut self) -> Message {
        soon("a message", self.0.next()).await.expect("the stream goes on").unwrap()
    }

    /// The next text frame.
    pub(crate) async fn frame(&mut self) -> Frame {
        loop {
            match self.message().await {
                Message::Text(text) => return Frame::decode(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a text frame, got {other:?}"),
            }
        }
    }

    /// The place of the next frame, which must be a position.
    pub(crate) async fn position(&mut self) -> (String, u64) {
        match self.frame().await {
            Frame::Position { epoch, last } => (epoch.into(), last),
            other => panic!("expected a position, got {other:?}"),
        }
    }

    /// The next `count` events with their places; positions in between are left out.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<(u64, arcc::domain::RunEvent)> {
        let mut seen = Vec::new();
        while seen.len() < count {
            if let Frame::Event { place, event } = self.frame().await {
                seen.push((place.expect("the runtime counts places"), event));
            }
        }
        seen
    }

    /// The code of the close frame that must come next, positions aside.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.message().await {
                Message::Close(frame) => return frame.expect("a code").code.into(),
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a close, got {other:?}"),
            }
        }
    }
}

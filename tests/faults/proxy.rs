//! Proxies that lead everything to one server, whatever name is asked for, and note the names.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// HTTP `CONNECT`.
    Connect,
    /// SOCKS 5.
    Socks5,
}

/// User and password that a proxy wants.
pub(crate) const LOGIN: (&str, &str) = ("operator", "hunter2");
/// The same, as `CONNECT` carries them.
const BASIC: &str = "proxy-authorization: basic b3blcmf0b3i6ahvudgvymg==";

#[derive(Clone)]
pub(crate) struct Proxy {
    speech: Speech,
    wants_login: bool,
    target: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    address: SocketAddr,
}

impl Proxy {
    pub(crate) async fn start(speech: Speech, wants_login: bool, target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = Self { speech, wants_login, target, asked: Arc::default(), address };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = serving.clone();
                tokio::spawn(async move { proxy.serve(stream).await });
            }
        });
        proxy
    }

    /// Its URL, with user and password if it wants them.
    pub(crate) fn url(&self) -> String {
        let scheme = match self.speech {
            Speech::Connect => "http",
            Speech::Socks5 => "socks5h",
        };
        let (user, password) = LOGIN;
        let login = if self.wants_login { format!("{user}:{password}@") } else { String::new() };
        format!("{scheme}://{login}{}", self.address)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without user and password.
    pub(crate) fn bare_url(&self) -> String {
        self.url().replace(&format!("{}:{}@", LOGIN.0, LOGIN.1), "")
    }

    /// The hosts and ports that were asked for, each once.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked.dedup();
        asked
    }

    /// How many connections were led on.
    pub(crate) fn led(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    async fn serve(self, mut near: TcpStream) -> Option<()> {
        let asked = match self.speech {
            Speech::Connect => self.connect(&mut near).await?,
            Speech::Socks5 => self.socks5(&mut near).await?,
        };
        self.asked.lock().unwrap().push(asked);
        let mut far = TcpStream::connect(self.target).await.ok()?;
        copy_bidirectional(&mut near, &mut far).await.ok()?;
        Some(())
    }

    async fn connect(&self, near: &mut TcpStream) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(near.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        if self.wants_login && !head.to_lowercase().contains(BASIC) {
            let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
            near.write_all(refusal).await.ok()?;
            return None;
        }
        near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
        Some(head.split(' ').nth(1)?.to_owned())
    }

    async fn socks5(&self, near: &mut TcpStream) -> Option<String> {
        let methods = counted(near, 1).await?;
        let method = if self.wants_login { 2 } else { 0 };
        if !methods.contains(&method) {
            near.write_all(&[5, 0xff]).await.ok()?;
            return None;
        }
        near.write_all(&[5, method]).await.ok()?;
        if self.wants_login {
            signed_in(near).await?;
        }
        requested(near).await
    }
}

/// The host and port that a request names.
async fn requested(near: &mut TcpStream) -> Option<String> {
    let mut request = [0; 4];
    near.read_exact(&mut request).await.ok()?;
    // A name, for a proxy that resolves names is the point of `socks5h`.
    assert_eq!(request, [5, 1, 0, 3]);
    let host = counted(near, 0).await?;
    let port = near.read_u16().await.ok()?;
    near.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.ok()?;
    Some(format!("{}:{port}", String::from_utf8(host).ok()?))
}

/// Takes user and password; nothing when they are not the right ones.
async fn signed_in(near: &mut TcpStream) -> Option<()> {
    let user = counted(near, 1).await?;
    let password = counted(near, 0).await?;
    let fine = (user.as_slice(), password.as_slice()) == (LOGIN.0.as_bytes(), LOGIN.1.as_bytes());
    near.write_all(&[1, u8::from(!fine)]).await.ok()?;
    fine.then_some(())
}

/// Bytes behind their own count, which stands behind `skipped` others.
async fn counted(stream: &mut TcpStream, skipped: usize) -> Option<Vec<u8>> {
    for _ in 0..skipped {
        stream.read_u8().await.ok()?;
    }
    let mut bytes = vec![0; stream.read_u8().await.ok()?.into()];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

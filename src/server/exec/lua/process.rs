//! The runtime's side of one worker.

use std::io;
use std::path::Path;
use std::process::Stdio;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::confinement::Confinement;
use super::protocol::{MAX_REPLY_BYTES, Reply, Request};

/// A child process that runs scripts, one at a time. It is killed when it is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
    /// Whether it has answered before.
    pub(super) served: Served,
    /// How far it is confined; it says so before it takes the first script.
    pub(super) confinement: Option<Confinement>,
}

/// Whether a worker has answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// It was just started.
    Nothing,
    /// It answered at least once; it may have died since.
    Before,
}

impl Worker {
    /// Starts a worker with an empty environment, in the root folder.
    pub(super) fn start(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg("lua-worker")
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(requests), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker has no pipes"));
        };
        Ok(Self {
            child,
            requests,
            replies: BufReader::new(replies),
            served: Served::Nothing,
            confinement: None,
        })
    }

    /// Runs one script. After an error, or when the future is dropped before it is done, the
    /// worker is of no more use.
    pub(super) async fn run(&mut self, request: &Request) -> io::Result<Reply> {
        if self.confinement.is_none() {
            self.confinement = Some(self.hear().await?);
        }
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.requests.write_all(&line).await?;
        self.requests.flush().await?;
        let reply = self.hear().await?;
        self.served = Served::Before;
        Ok(reply)
    }

    async fn hear<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let mut line = Vec::new();
        (&mut self.replies).take(MAX_REPLY_BYTES).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the worker ended without an answer"));
        }
        Ok(serde_json::from_slice(&line)?)
    }

    /// Ends it now, whatever it does.
    pub(super) async fn kill(mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill().await;
    }
}

//! `arcc serve` as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use arcc::client::{Client, Endpoint};
use secrecy::SecretString;
use serde_json::Value;

/// A running `arcc serve`.
pub(crate) struct Serve {
    child: Child,
    /// What it printed on its first line.
    pub(crate) announcement: Value,
}

impl Serve {
    /// Starts it on a free port, with its data below `home`.
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Self {
        Self::start_with(home, arguments, &[])
    }

    /// The same with more environment.
    pub(crate) fn start_with(home: &Path, arguments: &[&str], more: &[(&str, &str)]) -> Self {
        let mut command = super::arcc(home);
        command.envs(more.iter().copied());
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let announcement = serde_json::from_str(&line).unwrap();
        Self { child, announcement }
    }

    /// Its token.
    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.announcement["token_file"].as_str().unwrap()).unwrap().trim().to_owned()
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> &str {
        self.announcement["url"].as_str().unwrap()
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::new(Endpoint {
            url: self.url().parse().unwrap(),
            token: SecretString::from(self.token()),
            tenant: Some("local".into()),
            project: Some("default".into()),
        })
        .unwrap()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as an operator would, and waits until it has ended.
    pub(crate) fn interrupt(mut self) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap();
    }

    /// Ends it as a power cut would: at once, without a chance to write anything.
    pub(crate) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

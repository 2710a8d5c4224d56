//! What the tests of the whole program share.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod pty;
pub(crate) mod serve;

use std::path::Path;
use std::process::Command;

/// The program, with a home of its own and nothing of the caller's settings.
pub(crate) fn arcc(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcc"));
    for (name, value) in environment(home) {
        command.env(name, value);
    }
    let settings = ["AR_API", "AR_TOKEN", "AR_TENANT", "AR_PROJECT", "NO_COLOR", "AR_READ_ONLY"];
    let models = ["AR_LLM_BASE_URL", "AR_LLM_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"];
    let network = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let trust = ["NO_PROXY", "no_proxy", "AR_CA_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR"];
    for name in settings.into_iter().chain(models).chain(network).chain(trust) {
        command.env_remove(name);
    }
    command
}

/// The environment of such a home.
pub(crate) fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let folder = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", folder("config")),
        ("XDG_DATA_HOME", folder("data")),
        ("XDG_STATE_HOME", folder("state")),
        ("TERM", "xterm-256color".into()),
        ("LANG", "C.UTF-8".into()),
    ]
}

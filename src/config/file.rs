//! `config.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, Guardrail, ProxyChoice};

/// Every key that the file may hold, for naming the nearest one to a mistyped key.
const KEYS: [&str; 24] = [
    "allow_hosts",
    "default_profile",
    "theme",
    "ascii",
    "undo_seconds",
    "profiles",
    "api",
    "tenant",
    "project",
    "token_file",
    "token_command",
    "token_env",
    "console",
    "read_only",
    "proxy",
    "ca_file",
    "local",
    "environment",
    "guardrails",
    "actions",
    "deny",
    "confirm",
    "max_bulk",
    "reason",
];

/// The file's contents. Everything is optional.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ConfigFile {
    /// The profile to use when none is named; none means the local runtime.
    pub default_profile: Option<String>,
    /// `auto`, `dark` or `light`.
    pub theme: Option<ThemeChoice>,
    /// Whether to draw with ASCII alone.
    pub ascii: bool,
    /// How many seconds a decision is held back for undo; 0 sends at once.
    pub undo_seconds: Option<u16>,
    /// The hosts that the runtime on this machine may call wherever they lead.
    pub allow_hosts: Vec<String>,
    /// The profiles by name.
    pub profiles: BTreeMap<String, FileProfile>,
    /// What is refused, or asks for more than a key, by profile and action.
    pub guardrails: Vec<Guardrail>,
}

/// Which theme to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// Dark, unless the terminal says that its paper is light.
    #[default]
    Auto,
    /// Light letters on dark paper.
    Dark,
    /// Dark letters on light paper.
    Light,
}

/// A profile: a workspace on a server, and how to get its token.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FileProfile {
    /// The API's base URL.
    pub api: Option<String>,
    /// The workspace's slug.
    pub tenant: Option<String>,
    /// The project's id.
    pub project: Option<String>,
    /// A file of mode 0600 that holds the token.
    pub token_file: Option<PathBuf>,
    /// A program, by absolute path, and its arguments; it prints the token.
    pub token_command: Option<Vec<String>>,
    /// The environment variable that holds the token.
    pub token_env: Option<String>,
    /// The web console's base URL.
    pub console: Option<String>,
    /// Whether nothing may be sent.
    pub read_only: bool,
    /// What it is; without it, a name with `prod` in it means production.
    pub environment: Option<ProfileKind>,
    /// The proxy to the API, or `"none"`; without it the environment and the system decide.
    pub proxy: Option<ProxyChoice>,
    /// A PEM file of authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// What a profile's server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileKind {
    /// What people depend on.
    Production,
    /// A rehearsal.
    Staging,
    /// A playground.
    Development,
}

impl ProfileKind {
    /// What a profile is by its name, where it does not say: `prod`, `prod-eu`, `acme-production`.
    pub fn of_name(name: &str) -> Option<Self> {
        let mut words = name.split(|ch: char| !ch.is_ascii_alphabetic());
        let is_production = |word: &str| matches!(&*word.to_ascii_lowercase(), "prod" | "prd" | "production");
        words.any(is_production).then_some(Self::Production)
    }
}

/// A file as read, with what it says that nothing understands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The contents.
    pub file: ConfigFile,
    /// One sentence for each unknown key.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// Reads a file; one that does not exist is empty.
    ///
    /// # Errors
    /// When it cannot be read or is malformed; the message names line and key.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let malformed = |error: toml::de::Error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let reason = format!("line {line}: {}", error.message().replace('\n', ", "));
            ConfigError::Malformed { path: path.to_owned(), reason }
        };
        let document = toml::Deserializer::parse(text).map_err(malformed)?;
        let mut warnings = Vec::new();
        let file = serde_ignored::deserialize(document, |key| warnings.push(warning(path, &key.to_string())));
        let file: ConfigFile = file.map_err(malformed)?;
        file.guardrails.iter().try_for_each(Guardrail::check)?;
        Ok(Self { file, warnings })
    }
}

fn warning(path: &Path, key: &str) -> String {
    let last = key.rsplit('.').next().unwrap_or(key);
    let nearest = KEYS.iter().max_by(|a, b| strsim::jaro(a, last).total_cmp(&strsim::jaro(b, last)));
    let hint = nearest
        .filter(|near| strsim::jaro(near, last) > 0.7)
        .map_or(String::new(), |near| format!(", did you mean `{near}`?"));
    format!("{}: unknown key `{key}`{hint}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn parse(text: &str) -> Result<Loaded, ConfigError> {
        Loaded::parse(Path::new("config.toml"), text)
    }

    #[test]
    fn a_profile_is_read() {
        let loaded =
            parse("default_profile = \"prod\"\n[profiles.prod]\napi = \"https://api.example.com\"\n")
                .unwrap();
        assert_eq!(loaded.file.profiles["prod"].api.as_deref(), Some("https://api.example.com"));
        assert_eq!(loaded.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_mistyped_key_is_a_warning_with_the_nearest_one() {
        let loaded = parse("[profiles.prod]\ntokenfile = \"x\"\n").unwrap();
        assert_eq!(
            loaded.warnings,
            ["config.toml: unknown key `profiles.prod.tokenfile`, did you mean `token_file`?"]
        );
    }

    #[test]
    fn a_malformed_file_names_its_line() {
        let text = parse("theme = \"pink\"\n").unwrap_err().to_string();
        assert!(
            text.contains("config.toml is not a valid configuration") && text.contains("line 1"),
            "{text}"
        );
        assert!(text.contains("pink") && text.contains("light"), "{text}");
    }

    #[test]
    fn guardrails_are_read_and_a_mistyped_one_is_an_error() {
        let text = "[[guardrails]]\nprofiles = [\"prod*\"]\nactions = [\"stop\"]\nconfirm = \"type-run-id\"\nmax_bulk = 3\nreason = \"required\"\n";
        let loaded = parse(text).unwrap();
        assert_eq!(loaded.warnings, Vec::<String>::new());
        assert_eq!(loaded.file.guardrails[0].max_bulk, Some(3));
        for (wrong, word) in [("\"stop\"", "\"halt\""), ("type-run-id", "type-nothing"), ("= 3", "= -3")] {
            let text = parse(&text.replace(wrong, word)).unwrap_err().to_string();
            assert!(text.contains(word.trim_matches(['"', '=', ' '])), "{text}");
        }
    }

    #[test]
    fn production_is_known_by_its_name() {
        for name in ["prod", "prod-eu", "acme_production", "PRD2"] {
            assert_eq!(ProfileKind::of_name(name), Some(ProfileKind::Production), "{name}");
        }
        for name in ["product", "stage", "reproduction", "local"] {
            assert_eq!(ProfileKind::of_name(name), None, "{name}");
        }
    }
}

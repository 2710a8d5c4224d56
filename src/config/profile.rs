//! From flags, environment and file to whom to talk to.

use std::path::PathBuf;

use secrecy::SecretString;
use url::{Host, Url};

use super::{ConfigError, ConfigFile, FileProfile, ProfileKind, ProxyChoice};

/// What the command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The profile to use; `local` is the embedded runtime.
    pub profile: Option<String>,
    /// The API's base URL.
    pub api: Option<String>,
    /// The workspace's slug.
    pub tenant: Option<String>,
    /// The project's id.
    pub project: Option<String>,
}

/// What the environment says: `AR_API`, `AR_TOKEN`, `AR_TENANT`, `AR_PROJECT`, `AR_CA_FILE`.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `AR_API`.
    pub api: Option<String>,
    /// `AR_TOKEN`.
    pub token: Option<SecretString>,
    /// `AR_TENANT`.
    pub tenant: Option<String>,
    /// `AR_PROJECT`.
    pub project: Option<String>,
    /// `AR_CA_FILE`.
    pub ca_file: Option<PathBuf>,
    /// `SSL_CERT_FILE`, the name that other programs use.
    pub system_ca_file: Option<PathBuf>,
}

/// Where a token comes from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// It is here.
    Value(SecretString),
    /// It is in a file.
    File(PathBuf),
    /// A command prints it.
    Command(Vec<String>),
    /// It is in an environment variable.
    Variable(String),
}

/// A server to talk to.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The profile's name, or the host.
    pub name: String,
    /// The API's base URL.
    pub api: Url,
    /// The workspace's slug.
    pub tenant: Option<String>,
    /// The project's id.
    pub project: Option<String>,
    /// Where the token comes from.
    pub token: TokenSource,
    /// The web console's base URL.
    pub console: Option<String>,
    /// Whether nothing may be sent.
    pub read_only: bool,
    /// What it is, where the profile says so or its name does.
    pub kind: Option<ProfileKind>,
    /// The proxy to the API; `None` leaves it to the environment and the system.
    pub proxy: Option<ProxyChoice>,
    /// A PEM file of authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// Whom to talk to.
#[derive(Clone, Debug)]
pub enum Target {
    /// The runtime on this machine.
    Local,
    /// A server.
    Remote(Box<Remote>),
}

/// Merges the three sources.
///
/// # Errors
/// When the named profile does not exist, the URL cannot be used, or no token is set for it.
pub fn resolve(flags: &Flags, environment: &Environment, file: &ConfigFile) -> Result<Target, ConfigError> {
    let api = flags.api.as_ref().or(environment.api.as_ref());
    let named = flags
        .profile
        .as_ref()
        .or(file.default_profile.as_ref().filter(|_| api.is_none() || flags.profile.is_some()));
    let Some(name) = named.filter(|name| *name != "local") else {
        return match api {
            None => Ok(Target::Local),
            Some(api) => remote(flags, environment, api, None),
        };
    };
    let no_such = || ConfigError::NoSuchProfile {
        name: name.clone(),
        profiles: file.profiles.keys().cloned().collect(),
    };
    let profile = file.profiles.get(name).ok_or_else(no_such)?;
    let missing =
        || ConfigError::BadUrl { url: String::new(), reason: format!("profile `{name}` has no `api`") };
    let api = api.or(profile.api.as_ref()).ok_or_else(missing)?;
    remote(flags, environment, api, Some((name, profile)))
}

fn remote(
    flags: &Flags,
    environment: &Environment,
    api: &str,
    profile: Option<(&String, &FileProfile)>,
) -> Result<Target, ConfigError> {
    let api = parse_api(api)?;
    let settings = profile.map(|(_, profile)| profile);
    let pick = |flag: &Option<String>, env: &Option<String>, file: Option<&Option<String>>| {
        flag.clone().or_else(|| env.clone()).or_else(|| file.cloned().flatten())
    };
    let name = profile.map_or_else(|| api.host_str().unwrap_or("api").to_owned(), |(name, _)| name.clone());
    Ok(Target::Remote(Box::new(Remote {
        tenant: pick(&flags.tenant, &environment.tenant, settings.map(|p| &p.tenant)),
        project: pick(&flags.project, &environment.project, settings.map(|p| &p.project)),
        token: token(environment, &api, profile)?,
        console: settings.and_then(|p| p.console.clone()).or_else(|| hosted_console(&api)),
        read_only: settings.is_some_and(|p| p.read_only),
        kind: settings.and_then(|p| p.environment).or_else(|| ProfileKind::of_name(&name)),
        name,
        proxy: settings.and_then(|p| p.proxy.clone()),
        ca_file: ca_file(environment, settings),
        api,
    })))
}

/// The nearest wish wins: this program's variable, the profile, the variable that all programs share.
fn ca_file(environment: &Environment, profile: Option<&FileProfile>) -> Option<PathBuf> {
    let own = environment.ca_file.clone().or_else(|| profile.and_then(|profile| profile.ca_file.clone()));
    own.or_else(|| environment.system_ca_file.clone())
}

fn token(
    environment: &Environment,
    api: &Url,
    profile: Option<(&String, &FileProfile)>,
) -> Result<TokenSource, ConfigError> {
    if let Some(token) = &environment.token {
        return Ok(TokenSource::Value(token.clone()));
    }
    let origin = || api.origin().ascii_serialization();
    let Some((name, profile)) = profile else { return Err(ConfigError::NoToken { origin: origin() }) };
    let bound = profile.api.as_deref().and_then(|own| Url::parse(own).ok()).map(|own| own.origin());
    if let Some(bound) = bound.filter(|bound| *bound != api.origin()) {
        let bound = bound.ascii_serialization();
        return Err(ConfigError::ForeignToken { profile: name.clone(), bound, origin: origin() });
    }
    let file = profile.token_file.clone().map(TokenSource::File);
    let command = || profile.token_command.clone().map(TokenSource::Command);
    let variable = || profile.token_env.clone().map(TokenSource::Variable);
    file.or_else(command).or_else(variable).ok_or_else(|| ConfigError::NoToken { origin: origin() })
}

/// Reads the API's URL. Plain HTTP is for this machine alone: elsewhere the token would be readable.
fn parse_api(raw: &str) -> Result<Url, ConfigError> {
    let bad = |reason: &str| {
        let shown = raw.rsplit('@').next().unwrap_or(raw);
        ConfigError::BadUrl { url: shown.chars().take(200).collect(), reason: reason.to_owned() }
    };
    let url = Url::parse(raw).map_err(|error| bad(&format!("{error}; write it as https://HOST")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it carries a user or password; tokens come from AR_TOKEN, a file or a command"));
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(bad("it has no host; write it as https://HOST")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err(bad("plain http would show the token to the network; use https")),
        other => Err(bad(&format!("`{other}` is not https"))),
    }
}

fn hosted_console(api: &Url) -> Option<String> {
    (api.host_str() == Some("api.agentruntime.io")).then(|| "https://console.agentruntime.io".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> ConfigFile {
        let profile = FileProfile {
            api: Some("https://api.example.com".into()),
            tenant: Some("acme".into()),
            token_file: Some("token".into()),
            ..FileProfile::default()
        };
        ConfigFile { profiles: [("prod".to_owned(), profile)].into(), ..ConfigFile::default() }
    }

    fn remote_of(target: Target) -> Remote {
        match target {
            Target::Remote(remote) => *remote,
            Target::Local => panic!("a remote"),
        }
    }

    #[test]
    fn nothing_set_means_the_local_runtime() {
        let target = resolve(&Flags::default(), &Environment::default(), &ConfigFile::default()).unwrap();
        assert!(matches!(target, Target::Local));
    }

    #[test]
    fn flags_win_over_environment_over_file() {
        let flags = Flags { profile: Some("prod".into()), tenant: Some("flag".into()), ..Flags::default() };
        let environment =
            Environment { tenant: Some("env".into()), project: Some("env".into()), ..Environment::default() };
        let remote = remote_of(resolve(&flags, &environment, &file()).unwrap());
        assert_eq!((remote.tenant.as_deref(), remote.project.as_deref()), (Some("flag"), Some("env")));
        let remote =
            remote_of(resolve(&Flags { tenant: None, ..flags }, &Environment::default(), &file()).unwrap());
        assert_eq!(remote.tenant.as_deref(), Some("acme"));
    }

    #[test]
    fn the_nearest_ca_file_wins_and_a_profiles_proxy_is_kept() {
        let flags = Flags { profile: Some("prod".into()), ..Flags::default() };
        let mut file = file();
        let profile = file.profiles.get_mut("prod").unwrap();
        profile.ca_file = Some("profile.pem".into());
        profile.proxy = Some(ProxyChoice::Never);
        let shared = Environment { system_ca_file: Some("shared.pem".into()), ..Environment::default() };
        let own = Environment { ca_file: Some("own.pem".into()), ..shared.clone() };
        let of = |environment: &Environment, file: &ConfigFile| {
            let remote = remote_of(resolve(&flags, environment, file).unwrap());
            (remote.ca_file.unwrap(), remote.proxy)
        };
        assert_eq!(of(&own, &file), ("own.pem".into(), Some(ProxyChoice::Never)));
        assert_eq!(of(&shared, &file).0, PathBuf::from("profile.pem"));
        file.profiles.get_mut("prod").unwrap().ca_file = None;
        assert_eq!(of(&shared, &file).0, PathBuf::from("shared.pem"));
    }

    #[test]
    fn a_profiles_token_stays_with_its_origin() {
        let flags = Flags {
            profile: Some("prod".into()),
            api: Some("https://evil.example.net".into()),
            ..Flags::default()
        };
        let error = resolve(&flags, &Environment::default(), &file()).unwrap_err();
        assert!(matches!(error, ConfigError::ForeignToken { .. }), "{error}");
    }

    #[test]
    fn urls_that_would_leak_the_token_are_refused() {
        for (url, word) in [
            ("http://api.example.com", "plain http"),
            ("https://user:secret@api.example.com", "user or password"),
            ("ftp://api.example.com", "not https"),
            ("api.example.com", "https://HOST"),
        ] {
            let flags = Flags { api: Some(url.into()), ..Flags::default() };
            let text =
                resolve(&flags, &Environment::default(), &ConfigFile::default()).unwrap_err().to_string();
            assert!(text.contains(word) && !text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn a_missing_profile_names_those_that_exist() {
        let flags = Flags { profile: Some("stage".into()), ..Flags::default() };
        let text = resolve(&flags, &Environment::default(), &file()).unwrap_err().to_string();
        assert_eq!(text, "there is no profile `stage`; there are: prod");
    }
}

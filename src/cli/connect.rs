//! From settings to a client: a server of a profile, or the runtime on this machine.

#[cfg(feature = "server")]
use std::path::PathBuf;
use std::time::Duration;

use color_eyre::Result;
#[cfg(feature = "server")]
use color_eyre::eyre::WrapErr;
#[cfg(feature = "server")]
use secrecy::SecretString;
use url::Url;

use super::args::Global;
use super::exit::Failure;
use super::guard::guards;
use super::output::remark;
use super::token::Source;
use crate::app::Session;
use crate::app::model::{self, Access};
use crate::client::{Client, Endpoint, Network, Proxy, TokenReader};
use crate::config::{Environment, Loaded, ProfileKind, ProxyChoice, Remote, Target, resolve};
use crate::platform::journal::JournalFile;
use crate::platform::paths::Paths;
use crate::platform::secrets;
use crate::runtime::Orders;
use crate::runtime::orders::Origin;

/// How long a decision is held back for undo, unless the configuration says otherwise.
const UNDO_SECONDS: u16 = 5;

/// What the connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The Command Center: the local runtime drives its samples.
    Screen,
    /// One command: the local runtime executes what there is and nothing more.
    Command,
}

/// A client, and what keeps its server alive if that is in this process.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) session: Session,
    pub(super) settings: Loaded,
    /// Names the server in the journal, the same at every start.
    place: String,
    /// Where the token came from, as a person knows it.
    pub(super) token_source: String,
    /// Whether commands go into the journal.
    recorded: bool,
    /// What the operator should know of how the local runtime started, one sentence each.
    pub(super) notices: Vec<String>,
    #[cfg(feature = "server")]
    server: Option<Embedded>,
}

/// A local runtime in this process.
#[cfg(feature = "server")]
struct Embedded {
    server: crate::server::serve::Server,
    /// Its data, where that could not be kept.
    scratch: Option<tempfile::TempDir>,
}

impl Connected {
    /// Refuses where nothing may be sent.
    pub(super) fn need_write(&self) -> Result<()> {
        match self.session.access {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => {
                Err(Failure::Refused("this session is read-only: nothing was sent".into()).into())
            }
        }
    }

    /// Where commands go, and where they are recorded.
    pub(super) fn orders(&self) -> Orders {
        let session = &self.session;
        let origin = Origin {
            profile: session.profile.as_str().into(),
            host: self.place.as_str().into(),
            tenant: session.tenant.as_str().into(),
            project: session.project.as_str().into(),
        };
        let journal = Paths::of_user().map(|paths| JournalFile::new(&paths.state));
        let orders = Orders::new(self.client.clone(), origin, journal);
        if self.recorded { orders } else { orders.unrecorded() }
    }

    /// Ends what was started for it.
    pub(super) async fn close(self) {
        #[cfg(feature = "server")]
        if let Some(Embedded { server, scratch }) = self.server {
            server.shutdown().await;
            drop(scratch);
        }
    }
}

/// Connects as flags, environment and configuration say.
///
/// # Errors
/// When the settings cannot be used, no token can be had, or the local runtime does not start.
pub(super) async fn connect(global: &Global, purpose: Purpose) -> Result<Connected> {
    let settings = settings(global)?;
    if purpose == Purpose::Command {
        settings.warnings.iter().for_each(|warning| remark(warning));
    }
    let connected = match resolve(&global.flags(), &environment()?, &settings.file)? {
        Target::Local => local(global, settings, purpose).await?,
        Target::Remote(remote) => hosted(global, settings, *remote).await?,
    };
    Ok(match purpose {
        Purpose::Screen => connected,
        Purpose::Command => Connected { client: connected.client.clone().patient(), ..connected },
    })
}

/// Reads the configuration file.
pub(super) fn settings(global: &Global) -> Result<Loaded> {
    let default = || Paths::of_user().map(|paths| paths.config.join("config.toml"));
    match &global.config {
        // The usual file may be missing, one that was asked for may not.
        Some(path) if !path.exists() => {
            let text = format!("there is no configuration file {}", path.display());
            Err(Failure::Usage(text).into())
        }
        Some(path) => Ok(Loaded::read(path)?),
        None => Ok(default().map(|path| Loaded::read(&path)).transpose()?.unwrap_or_default()),
    }
}

fn environment() -> Result<Environment> {
    let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let token = text("AR_TOKEN").map(|raw| secrets::clean(&raw, "AR_TOKEN".into())).transpose()?;
    Ok(Environment {
        api: text("AR_API"),
        token,
        tenant: text("AR_TENANT"),
        project: text("AR_PROJECT"),
        ca_file: text("AR_CA_FILE").map(Into::into),
        system_ca_file: text("SSL_CERT_FILE").map(Into::into),
    })
}

async fn hosted(global: &Global, settings: Loaded, remote: Remote) -> Result<Connected> {
    let source = Source::new(remote.token);
    let token = source.token().await?;
    let token_source = source.place();
    if !secrets::looks_usual(&token) && remote.console.is_some() {
        remark("the token begins with neither pat_ nor ar_pat_; trying it all the same");
    }
    let mut session = session(&remote.name, &remote.api, global.reads_only() || remote.read_only, &settings);
    if remote.kind == Some(ProfileKind::Production) {
        session.environment = model::Environment::Production;
    }
    session.tenant = remote.tenant.clone().unwrap_or_else(|| remote.name.clone());
    session.project = remote.project.clone().unwrap_or_default();
    session.console = remote.console;
    let proxy = match remote.proxy {
        None => Proxy::System,
        Some(ProxyChoice::Never) => Proxy::Never,
        Some(ProxyChoice::Through(url)) => Proxy::Through(url),
    };
    let network = Network { proxy, ca_file: remote.ca_file };
    let endpoint = Endpoint { url: remote.api, token, tenant: remote.tenant, project: remote.project };
    let place = session.host.clone();
    let client = Client::over(endpoint, &network)?.reading_token(source);
    Ok(Connected {
        client,
        session,
        settings,
        place,
        token_source,
        recorded: !global.no_journal,
        notices: Vec::new(),
        #[cfg(feature = "server")]
        server: None,
    })
}

fn session(profile: &str, api: &Url, read_only: bool, settings: &Loaded) -> Session {
    let seconds = settings.file.undo_seconds.unwrap_or(UNDO_SECONDS);
    Session {
        profile: profile.to_owned(),
        tenant: String::new(),
        project: String::new(),
        host: api.authority().to_owned(),
        console: None,
        access: if read_only { Access::ReadOnly } else { Access::ReadWrite },
        undo: Duration::from_secs(seconds.into()),
        guards: guards(&settings.file.guardrails, profile),
        environment: model::Environment::Ordinary,
    }
}

#[cfg(feature = "server")]
/// Where the local runtime keeps its data.
pub(super) fn data_dir(global: &Global) -> Result<PathBuf> {
    let default = || Paths::of_user().map(|paths| paths.data);
    let missing = || Failure::Usage("this user has no home directory: name a folder with --data DIR".into());
    Ok(global.data.clone().or_else(default).ok_or_else(missing)?)
}

#[cfg(not(feature = "server"))]
async fn local(_global: &Global, _settings: Loaded, _purpose: Purpose) -> Result<Connected> {
    let text =
        "this build has no local runtime: set AR_API and AR_TOKEN, or choose a profile with --profile NAME";
    Err(Failure::Usage(text.into()).into())
}

#[cfg(feature = "server")]
async fn local(global: &Global, settings: Loaded, purpose: Purpose) -> Result<Connected> {
    use crate::config::TokenSource;
    let dir = data_dir(global)?;
    if let Some(running) = crate::server::serve::attach(&dir) {
        let url = Url::parse(&running.url).wrap_err("the running local runtime announced a bad address")?;
        let source = Source::new(TokenSource::File(running.token_file));
        let token = source.token().await?;
        let connected = local_session(global, settings, (url, token), &dir)?;
        // It may be started again on the same port, with another token.
        return Ok(Connected { client: connected.client.clone().reading_token(source), ..connected });
    }
    let (embedded, mut notices) = embed(global, &settings, &dir, purpose).await?;
    notices.extend_from_slice(embedded.server.notices());
    notices.iter().for_each(|notice| remark(notice));
    if purpose == Purpose::Command {
        remark("started the local runtime for this command; `arcc serve` keeps it running");
    }
    let server = &embedded.server;
    let (url, token) = (Url::parse(server.url())?, server.token().clone());
    let place = embedded.scratch.as_ref().map_or(&*dir, tempfile::TempDir::path);
    let connected = local_session(global, settings, (url, token), place)?;
    Ok(Connected { notices, server: Some(embedded), ..connected })
}

/// Starts the runtime in its folder. Where that cannot be written, the screen has one without a past
/// and a future; a command does not, for what it does there would be lost unseen, and neither has
/// who named the folder.
#[cfg(feature = "server")]
async fn embed(
    global: &Global,
    settings: &Loaded,
    dir: &std::path::Path,
    purpose: Purpose,
) -> Result<(Embedded, Vec<String>)> {
    use crate::server::serve::Server;
    let start =
        |dir: PathBuf| Ok::<_, color_eyre::Report>(Server::start(options(global, dir, purpose, settings)?));
    match start(dir.to_owned())?.await {
        Err(error) if error.is_unwritable() && purpose == Purpose::Screen && global.data.is_none() => {
            let scratch = super::scratch::folder().wrap_err_with(|| error.to_string())?;
            let server = start(scratch.path().to_owned())?.await?;
            Ok((Embedded { server, scratch: Some(scratch) }, vec![super::scratch::notice(&error)]))
        }
        started => Ok((Embedded { server: started?, scratch: None }, Vec::new())),
    }
}

#[cfg(feature = "server")]
fn options(
    global: &Global,
    data_dir: PathBuf,
    purpose: Purpose,
    settings: &Loaded,
) -> Result<crate::server::serve::ServeOptions> {
    use crate::server::exec::LlmProvider;
    use crate::server::samples::Samples;
    let drive = purpose == Purpose::Screen && !global.no_samples;
    Ok(crate::server::serve::ServeOptions {
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        data_dir,
        samples: if drive { Samples::On } else { Samples::Off },
        lua_program: std::env::current_exe().wrap_err("cannot find this program's own file")?,
        llm: LlmProvider::from_variables(|name| std::env::var(name).ok()),
        allow_hosts: allowed_hosts(&[], &settings.file)?,
    })
}

#[cfg(feature = "server")]
/// The hosts that flags, environment and configuration list together.
pub(super) fn allowed_hosts(
    flags: &[String],
    file: &crate::config::ConfigFile,
) -> Result<crate::server::egress::AllowedHosts> {
    use crate::server::egress::AllowedHosts;
    let usage = |source: &str| {
        let source = source.to_owned();
        move |bad| Failure::Usage(format!("{source}: {bad}"))
    };
    let variable = std::env::var("AR_ALLOW_HOSTS").unwrap_or_default();
    let flags = AllowedHosts::parse(flags.iter().map(String::as_str)).map_err(usage("--allow-host"))?;
    let variable = AllowedHosts::parse_list(&variable).map_err(usage("AR_ALLOW_HOSTS"))?;
    let file = AllowedHosts::parse(file.allow_hosts.iter().map(String::as_str));
    Ok(flags.and(variable).and(file.map_err(usage("allow_hosts in the configuration"))?))
}

#[cfg(feature = "server")]
fn local_session(
    global: &Global,
    settings: Loaded,
    (url, token): (Url, SecretString),
    dir: &std::path::Path,
) -> Result<Connected> {
    let mut session = session("local", &url, global.reads_only(), &settings);
    session.tenant = "local".into();
    session.project = "default".into();
    let (tenant, project) = (Some(session.tenant.clone()), Some(session.project.clone()));
    let client = Client::new(Endpoint { url, token, tenant, project })?;
    // Its port is another one at every start; its data is what it is.
    let place = dir.display().to_string();
    let (recorded, token_source) = (!global.no_journal, "the local runtime".into());
    let (notices, server) = (Vec::new(), None);
    Ok(Connected { client, session, settings, place, token_source, recorded, notices, server })
}

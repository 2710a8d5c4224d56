//! Row 27: proxies and authorities of one's own, for requests and streams alike.

use std::process::Output;

use arcc::client::{Client, Endpoint, Network, Proxy as Way};
use arcc::mirror::LinkState;
use arcc::wire::CallError;
use pretty_assertions::assert_eq;
use rstest::rstest;
use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::fake::{Fake, Stream, TOKEN};
use crate::front::Authority;
use crate::observer::{App, accept, focus, stream_of_w};
use crate::proxy::{Proxy, Speech};
use crate::support::arcc;

/// A name that no resolver knows: only the proxy leads there.
const API: &str = "https://api.acme.test";

struct Site {
    fake: Fake,
    opened: mpsc::Receiver<Stream>,
    authority: Authority,
    proxy: Proxy,
}

impl Site {
    async fn start(speech: Speech, wants_login: bool) -> Self {
        let (fake, opened) = Fake::start().await;
        let authority = Authority::new();
        let target = authority.front("api.acme.test", (2020, 2100), fake.address()).await;
        let proxy = Proxy::start(speech, wants_login, target).await;
        Self { fake, opened, authority, proxy }
    }

    fn client(&self, proxy: &str) -> Client {
        let network =
            Network { proxy: Way::Through(proxy.parse().unwrap()), ca_file: Some(self.authority.file()) };
        let (url, token) = (API.parse().unwrap(), SecretString::from(TOKEN));
        Client::over(Endpoint { url, token, tenant: None, project: None }, &network).unwrap()
    }

    /// `arcc runs` with these variables; it must not hold up the servers of the test.
    async fn runs(&self, variables: &[(&str, &str)]) -> Output {
        let home = tempfile::tempdir().unwrap();
        let mut command = arcc(home.path());
        command
            .args(["runs", "list", "--json"])
            .env("AR_TOKEN", TOKEN)
            .env("AR_CA_FILE", self.authority.file());
        command.envs(variables.iter().copied());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[rstest]
#[case(Speech::Connect, false)]
#[case(Speech::Connect, true)]
#[case(Speech::Socks5, false)]
#[case(Speech::Socks5, true)]
#[tokio::test]
async fn requests_and_streams_go_through_the_same_proxy(#[case] speech: Speech, #[case] wants_login: bool) {
    let mut site = Site::start(speech, wants_login).await;
    let client = site.client(&site.proxy.url());
    assert_eq!(client.runs(10, None).await.unwrap().runs.len(), 1);
    let requests = site.proxy.led();
    let mut app = App::watching(client, focus());
    let _socket = accept(&mut site.opened).await;
    app.link(stream_of_w(), |state| *state == LinkState::Live).await;
    app.detail().await;
    assert!(site.proxy.led() > requests, "the stream went another way");
    assert_eq!(site.proxy.asked(), ["api.acme.test:443"]);
}

#[tokio::test]
async fn a_proxy_may_itself_be_spoken_to_over_tls_and_the_tunnel_has_its_own() {
    let mut site = Site::start(Speech::Connect, true).await;
    let front = site.authority.front("localhost", (2020, 2100), site.proxy.address()).await;
    let url = site.proxy.url().replace("http://", "https://");
    let url = url.replace(&site.proxy.address().to_string(), &format!("localhost:{}", front.port()));
    let client = site.client(&url);
    assert_eq!(client.runs(10, None).await.unwrap().runs.len(), 1);
    let requests = site.proxy.led();
    let mut app = App::watching(client, focus());
    let _socket = accept(&mut site.opened).await;
    app.link(stream_of_w(), |state| *state == LinkState::Live).await;
    assert!(site.proxy.led() > requests, "the stream went another way");
    assert_eq!(site.proxy.asked(), ["api.acme.test:443"]);
}

#[tokio::test]
async fn a_server_that_the_authority_did_not_sign_is_refused_within_the_tunnel() {
    let site = Site::start(Speech::Connect, false).await;
    let stranger = Authority::named("Another Authority");
    let network =
        Network { proxy: Way::Through(site.proxy.url().parse().unwrap()), ca_file: Some(stranger.file()) };
    let (url, token) = (API.parse().unwrap(), SecretString::from(TOKEN));
    let endpoint = Endpoint { url, token, tenant: None, project: None };
    let client = Client::over(endpoint, &network).unwrap();
    let refused = client.tasks().await.unwrap_err().to_string();
    assert!(refused.contains("not trusted here"), "{refused}");
    assert_eq!(site.fake.asked("").len(), 0, "something reached the server");
}

#[tokio::test]
async fn a_proxy_that_wants_a_sign_in_is_said_so() {
    let site = Site::start(Speech::Connect, true).await;
    let wrong = site.proxy.bare_url().replace("http://", "http://operator:swordfish@");
    let client = site.client(&wrong);
    let reason = format!(
        "the proxy {} asks for a sign-in (407); put user and password into its URL, as in http://USER:PASSWORD@HOST",
        site.proxy.bare_url()
    );
    let want = CallError::Unconnected { host: "api.acme.test".into(), reason: reason.into() };
    assert_eq!(client.tasks().await, Err(want.clone()));
    let mut app = App::watching(client, focus());
    let told = app.link(stream_of_w(), |state| matches!(state, LinkState::Retrying { .. })).await;
    let LinkState::Retrying { error, .. } = told else { unreachable!() };
    assert_eq!(error, want);
    assert_eq!(site.proxy.led(), 0);
}

#[rstest]
#[case("http")]
#[case("socks5h")]
#[tokio::test]
async fn a_proxy_that_is_down_is_named(#[case] scheme: &str) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("{scheme}://{}", listener.local_addr().unwrap());
    drop(listener);
    let site = Site::start(Speech::Connect, false).await;
    let error = site.client(&proxy).tasks().await.unwrap_err();
    let CallError::Unconnected { host, reason } = &error else { panic!("{error:?}") };
    assert!(**host == *"api.acme.test" && reason.contains(&format!("through the proxy {proxy}")), "{error}");
}

#[rstest]
#[case(Speech::Connect, "HTTPS_PROXY")]
#[case(Speech::Connect, "https_proxy")]
#[case(Speech::Socks5, "ALL_PROXY")]
#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_the_proxy(#[case] speech: Speech, #[case] variable: &str) {
    let site = Site::start(speech, true).await;
    let url = site.proxy.url();
    let done = site.runs(&[("AR_API", API), (variable, &url)]).await;
    assert_eq!(done.status.code(), Some(0), "{}", error_of(&done));
    assert_eq!(site.proxy.asked(), ["api.acme.test:443"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_proxy_names_is_reached_directly() {
    let site = Site::start(Speech::Connect, false).await;
    let url = site.proxy.url();
    let done = site.runs(&[("AR_API", API), ("HTTPS_PROXY", &url), ("NO_PROXY", "acme.test")]).await;
    // There is no such host, and nobody else was asked.
    assert!(error_of(&done).contains("cannot reach api.acme.test"), "{}", error_of(&done));
    assert_eq!((done.status.success(), site.proxy.led()), (false, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_stands_before_this_machine() {
    let site = Site::start(Speech::Connect, false).await;
    let (here, proxy) = (site.fake.url().to_owned(), site.proxy.url());
    let done = site.runs(&[("AR_API", &here), ("HTTP_PROXY", &proxy), ("ALL_PROXY", &proxy)]).await;
    assert_eq!((done.status.code(), site.proxy.led()), (Some(0), 0), "{}", error_of(&done));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_names_its_proxy_and_its_authority() {
    let site = Site::start(Speech::Socks5, true).await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("config/arcc");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "[profiles.acme]\napi = \"{API}\"\ntoken_env = \"ACME_TOKEN\"\nproxy = \"{}\"\nca_file = \"{}\"\n",
        site.proxy.url(),
        site.authority.file().display()
    );
    std::fs::write(folder.join("config.toml"), text).unwrap();
    let mut command = arcc(home.path());
    command
        .args(["--profile", "acme", "runs", "list", "--json"])
        .env("ACME_TOKEN", TOKEN)
        .env("NO_PROXY", "*");
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", error_of(&done));
    assert_eq!(site.proxy.asked(), ["api.acme.test:443"]);
    let told = error_of(&done);
    assert!(!told.contains("hunter2"), "{told}");
}

//! Row 26: certificates that are not trusted are refused, and named.

use arcc::client::{Client, Endpoint, Network};
use arcc::mirror::LinkState;
use arcc::wire::CallError;
use rstest::rstest;
use secrecy::SecretString;

use crate::fake::{Fake, TOKEN};
use crate::front::Authority;
use crate::observer::{App, focus, stream_of_w};

/// What is wrong with the server's certificate.
struct Fault {
    name: &'static str,
    years: (i32, i32),
    trusted: bool,
}

impl Fault {
    const NONE: Self = Self { name: "localhost", years: (2020, 2100), trusted: true };
}

#[rstest]
#[case::expired(
    Fault { years: (2020, 2021), ..Fault::NONE },
    &["(CN=server localhost) expired at 2021-01-01T00:00:00Z", "clock says 20", "the clock is wrong"]
)]
#[case::of_the_future(
    Fault { years: (2099, 2100), ..Fault::NONE },
    &["(CN=server localhost) begins at 2099-01-01T00:00:00Z", "the clock is wrong"]
)]
#[case::of_another_name(
    Fault { name: "other.example.com", ..Fault::NONE },
    &["(CN=server other.example.com) is for", "other.example.com", "not for localhost"]
)]
#[case::of_an_unknown_authority(
    Fault { trusted: false, ..Fault::NONE },
    &["(CN=server localhost) is signed by", "CN=Acme Test Authority", "not trusted here", "AR_CA_FILE"]
)]
#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_and_named(
    #[case] fault: Fault,
    #[case] words: &[&str],
) {
    let (fake, mut opened) = Fake::start().await;
    let authority = Authority::new();
    let address = authority.front(fault.name, fault.years, fake.address()).await;
    let stranger = Authority::named("Another Authority");
    let ca_file = Some(if fault.trusted { authority.file() } else { stranger.file() });
    let url = format!("https://localhost:{}", address.port()).parse().unwrap();
    let endpoint = Endpoint { url, token: SecretString::from(TOKEN), tenant: None, project: None };
    let client = Client::over(endpoint, &Network { ca_file, ..Network::default() }).unwrap();
    let refused = client.tasks().await.unwrap_err();
    assert!(matches!(refused, CallError::Unconnected { .. }), "{refused:?}");
    let mut app = App::watching(client, focus());
    let told = app.link(stream_of_w(), |state| matches!(state, LinkState::Retrying { .. })).await;
    let LinkState::Retrying { error: stream, .. } = told else { unreachable!() };
    for error in [refused, stream] {
        let told = error.to_string();
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
        assert!(!told.contains("OtherError"), "{told}");
    }
    assert!(opened.try_recv().is_err() && fake.asked("").is_empty(), "something reached the server");
}

#[tokio::test]
async fn an_authority_from_a_file_is_trusted_by_requests_and_streams() {
    let (fake, mut opened) = Fake::start().await;
    let authority = Authority::new();
    let address = authority.front("localhost", (2020, 2100), fake.address()).await;
    let url = format!("https://localhost:{}", address.port()).parse().unwrap();
    let endpoint = Endpoint { url, token: SecretString::from(TOKEN), tenant: None, project: None };
    let network = Network { ca_file: Some(authority.file()), ..Network::default() };
    let mut app = App::watching(Client::over(endpoint, &network).unwrap(), focus());
    let _socket = crate::observer::accept(&mut opened).await;
    app.link(stream_of_w(), |state| *state == LinkState::Live).await;
    app.detail().await;
}

//! Whom requests and sockets trust: the system's authorities, and those of one more file.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::domain::Timestamp;
use crate::wire::CallError;

/// How many characters of a certificate's names are told.
const NAME: usize = 200;

/// The one configuration of TLS; nothing switches verification off.
///
/// # Errors
/// When `ca_file` cannot be read or holds no certificate, or nothing at all is trusted here.
pub(super) fn config(host: &str, ca_file: Option<&Path>) -> Result<ClientConfig, CallError> {
    let failed = |reason: String| CallError::Unconnected { host: host.into(), reason: reason.into() };
    let extra = ca_file.map(authorities).transpose().map_err(failed)?.unwrap_or_default();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let none = |error: rustls::Error| failed(format!("no trusted certificates on this machine: {error}"));
    let inner = Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(none)?;
    let builder = versions(provider).map_err(none)?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(Told { inner })).with_no_client_auth())
}

/// For a way without TLS: nothing is trusted, so that a machine without certificates reaches its own
/// runtime all the same.
pub(super) fn nobody() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let none = rustls::RootCertStore::empty();
    Ok(versions(provider)?.with_root_certificates(none).with_no_client_auth())
}

fn versions(
    provider: Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, rustls::Error> {
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let broken = |error: &dyn fmt::Display| format!("the CA file {shown} cannot be used: {error}");
    let bytes = std::fs::read(path).map_err(|error| broken(&error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| broken(&error))?;
    if found.is_empty() {
        return Err(broken(&"it holds no certificate in PEM form"));
    }
    Ok(found)
}

/// The system's verifier, whose refusals name the certificate.
#[derive(Debug)]
struct Told {
    inner: Verifier,
}

impl ServerCertVerifier for Told {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).map_err(
            |error| {
                let reason = Distrust(refusal(&error, end_entity, server_name, now));
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(reason))))
            },
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Why a server's certificate is not accepted, in words.
#[derive(Debug)]
struct Distrust(String);

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Distrust {}

fn refusal(error: &rustls::Error, der: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> String {
    let rustls::Error::InvalidCertificate(why) = error else { return error.to_string() };
    let read = Certificate::from_der(der).ok();
    let whose = |issuer: bool| {
        let names = read.as_ref().map(Certificate::tbs_certificate);
        let name = names.map(|tbs| if issuer { tbs.issuer() } else { tbs.subject() }.to_string());
        name.map_or_else(|| "(unreadable)".to_owned(), |name| name.chars().take(NAME).collect())
    };
    let subject = whose(false);
    let clock = |end: UnixTime, word: &str| {
        let (end, now) = (instant(end), instant(now));
        format!(
            "its certificate ({subject}) {word} {end}, and this machine's clock says {now}: either the certificate or the clock is wrong"
        )
    };
    match why {
        CertificateError::ExpiredContext { not_after, .. } => clock(*not_after, "expired at"),
        CertificateError::NotValidYetContext { not_before, .. } => clock(*not_before, "begins at"),
        CertificateError::UnknownIssuer => format!(
            "its certificate ({subject}) is signed by {}, which is not trusted here; if it should be, name a PEM file of that authority in `ca_file` or AR_CA_FILE",
            whose(true)
        ),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: String = presented.join(", ").chars().take(NAME).collect();
            format!("its certificate ({subject}) is for {names}, not for {}", name.to_str())
        }
        other => format!("its certificate ({subject}) is not accepted: {other}"),
    }
}

fn instant(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).map_or_else(|_| "(no date)".to_owned(), |at| at.to_string())
}

/// The refusal of a certificate, if that is what lies at the bottom of an error.
pub(super) fn distrust(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(wrapping) = error.downcast_ref::<io::Error>() {
        return distrust(wrapping.get_ref()?);
    }
    let of_tls = error.downcast_ref();
    if let Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(why)))) = of_tls {
        return why.downcast_ref::<Distrust>().map(ToString::to_string);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn refused(contents: &[u8]) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(contents).unwrap();
        config("h", Some(file.path())).err().unwrap().to_string()
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_said_so() {
        assert!(refused(b"").contains("holds no certificate in PEM form"));
        let cut = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(refused(cut).contains("cannot be used"), "{}", refused(cut));
        let junk = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(refused(junk).contains("cannot reach h"), "{}", refused(junk));
        let missing = config("h", Some(Path::new("/no/such/ca.pem"))).err().unwrap().to_string();
        assert!(missing.contains("the CA file /no/such/ca.pem cannot be used"), "{missing}");
    }
}

//! The server's own certificate: read, looked at before it is used, and read again on SIGHUP.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore, ServerConfig};

use crate::error::Error;
use crate::serve::Certificate;

/// Later than any certificate lasts: 9999-12-31.
const FAR_AWAY: Duration = Duration::from_secs(253_402_214_400);

/// What connections are encrypted with, and until when that can be used, if it says so.
pub struct Loaded {
    pub config: Arc<ServerConfig>,
    pub expires: Option<UnixTime>,
}

/// Reads both files. A certificate that has expired is an error: every client would refuse it, with words that point
/// anywhere but here.
pub fn load(files: &Certificate) -> Result<Loaded, Error> {
    let fail = |path: &Path, message: String| Error::Certificate { path: path.to_owned(), message };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(&files.chain)?).collect();
    let chain = chain.map_err(|error| fail(&files.chain, error.to_string()))?;
    let Some(first) = chain.first() else {
        return Err(fail(&files.chain, "no certificate is in this file".to_owned()));
    };
    let expires = expiry(first).map_err(|error| fail(&files.chain, error.to_string()))?;
    if let Some(expires) = expires
        && expires < UnixTime::now()
    {
        return Err(Error::Expired { path: files.chain.clone(), at: moment(expires) });
    }
    // The parser's words may hold a piece of the key.
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)
        .map_err(|_| fail(&files.key, "no private key can be read from this file".to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_no_client_auth())
        .and_then(|builder| builder.with_single_cert(chain, key))
        .map_err(|error| fail(&files.chain, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Loaded { config: Arc::new(config), expires })
}

/// As people read it.
pub fn moment(time: UnixTime) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time.as_secs())).to_string()
}

/// Until when the certificate is good. The verifier looks at that before it looks for who signed it, so asking about a
/// time that is far away makes it say.
fn expiry(certificate: &CertificateDer<'_>) -> Result<Option<UnixTime>, rustls::Error> {
    let verified = verify_server_cert_signed_by_trust_anchor(
        &ParsedCertificate::try_from(certificate)?,
        &RootCertStore::empty(),
        &[],
        UnixTime::since_unix_epoch(FAR_AWAY),
        ring::default_provider().signature_verification_algorithms.all,
    );
    Ok(match verified {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Some(not_after)
        }
        _ => None,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_named_by_its_file() {
        let files = Certificate { chain: "Cargo.toml".into(), key: "Cargo.toml".into() };
        let error = load(&files).err().unwrap();
        assert_eq!(error.to_string(), "Cargo.toml: no certificate is in this file");
        let files = Certificate { chain: "no/such/file.pem".into(), key: "Cargo.toml".into() };
        assert!(load(&files).err().unwrap().to_string().starts_with("cannot read no/such/file.pem: "));
    }
}

//! Encrypted connections, with libpq's meaning of `sslmode`. The driver has only "encrypt or not"; who is at the other
//! end is checked here.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Error;

/// How much of the connection's safety is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never encrypt.
    Disable,
    /// Encrypt if the server can.
    Prefer,
    /// Encrypt or fail; checks the certificate only if a root certificate is named.
    Require,
    /// As above, and the certificate must be signed by a root that is trusted.
    VerifyCa,
    /// As above, and the certificate must be the host's.
    VerifyFull,
}

impl SslMode {
    /// The mode of this name; `setting` is where the name stood.
    pub fn named(setting: &'static str, value: &str) -> Result<Self, Error> {
        Ok(match value {
            "disable" => SslMode::Disable,
            "allow" | "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            "verify-ca" => SslMode::VerifyCa,
            "verify-full" => SslMode::VerifyFull,
            _ => {
                let expected = "one of disable, allow, prefer, require, verify-ca, verify-full";
                return Err(Error::Setting { name: setting, value: value.to_owned(), expected });
            }
        })
    }
}

/// What the driver encrypts with. `root` is a file of certificates, `system` or nothing for those of this machine.
pub fn connector(mode: SslMode, root: Option<&str>) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(ring::default_provider());
    let trust = match mode {
        SslMode::Disable | SslMode::Prefer => Trust::Anyone,
        SslMode::Require if root.is_none() => Trust::Anyone,
        SslMode::Require | SslMode::VerifyCa => Trust::Signed(Roots::load(root)?),
        SslMode::VerifyFull => Trust::Host(Roots::load(root)?),
    };
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { trust, provider }))
        .with_no_client_auth();
    // Servers that are asked for TLS at once (sslnegotiation=direct) insist on it.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

/// Whose certificate is taken.
#[derive(Debug)]
enum Trust {
    /// Anyone's: the connection is safe from listeners only.
    Anyone,
    /// One that a root signed.
    Signed(Roots),
    /// One that a root signed for this host.
    Host(Roots),
}

#[derive(Debug)]
struct Roots {
    /// As they came: a server's own self-signed certificate may be named as the root, and is no authority.
    certificates: Vec<CertificateDer<'static>>,
    authorities: RootCertStore,
}

impl Roots {
    fn load(root: Option<&str>) -> Result<Self, Error> {
        let certificates = match root {
            None | Some("system") => rustls_native_certs::load_native_certs().certs,
            Some(file) => read_pem(Path::new(file))?,
        };
        let mut authorities = RootCertStore::empty();
        authorities.add_parsable_certificates(certificates.iter().cloned());
        Ok(Self { certificates, authorities })
    }
}

fn read_pem(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let fail = |message: String| Error::Certificates { path: file.to_owned(), message };
    let bytes = std::fs::read(file).map_err(|source| Error::Read { path: file.to_owned(), source })?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(fail("no certificate is in this file".to_owned())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(fail(error.to_string())),
    }
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn signed(
        &self,
        roots: &Roots,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        if roots.certificates.contains(certificate) {
            return Ok(());
        }
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(certificate)?,
            &roots.authorities,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        )
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.trust {
            Trust::Anyone => {}
            Trust::Signed(roots) => self.signed(roots, certificate, intermediates, now)?,
            Trust::Host(roots) => {
                self.signed(roots, certificate, intermediates, now)?;
                verify_server_name(&ParsedCertificate::try_from(certificate)?, host)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_file_without_certificates_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        assert!(connector(SslMode::VerifyFull, Some(path)).is_err());
        assert!(connector(SslMode::Require, Some(path)).is_err());
        assert!(connector(SslMode::Prefer, Some(path)).is_ok());
    }
}

//! The certificate that a door shows, made here or given by the user.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// What a door speaks TLS with: versions 1.2 and 1.3, ALPN `h2` and `http/1.1`. Cheap to clone.
///
/// A client that offers no ALPN is served as well; its first bytes tell whether it speaks HTTP/2.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    authority: Option<Arc<str>>,
}

/// Why a certificate cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The chain holds no certificate, or what it holds is no PEM.
    Certificate(String),
    /// There is no private key, or it is no PEM.
    PrivateKey(String),
    /// The key is not the certificate's, or neither can be used.
    Unusable(String),
}

impl Tls {
    /// A certificate for `localhost`, `127.0.0.1` and `::1`, signed by an authority of its own. Both are made anew by each
    /// call, so a client has to be given [`certificate_authority`](Self::certificate_authority).
    ///
    /// # Errors
    /// [`TlsError::Unusable`] when the system has no randomness to give.
    pub fn self_made() -> Result<Self, TlsError> {
        let (chain, key, authority) = make().map_err(unusable)?;
        let config = config(vec![chain], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)))?;
        Ok(Self { config, authority: Some(authority.into()) })
    }

    /// A certificate with the chain to its authority, and its private key (PKCS #8, PKCS #1 or SEC 1), both in PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn from_pem(chain: &str, key: &str) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let chain = chain.map_err(|error| TlsError::Certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(TlsError::Certificate("there is none".into()));
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes());
        let key = key.map_err(|error| TlsError::PrivateKey(error.to_string()))?;
        Ok(Self { config: config(chain, key)?, authority: None })
    }

    /// The certificate, in PEM, that clients have to trust; `None` when the chain was given.
    pub fn certificate_authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config).into()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("self_made", &self.authority.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why) = match self {
            Self::Certificate(why) => ("the certificate chain cannot be read", why),
            Self::PrivateKey(why) => ("the private key cannot be read", why),
            Self::Unusable(why) => ("the certificate and its key cannot be used", why),
        };
        write!(f, "{what}: {why}")
    }
}

impl std::error::Error for TlsError {}

/// The provider is named, so nothing depends on what the process has installed.
fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(unusable)?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A certificate, its key in DER, and the authority in PEM.
fn make() -> Result<(CertificateDer<'static>, Vec<u8>, String), rcgen::Error> {
    let mut authority = CertificateParams::new([])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "local Kinesis authority");
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let mut leaf = CertificateParams::new(NAMES.map(String::from))?;
    leaf.distinguished_name.push(DnType::CommonName, "localhost");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &issuer)?;
    Ok((certificate.der().clone(), key.serialize_der(), authority_pem))
}

fn unusable(error: impl fmt::Display) -> TlsError {
    TlsError::Unusable(error.to_string())
}

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

//! The root certificates of the platform. Knows nothing of connections.
//!
//! rustls-native-certs reads them, as it does for the SDK's own client: on Linux the files that OpenSSL reads, on macOS and Windows
//! the system's store, and on all of them what `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead. Reading takes a file of some hundred
//! kB and some milliseconds, so it is done on a thread that may block.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls_native_certs::CertificateResult;
use tokio::task::spawn_blocking;
use tracing::warn;

use super::super::super::error::TransportError;
use super::tls;

/// Reads root certificates: the platform's, or those of a test.
pub(super) type LoadRoots = Arc<dyn Fn() -> CertificateResult + Send + Sync>;

pub(super) fn of_platform() -> LoadRoots {
    Arc::new(rustls_native_certs::load_native_certs)
}

/// # Errors
/// [`TransportErrorKind::Tls`](super::super::super::error::TransportErrorKind::Tls) when there is none that can be used. Where there
/// are some, what else went wrong is logged.
pub(super) async fn load(load: &LoadRoots) -> Result<RootCertStore, TransportError> {
    let load = Arc::clone(load);
    let loaded = spawn_blocking(move || usable(load())).await;
    loaded.map_err(|error| unusable("reading them was given up").caused_by(error))?
}

fn usable(read: CertificateResult) -> Result<RootCertStore, TransportError> {
    let mut roots = RootCertStore::empty();
    let (usable, unparsable) = roots.add_parsable_certificates(read.certs);
    let mut errors = read.errors.into_iter();
    let first = errors.next();
    if usable > 0 {
        if let Some(error) = first {
            let others = errors.len();
            warn!(%error, others, usable, "some root certificates could not be read");
        }
        return Ok(roots);
    }
    Err(match first {
        Some(error) => unusable("none could be read").caused_by(error),
        None if unparsable > 0 => unusable(format_args!("none of the {unparsable} could be used")),
        None => unusable("there is none"),
    })
}

fn unusable(why: impl fmt::Display) -> TransportError {
    tls(format!(
        "no root certificates of the platform: {why} (SSL_CERT_FILE and Http2ClientBuilder::tls_rustls_0_23 name others)"
    ))
}

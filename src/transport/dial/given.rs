//! Connections that the caller makes: tests over pipes. Knows nothing of the network.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;

use super::{ByteStream, Dial, DialFuture, Io};
use crate::transport::error::{TransportError, TransportErrorKind};
use crate::transport::origin::Origin;

/// A dial that was given.
#[derive(Clone)]
pub(in crate::transport) struct Given(Arc<dyn Dial>);

/// Dials by a function of host and port.
struct By<D>(D);

impl Given {
    pub(in crate::transport) fn by<D, F, S>(dial: D) -> Self
    where
        D: Fn(&str, u16) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: ByteStream,
    {
        Self(Arc::new(By(dial)))
    }

    pub(in crate::transport) fn into_dial(self) -> Arc<dyn Dial> {
        self.0
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

impl<D, F, S> Dial for By<D>
where
    D: Fn(&str, u16) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
    S: ByteStream,
{
    fn dial(&self, origin: Origin) -> DialFuture {
        let dialled = (self.0)(&origin.host, origin.port);
        Box::pin(async move {
            let io = dialled.await.map_err(|error| {
                TransportError::new(TransportErrorKind::Connect, format!("no connection to {origin}"))
                    .caused_by(error)
            })?;
            Ok(Box::new(io) as Io)
        })
    }
}

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_kinesis::config::HttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::io::{AsyncRead, AsyncWrite};

use super::call::{Timeouts, call};
use super::dial::{Dial, Given, Network, NetworkSettings};
use super::error::{TransportError, TransportErrorKind};
use super::heap::keep_free_memory;
use super::origin::Origin;
use super::pool::Pool;
use super::settings::Settings;
use super::stats::Http2Stats;

/// An HTTP client for the AWS SDK that speaks HTTP/2 only and carries any number of long-lived streams. Cheap to clone; clones
/// share their connections.
///
/// Dropping it, and all its clones and the SDK clients that it was given to, keeps new calls off its connections; the responses
/// that are still being read go on.
#[derive(Clone)]
pub struct Http2Client {
    shared: Arc<Shared>,
}

/// Configures an [`Http2Client`].
///
/// Each setter says its unit, its default and what it costs to go either way. A value out of the bounds that a setter states is
/// taken as the nearest one in them.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct Http2ClientBuilder {
    settings: Settings,
    pub(super) network: NetworkSettings,
    given: Option<Given>,
}

/// What clones have in common.
struct Shared {
    settings: Settings,
    dial: Arc<dyn Dial>,
    pools: Mutex<HashMap<Origin, Arc<Pool>>>,
}

/// A client with the time-outs of one SDK client.
struct Connector {
    shared: Arc<Shared>,
    timeouts: Timeouts,
}

impl Http2Client {
    /// A builder with the defaults.
    pub fn builder() -> Http2ClientBuilder {
        Http2ClientBuilder { settings: Settings::default(), network: NetworkSettings::default(), given: None }
    }

    /// The client with the time-outs that an SDK client was given.
    pub(super) fn connector(&self, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let ours = self.shared.settings;
        let timeouts = Timeouts {
            connect: settings.connect_timeout().unwrap_or(ours.connect_timeout),
            headers: settings.read_timeout().unwrap_or(ours.headers_timeout),
        };
        SharedHttpConnector::new(Connector { shared: Arc::clone(&self.shared), timeouts })
    }

    /// What it has and does now: a snapshot for metrics.
    pub fn stats(&self) -> Http2Stats {
        let pools: Vec<Arc<Pool>> = self.shared.pools().values().cloned().collect();
        pools.iter().map(|pool| pool.stats()).fold(Http2Stats::default(), Http2Stats::plus)
    }
}

impl Default for Http2Client {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl fmt::Debug for Http2Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2Client").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl HttpClient for Http2Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.connector(settings)
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (shared, timeouts) = (Arc::clone(&self.shared), self.timeouts);
        HttpConnectorFuture::new(async move { shared.call(request, timeouts).await.map_err(connector_error) })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

impl Shared {
    async fn call(&self, request: HttpRequest, timeouts: Timeouts) -> Result<HttpResponse, TransportError> {
        let request = request.try_into_http1x().map_err(|error| invalid_request().caused_by(error))?;
        let pool = self.pool(Origin::try_from(request.uri())?);
        let response = call(&pool, request, timeouts).await?;
        HttpResponse::try_from(response).map_err(|error| invalid_response().caused_by(error))
    }

    fn pool(&self, origin: Origin) -> Arc<Pool> {
        let new = || Pool::new(origin.clone(), Arc::clone(&self.dial), self.settings);
        let mut pools = self.pools();
        if !pools.contains_key(&origin) {
            // Clones are made under this lock only: a pool that nobody else has, and that has nothing, is of no use.
            pools.retain(|_, pool| Arc::strong_count(pool) > 1 || pool.stats() != Http2Stats::default());
        }
        Arc::clone(pools.entry(origin.clone()).or_insert_with(new))
    }

    fn pools(&self) -> MutexGuard<'_, HashMap<Origin, Arc<Pool>>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Http2ClientBuilder {
    /// How many bytes of a stream the peer may send ahead of its reader. Default: 512 KiB, which at 2 MB/s a shard is enough up to
    /// 250 ms of round trip; what a stream that nobody reads costs in memory. From 64 KiB to 16 MiB.
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.settings.stream_window = bytes;
        self
    }

    /// How many streams a connection carries at most, if the peer allows as many. Default: 100. More need fewer connections, and
    /// are ended together when one breaks. From 1 to 2 GiB divided by the stream window (4,095 at its default, 127 at 16 MiB),
    /// since the window of a connection, which HTTP/2 bounds, holds those of all its streams.
    pub fn max_streams(mut self, streams: u32) -> Self {
        self.settings.max_streams = streams;
        self
    }

    /// How long a connection may take, from the start of the dial to the first SETTINGS, where the SDK's own time-out settings do
    /// not say it. Default: 5 s. Shorter fails calls on slow paths; longer finds out later that a host is dead.
    pub fn connect_timeout(mut self, after: Duration) -> Self {
        self.settings.connect_timeout = after;
        self
    }

    /// How long response headers may take from when the request's headers were sent, where the SDK's own read time-out does not
    /// say it. Default: 10 s. Shorter gives up on a service that is slow; longer waits for one that is not there.
    pub fn headers_timeout(mut self, after: Duration) -> Self {
        self.settings.headers_timeout = after;
        self
    }

    /// How long a connection may be quiet, nothing read from it, until it is asked whether it lives (PING). Default: 30 s. From 1 s
    /// to a day. Shorter notices a dead peer earlier, at 17 bytes each way a PING.
    pub fn ping_interval(mut self, after: Duration) -> Self {
        self.settings.ping_interval = after;
        self
    }

    /// How long after a PING nothing may be read until the connection is given up. Default: 10 s. From 1 s to a day. Shorter takes
    /// a slow path for a dead one.
    pub fn ping_timeout(mut self, after: Duration) -> Self {
        self.settings.ping_timeout = after;
        self
    }

    /// Has connections made by a function of host and port instead of over the network: for tests over pipes. The HTTP/2 preface
    /// follows at once, whatever the scheme.
    #[doc(hidden)]
    pub fn dialled_by<D, F, S>(mut self, dial: D) -> Self
    where
        D: Fn(&str, u16) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.given = Some(Given::by(dial));
        self
    }

    /// The client. It connects to nothing yet.
    pub fn build(mut self) -> Http2Client {
        if let Some(given) = self.given.take() {
            return self.build_on(given.into_dial());
        }
        let network = Network::new(self.network.clone());
        self.build_on(Arc::new(network))
    }

    /// The client over whatever makes connections.
    pub(super) fn build_on(self, dial: Arc<dyn Dial>) -> Http2Client {
        let settings = self.settings.bounded();
        keep_free_memory();
        Http2Client { shared: Arc::new(Shared { settings, dial, pools: Mutex::default() }) }
    }
}

/// The SDK tries again what may pass: what it takes for I/O, and time-outs.
fn connector_error(error: TransportError) -> ConnectorError {
    use TransportErrorKind as Kind;
    let kind = error.kind();
    let source = Box::new(error);
    match kind {
        Kind::InvalidAddress | Kind::InvalidRequest | Kind::RequestBody => ConnectorError::user(source),
        Kind::ConnectTimeout => ConnectorError::timeout(source).never_connected(),
        Kind::HeadersTimeout => ConnectorError::timeout(source),
        Kind::Connect | Kind::Proxy => ConnectorError::io(source).never_connected(),
        Kind::Tls | Kind::NotHttp2 | Kind::NoTls => ConnectorError::other(source, None).never_connected(),
        Kind::Protocol | Kind::Refused | Kind::Reset | Kind::GoAway | Kind::Closed | Kind::PingTimeout => {
            ConnectorError::io(source)
        }
    }
}

fn invalid_request() -> TransportError {
    TransportError::new(TransportErrorKind::InvalidRequest, "the request cannot be put into HTTP/2")
}

fn invalid_response() -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, "the response has a header that is no text")
}

//! The door for everything that speaks to Kinesis: HTTP/1.1 and HTTP/2, plain or under TLS, JSON 1.1 and CBOR 1.1; with any
//! credentials, unless a setting has them verified.
//!
//! It knows no behaviour: a request becomes a call of the service, an answer becomes bytes of the request's codec, a subscription
//! becomes a body that pulls an event whenever the connection has room for one. A client that stops reading closes its window or
//! fills its socket, and then nothing is pulled any more.

mod answers;
mod body;
mod connection;
mod dispatch;
mod headers;
mod heard;
mod in_process;
mod limits;
mod operations;
mod progress;
mod request_body;
mod requests;
mod signature;
mod stop;
mod taken;
mod tls;
mod whole;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, JoinSet};

use super::{LocalKinesis, Settings};
pub(super) use answers::records::polled_size;
use dispatch::Dispatch;
use stop::StopOrder;
pub use tls::{Tls, TlsError};

/// A local Kinesis behind HTTP. It dereferences to its [`LocalKinesis`]; dropped, it stops serving.
///
/// ```
/// use kinesis_fanout::emulator::{LocalKinesis, Settings};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let server = LocalKinesis::start(Settings::default()).await?;
/// server.create_stream("orders", 2)?;
/// // aws_sdk_kinesis::config::Builder::endpoint_url(server.endpoint_url())
/// assert!(server.endpoint_url().starts_with("http://127.0.0.1:"));
/// server.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    local: LocalKinesis,
    address: SocketAddr,
    tls: Option<Tls>,
    stop: StopOrder,
    accepting: JoinHandle<()>,
}

impl LocalKinesis {
    /// Makes a local Kinesis and serves it over HTTP on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start(settings: Settings) -> io::Result<Server> {
        Self::new(settings).serve().await
    }

    /// Makes a local Kinesis and serves it under TLS on a free port of 127.0.0.1, with a certificate made for it.
    ///
    /// # Errors
    /// When no port can be listened on, or no certificate can be made.
    pub async fn start_tls(settings: Settings) -> io::Result<Server> {
        let tls = Tls::self_made().map_err(io::Error::other)?;
        Self::new(settings).serve_tls_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), tls).await
    }

    /// Serves over HTTP on a free port of 127.0.0.1. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn serve(&self) -> io::Result<Server> {
        self.serve_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Serves over HTTP on this address.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve_on(&self, address: SocketAddr) -> io::Result<Server> {
        self.open(address, None)
    }

    /// Serves under TLS on this address. A service can have many doors.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve_tls_on(&self, address: SocketAddr, tls: Tls) -> io::Result<Server> {
        self.open(address, Some(tls))
    }

    fn open(&self, address: SocketAddr, tls: Option<Tls>) -> io::Result<Server> {
        let listener = listen(address)?;
        let address = listener.local_addr()?;
        let (order, stop) = stop::stop();
        let dispatch = Arc::new(Dispatch::new(Arc::clone(&self.service), stop));
        Ok(Server {
            local: self.clone(),
            address,
            tls: tls.clone(),
            stop: order,
            accepting: tokio::spawn(accept(listener, tls, dispatch)),
        })
    }
}

impl Server {
    /// What clients take for their endpoint: `http://127.0.0.1:<port>`, or with `https` under TLS.
    pub fn endpoint_url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate, in PEM, that clients have to trust; `None` without TLS, or when the chain was given.
    pub fn certificate_authority(&self) -> Option<&str> {
        self.tls.as_ref()?.certificate_authority()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service behind the door. It goes on when the door is closed.
    pub fn local(&self) -> &LocalKinesis {
        &self.local
    }

    /// Stops serving: when this comes back, the port is free and all connections are closed.
    ///
    /// The port is free at once. Subscriptions end at once too, cleanly and between two events. Other answers in flight are
    /// finished within [`Settings::shutdown_time`], also to requests whose bodies are still coming, and cut when it is over; so long it waits,
    /// too, for a client of HTTP/2 that does not acknowledge the stop. Half a header is not waited for. HTTP/2 clients are told by GOAWAY, HTTP/1.1 clients by
    /// `Connection: close`. Dropping the server cuts everything instead.
    pub async fn shutdown(mut self) {
        self.stop.give();
        // The task ends by itself now; an error only says that it was cancelled before.
        let _ = (&mut self.accepting).await;
    }
}

impl Deref for Server {
    type Target = LocalKinesis;

    fn deref(&self) -> &LocalKinesis {
        &self.local
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // With the task go its listener and its set of connections.
        self.accepting.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, tls: Option<Tls>, dispatch: Arc<Dispatch>) {
    let mut connections = JoinSet::new();
    let limits = dispatch.limits();
    let mut stop = dispatch.stop();
    loop {
        tokio::select! {
            () = stop.ordered() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Those that have ended do not count.
                    while connections.try_join_next().is_some() {}
                    if connections.len() < limits.max_connections {
                        let counted = dispatch.connections().open();
                        let dispatch = Arc::clone(&dispatch);
                        connections.spawn(connection::serve(stream, tls.clone(), dispatch, counted));
                    } else {
                        dispatch.connections().refuse();
                    }
                }
                // Out of file descriptors, most likely: some will be free again.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limits.shutdown_time, finished).await;
    connections.shutdown().await;
}

/// Small, for the kernel's own (several MB) would swallow events that nobody reads.
const SEND_BUFFER: u32 = 256 << 10;
const BACKLOG: u32 = 1_024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

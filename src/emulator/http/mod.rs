//! The door for everything that speaks to Kinesis: HTTP/1.1 on loopback, JSON 1.1 and CBOR 1.1; any credentials unless a
//! setting has them verified.
//!
//! It knows no behaviour: a request becomes a call of the service, an answer becomes bytes of the request's codec, a subscription becomes a chunked
//! body that pulls an event whenever the connection has room for one. A client that stops reading fills its socket, and
//! then nothing is pulled any more.

mod answers;
mod body;
mod dispatch;
mod headers;
mod operations;
mod requests;
mod signature;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::{LocalKinesis, Settings};
use dispatch::Dispatch;

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
    stop: Option<oneshot::Sender<()>>,
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
        let listener = listen(address)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let dispatch = Arc::new(Dispatch::new(Arc::clone(&self.service)));
        Ok(Server {
            local: self.clone(),
            address,
            stop: Some(stop),
            accepting: tokio::spawn(accept(listener, dispatch, stopped)),
        })
    }
}

impl Server {
    /// What clients take for their endpoint: `http://127.0.0.1:<port>`.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service behind the door. It goes on when the door is closed.
    pub fn local(&self) -> &LocalKinesis {
        &self.local
    }

    /// Stops serving: when this comes back, the port is free, all connections are closed and all tasks have ended.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
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

async fn accept(listener: TcpListener, dispatch: Arc<Dispatch>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&dispatch)))),
                // Out of file descriptors, most likely: some will be free again.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, dispatch: Arc<Dispatch>) {
    // Without it a small event waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let serve = service_fn(move |request| {
        let dispatch = Arc::clone(&dispatch);
        async move { Ok::<_, Infallible>(dispatch.answer(request).await) }
    });
    // A connection's error is its client's business: it hung up, or it spoke no HTTP.
    let _ = http1::Builder::new()
        .max_buf_size(CONNECTION_BUFFER)
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), serve)
        .await;
}

/// What a connection may hold unsent: with hyper's default (400 KB) and the kernel's own (several MB) a client that stops
/// reading would cost more than one event.
const CONNECTION_BUFFER: usize = 64 << 10;
const SEND_BUFFER: u32 = 256 << 10;
/// How long a connection may wait for its next request: longer than clients keep one in their pools, so that it is they who close it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(120);
const BACKLOG: u32 = 1_024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

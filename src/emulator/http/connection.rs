//! One connection: which protocol its first bytes are, and serving it.
//!
//! HTTP/2 and HTTP/1.1 come through the same port. The preface of HTTP/2 decides, also under TLS, whatever ALPN said: clients
//! in Java offer none there. Everything that a client can hold up has a time-out or a bound.

use std::convert::Infallible;
use std::io::{self, Cursor};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::dispatch::Dispatch;
use super::tls::Tls;

/// Serves a connection until it ends. Its error is its client's business: it hung up, or it spoke no HTTP.
pub(super) async fn serve(stream: TcpStream, tls: Option<Tls>, dispatch: Arc<Dispatch>) {
    // Without it a small event waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        let (reader, writer) = stream.into_split();
        return sniff(reader, writer, dispatch).await;
    };
    if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, tls.acceptor().accept(stream)).await {
        let (reader, writer) = tokio::io::split(stream);
        sniff(reader, writer, dispatch).await;
    }
}

async fn sniff<R, W>(mut reader: R, writer: W, dispatch: Arc<Dispatch>)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let Ok(Ok(start)) = timeout(HEADER_TIMEOUT, first_bytes(&mut reader)).await else {
        return;
    };
    let is_http2 = start == PREFACE;
    let stream = TokioIo::new(tokio::io::join(Cursor::new(start).chain(reader), writer));
    let limits = dispatch.limits();
    let serve = service_fn(move |request| {
        let dispatch = Arc::clone(&dispatch);
        async move { Ok::<_, Infallible>(dispatch.answer(request).await) }
    });
    if is_http2 {
        let _ = http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(limits.max_concurrent_streams)
            .max_header_list_size(MAX_HEADERS)
            .max_send_buf_size(SEND_BUFFER)
            .timer(TokioTimer::new())
            .serve_connection(stream, serve)
            .await;
    } else {
        let _ = http1::Builder::new()
            .max_buf_size(MAX_HEADERS as usize)
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(stream, serve)
            .await;
    }
}

/// As many bytes as tell HTTP/2's preface from anything else: the whole of it, or up to the first that differs.
async fn first_bytes(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(PREFACE.len());
    while start.len() < PREFACE.len() && PREFACE.starts_with(&start) {
        let mut missing = (&mut *reader).take((PREFACE.len() - start.len()) as u64);
        if missing.read_buf(&mut start).await? == 0 {
            break;
        }
    }
    Ok(start)
}

/// RFC 9113, 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What a connection or stream may hold unsent: with hyper's default (400 KB) and the kernel's own (several MB) a client that
/// stops reading would cost more than one event.
const SEND_BUFFER: usize = 64 << 10;
/// The most bytes of a request's headers: four times what a long session token takes. HTTP/1.1 reads bodies by as much.
const MAX_HEADERS: u32 = 64 << 10;
/// How long a connection may wait for its next request: longer than clients keep one in their pools, so that it is they who
/// close it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(120);
/// More than a handshake over the slowest line takes.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

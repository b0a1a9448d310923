//! One connection: which protocol its first bytes are, serving it, and its end.
//!
//! HTTP/2 and HTTP/1.1 come through the same port. The preface of HTTP/2 decides, also under TLS, whatever ALPN said: clients
//! in Java offer none there. When the door stops, a connection takes no more requests and ends with its last answer.
//!
//! | what a client can hold up | how it ends ([`Limits`](super::limits::Limits)) |
//! |---|---|
//! | the handshake of TLS | `tls_handshake_timeout` |
//! | the first bytes, a header of HTTP/1.1 | `header_timeout` |
//! | a body | `body_timeout` |
//! | a whole answer, by reading nothing | `answer_timeout`: the connection of HTTP/1.1, the stream of HTTP/2 |
//! | a subscription, by reading nothing | its own time, and `answer_timeout` |
//! | anything in HTTP/2, by sending nothing | a PING that is not answered |
//!
//! A client of HTTP/2 that answers PINGs may stay, and may keep what its connection holds unsent: of each stream up to
//! `SEND_BUFFER` and a piece of a whole answer, or the event of a subscription that was being sent.

use std::convert::Infallible;
use std::io::{self, Cursor};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::dispatch::{Body, Dispatch};
use super::heard::Heard;
use super::progress::{Progress, StreamExecutor, until_stuck};
use super::taken::Taken;
use super::tls::Tls;
use crate::emulator::connections::OpenConnection;

/// Serves a connection until it ends. Its error is its client's business: it hung up, or it spoke no HTTP.
pub(super) async fn serve(
    stream: TcpStream,
    tls: Option<Tls>,
    dispatch: Arc<Dispatch>,
    _counted: OpenConnection,
) {
    // Without it a small event waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    match tls {
        Some(tls) => secure(stream, tls, dispatch).await,
        None => {
            let (reader, writer) = stream.into_split();
            sniff(reader, writer, dispatch).await;
        }
    }
}

async fn secure<S>(stream: S, tls: Tls, dispatch: Arc<Dispatch>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut stop = dispatch.stop();
    let handshake = timeout(dispatch.limits().tls_handshake_timeout, tls.acceptor().accept(stream));
    let shaken = tokio::select! {
        () = stop.ordered() => return,
        shaken = handshake => shaken,
    };
    if let Ok(Ok(stream)) = shaken {
        let (reader, writer) = tokio::io::split(stream);
        sniff(reader, writer, dispatch).await;
    }
}

async fn sniff<R, W>(mut reader: R, writer: W, dispatch: Arc<Dispatch>)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mut stop = dispatch.stop();
    let due = Instant::now() + dispatch.limits().header_timeout;
    let start = tokio::select! {
        () = stop.ordered() => return,
        start = timeout_at(due, first_bytes(&mut reader)) => start,
    };
    match start {
        Ok(Ok(start)) if start == PREFACE => {
            http2(Cursor::new(start).chain(reader), writer, dispatch).await;
        }
        Ok(Ok(start)) => http1(Cursor::new(start).chain(reader), writer, dispatch, due).await,
        _ => {}
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

/// `due` is when its first header has to be there; hyper looks after the later ones.
async fn http1<R, W>(reader: R, writer: W, dispatch: Arc<Dispatch>, due: Instant)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mut stop = dispatch.stop();
    let (progress, asked) = (Progress::new(), AtomicBool::new(false));
    let service = service_fn(|request| {
        asked.store(true, Ordering::Relaxed);
        answer(Arc::clone(&dispatch), request)
    });
    let writer = Taken::over(writer, progress.clone(), dispatch.limits().answer_timeout);
    let mut connection = http1::Builder::new()
        .max_buf_size(MAX_HEADERS as usize)
        .timer(TokioTimer::new())
        .header_read_timeout(dispatch.limits().header_timeout)
        .serve_connection(TokioIo::new(tokio::io::join(reader, writer)), service);
    let served = async {
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = nothing_asked(&asked, due) => return true,
            () = stop.ordered() => {
                // To hyper half a first header is a request that it has to wait for.
                if !asked.load(Ordering::Relaxed) {
                    return false;
                }
                Pin::new(&mut connection).graceful_shutdown();
                (&mut connection).await
            }
        };
        ended.is_err_and(|error| error.is_timeout())
    };
    let is_late = until_stuck(progress, served).await;
    if is_late == Some(true) {
        let parts = connection.into_parts();
        // Who has sent nothing asks nothing.
        if !parts.read_buf.is_empty() {
            let mut stream = parts.io.into_inner();
            let late = dispatch.late_header();
            let answer = async { stream.write_all(&late).await.and(stream.shutdown().await) };
            let _ = timeout(dispatch.limits().header_timeout, answer).await;
        }
    }
}

/// Comes back at that time if no header was whole by then.
async fn nothing_asked(asked: &AtomicBool, due: Instant) {
    tokio::time::sleep_until(due).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}

async fn http2<R, W>(reader: R, writer: W, dispatch: Arc<Dispatch>)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let limits = dispatch.limits();
    let mut stop = dispatch.stop();
    let (reader, heard) = Heard::over(reader);
    let answering = Arc::clone(&dispatch);
    let service = service_fn(move |request| answer(Arc::clone(&answering), request));
    let connection = http2::Builder::new(StreamExecutor)
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(MAX_HEADERS)
        .max_send_buf_size(SEND_BUFFER)
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keep_alive_interval)
        .keep_alive_timeout(limits.keep_alive_timeout)
        .serve_connection(TokioIo::new(tokio::io::join(reader, writer)), service);
    let mut connection = pin!(connection);
    let served = async {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = stop.ordered() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    };
    tokio::select! {
        () = served => {}
        () = heard.silent_for(limits.longest_silence()) => {}
    }
}

async fn answer(dispatch: Arc<Dispatch>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    Ok(dispatch.answer(request).await)
}

/// RFC 9113, 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What a connection or stream may hold unsent: with hyper's default (400 KB) and the kernel's own (several MB) a client that
/// stops reading would cost more than one event.
const SEND_BUFFER: usize = 64 << 10;
/// The most bytes of a request's headers: four times what a long session token takes. HTTP/1.1 reads bodies by as much.
const MAX_HEADERS: u32 = 64 << 10;

#[cfg(test)]
mod tests;

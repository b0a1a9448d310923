//! One connection: which protocol its first bytes are, serving it, and its end.
//!
//! HTTP/2 and HTTP/1.1 come through the same port. The preface of HTTP/2 decides, also under TLS, whatever ALPN said: clients
//! in Java offer none there. Everything that a client can hold up has a time-out or a bound ([`Limits`](super::limits::Limits)),
//! and when the door stops, a connection takes no more requests and ends with its last answer.

use std::convert::Infallible;
use std::io::{self, Cursor};
use std::pin::pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::dispatch::{Body, Dispatch};
use super::heard::Heard;
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
    let start = tokio::select! {
        () = stop.ordered() => return,
        start = timeout(dispatch.limits().header_timeout, first_bytes(&mut reader)) => start,
    };
    match start {
        Ok(Ok(start)) if start == PREFACE => {
            http2(Cursor::new(start).chain(reader), writer, dispatch).await;
        }
        Ok(Ok(start)) => http1(Cursor::new(start).chain(reader), writer, dispatch).await,
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

async fn http1<R, W>(reader: R, writer: W, dispatch: Arc<Dispatch>)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mut stop = dispatch.stop();
    let mut connection = http1::Builder::new()
        .max_buf_size(MAX_HEADERS as usize)
        .timer(TokioTimer::new())
        .header_read_timeout(dispatch.limits().header_timeout)
        .serve_connection(TokioIo::new(tokio::io::join(reader, writer)), answers(&dispatch));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.ordered() => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    if ended.is_err_and(|error| error.is_timeout()) {
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

async fn http2<R, W>(reader: R, writer: W, dispatch: Arc<Dispatch>)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let limits = dispatch.limits();
    let mut stop = dispatch.stop();
    let (reader, heard) = Heard::over(reader);
    let connection = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(MAX_HEADERS)
        .max_send_buf_size(SEND_BUFFER)
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keep_alive_interval)
        .keep_alive_timeout(limits.keep_alive_timeout)
        .serve_connection(TokioIo::new(tokio::io::join(reader, writer)), answers(&dispatch));
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

fn answers(
    dispatch: &Arc<Dispatch>,
) -> impl HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send> + use<> {
    let dispatch = Arc::clone(dispatch);
    service_fn(move |request| {
        let dispatch = Arc::clone(&dispatch);
        async move { Ok::<_, Infallible>(dispatch.answer(request).await) }
    })
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

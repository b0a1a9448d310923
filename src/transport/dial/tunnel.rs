//! A tunnel through a proxy: CONNECT over HTTP/1.1 (RFC 9110, 9.3.6), on a connection to the proxy that is there already. Knows
//! not what goes through it.
//!
//! The answer is read up to the end of its head and no byte further counts as part of it: a server that speaks first (HTTP/2
//! sends SETTINGS at once) may have sent some already. hyper-util's own tunnel is not used because it drops those, and the status.

use http::StatusCode;
use httparse::{EMPTY_HEADER, Response, Status};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::super::error::{TransportError, TransportErrorKind};
use super::super::origin::Origin;
use super::Io;
use super::proxy::Proxy;

/// Asks the proxy at the other end of `io` for a connection to `target`.
///
/// # Errors
/// [`TransportErrorKind::Proxy`]: it refused, or closed, or its answer is none. The text holds nothing of the answer but its status.
pub(super) async fn open(mut io: Io, proxy: &Proxy, target: &Origin) -> Result<Io, TransportError> {
    let asked = async {
        io.write_all(&request(proxy, target)).await?;
        io.flush().await
    };
    asked.await.map_err(|error| failed(proxy, "broke").caused_by(error))?;
    let mut io = BufReader::with_capacity(READ_SIZE, io);
    loop {
        let status = head(&mut io, proxy).await?;
        if status.is_success() {
            break;
        } else if !status.is_informational() {
            return Err(refused(proxy, target, status));
        }
    }
    // A buffer that is empty is left out of the way of all that follows.
    Ok(if io.buffer().is_empty() { io.into_inner() } else { Box::new(io) })
}

fn request(proxy: &Proxy, target: &Origin) -> Vec<u8> {
    let authority = target.authority();
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
    if let Some(authorization) = proxy.authorization() {
        request.extend_from_slice(b"proxy-authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// Takes the head of one answer, and leaves what follows it.
async fn head(io: &mut BufReader<Io>, proxy: &Proxy) -> Result<StatusCode, TransportError> {
    let mut head = Vec::new();
    while head.len() < MAX_HEAD {
        let before = head.len();
        let read = io.fill_buf().await.map_err(|error| failed(proxy, "broke").caused_by(error))?;
        let len = read.len();
        if len == 0 {
            return Err(failed(proxy, "was closed"));
        }
        head.extend_from_slice(read);
        if let Some((status, end)) = parse(&head).map_err(|error| no_proxy(proxy).caused_by(error))? {
            io.consume(end - before);
            return StatusCode::from_u16(status).map_err(|error| no_proxy(proxy).caused_by(error));
        }
        io.consume(len);
    }
    Err(no_proxy(proxy).caused_by(format!("the head of its answer is longer than {MAX_HEAD} bytes")))
}

/// The status and the length of the head, once it is whole.
fn parse(head: &[u8]) -> Result<Option<(u16, usize)>, httparse::Error> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut response = Response::new(&mut headers);
    let Status::Complete(end) = response.parse(head)? else { return Ok(None) };
    Ok(response.code.map(|status| (status, end)))
}

fn refused(proxy: &Proxy, target: &Origin, status: StatusCode) -> TransportError {
    let advice = match (status, proxy.authorization()) {
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, None) => "; its URL needs a user and a password",
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(_)) => {
            "; it does not take the credentials of its URL"
        }
        _ => "",
    };
    let (proxy, target) = (proxy.origin(), target.authority());
    error(format!("the proxy {proxy} refused a connection to {target}: {status}{advice}"))
}

fn no_proxy(proxy: &Proxy) -> TransportError {
    error(format!("{} did not answer as an HTTP proxy", proxy.origin()))
}

fn failed(proxy: &Proxy, how: &str) -> TransportError {
    error(format!("the connection to the proxy {} {how} before it answered", proxy.origin()))
}

fn error(text: String) -> TransportError {
    TransportError::new(TransportErrorKind::Proxy, text)
}

/// What an answer's head may take, headers that nobody reads included.
const MAX_HEAD: usize = 8 << 10;
/// As many as hyper takes in a head by default.
const MAX_HEADERS: usize = 100;
/// A head is some hundred bytes long.
const READ_SIZE: usize = 1 << 10;

#[cfg(test)]
mod tests;

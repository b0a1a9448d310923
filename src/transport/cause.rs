//! Why a stream or a connection ended, from what the `h2` crate says and what its connection has seen. Knows no request.

use super::connection::{Connection, Ending};
use super::error::{TransportError, TransportErrorKind};

/// The error of a stream, or of a request that did not become one.
pub(super) fn of_stream(error: h2::Error, connection: &Connection) -> TransportError {
    if error.is_io() {
        return of_closed(error, connection);
    }
    let (kind, context) = match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) if error.is_reset() && error.is_remote() => {
            (TransportErrorKind::Refused, "the peer refused the stream (REFUSED_STREAM)".to_owned())
        }
        Some(reason) if error.is_reset() && error.is_remote() => {
            (TransportErrorKind::Reset, format!("the peer reset the stream ({})", name(reason)))
        }
        Some(_) if error.is_reset() && !error.is_library() => (
            TransportErrorKind::RequestBody,
            "the request's own body failed, which ended its stream".to_owned(),
        ),
        Some(reason) if error.is_go_away() && error.is_remote() => (
            TransportErrorKind::GoAway,
            format!("the peer gave the connection up without serving the stream ({})", name(reason)),
        ),
        Some(reason) => (TransportErrorKind::Protocol, format!("the peer broke HTTP/2 ({})", name(reason))),
        None => (TransportErrorKind::InvalidRequest, "the request cannot be put into HTTP/2".to_owned()),
    };
    TransportError::new(kind, context).caused_by(error)
}

/// The error of a connection that ended before it took requests. `heard` tells whether the peer ever sent its SETTINGS.
pub(super) fn of_handshake(error: h2::Error, heard: bool) -> TransportError {
    let (kind, context) = if error.is_io() {
        (TransportErrorKind::Closed, "the connection broke during the HTTP/2 handshake".to_owned())
    } else if error.is_go_away() && error.is_remote() {
        let reason = error.reason().unwrap_or(h2::Reason::NO_ERROR);
        (TransportErrorKind::GoAway, format!("the peer gave the connection up at once ({})", name(reason)))
    } else if heard {
        (TransportErrorKind::Protocol, "the HTTP/2 handshake failed".to_owned())
    } else {
        return of_foreign().caused_by(error);
    };
    TransportError::new(kind, context).caused_by(error)
}

/// The error of a peer that does not speak HTTP/2.
pub(super) fn of_foreign() -> TransportError {
    TransportError::new(
        TransportErrorKind::NotHttp2,
        "what answers there is no HTTP/2 server, or wants HTTP/1.1",
    )
}

/// The stream of a connection that broke: the connection may know more than "broken pipe".
fn of_closed(error: h2::Error, connection: &Connection) -> TransportError {
    match connection.ending() {
        Some(Ending::PingTimeout) => TransportError::new(
            TransportErrorKind::PingTimeout,
            "the connection is dead: the peer sent nothing, nor did it answer a PING",
        ),
        Some(Ending::GoAway(reason)) => TransportError::new(
            TransportErrorKind::GoAway,
            format!("the peer gave the connection up ({})", name(reason)),
        )
        .caused_by(error),
        None => TransportError::new(
            TransportErrorKind::Closed,
            "the connection was closed before the stream's end",
        )
        .caused_by(error),
    }
}

/// The name of an error code as RFC 9113, 7 gives it, or its number.
fn name(reason: h2::Reason) -> String {
    let code: u32 = reason.into();
    match NAMES.get(code as usize) {
        Some(name) => (*name).to_owned(),
        None => format!("unknown code {code:#x}"),
    }
}

/// The error codes of RFC 9113, 7, in their order.
const NAMES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

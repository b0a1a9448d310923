//! One HTTP/2 connection: its handshake, and what its streams may know of it. Knows nothing of other connections.
//!
//! A connection takes requests once its peer's SETTINGS are known, so that it is never asked for more streams than the peer
//! allows: a PING goes out right after our own preface, and since SETTINGS are the first thing that a peer sends (RFC 9113, 3.4),
//! its acknowledgement proves that they have been read.

use std::fmt;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, PingPong};

use super::cause;
use super::dial::Io;
use super::error::{TransportError, TransportErrorKind};
use super::observed::{BytesRead, Observed};
use super::settings::Settings;

/// A connection, as those hold it who have a stream on it or may open one. It lives until the last of them has let it go.
pub(super) struct Connection {
    id: ConnectionId,
    requests: SendRequest<Bytes>,
    ending: OnceLock<Ending>,
}

/// Tells the connections of a pool apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ConnectionId(pub(super) u64);

/// How a connection ended, where its streams would see no more than a broken pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nothing was read from it for too long.
    PingTimeout,
    /// The peer said so.
    GoAway(h2::Reason),
}

/// A connection that is ready for requests, and what its driver needs.
pub(super) struct Established {
    pub(super) connection: Connection,
    pub(super) io: h2::client::Connection<Observed, Bytes>,
    pub(super) ping: PingPong,
    pub(super) read: BytesRead,
}

impl Connection {
    pub(super) fn id(&self) -> ConnectionId {
        self.id
    }

    /// What opens a stream.
    pub(super) fn requests(&self) -> SendRequest<Bytes> {
        self.requests.clone()
    }

    /// States how it ended, before its streams are told.
    pub(super) fn ends(&self, ending: Ending) {
        // The first to say so knows best.
        let _ = self.ending.set(ending);
    }

    /// How it ended or is about to, if more is known than that it is closed.
    pub(super) fn ending(&self) -> Option<Ending> {
        let said = self.going_away().filter(|reason| *reason != h2::Reason::NO_ERROR).map(Ending::GoAway);
        self.ending.get().copied().or(said)
    }

    /// The reason that the peer gave for wanting no more streams (GOAWAY).
    pub(super) fn going_away(&self) -> Option<h2::Reason> {
        let mut requests = self.requests.clone();
        match requests.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(error)) if error.is_go_away() && error.is_remote() => error.reason(),
            _ => None,
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&self.id.0).finish()
    }
}

/// The HTTP/2 handshake on a byte stream, up to where the peer's SETTINGS are known.
pub(super) async fn establish(
    io: Io,
    settings: &Settings,
    id: ConnectionId,
) -> Result<Established, TransportError> {
    let (io, read) = Observed::new(io);
    let (requests, mut io) =
        builder(settings).handshake(io).await.map_err(|error| cause::of_handshake(error, false))?;
    let mut ping = io.ping_pong().ok_or_else(closed)?;
    let answered = tokio::select! {
        biased;
        ended = &mut io => Err(ended),
        pong = ping.ping(Ping::opaque()) => pong.map_err(Err),
    };
    match answered {
        Ok(_) => Ok(Established {
            connection: Connection { id, requests, ending: OnceLock::new() },
            io,
            ping,
            read,
        }),
        Err(Err(error)) if read.is_foreign() => Err(cause::of_foreign().caused_by(error)),
        Err(Ok(())) => Err(closed()),
        Err(Err(error)) => Err(cause::of_handshake(error, read.total() > 0)),
    }
}

fn builder(settings: &Settings) -> Builder {
    let resets = 2 * settings.max_streams as usize;
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_max_send_streams(UNHEARD)
        .initial_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window())
        .max_frame_size(MAX_FRAME_SIZE)
        .max_header_list_size(MAX_HEADER_LIST_SIZE)
        .data_frame_budget(settings.connection_window() as usize)
        .max_concurrent_reset_streams(resets)
        .reset_stream_duration(RESET_STREAM_DURATION)
        .max_local_error_reset_streams(Some(MAX_LOCAL_ERROR_RESETS));
    builder
}

fn closed() -> TransportError {
    TransportError::new(
        TransportErrorKind::Closed,
        "the peer closed the connection during the HTTP/2 handshake",
    )
}

/// Streams that we would open before the peer has said how many it allows. Nothing is sent before that.
const UNHEARD: usize = 1;
/// The largest DATA frame that the peer may send: four times the least that HTTP/2 knows (RFC 9113, 6.5.2). Fewer frames mean fewer
/// turns and pieces for a large event; but one frame keeps the others waiting, and larger ones have not been measured.
const MAX_FRAME_SIZE: u32 = 64 << 10;
/// Bytes of a response's headers. AWS answers with less than 2 KiB, and its own servers bound what they take at 16 KiB
/// (SETTINGS_MAX_HEADER_LIST_SIZE in a public trace, pekko-connectors #830).
const MAX_HEADER_LIST_SIZE: u32 = 64 << 10;
/// How long DATA may still arrive for a stream that we reset: many round trips. The library's default, 1 s, is less than what lies
/// in the buffers of a slow path (hyperium/h2 #856).
const RESET_STREAM_DURATION: Duration = Duration::from_secs(30);
/// DATA frames for streams that we have forgotten, in the life of a connection, until the library takes the peer for an attacker and
/// kills the connection. The default, 1,024, is reached by dropping 90 busy streams at 80 ms of round trip.
const MAX_LOCAL_ERROR_RESETS: usize = 100_000;

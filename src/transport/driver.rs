//! The task that reads and writes one connection, asks whether its peer lives, and closes it when nobody needs it. Knows of the
//! pool only what it tells it: how many streams the peer allows, and that the connection is gone.
//!
//! A connection that was quiet for the PING interval is asked; if nothing at all is read from it until the PING time-out is over,
//! it is dead, and its streams end with that; until then it is given no new ones. A time-out found expired is judged only after more reads: a process that was
//! stopped for ten minutes has its answer in the socket, and reads it first.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::{Ping, PingPong};
use tokio::time::{self, Instant};

use super::connection::{Connection, ConnectionId, Ending, Established};
use super::deadline::GRACE;
use super::observed::{BytesRead, Observed};
use super::pool::Pool;
use super::settings::Settings;

/// Drives one connection until it ends.
pub(super) struct Driver {
    /// However the task ends, the pool knows. Dropped first: it hands out no stream of a connection that is gone.
    seat: Seat,
    io: h2::client::Connection<Observed, Bytes>,
    ping: PingPong,
    read: BytesRead,
    settings: Settings,
    connection: Weak<Connection>,
    peer_max_streams: usize,
    draining: bool,
    total_read: u64,
    last_read: Instant,
    /// When a PING went out after which nothing was read yet.
    asked: Option<Instant>,
}

/// A connection's place in its pool.
struct Seat {
    pool: Weak<Pool>,
    id: ConnectionId,
}

impl Driver {
    /// The driver, and the connection that it drives.
    pub(super) fn new(
        established: Established,
        settings: Settings,
        pool: Weak<Pool>,
    ) -> (Self, Arc<Connection>) {
        let Established { connection, io, ping, read } = established;
        let connection = Arc::new(connection);
        let driver = Self {
            seat: Seat { pool, id: connection.id() },
            peer_max_streams: io.max_concurrent_send_streams(),
            draining: false,
            total_read: read.total(),
            last_read: Instant::now(),
            connection: Arc::downgrade(&connection),
            asked: None,
            io,
            ping,
            read,
            settings,
        };
        (driver, connection)
    }

    pub(super) async fn run(mut self) {
        let mut timer = pin!(time::sleep_until(self.next_deadline()));
        loop {
            tokio::select! {
                biased;
                () = poll_fn(|cx| self.turn(cx)) => return,
                () = timer.as_mut() => {
                    if !self.judge().await {
                        return;
                    }
                    timer.as_mut().reset(self.next_deadline());
                }
            }
        }
    }

    /// Reads and writes all there is. Ready when the connection has ended; its streams know by then.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.read.begin_turn();
        let turn = Pin::new(&mut self.io).poll(cx);
        // An acknowledgement is a sign of life like any other; it is taken so that the next PING can go.
        let _ = self.ping.poll_pong(cx);
        if self.read.total() != self.total_read {
            self.total_read = self.read.total();
            self.last_read = Instant::now();
            if self.asked.take().is_some() {
                self.doubt(false);
            }
            self.observe();
        }
        turn.map(|_| ())
    }

    /// Tells the pool what the peer said about new streams.
    fn observe(&mut self) {
        let Some(pool) = self.seat.pool.upgrade() else { return };
        let peer_max_streams = self.io.max_concurrent_send_streams();
        if peer_max_streams != self.peer_max_streams {
            self.peer_max_streams = peer_max_streams;
            pool.allows(self.seat.id, peer_max_streams);
        }
        let Some(connection) = self.connection.upgrade().filter(|_| !self.draining) else { return };
        if let Some(reason) = connection.going_away() {
            self.draining = true;
            tracing::debug!(%reason, "a connection takes no new streams: GOAWAY");
            if reason != h2::Reason::NO_ERROR {
                connection.ends(Ending::GoAway(reason));
            }
            pool.retire(self.seat.id);
        }
    }

    /// Whether the connection goes on, now that a deadline has passed.
    async fn judge(&mut self) -> bool {
        let now = Instant::now();
        if let Some(pool) = self.seat.pool.upgrade() {
            pool.retire_if_idle(self.seat.id, now);
        }
        match self.asked {
            None if now >= self.last_read + self.settings.ping_interval => {
                // An earlier PING that is still on its way asks the same.
                let _ = self.ping.send_ping(Ping::opaque());
                self.asked = Some(now);
                self.doubt(true);
                true
            }
            Some(asked) if now >= asked + self.ping_patience() => self.reads_on().await,
            _ => true,
        }
    }

    /// Reads once more, for a peer that has not answered in time. False when the connection has ended, or ends now.
    async fn reads_on(&mut self) -> bool {
        let read_or_ended = poll_fn(|cx| match self.turn(cx) {
            Poll::Ready(()) => Poll::Ready(false),
            Poll::Pending if self.asked.is_none() => Poll::Ready(true),
            Poll::Pending => Poll::Pending,
        });
        if let Ok(goes_on) = time::timeout(GRACE, read_or_ended).await {
            return goes_on;
        }
        tracing::debug!("a connection is given up: nothing was read after a PING");
        if let Some(connection) = self.connection.upgrade() {
            connection.ends(Ending::PingTimeout);
        }
        false
    }

    /// How long a PING may be unanswered until the last reads begin.
    fn ping_patience(&self) -> Duration {
        self.settings.ping_timeout.saturating_sub(GRACE)
    }

    /// Tells the pool whether a PING is unanswered.
    fn doubt(&self, doubted: bool) {
        if let Some(pool) = self.seat.pool.upgrade() {
            pool.doubts(self.seat.id, doubted);
        }
    }

    fn next_deadline(&self) -> Instant {
        let liveness = match self.asked {
            Some(asked) => asked + self.ping_patience(),
            None => self.last_read + self.settings.ping_interval,
        };
        let idleness = self.seat.pool.upgrade().and_then(|pool| pool.idle_deadline(self.seat.id));
        idleness.map_or(liveness, |idleness| idleness.min(liveness))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.gone(self.id);
        }
    }
}

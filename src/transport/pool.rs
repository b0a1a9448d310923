//! The connections to one origin, and who waits for a stream on one. Knows no request.
//!
//! Calls are served first come, first served. A connection is filled before another is dialled; then as many are dialled as the
//! calls that wait will fill, a few at a time. Every dial serves or fails calls that wait, so that none waits for ever and nothing
//! is dialled in a hot loop. A stream is taken and given back as a [`Slot`]; whoever drops what holds it gives it back, at any
//! point of a call.

mod state;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::connection::{Connection, ConnectionId, Established};
use super::deadline::{GRACE, within};
use super::dial::Dial;
use super::dialling::{start, timed_out};
use super::driver::Driver;
use super::error::{TransportError, TransportErrorKind};
use super::origin::Origin;
use super::settings::Settings;
use super::stats::Http2Stats;
pub(super) use state::DialId;
use state::{State, Ticket, Waiter};

/// Connections to one origin.
pub(super) struct Pool {
    pub(super) origin: Origin,
    pub(super) dial: Arc<dyn Dial>,
    pub(super) settings: Settings,
    me: Weak<Self>,
    state: Mutex<State>,
}

/// Room for one stream on a connection, given back when dropped.
pub(super) struct Slot {
    pool: Weak<Pool>,
    connection: Arc<Connection>,
}

/// Takes a waiting call off the list, wherever it is dropped.
struct Waiting<'a> {
    pool: &'a Pool,
    ticket: Ticket,
    receiver: oneshot::Receiver<Result<Slot, TransportError>>,
}

impl Pool {
    pub(super) fn new(origin: Origin, dial: Arc<dyn Dial>, settings: Settings) -> Arc<Self> {
        let state = Mutex::new(State::new(settings.max_streams as usize));
        Arc::new_cyclic(|me| Self { origin, dial, settings, me: me.clone(), state })
    }

    /// Room for a stream, on another connection than `avoid`. Dropped before it is ready, it leaves nothing behind.
    ///
    /// # Errors
    /// The failure of a dial that was made for it, or a time-out when for `connect_timeout` and a grace no connection was made and
    /// no call served.
    pub(super) async fn acquire(
        &self,
        connect_timeout: Duration,
        avoid: Option<ConnectionId>,
    ) -> Result<Slot, TransportError> {
        let runtime = Handle::try_current().map_err(|error| homeless().caused_by(error))?;
        let (answer, receiver) = oneshot::channel();
        let ticket = self.state().waits(Waiter { answer, runtime, connect_timeout, avoid });
        let mut waiting = Waiting { pool: self, ticket, receiver };
        self.settle();
        let limit = connect_timeout.saturating_add(GRACE);
        let mut since = Instant::now();
        loop {
            let rest = limit.saturating_sub(since.elapsed());
            if let Some(answer) = within(rest, &mut waiting.receiver).await {
                return answer.unwrap_or_else(|_| Err(abandoned()));
            }
            // A call far back in the line waits on while those before it are served.
            match self.state().progress_since(since) {
                Some(progress) => since = progress,
                None => break,
            }
        }
        drop(waiting);
        // The next call has others begun, in its own runtime.
        self.state().forget_stuck_dials();
        Err(timed_out(connect_timeout))
    }

    /// The connection takes no new streams; those that it has go on.
    pub(super) fn retire(&self, id: ConnectionId) {
        let retired = self.state().retire(id);
        // Dropped without the lock: it may be the last that holds the connection.
        drop(retired);
    }

    /// Closes a connection that has had no stream for [`IDLE_TIME`].
    pub(super) fn retire_if_idle(&self, id: ConnectionId, now: Instant) {
        let since = self.state().idle_since(id).flatten();
        if since.is_some_and(|since| now >= since + IDLE_TIME) {
            self.retire(id);
        }
    }

    /// When to ask again whether a connection is idle.
    pub(super) fn idle_deadline(&self, id: ConnectionId) -> Option<Instant> {
        let idle_since = self.state().idle_since(id)?;
        Some(idle_since.unwrap_or_else(Instant::now) + IDLE_TIME)
    }

    /// The peer of a connection allows so many streams from now on.
    pub(super) fn allows(&self, id: ConnectionId, peer_max_streams: usize) {
        self.state().allows(id, self.cap(peer_max_streams));
        self.settle();
    }

    /// A connection may be dead, a PING to it being unanswered, or is known to live.
    pub(super) fn doubts(&self, id: ConnectionId, doubted: bool) {
        self.state().doubts(id, doubted);
        self.settle();
    }

    /// A connection is closed.
    pub(super) fn gone(&self, id: ConnectionId) {
        self.retire(id);
        self.state().closed();
    }

    /// Takes a new connection in and has it driven.
    pub(super) fn adopt(&self, dial: DialId, established: Established) {
        if !self.state().is_dialling(dial) {
            // It took so long that it was given up.
            return;
        }
        let max_streams = self.cap(established.io.max_concurrent_send_streams());
        if max_streams == 0 {
            return self.failed(dial, none_allowed());
        }
        let (driver, connection) = Driver::new(established, self.settings, self.me.clone());
        self.state().connected(dial, connection, max_streams);
        tracing::debug!(origin = %self.origin, max_streams, "connected");
        tokio::spawn(driver.run());
        self.settle();
    }

    /// Fails calls for which a dial was begun.
    pub(super) fn failed(&self, dial: DialId, error: TransportError) {
        tracing::debug!(origin = %self.origin, kind = ?error.kind(), "a dial failed: {error}");
        let failed = self.state().take_failed(dial);
        for waiter in failed {
            // A call that is gone needs no answer.
            let _ = waiter.answer.send(Err(error.clone()));
        }
        self.settle();
    }

    pub(super) fn stats(&self) -> Http2Stats {
        self.state().stats()
    }

    /// Hands out what there is, and dials for those who still wait.
    fn settle(&self) {
        let mut granted = Vec::new();
        let mut dials = Vec::new();
        {
            let mut state = self.state();
            while let Some((answer, connection)) = state.grant() {
                granted.push((answer, Slot { pool: self.me.clone(), connection }));
            }
            while let Some(dial) = state.next_dial() {
                dials.push(dial);
            }
        }
        // Without the lock: the slot of a call that is gone comes back right here.
        for (answer, slot) in granted {
            let _ = answer.send(Ok(slot));
        }
        for (id, connect_timeout, runtime) in dials {
            start(&self.me, id, connect_timeout, &runtime);
        }
    }

    fn release(&self, id: ConnectionId) {
        self.state().released(id);
        self.settle();
    }

    fn cap(&self, peer_max_streams: usize) -> usize {
        peer_max_streams.min(self.settings.max_streams as usize)
    }

    /// A panic elsewhere leaves the state whole: nothing here panics between two changes that belong together.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What keeps new streams off the connection, and can be kept longer than the slot.
    pub(super) fn poison(&self) -> impl Fn() + Send + Sync + 'static {
        let (pool, id) = (self.pool.clone(), self.connection.id());
        move || {
            if let Some(pool) = pool.upgrade() {
                pool.retire(id);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.release(self.connection.id());
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.connection).finish()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waiter = self.pool.state().leaves(self.ticket);
        drop(waiter);
    }
}

fn none_allowed() -> TransportError {
    TransportError::new(
        TransportErrorKind::Protocol,
        "the peer allows no streams (SETTINGS_MAX_CONCURRENT_STREAMS is 0)",
    )
}

fn homeless() -> TransportError {
    TransportError::new(
        TransportErrorKind::Connect,
        "connections are made in a tokio runtime, and there is none",
    )
}

fn abandoned() -> TransportError {
    TransportError::new(TransportErrorKind::Closed, "the dial was abandoned")
}

/// How long a connection may be without a stream until it is closed. Subscriptions end and begin anew every 5 minutes at
/// different times, so a connection that nobody needed for a minute is too many.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(60);

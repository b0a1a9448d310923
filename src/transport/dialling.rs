//! Making one connection for a pool: dial, handshake, time-out. Knows the pool only to hand it what came of it.

use std::sync::Weak;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::connection::{ConnectionId, Established, establish};
use super::deadline::within;
use super::error::{TransportError, TransportErrorKind};
use super::pool::{DialId, Pool};

/// A connection that is being made.
pub(super) struct Dialling {
    pub(super) began: Instant,
    pub(super) limit: Duration,
    /// How many had been made before.
    pub(super) dialled_before: u64,
}

/// Tells the pool of the failure of a dial whose task is dropped, with its runtime.
struct Unfinished {
    pool: Weak<Pool>,
    id: Option<DialId>,
}

/// Makes a connection, in a task of its own: calls that wait may go, and the connection serves others.
pub(super) fn start(pool: &Weak<Pool>, id: DialId, connect_timeout: Duration, runtime: &Handle) {
    let mut unfinished = Unfinished { pool: pool.clone(), id: Some(id) };
    runtime.spawn(async move {
        let made = connect(&unfinished.pool, id, connect_timeout).await;
        unfinished.id = None;
        match (unfinished.pool.upgrade(), made) {
            (Some(pool), Ok(established)) => pool.adopt(id, established),
            (Some(pool), Err(error)) => pool.failed(id, error),
            // The client is gone.
            (None, _) => {}
        }
    });
}

async fn connect(pool: &Weak<Pool>, id: DialId, limit: Duration) -> Result<Established, TransportError> {
    let Some((dial, settings)) =
        pool.upgrade().map(|pool| (pool.dial.dial(pool.origin.clone()), pool.settings))
    else {
        return Err(abandoned());
    };
    let made = within(limit, async { establish(dial.await?, &settings, ConnectionId(id)).await });
    made.await.unwrap_or_else(|| Err(timed_out(limit)))
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let (Some(id), Some(pool)) = (self.id, self.pool.upgrade()) {
            pool.failed(id, abandoned());
        }
    }
}

pub(super) fn timed_out(limit: Duration) -> TransportError {
    TransportError::new(TransportErrorKind::ConnectTimeout, format!("no connection within {limit:?}"))
}

fn abandoned() -> TransportError {
    TransportError::new(TransportErrorKind::Closed, "the dial was abandoned with its runtime")
}

//! A dial whose connections are pipes, each with a peer behind it.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::super::dial::{Dial, DialFuture, Io};
use super::super::error::{TransportError, TransportErrorKind};
use super::super::origin::Origin;
use super::tap::{Seen, Tap};

type Peer = dyn Fn(usize, DuplexStream) + Send + Sync;

/// Makes pipes; counts and remembers them.
pub(super) struct Network {
    dials: AtomicUsize,
    most_at_once: AtomicUsize,
    under_way: Arc<AtomicUsize>,
    taps: Mutex<Vec<Seen>>,
    peer: Box<Peer>,
    outcome: Box<dyn Fn(usize) -> Outcome + Send + Sync>,
    delay: Duration,
}

/// What becomes of a dial.
pub(super) enum Outcome {
    Connects,
    /// Connects after so long.
    Late(Duration),
    Fails,
    Hangs,
}

impl Network {
    /// `peer` is given the number of each connection, from 0, and its other end.
    pub(super) fn new(peer: impl Fn(usize, DuplexStream) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self::unshared(peer))
    }

    /// Bytes take `delay` each way.
    pub(super) fn delayed(
        delay: Duration,
        peer: impl Fn(usize, DuplexStream) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { delay, ..Self::unshared(peer) })
    }

    /// `outcome` is given the number of each dial, from 0.
    pub(super) fn with_outcome(
        outcome: impl Fn(usize) -> Outcome + Send + Sync + 'static,
        peer: impl Fn(usize, DuplexStream) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { outcome: Box::new(outcome), ..Self::unshared(peer) })
    }

    fn unshared(peer: impl Fn(usize, DuplexStream) + Send + Sync + 'static) -> Self {
        Self {
            dials: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            under_way: Arc::default(),
            taps: Mutex::default(),
            peer: Box::new(peer),
            outcome: Box::new(|_| Outcome::Connects),
            delay: Duration::ZERO,
        }
    }

    pub(super) fn dials(&self) -> usize {
        self.dials.load(Ordering::SeqCst)
    }

    pub(super) fn most_dials_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    pub(super) fn tap(&self, connection: usize) -> Seen {
        self.taps.lock().unwrap()[connection].clone()
    }

    /// Frames of a kind on all connections that the client has received.
    pub(super) fn received(&self, kind: u8) -> usize {
        self.taps.lock().unwrap().iter().map(|tap| tap.received(kind)).sum()
    }

    pub(super) fn sent(&self, kind: u8) -> usize {
        self.taps.lock().unwrap().iter().map(|tap| tap.sent(kind)).sum()
    }

    fn connect(&self) -> Io {
        let (near, far) = duplex(PIPE);
        let (tap, seen) = Tap::new(near);
        let number = {
            let mut taps = self.taps.lock().unwrap();
            taps.push(seen);
            taps.len() - 1
        };
        (self.peer)(number, if self.delay.is_zero() { far } else { delayed(self.delay, far) });
        Box::new(tap)
    }
}

impl Dial for Network {
    fn dial(&self, _: Origin) -> DialFuture {
        let number = self.dials.fetch_add(1, Ordering::SeqCst);
        let under_way = UnderWay::begin(&self.under_way);
        self.most_at_once.fetch_max(self.under_way.load(Ordering::SeqCst), Ordering::SeqCst);
        match (self.outcome)(number) {
            Outcome::Connects => {
                let io = self.connect();
                Box::pin(async move {
                    // As a real dial, it takes more than one turn.
                    tokio::task::yield_now().await;
                    drop(under_way);
                    Ok(io)
                })
            }
            Outcome::Late(after) => {
                let io = self.connect();
                Box::pin(async move {
                    sleep_until(Instant::now() + after).await;
                    drop(under_way);
                    Ok(io)
                })
            }
            Outcome::Fails => Box::pin(async move {
                drop(under_way);
                Err(TransportError::new(TransportErrorKind::Connect, "nothing listens"))
            }),
            Outcome::Hangs => Box::pin(async move {
                let _under_way = under_way;
                pending().await
            }),
        }
    }
}

struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A pipe on which bytes arrive after `delay`, in both directions.
fn delayed(delay: Duration, io: DuplexStream) -> DuplexStream {
    let (near, far) = duplex(PIPE);
    let (io_read, io_write) = tokio::io::split(io);
    let (far_read, far_write) = tokio::io::split(far);
    carry(delay, io_read, far_write);
    carry(delay, far_read, io_write);
    near
}

fn carry(
    delay: Duration,
    mut from: impl AsyncReadExt + Send + Unpin + 'static,
    mut to: impl AsyncWriteExt + Send + Unpin + 'static,
) {
    let (queue, mut queued) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; PIPE];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let due = Instant::now() + delay;
            if queue.send((due, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((due, bytes)) = queued.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
    });
}

const PIPE: usize = 256 << 10;

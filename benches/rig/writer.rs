//! Writes the events of one subscription, by the mode of its shard.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use kinesis_fanout::wire;
use tokio::time::MissedTickBehavior;

use super::mode::Mode;
use super::{Outcome, events, pages};

/// What all subscriptions of a server write, and how much they have written.
pub(crate) struct Written {
    /// The prepared event.
    prepared: Bytes,
    small: Bytes,
    empty: Bytes,
    /// What a poll brings.
    pub(crate) page: Bytes,
    /// Bytes of events without pace.
    pub(crate) flooded: AtomicU64,
    /// Events of every kind.
    pub(crate) events: AtomicU64,
    /// Subscriptions that are open and have written their first event.
    pub(crate) open: AtomicU64,
}

impl Written {
    pub(crate) fn new(shape: events::Shape) -> Outcome<Self> {
        Ok(Self {
            prepared: shape.frame()?,
            small: events::Shape::plain(1, 100).frame()?,
            empty: events::empty()?,
            page: pages::page(shape)?,
            flooded: AtomicU64::new(0),
            events: AtomicU64::new(0),
            open: AtomicU64::new(0),
        })
    }

    /// Writes until the stream is reset or its connection ends, which is the error that comes back.
    pub(crate) async fn write(&self, mut body: SendStream<Bytes>, mode: Mode) -> Outcome<()> {
        send(&mut body, wire::initial_response(), None).await?;
        self.open.fetch_add(1, Ordering::Relaxed);
        let ended = self.write_events(&mut body, mode).await;
        self.open.fetch_sub(1, Ordering::Relaxed);
        ended
    }

    /// Writes a page, and ends the stream.
    pub(crate) async fn write_page(&self, mut body: SendStream<Bytes>) -> Outcome<()> {
        send(&mut body, self.page.clone(), None).await?;
        Ok(body.send_data(Bytes::new(), true)?)
    }

    async fn write_events(&self, body: &mut SendStream<Bytes>, mode: Mode) -> Outcome<()> {
        let mut pace = match mode {
            Mode::Flood => None,
            Mode::Idle => Some(tokio::time::interval(IDLE)),
            Mode::Paced(rate) | Mode::Tick(rate) | Mode::Stamped(rate) => {
                Some(tokio::time::interval(Duration::from_secs(1) / rate))
            }
        };
        if let Some(pace) = &mut pace {
            pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        }
        loop {
            if let Some(pace) = &mut pace {
                tokio::select! {
                    _ = pace.tick() => {}
                    reset = poll_fn(|context| body.poll_reset(context)) => return Err(reset?.to_string().into()),
                }
            }
            match mode {
                Mode::Flood => send(body, self.prepared.clone(), Some(&self.flooded)).await?,
                Mode::Paced(_) => send(body, self.prepared.clone(), None).await?,
                Mode::Tick(_) => send(body, self.small.clone(), None).await?,
                Mode::Stamped(_) => send(body, events::stamped(STAMPED)?, None).await?,
                Mode::Idle => send(body, self.empty.clone(), None).await?,
            }
            self.events.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sends these bytes as far as the stream's window allows, and waits for the rest of them.
async fn send(body: &mut SendStream<Bytes>, mut bytes: Bytes, count: Option<&AtomicU64>) -> Outcome<()> {
    while !bytes.is_empty() {
        body.reserve_capacity(bytes.len());
        let allowed =
            poll_fn(|context| body.poll_capacity(context)).await.ok_or("the stream has ended")??;
        let part = bytes.split_to(allowed.min(bytes.len()));
        if let Some(count) = count {
            count.fetch_add(part.len() as u64, Ordering::Relaxed);
        }
        body.send_data(part, false)?;
    }
    Ok(())
}

/// The service's cadence for a shard without records (rust-sdk issues, KCL's time-out).
const IDLE: Duration = Duration::from_secs(5);
/// The size of a record that carries its time.
const STAMPED: usize = 1024;

//! Measures what AWS does not document about a stream with a registered consumer, on a stream that it makes for that.
//!
//! It knows no command line and no files. Whatever happens between [`Probe::create`] and [`Probe::clean_up`], the latter removes
//! what the former made; so it has to be called.
//!
//! Times are told apart by bounds: a call that was answered between two instants says "not yet" or "now", and the time lies
//! between the last "not yet" and the first "now". See [`Bracket`].

mod bracket;
mod events;
mod http2;
mod kinesis;
mod lifecycle;
mod place;
mod polling;
mod positions;
mod report;
mod shard_end;

use std::fmt;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::DisplayErrorContext;

pub(crate) use report::Report;

use bracket::{Bracket, Span};
use kinesis::Kinesis;

/// The shards of the stream, each for its own measurements.
const SHARDS: usize = 3;
/// Few records: for who is let in and who not, for idle subscriptions, and in the end for a split.
const QUIET: usize = 0;
/// Many small records: for the most records in an event.
const SMALL: usize = 1;
/// Larger records: for the most bytes in an event.
const LARGE: usize = 2;
/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// What went wrong.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

/// A run of the probe.
#[derive(Debug)]
pub(crate) struct Probe {
    kinesis: Kinesis,
    endpoint_url: Option<String>,
    report: Report,
    tell: fn(&str),
    is_created: bool,
    /// The call that created the stream.
    created: Option<Span>,
    /// How long a place is kept, for telling what frees it earlier.
    take_over: Bracket,
    /// How long to wait between two tries to subscribe.
    pause: Duration,
}

impl Probe {
    /// A probe that makes the stream of this name. The client must not retry; `endpoint_url` is the one that it was given, if it
    /// was given one. `tell` is told what happens.
    pub(crate) fn new(client: Client, endpoint_url: Option<String>, stream: &str, tell: fn(&str)) -> Self {
        Self {
            kinesis: Kinesis::new(client, stream),
            endpoint_url,
            report: Report::new(stream),
            tell,
            is_created: false,
            created: None,
            take_over: Bracket::default(),
            pause: place::QUICK,
        }
    }

    /// Makes the stream and waits for it. Not to be dropped half way: what was asked for has to be known.
    ///
    /// # Errors
    /// When there is a stream of that name already, which stays untouched, and when AWS refuses.
    pub(crate) async fn create(&mut self) -> Result<(), Failure> {
        self.create_stream().await
    }

    /// Measures. What cannot be measured is noted with its reason, and the others go on.
    ///
    /// # Errors
    /// When no consumer can be registered or nothing can be written.
    pub(crate) async fn measure(&mut self) -> Result<(), Failure> {
        self.wait_for_stream().await?;
        self.register_consumer().await?;
        self.fill().await?;
        let connection = self.connection().await;
        self.note("connection", connection);
        let idle = self.idle().await;
        self.note("idle_subscription", idle);
        let take_over = self.take_over().await;
        self.note("second_subscription", take_over);
        let hang_up = self.hang_up().await;
        self.note("slot_after_hang_up", hang_up);
        let positions = self.positions().await;
        self.note("starting_position", positions);
        let polling = self.polling().await;
        self.note("polling", polling);
        let records = self.event_records().await;
        self.note("event_records", records);
        let bytes = self.event_bytes().await;
        self.note("event_bytes", bytes);
        let shard_end = self.shard_end().await;
        self.note("shard_end", shard_end);
        Ok(())
    }

    /// Removes the consumer and the stream, and measures how long that takes. Nothing happens if nothing was made.
    ///
    /// # Errors
    /// When something is left.
    pub(crate) async fn clean_up(&mut self) -> Result<(), Failure> {
        if !self.is_created {
            return Ok(());
        }
        (self.tell)("removing the consumer and the stream");
        if let Err(failure) = self.deregister_consumer().await {
            // A consumer that is left goes with its stream.
            (self.tell)(&format!("the consumer stays until its stream goes: {failure}"));
        }
        self.delete_stream().await
    }

    /// What was measured so far.
    pub(crate) fn report(&self) -> &Report {
        &self.report
    }

    fn note(&mut self, name: &str, measured: Result<serde_json::Value, Failure>) {
        (self.tell)(&match &measured {
            Ok(_) => format!("measured {name}"),
            Err(failure) => format!("not measured: {name}: {failure}"),
        });
        self.report.measured(name, measured);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(DisplayErrorContext(&error).to_string())
    }
}

//! The events of a subscription: when idle ones come, what their continuation is, and how much an event holds.

use std::time::Duration;

use aws_sdk_kinesis::types::{EncryptionType, Record, ShardIteratorType, SubscribeToShardEvent};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::bracket::{Bracket, millis};
use super::{Failure, LARGE, Probe, QUIET, SMALL};

/// So many records with so many bytes are written; enough for several full events, if these are of the size that is known.
const QUIET_RECORDS: usize = 2;
const SMALL_RECORDS: usize = 2_500;
const LARGE_RECORDS: usize = 900;
const LARGE_BYTES: usize = 4_096;
/// Idle events that are waited for.
const IDLE_EVENTS: usize = 5;

impl Probe {
    /// Writes the records of all measurements.
    pub(super) async fn fill(&mut self) -> Result<(), Failure> {
        (self.tell)("writing records");
        self.kinesis.put(QUIET, QUIET_RECORDS, 2).await?;
        self.kinesis.put(SMALL, SMALL_RECORDS, 2).await?;
        self.kinesis.put(LARGE, LARGE_RECORDS, LARGE_BYTES).await
    }

    /// Waits with an idle subscription, and then puts a record for it.
    pub(super) async fn idle(&mut self) -> Result<Value, Failure> {
        let mut subscription = self.open_at(QUIET, ShardIteratorType::Latest).await?;
        let first = subscription.first_came - subscription.call.answered;
        let mut came = subscription.first_came;
        let mut numbers = vec![subscription.first.continuation_sequence_number().to_owned()];
        let mut intervals = Vec::new();
        for _ in 0..IDLE_EVENTS {
            let event = subscription.event().await?;
            let now = Instant::now();
            intervals.push(now - came);
            came = now;
            numbers.push(event.continuation_sequence_number().to_owned());
        }
        let put = Instant::now();
        self.kinesis.put(QUIET, 1, 2).await?;
        let event = loop {
            let event = subscription.event().await?;
            if !event.records().is_empty() {
                break event;
            }
        };
        let delivered = put.elapsed();
        intervals.sort();
        // Events may come late, but not early.
        let shortest = intervals[0];
        let bounds = Bracket { at_least: shortest, at_most: intervals.last().copied() };
        self.report.time_within("idle_event_interval_ms", shortest, bounds);
        let form = self.continuation(&event)?;
        Ok(json!({
            "first_event_ms": millis(first),
            "intervals_ms": intervals.iter().copied().map(millis).collect::<Vec<_>>(),
            "continuation_moves": numbers.windows(2).any(|pair| pair[0] != pair[1]),
            "continuation_of_records": form,
            "new_record_after_ms": millis(delivered),
        }))
    }

    /// The most records in an event.
    pub(super) async fn event_records(&mut self) -> Result<Value, Failure> {
        let caught_up = self.catch_up(SMALL, SMALL_RECORDS).await?;
        let most = caught_up.most(|(records, _)| *records);
        self.report.setting("event_max_records", most);
        Ok(caught_up.to_json())
    }

    /// The most bytes in an event.
    pub(super) async fn event_bytes(&mut self) -> Result<Value, Failure> {
        let caught_up = self.catch_up(LARGE, LARGE_RECORDS).await?;
        let most = caught_up.most(|(_, bytes)| *bytes);
        self.report.setting("event_max_bytes", most);
        Ok(caught_up.to_json())
    }

    /// What the continuation of an event with records is.
    fn continuation(&mut self, event: &SubscribeToShardEvent) -> Result<&'static str, Failure> {
        let last = event.records().last().ok_or(Failure("an event without records".into()))?;
        let number = last.sequence_number();
        let form = match event.continuation_sequence_number() == number {
            true => "equal_to_last_record",
            false => "never_a_record",
        };
        self.report.setting("continuation", Some(form));
        self.report.setting(
            "sequence_numbers",
            match number.len() {
                56 => Some("digits56"),
                30 => Some("padded30"),
                _ => None,
            },
        );
        self.report.setting(
            "encryption",
            Some(match last.encryption_type() {
                Some(EncryptionType::Kms) => json!("kms"),
                Some(_) => json!("none"),
                None => Value::Null,
            }),
        );
        Ok(form)
    }

    /// Reads so many records from the trim horizon.
    async fn catch_up(&mut self, shard: usize, count: usize) -> Result<CaughtUp, Failure> {
        let began = Instant::now();
        let mut subscription = self.open(shard).await?;
        let mut events = vec![size(&subscription.first)];
        let mut records = subscription.first.records().len();
        while records < count {
            let event = subscription.event().await?;
            records += event.records().len();
            events.push(size(&event));
        }
        Ok(CaughtUp { events, took: began.elapsed() })
    }
}

/// The records and bytes of each event up to the latest record.
struct CaughtUp {
    events: Vec<(usize, usize)>,
    took: Duration,
}

impl CaughtUp {
    /// The size that full events share: at least two of them, the last one, which is not full, left out.
    fn most(&self, size: impl Fn(&(usize, usize)) -> usize) -> Option<usize> {
        let full = &self.events[..self.events.len() - 1];
        let most = full.iter().map(&size).max()?;
        (full.iter().filter(|event| size(event) == most).count() > 1).then_some(most)
    }

    fn to_json(&self) -> Value {
        let bytes: usize = self.events.iter().map(|(_, bytes)| bytes).sum();
        json!({
            "most_records": self.events.iter().map(|(records, _)| records).max(),
            "most_bytes": self.events.iter().map(|(_, bytes)| bytes).max(),
            "events": self.events.len(),
            "bytes": bytes,
            "took_ms": millis(self.took),
        })
    }
}

/// Records, and their bytes with partition keys.
fn size(event: &SubscribeToShardEvent) -> (usize, usize) {
    let bytes = |record: &Record| record.data().as_ref().len() + record.partition_key().map_or(0, str::len);
    (event.records().len(), event.records().iter().map(bytes).sum())
}

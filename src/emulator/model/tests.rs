//! The rules that a local server gets wrong most easily, one by one, in virtual time.

use std::time::Duration;

use super::*;
use crate::emulator::{Continuation, RefusalForm, ShardEnd, SlotAfterHangUp};
use crate::kinesis::RegisteredConsumer;
use crate::model::{
    ConsumerStatus, HashKeyRange, SequenceNumber, Shard, ShardId, StreamReference, StreamStatus,
};

mod account;
mod describe;
mod dry_runs;
mod listing;
mod polling;
mod positions;
mod properties;
mod registration;
mod reshard;
mod scaling;
mod subscriptions;
mod tags;
mod total;
mod writes;

/// A model with one stream, one ACTIVE consumer and a clock.
struct World {
    model: Model,
    now: Timestamp,
    consumer: String,
}

impl World {
    fn new(settings: Settings) -> Self {
        Self::with_shards(1, settings)
    }

    fn with_shards(shards: usize, settings: Settings) -> Self {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut model = Model::new(settings);
        model.create_stream("orders", shards, now).unwrap();
        let consumer = model.register_stream_consumer(&stream(), "billing", now).unwrap();
        let mut world = Self { model, now, consumer: consumer.arn };
        world.pass(world.model.settings().consumer_creation_time);
        world
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    fn millis(&mut self, millis: u64) {
        self.pass(Duration::from_millis(millis));
    }

    /// Puts a record that goes to the shard of this hash key.
    fn put_at(&mut self, hash_key: u128, data: &str) -> SequenceNumber {
        let record = NewRecord {
            partition_key: Some("k".into()),
            explicit_hash_key: Some(hash_key.to_string()),
            data: data.to_owned().into(),
        };
        let put = self.model.put_record(&stream(), record, self.now);
        put.unwrap().sequence_number
    }

    fn put(&mut self, data: &str) -> SequenceNumber {
        self.put_at(0, data)
    }

    fn subscribe_to(&mut self, shard: usize, start: Start) -> Answer<Admission> {
        let consumer = self.consumer.clone();
        self.model.subscribe_to_shard(&consumer, &shard::id(shard), &start, self.now)
    }

    fn subscribe(&mut self, start: Start) -> Answer<Admission> {
        self.subscribe_to(0, start)
    }

    fn open(&mut self, start: Start) -> SubscriptionId {
        opened(self.subscribe(start))
    }

    fn next(&mut self, id: SubscriptionId) -> Next {
        self.model.subscription_next(id, self.now)
    }

    fn event(&mut self, id: SubscriptionId) -> LoggedEvent {
        match self.next(id) {
            Next::Event(event) => event,
            other => panic!("no event, but {other:?}"),
        }
    }

    /// The payloads of the next event.
    fn payloads(&mut self, id: SubscriptionId) -> Vec<String> {
        payloads(&self.event(id))
    }

    fn shards(&mut self) -> Vec<Shard> {
        self.model.all_shards(&stream(), self.now).unwrap()
    }

    fn split(&mut self, shard: usize) {
        self.model.split_shard_in_half(&stream(), shard::id(shard).as_str(), self.now).unwrap();
    }

    fn merge(&mut self, a: usize, b: usize) {
        let (a, b) = (shard::id(a), shard::id(b));
        self.model.merge_shards(&stream(), a.as_str(), b.as_str(), self.now).unwrap();
    }
}

/// Free of the limit of one call a second and of the 5 s rule.
fn free() -> Settings {
    Settings { limit_calls: false, take_over_after: Duration::ZERO, ..Settings::default() }
}

fn stream() -> StreamReference {
    StreamReference::Name("orders".into())
}

fn opened(admission: Answer<Admission>) -> SubscriptionId {
    match admission {
        Ok(Admission::Open(id)) => id,
        other => panic!("not open: {other:?}"),
    }
}

fn payloads(event: &LoggedEvent) -> Vec<String> {
    let records = event.records.iter();
    records.map(|record| String::from_utf8(record.data.to_vec()).unwrap()).collect()
}

fn code<T: std::fmt::Debug>(answer: Answer<T>) -> String {
    answer.unwrap_err().code.into_owned()
}

const SECOND: Duration = Duration::from_secs(1);

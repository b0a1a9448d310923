//! A consumer that is read while things go wrong, with a word of everything that was put and of everything that came.

use std::time::Duration;

use kinesis_fanout::consumer::{ChangeCause, ConsumerBuilder, ConsumerEvent, DeliveryMode, Events};
use kinesis_fanout::emulator::LocalKinesis;
use kinesis_fanout::{ConsumerHandle, RecordStream};

use crate::world::*;

/// What happens to one consumer.
pub(crate) struct Scene {
    pub(crate) kinesis: LocalKinesis,
    pub(crate) handle: ConsumerHandle,
    pub(crate) records: RecordStream,
    events: Events,
    seen: Vec<ConsumerEvent>,
    expected: Vec<String>,
    taken: Vec<String>,
    rounds: usize,
}

impl Scene {
    pub(crate) async fn start(kinesis: &LocalKinesis, builder: ConsumerBuilder) -> Self {
        let consumer = builder.build().await.unwrap();
        let handle = consumer.handle();
        Self {
            kinesis: kinesis.clone(),
            events: handle.events(),
            handle,
            records: consumer.into_stream(),
            seen: Vec::new(),
            expected: Vec::new(),
            taken: Vec::new(),
            rounds: 0,
        }
    }

    /// Puts two records and an aggregate of three into the shard of the smallest hash key, whichever that is by now.
    pub(crate) fn put(&mut self) {
        let round = numbered(&format!("round-{}", self.rounds), 5);
        self.rounds += 1;
        put_data(&self.kinesis, round[0].clone());
        put_data(&self.kinesis, aggregate(&round[1..4]));
        put_data(&self.kinesis, round[4].clone());
        self.expected.extend(round);
    }

    /// Reads for so long.
    pub(crate) async fn read_for(&mut self, time: Duration) {
        let taken = take_for(&mut self.records, time).await;
        self.taken.extend(texts(&taken));
    }

    /// Reads so many records.
    pub(crate) async fn read(&mut self, count: usize) {
        let taken = take(&mut self.records, count).await;
        self.taken.extend(texts(&taken));
    }

    /// Puts and reads for so long, a round every `every`.
    pub(crate) async fn go_on(&mut self, time: Duration, every: Duration) {
        for _ in 0..time.as_millis() / every.as_millis() {
            self.put();
            self.read_for(every).await;
        }
    }

    /// Reads what is still to come: nothing was lost, doubled, or out of order, a child's records before its parents' included.
    pub(crate) async fn check(&mut self, what: &str) {
        self.read_for(Duration::from_secs(60)).await;
        let wrong = self.taken.iter().zip(&self.expected).position(|(taken, expected)| taken != expected);
        let at = wrong.unwrap_or(self.taken.len().min(self.expected.len()));
        let near =
            |texts: &[String]| texts.iter().skip(at.saturating_sub(2)).take(6).cloned().collect::<Vec<_>>();
        assert!(
            self.taken == self.expected,
            "{what}: {} of {} came; from {at}: {:?} for {:?}",
            self.taken.len(),
            self.expected.len(),
            near(&self.taken),
            near(&self.expected)
        );
    }

    /// How many records have come.
    pub(crate) fn taken(&self) -> usize {
        self.taken.len()
    }

    /// How many records have been put.
    pub(crate) fn expected(&self) -> usize {
        self.expected.len()
    }

    /// What has happened since this was last asked.
    pub(crate) fn happened(&mut self) -> Vec<ConsumerEvent> {
        let new = so_far(&mut self.events);
        self.seen.extend(new.clone());
        new
    }

    /// All that has happened.
    pub(crate) fn seen(&mut self) -> &[ConsumerEvent] {
        self.happened();
        &self.seen
    }

    /// Every change of delivery so far, in order.
    pub(crate) fn changes(&mut self) -> Vec<(DeliveryMode, ChangeCause)> {
        changes(self.seen())
    }

    /// How the shards are read now, as the handle tells.
    pub(crate) fn modes(&self) -> Vec<DeliveryMode> {
        self.handle.lag().into_iter().map(|lag| lag.delivery).collect()
    }

    /// Whether all shards are read in this way now.
    pub(crate) fn all(&self, mode: DeliveryMode) -> bool {
        let modes = self.modes();
        !modes.is_empty() && modes.iter().all(|now| *now == mode)
    }

    /// The probes that failed so far.
    pub(crate) fn failed_probes(&mut self) -> usize {
        let failed = |event: &&ConsumerEvent| matches!(event, ConsumerEvent::ProbeFailed { .. });
        self.seen().iter().filter(failed).count()
    }
}

/// The changes of delivery among these events.
pub(crate) fn changes(events: &[ConsumerEvent]) -> Vec<(DeliveryMode, ChangeCause)> {
    let change = |event: &ConsumerEvent| match event {
        ConsumerEvent::DeliveryChanged { from, to, cause, .. } => {
            assert_ne!(from, to);
            Some((*to, cause.clone()))
        }
        _ => None,
    };
    events.iter().filter_map(change).collect()
}

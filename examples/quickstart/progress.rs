use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures::StreamExt;
use kinesis_fanout::consumer::{ConsumerEvent, DeliveryMode, Events, ShardLag};
use kinesis_fanout::{Record, ShardId};

/// What the consumer tells of itself, for the live line and the table.
pub(crate) struct Progress {
    began: Instant,
    records: AtomicU64,
    bytes: AtomicU64,
    shown: AtomicU64,
    shards: Mutex<BTreeMap<String, Shard>>,
}

#[derive(Default)]
struct Shard {
    is_child: bool,
    has_ended: bool,
    subscribed: u64,
    renewed: u64,
    /// From fan-out to polling.
    fell_back: u64,
    /// From polling to fan-out.
    returned: u64,
    since: Option<Instant>,
    until: Option<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            records: AtomicU64::default(),
            bytes: AtomicU64::default(),
            shown: AtomicU64::default(),
            shards: Mutex::default(),
        }
    }
}

impl Progress {
    pub(crate) async fn follow(self: std::sync::Arc<Self>, mut events: Events) {
        while let Some(event) = events.next().await {
            self.note(event);
        }
    }

    fn note(&self, event: ConsumerEvent) {
        match event {
            ConsumerEvent::ShardStarted { shard_id, parents } => {
                self.with(&shard_id, |shard| {
                    shard.is_child = !parents.is_empty();
                    shard.since = Some(Instant::now());
                });
            }
            ConsumerEvent::Subscribed { shard_id } => self.with(&shard_id, |shard| shard.subscribed += 1),
            ConsumerEvent::Renewed { shard_id } => self.with(&shard_id, |shard| shard.renewed += 1),
            ConsumerEvent::DeliveryChanged { shard_id, to, .. } => self.with(&shard_id, |shard| match to {
                DeliveryMode::Polling => shard.fell_back += 1,
                DeliveryMode::FanOut => shard.returned += 1,
            }),
            ConsumerEvent::ShardEnded { shard_id, .. } => self.with(&shard_id, |shard| {
                shard.has_ended = true;
                shard.until = Some(Instant::now());
            }),
            ConsumerEvent::Registered { consumer_arn } => println!("registered {consumer_arn}"),
            // The end of each subscription is seen in the renewal after it.
            _ => {}
        }
    }

    fn with(&self, shard_id: &ShardId, note: impl FnOnce(&mut Shard)) {
        let mut shards = self.shards.lock().expect("no holder panics");
        note(shards.entry(shard_id.to_string()).or_default());
    }

    pub(crate) fn count(&self, record: &Record) {
        self.records.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(record.data().len() as u64, Ordering::Relaxed);
    }

    pub(crate) fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// The live line, with how the shards are read now.
    pub(crate) fn show(&self, shards: &[ShardLag]) {
        let records = self.records();
        let rate = records - self.shown.swap(records, Ordering::Relaxed);
        let bytes = self.bytes.load(Ordering::Relaxed);
        let lag = shards.iter().filter_map(|shard| shard.millis_behind_latest).max().unwrap_or(0);
        let polled = shards.iter().filter(|shard| shard.delivery == DeliveryMode::Polling).count();
        let pushed = shards.len() - polled;
        let renewals: u64 =
            self.shards.lock().expect("no holder panics").values().map(|shard| shard.renewed).sum();
        print!(
            "\r{:>4} s  {records:>7} records  {:>6.1} MB  {rate:>5} records/s  lag {lag:>4} ms  \
             shards: {pushed} by fan-out, {polled} by polling  {renewals:>3} renewals ",
            self.began.elapsed().as_secs(),
            bytes as f64 / 1e6,
        );
        let _ = std::io::stdout().flush();
    }

    /// What should have become of the shards in an outage of fan-out that began then, and has not.
    pub(crate) fn missed_changes(&self, began: Instant) -> Vec<String> {
        let shards = self.shards.lock().expect("no holder panics");
        let concerned = shards.iter().filter(|(_, shard)| shard.until.is_none_or(|until| until > began));
        let missed = |(id, shard): (&String, &Shard)| {
            let what = match shard {
                Shard { fell_back: 0, .. } => "did not fall back to polling",
                Shard { returned: 0, has_ended: false, .. } => "did not return to fan-out",
                _ => return None,
            };
            Some(format!("{id} {what}"))
        };
        concerned.filter_map(missed).collect()
    }

    /// The part of the table that the consumer tells.
    pub(crate) fn table(&self) -> String {
        let shards = self.shards.lock().expect("no holder panics");
        let total = |count: fn(&Shard) -> u64| shards.values().map(count).sum::<u64>();
        let mut table = String::new();
        let _ =
            writeln!(table, "subscriptions opened             {:>10}", total(|s| s.subscribed + s.renewed));
        let _ = writeln!(table, "renewals                         {:>10}", total(|s| s.renewed));
        let _ = writeln!(table, "from fan-out to polling          {:>10}", total(|s| s.fell_back));
        let _ = writeln!(table, "and back                         {:>10}", total(|s| s.returned));
        let _ = writeln!(table, "child shards followed            {:>10}", total(|s| u64::from(s.is_child)));
        for (id, shard) in shards.iter() {
            let seconds = shard.since.map_or(0.0, |since| {
                shard.until.unwrap_or_else(Instant::now).duration_since(since).as_secs_f64()
            });
            let _ = writeln!(table, "  {id}  read for {seconds:>4.1} s, {} renewals", shard.renewed);
        }
        table
    }
}

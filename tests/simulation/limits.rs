//! A hundred shards that are polled for ten minutes, half of them far behind: never faster than the service allows, and hardly slower.
//!
//! The service here is one page for each kind of shard, given again and again, and the limits of GetRecords: a gigabyte for each shard
//! would say no more.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use kinesis_fanout::engine::polling::{self, PollingConfig};
use kinesis_fanout::engine::reader::{Command, Event, Input, Reader, ReaderConfig};
use kinesis_fanout::engine::subscription::SubscriptionConfig;
use kinesis_fanout::engine::{CallId, Output, ShardStart};
use kinesis_fanout::model::{KinesisRecord, RecordsPage};

use super::luck::Luck;

#[test]
fn a_hundred_polled_shards_keep_to_the_limits_and_use_them() {
    let mut luck = Luck::seeded(7);
    let base = Instant::now();
    let mut shards: Vec<Polled> = (0..SHARDS).map(|index| Polled::new(index, base)).collect();
    let mut turns: BTreeSet<(Duration, usize)> = (0..SHARDS).map(|index| (Duration::ZERO, index)).collect();
    while let Some((now, index)) = turns.pop_first() {
        if now >= TEN_MINUTES {
            break;
        }
        shards[index].step(now, &mut luck);
        turns.insert((shards[index].next(), index));
    }
    for shard in &shards {
        shard.assert_limits_are_used();
    }
}

/// A shard, its reader, and what the service has given.
struct Polled {
    reader: Reader,
    base: Instant,
    page: RecordsPage,
    due: Option<Duration>,
    /// When the call arrives, or its answer does.
    call: Option<(Duration, Call)>,
    has_room: bool,
    scans: VecDeque<Duration>,
    /// When what was given arrived, in bytes, in the last five seconds.
    given: VecDeque<(Duration, usize)>,
    given_in_all: usize,
    paid_until: Duration,
    blocked_until: Duration,
    last_scan: Option<Duration>,
    first_page: Option<Duration>,
}

enum Call {
    Iterator(CallId, Instant),
    Arriving(CallId, Instant),
    Answered(CallId, Instant),
}

impl Polled {
    fn new(index: usize, base: Instant) -> Self {
        let config = ReaderConfig {
            subscription: SubscriptionConfig {
                silence: Duration::from_secs(35),
                blocked: Duration::from_secs(60),
                give_up_after: None,
            },
            polling: PollingConfig {
                idle_interval: IDLE,
                limit: 10_000,
                rescan_while_behind: true,
                give_up_after: None,
            },
            fallback: None,
        };
        let reader = Reader::polling(config, ShardStart::TrimHorizon, index as u64, base);
        Self {
            reader,
            base,
            page: page(index),
            due: None,
            call: None,
            has_room: false,
            scans: VecDeque::new(),
            given: VecDeque::new(),
            given_in_all: 0,
            paid_until: Duration::ZERO,
            blocked_until: Duration::ZERO,
            last_scan: None,
            first_page: None,
        }
    }

    fn is_behind(&self) -> bool {
        self.page.millis_behind_latest > 0
    }

    fn next(&self) -> Duration {
        let call = self.call.as_ref().map(|(at, _)| *at);
        call.into_iter().chain(self.due).min().expect("it waits for something")
    }

    fn step(&mut self, now: Duration, luck: &mut Luck) {
        let trip = luck.millis(5, 20);
        let input = match self.call.take_if(|(at, _)| *at <= now) {
            Some((_, Call::Iterator(call, sent_at))) => {
                let result = Ok("iterator".into());
                Input::Polling(polling::Input::Iterator { call, sent_at, result })
            }
            Some((_, Call::Arriving(call, sent_at))) => {
                self.arrives(now);
                self.call = Some((now + trip, Call::Answered(call, sent_at)));
                return;
            }
            Some((_, Call::Answered(call, sent_at))) => {
                self.first_page.get_or_insert(now);
                let result = Ok(self.page.clone());
                Input::Polling(polling::Input::Page { call, sent_at, result })
            }
            None if !self.has_room => Input::Polling(polling::Input::Demand),
            None => Input::Timeout,
        };
        self.tell(input, now, trip);
        if !self.has_room {
            self.tell(Input::Polling(polling::Input::Demand), now, trip);
        }
    }

    fn tell(&mut self, input: Input, now: Duration, trip: Duration) {
        self.has_room |= matches!(input, Input::Polling(polling::Input::Demand));
        let sent_at = self.base + now;
        self.reader.handle(input, sent_at);
        loop {
            match self.reader.poll_output() {
                Output::Command(Command::Polling(polling::Command::GetShardIterator { call, .. })) => {
                    self.call = Some((now + trip, Call::Iterator(call, sent_at)));
                }
                Output::Command(Command::Polling(polling::Command::GetRecords { call, .. })) => {
                    self.scan_goes_out(now);
                    self.call = Some((now + trip, Call::Arriving(call, sent_at)));
                }
                Output::Event(Event::Deliver { .. }) => self.has_room = false,
                Output::Command(_) | Output::Event(_) => {}
                Output::Timeout(due) => {
                    self.due = due.map(|(at, _)| at.saturating_duration_since(self.base));
                    return;
                }
            }
        }
    }

    /// Five calls in any second, by when they are sent; a shard that is caught up once in its interval.
    fn scan_goes_out(&mut self, now: Duration) {
        while self.scans.front().is_some_and(|first| *first + Duration::from_secs(1) <= now) {
            self.scans.pop_front();
        }
        self.scans.push_back(now);
        assert!(self.scans.len() <= 5, "{:?}", self.scans);
        if let Some(last) = self.last_scan.replace(now).filter(|_| !self.is_behind()) {
            let gap = now - last;
            assert!(gap >= IDLE && gap <= IDLE + IDLE / 20, "idle for {gap:?}");
        }
    }

    /// What the service gives: a page takes its bytes' time at 2 MiB/s, and where a second and more is owed, nothing comes before it is
    /// paid (API reference, GetRecords).
    fn arrives(&mut self, now: Duration) {
        assert!(now >= self.blocked_until, "throttled at {now:?}");
        let bytes = self.page.payload_bytes();
        self.paid_until =
            self.paid_until.max(now) + Duration::from_secs_f64(bytes as f64 / BYTES_PER_SECOND as f64);
        if self.paid_until >= now + Duration::from_secs(1) {
            self.blocked_until = self.paid_until;
        }
        self.given_in_all += bytes;
        self.given.push_back((now, bytes));
        while self.given.front().is_some_and(|(at, _)| *at + Duration::from_secs(5) <= now) {
            self.given.pop_front();
        }
        let since = |window| self.given.iter().filter(move |(at, _)| *at + window > now);
        let in_five: usize = since(Duration::from_secs(5)).map(|(_, bytes)| bytes).sum();
        assert!(in_five <= 5 * BYTES_PER_SECOND + bytes.min(BYTES_PER_SECOND), "{in_five} in 5 s");
        let in_one: usize = since(Duration::from_secs(1)).map(|(_, bytes)| bytes).sum();
        assert!(in_one <= BYTES_PER_SECOND + bytes, "{in_one} in 1 s");
    }

    fn assert_limits_are_used(&self) {
        if self.is_behind() {
            let time = TEN_MINUTES - self.first_page.expect("pages come");
            let rate = self.given_in_all as f64 / time.as_secs_f64();
            let size = self.page.payload_bytes();
            // Small pages are held up by the calls, of which there are five a second.
            let most = BYTES_PER_SECOND.min(5 * size) as f64;
            let share = rate / most;
            assert!((0.95..1.02).contains(&share), "{share:.3} of the limit with pages of {size}");
        } else {
            let last = self.last_scan.expect("it is polled");
            assert!(last + IDLE * 2 > TEN_MINUTES, "no call since {last:?}");
        }
    }
}

/// Odd shards are behind, with pages of 1 MB, 2 MiB, 3 MB, 100 bytes, and as much as there can be.
fn page(index: usize) -> RecordsPage {
    let (records, size) = match (index % 2, index / 2 % 5) {
        (0, _) => (0, 0),
        (_, 0) => (10, 100_000),
        (_, 1) => (2, 1 << 20),
        (_, 2) => (3, 1_000_000),
        (_, 3) => (1, 100),
        _ => (10, 1 << 20),
    };
    let record = |number: u128| KinesisRecord {
        sequence_number: (number + 1).into(),
        partition_key: None,
        data: bytes::Bytes::from_static(&ZEROS[..size]),
        approximate_arrival: None,
        encryption_type: None,
    };
    RecordsPage {
        records: (0..records).map(record).collect::<Vec<_>>().into(),
        next_iterator: Some("iterator".into()),
        millis_behind_latest: if records == 0 { 0 } else { 60_000 },
        child_shards: Vec::new(),
    }
}

const SHARDS: usize = 100;
const TEN_MINUTES: Duration = Duration::from_secs(600);
const IDLE: Duration = Duration::from_secs(1);
const BYTES_PER_SECOND: usize = 2 << 20;
static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

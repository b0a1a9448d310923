//! The service as the machines' shell sees it: the model, its clock, and what goes wrong on the way to it.

use std::time::{Duration, Instant};

use kinesis_fanout::emulator::ServiceError;
use kinesis_fanout::emulator::model::{Admission, Model, SubscriptionId};
use kinesis_fanout::engine::Pin;
use kinesis_fanout::model::{Failure, FailureClass, ShardId, StartingPosition, StreamReference, Timestamp};

use super::counts::Counts;
use super::ledger::Ledger;
use super::luck::Luck;
use super::plan::{Plan, Trouble};

pub(crate) struct Service {
    pub(crate) model: Model,
    /// Since the history began.
    pub(crate) now: Duration,
    pub(crate) luck: Luck,
    pub(crate) plan: Plan,
    pub(crate) ledger: Ledger,
    pub(crate) counts: Counts,
    /// Subscriptions whose client is gone, and when the service notices.
    pub(crate) hang_ups: Vec<(Duration, SubscriptionId)>,
    /// Calls under way whose client is gone.
    pub(crate) strays: Vec<(Duration, Stray)>,
    pub(crate) is_traced: bool,
    base: Instant,
}

#[derive(Debug)]
pub(crate) struct Stray {
    pub(crate) consumer_arn: String,
    pub(crate) shard: ShardId,
    pub(crate) position: StartingPosition,
}

impl Service {
    pub(crate) fn new(plan: Plan, luck: Luck, is_traced: bool) -> Self {
        Self {
            model: Model::new(plan.settings.clone()),
            now: Duration::ZERO,
            luck,
            plan,
            ledger: Ledger::default(),
            counts: Counts::default(),
            hang_ups: Vec::new(),
            strays: Vec::new(),
            is_traced,
            base: Instant::now(),
        }
    }

    pub(crate) fn instant(&self) -> Instant {
        self.base + self.now
    }

    pub(crate) fn since_begin(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.base)
    }

    pub(crate) fn instant_at(&self, at: Duration) -> Instant {
        self.base + at
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        EPOCH.saturating_add(self.now)
    }

    /// When the service's clock shows this time.
    pub(crate) fn when(&self, time: Timestamp) -> Duration {
        Duration::from_millis(time.as_millis().saturating_sub(EPOCH.as_millis()))
    }

    /// What arrived up to here is trimmed.
    pub(crate) fn horizon(&self) -> Timestamp {
        self.timestamp().saturating_sub(self.plan.settings.retention)
    }

    pub(crate) fn after(&mut self, low_millis: u64, high_millis: u64) -> Duration {
        self.now + self.luck.millis(low_millis, high_millis)
    }

    /// A moment on the way to the service or back.
    pub(crate) fn trip(&mut self) -> Duration {
        self.after(3, 20)
    }

    /// The trouble that a shard has now, of those that are asked about.
    pub(crate) fn trouble(&self, shard: usize, which: impl Fn(Trouble) -> bool) -> Option<Trouble> {
        self.trouble_until(shard, which).map(|(trouble, _)| trouble)
    }

    pub(crate) fn trouble_until(
        &self,
        shard: usize,
        which: impl Fn(Trouble) -> bool,
    ) -> Option<(Trouble, Duration)> {
        let windows = self.plan.windows.iter().rev();
        let mut present =
            windows.filter(|window| window.from <= self.now && self.now < window.to && window.hits(shard));
        present.find(|window| which(window.trouble)).map(|window| (window.trouble, window.to))
    }

    /// Whether faults may still come.
    pub(crate) fn is_faulty(&self) -> bool {
        self.now < self.plan.faults_until
    }

    /// A subscription whose client has let go: the service notices soon, or only when its time is over.
    pub(crate) fn let_go(&mut self, id: SubscriptionId) {
        if self.is_faulty() && self.luck.one_in(8) {
            return self.counts.add("subscription left open at the service");
        }
        let at = self.trip();
        self.hang_ups.push((at, id));
    }

    /// A call arrives that nobody waits for any more.
    pub(crate) fn stray_arrives(&mut self, stray: Stray) {
        let now = self.timestamp();
        let start = stray.position.into();
        let answer = self.model.subscribe_to_shard(&stray.consumer_arn, &stray.shard, &start, now);
        if let Ok(Admission::Open(id)) = answer {
            self.counts.add("subscription accepted unseen");
            self.let_go(id);
        }
    }

    pub(crate) fn trace(&self, line: impl FnOnce() -> String) {
        if self.is_traced {
            eprintln!("{:>12.3}  {}", self.now.as_secs_f64(), line());
        }
    }
}

pub(crate) fn failed(error: &ServiceError) -> Failure {
    let class = FailureClass::of_exception(&error.code).unwrap_or(FailureClass::Unclassified);
    Failure::new(class, error.message.clone())
}

pub(crate) fn stream() -> StreamReference {
    StreamReference::Name("orders".into())
}

/// The pin that the service's answer gives: whole seconds.
pub(crate) fn pin_at(time: Timestamp) -> Pin {
    Pin::at(Timestamp::from_millis(time.as_millis() / 1_000 * 1_000))
}

pub(crate) const EPOCH: Timestamp = Timestamp::from_millis(1_700_000_000_000);

use std::time::{Duration, Instant};

use super::values::{EventBuilder, children, closed, event_of};
use crate::engine::{CallId, ShardStatus};
use crate::model::{FailureClass, SequenceNumber, StartingPosition, SubscriptionEvent};

/// One shard as the service holds it: numbered records, the 5 s rule, 300 s of life for a subscription, four ways to end.
///
/// Record `i` has the number 10 × i; a continuation lies on the last record's number, or between it and the next.
#[derive(Debug)]
pub(super) struct ShardModel {
    pub(super) records: u128,
    pub(super) closed: bool,
    pub(super) last_event: LastEvent,
    pub(super) exact_continuations: bool,
    pub(super) batch: u128,
    last_accepted: Option<Instant>,
    told_end: bool,
    live: Option<Live>,
}

/// What the last event of a closed shard looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastEvent {
    /// Child shards, no continuation: AWS.
    Children,
    /// Child shards and a continuation.
    ChildrenAndContinuation,
    /// Neither.
    Bare,
    /// Neither, and every other time nothing at all: the subscription ends.
    Missing,
}

#[derive(Debug)]
struct Live {
    call: CallId,
    /// The last number that is passed.
    passed: u128,
    since: Instant,
}

/// What a Read brings, and after how long.
#[derive(Debug)]
pub(super) enum Brought {
    Event(SubscriptionEvent),
    End,
}

impl ShardModel {
    pub(super) fn new(last_event: LastEvent, exact_continuations: bool, batch: u128) -> Self {
        Self {
            records: 0,
            closed: false,
            last_event,
            exact_continuations,
            batch,
            last_accepted: None,
            told_end: false,
            live: None,
        }
    }

    /// SubscribeToShard.
    pub(super) fn subscribe(
        &mut self,
        call: CallId,
        position: &StartingPosition,
        now: Instant,
    ) -> Result<(), FailureClass> {
        if self.last_accepted.is_some_and(|last| now - last < FIVE_SECONDS) {
            return Err(FailureClass::ResourceInUse);
        }
        let passed = match position {
            StartingPosition::TrimHorizon => 0,
            StartingPosition::AtTimestamp(time) => u128::from(time.as_millis()).saturating_sub(1),
            StartingPosition::AtSequenceNumber(number) => value(number).saturating_sub(1),
            StartingPosition::AfterSequenceNumber(number) => value(number),
        };
        self.last_accepted = Some(now);
        self.live = Some(Live { call, passed, since: now });
        Ok(())
    }

    /// Somebody else subscribes.
    pub(super) fn taken_over(&mut self, now: Instant) {
        self.last_accepted = Some(now);
        self.live = None;
    }

    /// Our calls go to another registered consumer from now on, which has no subscriptions.
    pub(super) fn registered_anew(&mut self) {
        self.last_accepted = None;
        self.live = None;
    }

    /// An event without a continuation in the middle of the log, which ends the subscription.
    pub(super) fn read_without_continuation(&mut self) -> Option<SubscriptionEvent> {
        let live = self.live.take()?;
        let next = live.passed / 10 + 1;
        let numbers: Vec<u128> = (next..=self.records).take(1).map(|index| index * 10).collect();
        Some(event_of(&numbers))
    }

    pub(super) fn hang_up(&mut self, call: CallId) {
        self.live = self.live.take().filter(|live| live.call != call);
    }

    /// What there is to read now. `None`: nothing yet.
    pub(super) fn read(&mut self, idle: bool, now: Instant) -> Option<Brought> {
        let (records, batch) = (self.records, self.batch);
        let live = self.live.as_mut()?;
        if now - live.since >= LIFE {
            self.live = None;
            return Some(Brought::End);
        }
        let next = live.passed / 10 + 1;
        let numbers: Vec<u128> = (next..=records).take(batch as usize).map(|index| index * 10).collect();
        let read_all = numbers.last().map_or(live.passed / 10, |last| last / 10) >= records;
        if self.closed && read_all {
            let last = event_of(&numbers);
            self.live = None;
            return Some(match self.last_event {
                LastEvent::Children => Brought::Event(last.with_children(&["a", "b"])),
                LastEvent::ChildrenAndContinuation => {
                    Brought::Event(last.continuing(records * 10 + 1).with_children(&["a", "b"]))
                }
                LastEvent::Missing if numbers.is_empty() && self.told_end => {
                    self.told_end = false;
                    Brought::End
                }
                LastEvent::Bare | LastEvent::Missing => {
                    self.told_end = true;
                    Brought::Event(last)
                }
            });
        }
        if numbers.is_empty() && !idle {
            return None;
        }
        live.passed = match numbers.last() {
            Some(last) if self.exact_continuations => *last,
            Some(last) => last + 3,
            // Idle, it moves on, but never up to the next record.
            None => (live.passed + 1).min(live.passed / 10 * 10 + 9),
        };
        let continuation = live.passed;
        Some(Brought::Event(event_of(&numbers).continuing(continuation)))
    }

    pub(super) fn status(&self) -> ShardStatus {
        match self.closed {
            true => closed(self.records * 10 + 5, &["a", "b"]),
            false => ShardStatus::Open,
        }
    }

    pub(super) fn announced(&self) -> Vec<crate::model::ChildShard> {
        children(&["a", "b"])
    }
}

fn value(number: &SequenceNumber) -> u128 {
    number.as_str().parse().expect("the model's own numbers")
}

const FIVE_SECONDS: Duration = Duration::from_secs(5);
const LIFE: Duration = Duration::from_secs(300);

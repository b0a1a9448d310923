//! SubscribeToShard: who may subscribe, and what a subscription delivers next.
//!
//! ```text
//!   subscribe ──> open ── records | nothing for 5 s ──> event, and on
//!                  ├── closed shard read to its end ──> event with children, then Ended
//!                  ├── subscription_time over ──> Ended
//!                  └── taken over | consumer or stream deleted ──> Failed
//! ```

use std::sync::Arc;

use super::log::{Batch, Cursor};
use super::numbering;
use super::shard::ShardState;
use super::slot::Slot;
use super::streams::Stream;
use super::{Answer, Model, Operation, ServiceError, Start, SubscribeCall};
use crate::emulator::Settings;
use crate::emulator::settings::{Continuation, RefusalForm, ShardEnd};
use crate::model::{ConsumerStatus, KinesisRecord, ShardId, SubscriptionEvent, Timestamp};

/// Tells an open subscription from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

/// How a call of SubscribeToShard succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// A subscription is open.
    Open(SubscriptionId),
    /// The call succeeds, and its stream brings this error and nothing else ([`RefusalForm::InStream`]).
    RefusedInStream(ServiceError),
}

/// An event whose records are those of the log, and share their payloads.
pub type LoggedEvent = SubscriptionEvent<Vec<KinesisRecord>>;

/// What a subscription has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// An event. It has been delivered with this: the subscription stands behind it.
    Event(LoggedEvent),
    /// Nothing before this time, unless [`Model::take_woken`] names the subscription.
    WaitUntil(Timestamp),
    /// The stream ends with this error. The subscription is closed.
    Failed(ServiceError),
    /// The stream ends. The subscription is closed.
    Ended,
}

#[derive(Debug)]
pub(super) struct Subscription {
    stream: String,
    consumer: String,
    shard: usize,
    cursor: Cursor,
    expires: Timestamp,
    last_event: Timestamp,
    over: bool,
    failure: Option<ServiceError>,
}

impl Model {
    /// SubscribeToShard.
    ///
    /// # Errors
    /// ValidationException, ResourceNotFoundException, ResourceInUseException (the consumer is not ACTIVE, or a
    /// subscription is younger than [`Settings::take_over_after`]), InvalidArgumentException (the position),
    /// LimitExceededException (a second call within a second).
    pub fn subscribe_to_shard(
        &mut self,
        consumer_arn: &str,
        shard_id: &ShardId,
        start: &Start,
        now: Timestamp,
    ) -> Answer<Admission> {
        self.statistics.count(Operation::SubscribeToShard);
        let admission = self.open(consumer_arn, shard_id, start, false, now);
        let refused = match &admission {
            Ok(Admission::Open(_)) => None,
            Ok(Admission::RefusedInStream(error)) | Err(error) => Some(error.code.to_string()),
        };
        let call = SubscribeCall {
            at: now,
            consumer_arn: consumer_arn.to_owned(),
            shard_id: shard_id.clone(),
            start: start.clone(),
            refused,
        };
        self.statistics.log(call, self.settings.call_log_size);
        admission
    }

    /// SubscribeToShard with DryRun: nothing is opened, and no subscription taken over.
    ///
    /// # Errors
    /// Always: DryRunOperationException if the call would succeed, else what it would be refused with.
    pub fn dry_run_subscribe_to_shard(
        &mut self,
        consumer_arn: &str,
        shard_id: &ShardId,
        start: &Start,
        now: Timestamp,
    ) -> Answer<Admission> {
        self.open(consumer_arn, shard_id, start, true, now)
    }

    /// Notes a call of SubscribeToShard that something before the model did not let through: an injected fault.
    pub fn note_refused_subscribe(
        &mut self,
        consumer_arn: &str,
        shard_id: &ShardId,
        start: &Start,
        refused: &str,
        now: Timestamp,
    ) {
        self.statistics.count(Operation::SubscribeToShard);
        let call = SubscribeCall {
            at: now,
            consumer_arn: consumer_arn.to_owned(),
            shard_id: shard_id.clone(),
            start: start.clone(),
            refused: Some(refused.to_owned()),
        };
        self.statistics.log(call, self.settings.call_log_size);
    }

    /// What the subscription delivers now. After [`Next::Failed`] and [`Next::Ended`] it is closed.
    pub fn subscription_next(&mut self, id: SubscriptionId, now: Timestamp) -> Next {
        let next = self.decide(id, now);
        match &next {
            Next::Event(event) => {
                self.statistics.events += 1;
                self.statistics.records += event.records.len() as u64;
            }
            Next::Failed(_) | Next::Ended => self.hang_up(id, now),
            Next::WaitUntil(_) => {}
        }
        next
    }

    /// The client has hung up. Nothing happens if the subscription is closed.
    pub fn hang_up(&mut self, id: SubscriptionId, now: Timestamp) {
        let Some(subscription) = self.subscriptions.remove(&id) else {
            return;
        };
        self.expiries.remove(&(subscription.expires, id));
        self.statistics.open_subscriptions = self.subscriptions.len();
        let Some(stream) = self.streams.get_mut(&subscription.stream) else {
            return;
        };
        if let Some(shard) = stream.shards.get_mut(subscription.shard) {
            shard.subscribers.remove(&id);
        }
        let consumer = stream.consumers.get_mut(&subscription.consumer);
        let slot = consumer.and_then(|consumer| consumer.slots.get_mut(&subscription.shard));
        if let Some(slot) = slot.filter(|slot| slot.current() == Some(id)) {
            slot.leave(self.settings.slot_after_hang_up, now);
        }
    }

    /// Closes the subscriptions whose time is over, also those that nobody asks for their end. Whoever does still gets it.
    pub fn close_expired(&mut self, now: Timestamp) {
        while let Some((expired, id)) = self.expiries.first().copied().filter(|(time, _)| *time <= now) {
            self.hang_up(id, expired);
        }
    }

    /// Makes an error of the stream the next thing that the subscription says.
    pub(super) fn fail(&mut self, id: SubscriptionId, error: ServiceError) {
        if let Some(subscription) = self.subscriptions.get_mut(&id) {
            subscription.failure = Some(error);
            self.woken.push(id);
        }
    }

    fn open(
        &mut self,
        consumer_arn: &str,
        shard_id: &ShardId,
        start: &Start,
        dry_run: bool,
        now: Timestamp,
    ) -> Answer<Admission> {
        let settings = Arc::clone(&self.settings);
        let id = SubscriptionId(self.subscriptions_opened);
        let stream = self.stream_of_consumer(consumer_arn, now)?;
        let (index, cursor) = stream.admit(&settings, consumer_arn, shard_id, start, now)?;
        let consumer = Stream::consumer(&mut stream.consumers, consumer_arn, now)?;
        let in_use = ServiceError::in_use(format!(
            "Another active subscription exists for this consumer: {}:{}:{shard_id}:{}",
            settings.account,
            stream.name,
            consumer.name()
        ));
        let slot = consumer.slots.entry(index).or_default();
        if slot.is_taken(&settings, now) {
            return refused(in_use, settings.refusal);
        }
        if dry_run {
            return Err(ServiceError::dry_run());
        }
        let (renewal, before) = slot.take(id, now);
        let subscription = Subscription {
            stream: stream.name.clone(),
            consumer: consumer.name().to_owned(),
            shard: index,
            cursor,
            expires: now.saturating_add(settings.subscription_time),
            last_event: if settings.first_idle_event_at_once {
                now.saturating_sub(settings.idle_event_interval)
            } else {
                now
            },
            over: false,
            failure: None,
        };
        stream.shards[index].subscribers.insert(id);
        if let Some(before) = before {
            self.fail(before, in_use);
        }
        self.subscriptions_opened += 1;
        self.expiries.insert((subscription.expires, id));
        self.subscriptions.insert(id, subscription);
        self.statistics.subscriptions += 1;
        self.statistics.renewals += u64::from(renewal);
        self.statistics.open_subscriptions = self.subscriptions.len();
        Ok(Admission::Open(id))
    }

    fn decide(&mut self, id: SubscriptionId, now: Timestamp) -> Next {
        let settings = &self.settings;
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return Next::Ended;
        };
        if let Some(error) = subscription.failure.take() {
            return Next::Failed(error);
        }
        if subscription.over || now >= subscription.expires {
            return Next::Ended;
        }
        let Some(stream) = self.streams.get_mut(&subscription.stream) else {
            return Next::Ended;
        };
        let consumer = stream.consumers.get_mut(&subscription.consumer);
        let slot = consumer.and_then(|consumer| consumer.slots.get_mut(&subscription.shard));
        let (Some(slot), Some(shard)) = (slot, stream.shards.get_mut(subscription.shard)) else {
            return Next::Ended;
        };
        shard.trim(settings, now);
        subscription.pull(settings, slot, shard, now)
    }
}

impl Stream {
    /// Whether a call may subscribe, but for the place being taken: the shard's number and where to start in it.
    fn admit(
        &mut self,
        settings: &Settings,
        consumer_arn: &str,
        shard_id: &ShardId,
        start: &Start,
        now: Timestamp,
    ) -> Answer<(usize, Cursor)> {
        let account = &settings.account;
        let index = self.readable(shard_id.as_str(), account, now);
        let stream = self.usable(account, now)?;
        let consumer = Self::consumer(&mut stream.consumers, consumer_arn, now)?;
        if consumer.status(now) != ConsumerStatus::Active {
            return Err(consumer.not_active());
        }
        let index = index?;
        let slot = consumer.slots.entry(index).or_default();
        if settings.limit_calls && !slot.takes_call(now) {
            return Err(ServiceError::limit_exceeded(format!(
                "Rate exceeded for consumer {consumer_arn} and shard {shard_id}."
            )));
        }
        let shard = &mut stream.shards[index];
        shard.trim(settings, now);
        shard.cursor(settings, Operation::SubscribeToShard, start, now).map(|cursor| (index, cursor))
    }
}

impl Subscription {
    /// Reads what comes next from the shard.
    fn pull(&mut self, settings: &Settings, slot: &mut Slot, shard: &mut ShardState, now: Timestamp) -> Next {
        if shard.log.has_more(self.cursor) {
            if let Some(ready) = slot.paced(settings, now) {
                return Next::WaitUntil(ready.min(self.expires));
            }
            let (records, bytes) = (settings.event_max_records, settings.event_max_bytes);
            let batch = shard.log.batch(self.cursor, records, bytes);
            slot.charge(settings, batch.bytes, now);
            return self.deliver(settings, shard, batch, now);
        }
        if let Some(event) = self.shard_end(settings, shard, vec![]) {
            return Next::Event(event);
        }
        let due = self.last_event.saturating_add(settings.idle_event_interval);
        if now < due {
            return Next::WaitUntil(due.min(self.expires));
        }
        self.last_event = now;
        self.cursor.after = shard.numbering.between(now);
        Next::Event(SubscriptionEvent {
            records: vec![],
            continuation: Some(numbering::written(self.cursor.after, settings.sequence_numbers)),
            millis_behind_latest: 0,
            child_shards: vec![],
        })
    }

    fn deliver(&mut self, settings: &Settings, shard: &mut ShardState, batch: Batch, now: Timestamp) -> Next {
        let Some((last, arrival)) = batch.last else {
            return Next::Ended;
        };
        self.last_event = now;
        let continuation = match settings.continuation {
            Continuation::EqualToLastRecord => last,
            Continuation::NeverARecord => last + 1,
        };
        shard.numbering.take(continuation);
        self.cursor = Cursor { after: last, not_before: None };
        if settings.shard_end_with_records && !batch.more && !shard.is_open() {
            if let Some(event) = self.shard_end(settings, shard, batch.records) {
                return Next::Event(event);
            }
            return Next::Ended;
        }
        let behind = now.as_millis().saturating_sub(arrival.as_millis());
        Next::Event(SubscriptionEvent {
            records: batch.records,
            continuation: Some(numbering::written(continuation, settings.sequence_numbers)),
            // 0 says "caught up", so never with records left.
            millis_behind_latest: if batch.more { behind.max(1) } else { 0 },
            child_shards: vec![],
        })
    }

    /// The last event of a closed shard.
    fn shard_end(
        &mut self,
        settings: &Settings,
        shard: &ShardState,
        records: Vec<KinesisRecord>,
    ) -> Option<LoggedEvent> {
        let closed = shard.closed.as_ref()?;
        self.over = true;
        let kept = settings.shard_end == ShardEnd::KeptContinuation;
        Some(SubscriptionEvent {
            records,
            continuation: kept.then(|| numbering::written(closed.ending, settings.sequence_numbers)),
            millis_behind_latest: 0,
            child_shards: closed.children.clone(),
        })
    }
}

fn refused(mut error: ServiceError, form: RefusalForm) -> Answer<Admission> {
    match form {
        RefusalForm::Http400 => Err(error),
        RefusalForm::Http500 => {
            error.status = 500;
            Err(error)
        }
        RefusalForm::InStream => Ok(Admission::RefusedInStream(error)),
    }
}

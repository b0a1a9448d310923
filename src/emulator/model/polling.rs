//! GetShardIterator and GetRecords: iterators that carry their position and age, and how much a shard gives in what time.
//!
//! An iterator is nothing that the model keeps: all that it means is in its text, which no client should read.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::limits::Window;
use super::log::{Batch, Cursor};
use super::shard::ShardState;
use super::{Answer, Model, Operation, ServiceError, Start};
use crate::emulator::Settings;
use crate::model::{ChildShard, KinesisRecord, ShardId, StreamReference, Timestamp};

/// The request of GetRecords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetRecordsRequest {
    /// The iterator, from GetShardIterator or the answer before.
    pub shard_iterator: String,
    /// The most records to answer with: 1 to 10,000; 10,000 when not given.
    pub limit: Option<usize>,
    /// The stream, where the call names it beside the iterator.
    pub stream: Option<StreamReference>,
}

/// What GetRecords answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolledRecords {
    /// The records, oldest first.
    pub records: Vec<KinesisRecord>,
    /// The iterator of the next call; `None` at the end of a closed shard.
    pub next_shard_iterator: Option<String>,
    /// How far the answer is behind the tip of the shard; 0: caught up.
    pub millis_behind_latest: u64,
    /// The children of a closed shard, at its end.
    pub child_shards: Vec<ChildShard>,
}

/// How much was polled of a shard.
#[derive(Debug, Default)]
pub(super) struct Polls {
    iterators: Window,
    calls: Window,
    /// How long the bytes that were given take at the rate of a shard.
    paid_until: Option<Timestamp>,
    blocked_until: Option<Timestamp>,
}

struct ShardIterator {
    issued: Timestamp,
    stream: String,
    stream_created: Timestamp,
    shard: usize,
    cursor: Cursor,
}

impl Model {
    /// GetShardIterator.
    ///
    /// # Errors
    /// ResourceNotFoundException; InvalidArgumentException (the position); ProvisionedThroughputExceededException (more than 5
    /// calls in a second for an open shard).
    pub fn get_shard_iterator(
        &mut self,
        stream: &StreamReference,
        shard_id: &ShardId,
        start: &Start,
        now: Timestamp,
    ) -> Answer<String> {
        let settings = Arc::clone(&self.settings);
        let stream = self.stream_mut(stream, now)?.usable(&settings.account, now)?;
        let index = stream.readable(shard_id.as_str(), &settings.account, now)?;
        let shard = &mut stream.shards[index];
        let limited = settings.limit_calls && shard.is_open();
        if limited && !shard.polls.iterators.take(1, CALLS_PER_SECOND, now) {
            return Err(shard.exceeded(&settings, &stream.name));
        }
        shard.trim(&settings, now);
        let cursor = shard.cursor(&settings, Operation::GetShardIterator, start, now)?;
        let iterator = ShardIterator {
            issued: now,
            stream: stream.name.clone(),
            stream_created: stream.created,
            shard: index,
            cursor,
        };
        Ok(iterator.write())
    }

    /// GetRecords with DryRun: nothing counts as given.
    ///
    /// # Errors
    /// Always: DryRunOperationException if the call would succeed, else what it would be refused with.
    pub fn dry_run_get_records(
        &mut self,
        request: &GetRecordsRequest,
        now: Timestamp,
    ) -> Answer<PolledRecords> {
        self.poll(request, now)?;
        Err(ServiceError::dry_run())
    }

    /// GetRecords.
    ///
    /// # Errors
    /// ValidationException, InvalidArgumentException (the limit, or what is no iterator), ExpiredIteratorException,
    /// ResourceNotFoundException (the stream or the shard is gone), ProvisionedThroughputExceededException.
    pub fn get_records(&mut self, request: &GetRecordsRequest, now: Timestamp) -> Answer<PolledRecords> {
        let (settings, limit) = (Arc::clone(&self.settings), request.checked_limit()?);
        let (iterator, shard) = self.poll(request, now)?;
        shard.trim(&settings, now);
        let batch = shard.log.batch(iterator.cursor, limit, MAX_ANSWER);
        shard.polls.charge(&settings, &batch, limit, now);
        Ok(iterator.answer(shard, batch, now))
    }

    /// The iterator and the shard that it reads, if that gives something now.
    fn poll(
        &mut self,
        request: &GetRecordsRequest,
        now: Timestamp,
    ) -> Answer<(ShardIterator, &mut ShardState)> {
        let settings = Arc::clone(&self.settings);
        request.checked_limit()?;
        let iterator = ShardIterator::read(&request.shard_iterator, settings.shard_iterator_time, now)?;
        let named = StreamReference::Name(iterator.stream.clone());
        let stream = self.stream_mut(&named, now)?.usable(&settings.account, now)?;
        let other = request.stream.as_ref().is_some_and(|named| match named {
            StreamReference::Name(name) => *name != stream.name,
            StreamReference::Arn(arn) => *arn != stream.arn,
        });
        if other || iterator.stream_created != stream.created {
            return Err(ServiceError::invalid_argument("The ShardIterator is not one of this stream."));
        }
        let shard_id = super::shard::id(iterator.shard);
        let index = stream.readable(shard_id.as_str(), &settings.account, now)?;
        let shard = &mut stream.shards[index];
        if !shard.polls.admits(&settings, now) {
            return Err(shard.exceeded(&settings, &stream.name));
        }
        Ok((iterator, shard))
    }
}

impl GetRecordsRequest {
    /// The shard that the iterator reads; `None` if it is no iterator.
    pub fn shard_id(&self) -> Option<ShardId> {
        let iterator = ShardIterator::parse(&self.shard_iterator)?;
        Some(super::shard::id(iterator.shard))
    }

    fn checked_limit(&self) -> Answer<usize> {
        match self.limit {
            None => Ok(MAX_RECORDS),
            Some(0) => Err(ServiceError::validation("limit", "0", "have value greater than or equal to 1")),
            Some(limit) if limit > MAX_RECORDS => Err(ServiceError::invalid_argument(format!(
                "Limit {limit} is greater than the {MAX_RECORDS} records that a call can answer with."
            ))),
            Some(limit) => Ok(limit),
        }
    }
}

impl Polls {
    /// Whether the shard gives something now; if so, the call is counted.
    fn admits(&mut self, settings: &Settings, now: Timestamp) -> bool {
        let blocked = settings.limit_reads && self.blocked_until.is_some_and(|until| now < until);
        !blocked && (!settings.limit_calls || self.calls.take(1, CALLS_PER_SECOND, now))
    }

    /// Counts what is given. An answer takes its bytes' time at the rate of a shard; when a second's worth and more is
    /// owed, nothing is given before it is paid. An answer that its 10 MiB cut short counts as 10 MiB.
    fn charge(&mut self, settings: &Settings, batch: &Batch, limit: usize, now: Timestamp) {
        if !settings.limit_reads {
            return;
        }
        let cut = batch.more && batch.records.len() < limit;
        let bytes = if cut { batch.bytes.max(MAX_ANSWER) } else { batch.bytes };
        let time = Duration::from_millis((bytes as u64).saturating_mul(1_000) / BYTES_PER_SECOND);
        let paid = self.paid_until.map_or(now, |paid| paid.max(now)).saturating_add(time);
        self.paid_until = Some(paid);
        if paid.as_millis() >= now.as_millis() + 1_000 {
            self.blocked_until = Some(paid);
        }
    }
}

impl ShardState {
    fn exceeded(&self, settings: &Settings, stream: &str) -> ServiceError {
        ServiceError::throughput_exceeded(format!(
            "Rate exceeded for shard {} in stream {stream} under account {}.",
            self.id, settings.account
        ))
    }
}

impl ShardIterator {
    /// What is answered with this batch, and where the next iterator stands.
    fn answer(mut self, shard: &ShardState, batch: Batch, now: Timestamp) -> PolledRecords {
        let mut millis_behind_latest = 0;
        if let Some((last, arrival)) = batch.last {
            self.cursor = Cursor { after: last, not_before: None };
            if batch.more {
                // 0 says "caught up", so never with records left.
                millis_behind_latest = now.as_millis().saturating_sub(arrival.as_millis()).max(1);
            }
        }
        self.issued = now;
        let ended = shard.closed.as_ref().filter(|_| !batch.more);
        PolledRecords {
            records: batch.records,
            next_shard_iterator: ended.is_none().then(|| self.write()),
            millis_behind_latest,
            child_shards: ended.map(|closed| closed.children.clone()).unwrap_or_default(),
        }
    }

    fn write(&self) -> String {
        let not_before = self.cursor.not_before.map(|time| time.as_millis().to_string());
        let text = format!(
            "{MARK}\n{}\n{}\n{}\n{}\n{}\n{}",
            self.issued.as_millis(),
            self.stream,
            self.stream_created.as_millis(),
            self.shard,
            self.cursor.after,
            not_before.unwrap_or_default()
        );
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads an iterator that is still young enough.
    fn read(text: &str, life: Duration, now: Timestamp) -> Answer<Self> {
        let iterator =
            Self::parse(text).ok_or_else(|| ServiceError::invalid_argument("Invalid ShardIterator."))?;
        if iterator.issued.saturating_add(life) < now {
            let message = format!(
                "Iterator expired. The iterator was created at time {} while right now it is {} which is further in the \
                 future than the tolerated delay of {} milliseconds.",
                iterator.issued,
                now,
                life.as_millis()
            );
            return Err(ServiceError::new("ExpiredIteratorException", message, 400));
        }
        Ok(iterator)
    }

    fn parse(text: &str) -> Option<Self> {
        let time = |digits: &str| digits.parse().ok().map(Timestamp::from_millis);
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.strip_prefix(MARK)?.strip_prefix('\n')?.split('\n');
        let iterator = Self {
            issued: time(parts.next()?)?,
            stream: parts.next()?.to_owned(),
            stream_created: time(parts.next()?)?,
            shard: parts.next()?.parse().ok()?,
            cursor: Cursor {
                after: parts.next()?.parse().ok()?,
                not_before: match parts.next()? {
                    "" => None,
                    digits => Some(time(digits)?),
                },
            },
        };
        parts.next().is_none().then_some(iterator)
    }
}

/// What tells an iterator from a listing's token.
const MARK: &str = "iterator";
/// The most records in an answer (GetRecords).
const MAX_RECORDS: usize = 10_000;
/// The most bytes in an answer (GetRecords).
const MAX_ANSWER: usize = 10 << 20;
/// Calls of GetRecords per shard, and of GetShardIterator per open shard (GetRecords, GetShardIterator).
const CALLS_PER_SECOND: u64 = 5;
/// What a shard gives in a second: 10 MiB, then nothing for 5 s (GetRecords).
const BYTES_PER_SECOND: u64 = 2 << 20;

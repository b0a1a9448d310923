//! Streams: created, described, deleted, found by name or ARN.

use std::collections::BTreeMap;
use std::time::Duration;

use super::consumers::Consumer;
use super::numbering::Numbering;
use super::shard::{self, ShardState};
use super::{Answer, Model, ServiceError};
use crate::model::{HashKeyRange, StreamReference, StreamStatus, Timestamp};

/// What DescribeStreamSummary tells of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamDescription {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its state.
    pub status: StreamStatus,
    /// When it was created.
    pub created: Timestamp,
    /// Shards that take records.
    pub open_shards: usize,
    /// Registered consumers.
    pub consumers: usize,
}

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) ordinal: u64,
    pub(super) created: Timestamp,
    pub(super) active_at: Timestamp,
    pub(super) updating_until: Timestamp,
    pub(super) gone_at: Option<Timestamp>,
    /// How long its records can be read.
    pub(super) retention: Duration,
    /// By their number, which is also in their id.
    pub(super) shards: Vec<ShardState>,
    /// The open ones, by the first hash key of their range.
    pub(super) open: BTreeMap<u128, usize>,
    /// By name.
    pub(super) consumers: BTreeMap<String, Consumer>,
    /// The creation time in the ARN of the latest registered consumer, in seconds: never the same twice.
    pub(super) last_consumer_creation: u64,
}

impl Model {
    /// CreateStream, with provisioned shards.
    ///
    /// # Errors
    /// ValidationException, InvalidArgumentException, ResourceInUseException.
    pub fn create_stream(&mut self, name: &str, shards: usize, now: Timestamp) -> Answer<()> {
        check_name("streamName", name)?;
        if !(1..=MAX_SHARDS).contains(&shards) {
            let constraint =
                "have value greater than or equal to 1, and have value less than or equal to 100000";
            return Err(ServiceError::validation("shardCount", &shards.to_string(), constraint));
        }
        self.purge(name, now);
        if self.streams.contains_key(name) {
            let account = &self.settings.account;
            return Err(ServiceError::in_use(format!(
                "Stream {name} under account {account} already exists."
            )));
        }
        let stream = self.new_stream(name, shards, now);
        self.streams.insert(name.to_owned(), stream);
        Ok(())
    }

    /// DeleteStream. Open subscriptions end with ResourceNotFoundException.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException when consumers are registered and `enforce_consumer_deletion` is
    /// false.
    pub fn delete_stream(
        &mut self,
        stream: &StreamReference,
        enforce_consumer_deletion: bool,
        now: Timestamp,
    ) -> Answer<()> {
        let gone_at = now.saturating_add(self.settings.stream_deletion_time);
        let account = self.settings.account.clone();
        let stream = self.stream_mut(stream, now)?;
        if !enforce_consumer_deletion && stream.consumers.values().any(|consumer| !consumer.is_gone(now)) {
            return Err(ServiceError::in_use(format!(
                "Stream {} under account {account} has registered consumers.",
                stream.name
            )));
        }
        stream.gone_at.get_or_insert(gone_at);
        let name = stream.name.clone();
        let subscribers = stream.shards.iter().flat_map(|shard| shard.subscribers.iter());
        let subscribers: Vec<_> = subscribers.copied().collect();
        for id in subscribers {
            self.fail(id, not_found(&name, &account));
        }
        self.purge(&name, now);
        Ok(())
    }

    /// DescribeStreamSummary.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub fn describe_stream_summary(
        &mut self,
        stream: &StreamReference,
        now: Timestamp,
    ) -> Answer<StreamDescription> {
        let stream = self.stream_mut(stream, now)?;
        let registered = stream.consumers.values().filter(|consumer| !consumer.is_gone(now));
        Ok(StreamDescription {
            name: stream.name.clone(),
            arn: stream.arn.clone(),
            status: stream.status(now),
            created: stream.created,
            open_shards: stream.open.len(),
            consumers: registered.count(),
        })
    }

    /// The stream, in whatever state.
    pub(super) fn stream_mut(&mut self, stream: &StreamReference, now: Timestamp) -> Answer<&mut Stream> {
        let name = stream.name();
        self.purge(name, now);
        let found = self.streams.get_mut(name).filter(|found| match stream {
            StreamReference::Name(_) => true,
            StreamReference::Arn(arn) => found.arn == *arn,
        });
        found.ok_or_else(|| not_found(name, &self.settings.account))
    }

    /// Forgets the stream if its deletion has come to its end.
    fn purge(&mut self, name: &str, now: Timestamp) {
        let stream = self.streams.get(name);
        if stream.and_then(|stream| stream.gone_at).is_some_and(|gone| gone <= now) {
            self.streams.remove(name);
        }
    }

    fn new_stream(&mut self, name: &str, shards: usize, now: Timestamp) -> Stream {
        let (ordinal, retention) = (self.streams_created, self.settings.retention);
        self.streams_created += 1;
        let shards: Vec<_> = ranges(shards as u128)
            .enumerate()
            .map(|(index, range)| {
                let numbering = Numbering::new(ordinal, index, now);
                ShardState::new(index, vec![], range, numbering, retention, now)
            })
            .collect();
        Stream {
            name: name.to_owned(),
            arn: format!("arn:aws:kinesis:{}:{}:stream/{name}", self.settings.region, self.settings.account),
            ordinal,
            created: now,
            active_at: now.saturating_add(self.settings.stream_creation_time),
            updating_until: now,
            gone_at: None,
            retention,
            open: shards.iter().map(|shard| shard.range.start()).zip(0..).collect(),
            shards,
            consumers: BTreeMap::new(),
            last_consumer_creation: 0,
        }
    }
}

impl Stream {
    pub(super) fn status(&self, now: Timestamp) -> StreamStatus {
        if self.gone_at.is_some() {
            StreamStatus::Deleting
        } else if now < self.active_at {
            StreamStatus::Creating
        } else if now < self.updating_until {
            StreamStatus::Updating
        } else {
            StreamStatus::Active
        }
    }

    /// The stream if it can be read and written: ACTIVE or UPDATING.
    pub(super) fn usable(&mut self, account: &str, now: Timestamp) -> Answer<&mut Self> {
        match self.status(now) {
            StreamStatus::Active | StreamStatus::Updating => Ok(self),
            _ => Err(not_found(&self.name, account)),
        }
    }

    /// The number of the shard with this id.
    pub(super) fn shard_index(&self, id: &str) -> Option<usize> {
        shard::index(id).filter(|index| *index < self.shards.len())
    }

    /// The number of the shard with this id, if it can still be read.
    pub(super) fn readable(&self, shard_id: &str, account: &str, now: Timestamp) -> Answer<usize> {
        let index = self.shard_index(shard_id).filter(|index| !self.shards[*index].is_expired(now));
        index.ok_or_else(|| {
            let name = &self.name;
            ServiceError::not_found(format!(
                "Shard {shard_id} in stream {name} under account {account} does not exist"
            ))
        })
    }

    /// The shard that takes this hash key. The open shards cover all of them.
    pub(super) fn shard_for(&mut self, hash_key: u128) -> Option<&mut ShardState> {
        let (_, index) = self.open.range(..=hash_key).next_back()?;
        self.shards.get_mut(*index)
    }
}

/// Checks a name of the API: 1 to 128 characters of `[a-zA-Z0-9_.-]`.
pub(super) fn check_name(member: &str, name: &str) -> Answer<()> {
    match StreamReference::parse(name) {
        Ok(StreamReference::Name(_)) => Ok(()),
        _ => Err(ServiceError::validation(
            member,
            name,
            "satisfy regular expression pattern: [a-zA-Z0-9_.-]+ and have length between 1 and 128",
        )),
    }
}

fn not_found(stream: &str, account: &str) -> ServiceError {
    ServiceError::not_found(format!("Stream {stream} under account {account} not found."))
}

/// All hash keys, cut into `count` ranges as the service does: equal ones, the remainder in the last.
fn ranges(count: u128) -> impl Iterator<Item = HashKeyRange> {
    // 2^128 / count, without 2^128; for one shard it is not needed.
    let remainder = u128::MAX % count + 1;
    let step = (u128::MAX / count).wrapping_add(remainder / count);
    (0..count).map(move |index| {
        let end = if index + 1 == count { u128::MAX } else { step * (index + 1) - 1 };
        HashKeyRange::new(step.wrapping_mul(index), end).unwrap_or(HashKeyRange::ALL)
    })
}

/// More than any account is given by default; an emulated stream costs memory per shard.
const MAX_SHARDS: usize = 100_000;

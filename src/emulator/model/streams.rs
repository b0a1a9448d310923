//! Streams: described, deleted, found by name or ARN.

use std::collections::BTreeMap;
use std::time::Duration;

use super::consumers::Consumer;
use super::properties::Properties;
use super::shard::{self, ShardState};
use super::{Answer, Model, RecordDistributionStrategy, ServiceError, ShardLevelMetric, StreamMode};
use crate::model::{EncryptionType, StreamReference, StreamStatus, Timestamp};

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
    /// Its capacity mode.
    pub mode: StreamMode,
    /// How long its records can be read.
    pub retention: Duration,
    /// The encryption of records that are put now; `None`: there is none.
    pub encryption: Option<EncryptionType>,
    /// The key of that encryption.
    pub key_id: Option<String>,
    /// The shard-level metrics that are on.
    pub metrics: Vec<ShardLevelMetric>,
    /// The largest record, partition key included, in bytes.
    pub max_record_size: usize,
    /// How records find their shard; `None` for a provisioned stream, which has no choice.
    pub record_distribution_strategy: Option<RecordDistributionStrategy>,
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
    pub(super) properties: Properties,
    /// By their number, which is also in their id.
    pub(super) shards: Vec<ShardState>,
    /// The open ones, by the first hash key of their range.
    pub(super) open: BTreeMap<u128, usize>,
    /// Where the turns of an AUTO stream go on: no lower hash key begins the shard that takes the next record.
    pub(super) next_open: u128,
    /// By name.
    pub(super) consumers: BTreeMap<String, Consumer>,
    /// The creation time in the ARN of the latest registered consumer, in seconds: never the same twice.
    pub(super) last_consumer_creation: u64,
}

impl Model {
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
        Ok(self.stream_mut(stream, now)?.describe(now))
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
    pub(super) fn purge(&mut self, name: &str, now: Timestamp) {
        let stream = self.streams.get(name);
        if let Some(stream) = stream.filter(|stream| stream.gone_at.is_some_and(|gone| gone <= now)) {
            self.order.remove_stream(stream.ordinal);
            self.streams.remove(name);
        }
    }
}

impl Stream {
    pub(super) fn describe(&self, now: Timestamp) -> StreamDescription {
        let properties = &self.properties;
        let registered = self.consumers.values().filter(|consumer| !consumer.is_gone(now));
        StreamDescription {
            name: self.name.clone(),
            arn: self.arn.clone(),
            status: self.status(now),
            created: self.created,
            open_shards: self.open.len(),
            consumers: registered.count(),
            mode: properties.mode,
            retention: properties.retention,
            encryption: properties.encryption.as_ref().map(|encryption| encryption.kind),
            key_id: properties.encryption.as_ref().and_then(|encryption| encryption.key_id.clone()),
            metrics: properties.metrics.iter().copied().collect(),
            max_record_size: properties.max_record_size,
            record_distribution_strategy: (properties.mode == StreamMode::OnDemand)
                .then_some(properties.distribution),
        }
    }

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

    /// Whether it is neither being created nor deleted, for operations that say so (ResourceInUseException).
    pub(super) fn check_settled(&self, account: &str, now: Timestamp) -> Answer<()> {
        match self.status(now) {
            StreamStatus::Active | StreamStatus::Updating => Ok(()),
            _ => self.check_active(account, now),
        }
    }

    /// The stream if it can be read and written: ACTIVE or UPDATING.
    pub(super) fn usable(&mut self, account: &str, now: Timestamp) -> Answer<&mut Self> {
        match self.status(now) {
            StreamStatus::Active | StreamStatus::Updating => Ok(self),
            _ => Err(not_found(&self.name, account)),
        }
    }

    /// Whether it is the stream that was created then. A time in whole seconds is as exact as some clients give it.
    pub(super) fn is_of(&self, created: Option<Timestamp>) -> bool {
        created.is_none_or(|time| {
            let (time, created) = (time.as_millis(), self.created.as_millis());
            time == created || time == created / 1_000 * 1_000
        })
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

    /// The shard whose turn it is on an AUTO stream.
    pub(super) fn shard_in_turn(&mut self) -> Option<&mut ShardState> {
        let next = self.open.range(self.next_open..).next().or_else(|| self.open.first_key_value());
        let (start, index) = next?;
        // Beyond the last one, the turns begin again.
        self.next_open = start.wrapping_add(1);
        self.shards.get_mut(*index)
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

pub(super) fn not_found(stream: &str, account: &str) -> ServiceError {
    ServiceError::not_found(format!("Stream {stream} under account {account} not found."))
}

//! CreateStream, and what a new stream is made of.

use std::collections::BTreeMap;

use super::numbering::Numbering;
use super::properties::{self, Properties};
use super::shard::ShardState;
use super::streams::{Stream, check_name};
use super::{Answer, Model, RecordDistributionStrategy, ServiceError, StreamMode, Tags, tags};
use crate::model::{HashKeyRange, Timestamp};

/// The request of CreateStream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateStreamRequest {
    /// The stream's name: 1 to 128 characters of `[a-zA-Z0-9_.-]`.
    pub name: String,
    /// Its shards; an on-demand stream has 4 when not given.
    pub shards: Option<usize>,
    /// Its capacity mode.
    pub mode: StreamMode,
    /// The largest record in KiB, 1,024 to 10,240; [`Settings::max_record_size`](crate::emulator::Settings) when not given.
    pub max_record_size_in_kib: Option<usize>,
    /// How records find their shard.
    pub record_distribution_strategy: RecordDistributionStrategy,
    /// Its tags.
    pub tags: Tags,
}

impl Model {
    /// CreateStream, with so many provisioned shards and nothing else set.
    ///
    /// # Errors
    /// Those of [`Model::create_stream_with`].
    pub fn create_stream(&mut self, name: &str, shards: usize, now: Timestamp) -> Answer<()> {
        let request =
            CreateStreamRequest { name: name.to_owned(), shards: Some(shards), ..Default::default() };
        self.create_stream_with(&request, now)
    }

    /// CreateStream.
    ///
    /// # Errors
    /// ValidationException, InvalidArgumentException (no shard count, AUTO for a provisioned stream),
    /// ResourceInUseException, LimitExceededException (the account's shards or on-demand streams, or 5 streams CREATING).
    pub fn create_stream_with(&mut self, request: &CreateStreamRequest, now: Timestamp) -> Answer<()> {
        let name = request.name.as_str();
        check_name("streamName", name)?;
        let shards = request.shard_count()?;
        let mut properties = Properties::new(&self.settings);
        if let Some(kib) = request.max_record_size_in_kib {
            properties.max_record_size = properties::record_size(kib)?;
        }
        properties::check_strategy(request.record_distribution_strategy, request.mode)?;
        properties.mode = request.mode;
        properties.distribution = request.record_distribution_strategy;
        properties.tags = tags::initial(&request.tags)?;
        self.purge(name, now);
        if self.streams.contains_key(name) {
            let account = &self.settings.account;
            return Err(ServiceError::in_use(format!(
                "Stream {name} under account {account} already exists."
            )));
        }
        self.check_limits(request.mode, shards, now)?;
        let stream = self.new_stream(name, shards, properties, now);
        self.order.add_stream(stream.ordinal, name);
        self.streams.insert(name.to_owned(), stream);
        Ok(())
    }

    fn new_stream(&mut self, name: &str, shards: usize, properties: Properties, now: Timestamp) -> Stream {
        let (ordinal, retention) = (self.streams_created, properties.retention);
        self.streams_created += 1;
        let shards: Vec<_> = ranges(shards as u128)
            .enumerate()
            .map(|(index, range)| {
                let numbering = Numbering::new(ordinal, index, now);
                ShardState::new(index, vec![], range, numbering, retention, self.held.clone(), now)
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
            properties,
            open: shards.iter().map(|shard| shard.range.start()).zip(0..).collect(),
            shards,
            next_open: 0,
            consumers: BTreeMap::new(),
            last_consumer_creation: 0,
        }
    }
}

impl CreateStreamRequest {
    fn shard_count(&self) -> Answer<usize> {
        let shards = match (self.shards, self.mode) {
            (Some(shards), _) => shards,
            (None, StreamMode::OnDemand) => ON_DEMAND_SHARDS,
            (None, StreamMode::Provisioned) => {
                return Err(ServiceError::invalid_argument(
                    "ShardCount must be given for a stream in PROVISIONED mode.",
                ));
            }
        };
        if (1..=MAX_SHARDS).contains(&shards) {
            return Ok(shards);
        }
        let constraint = "have value greater than or equal to 1, and have value less than or equal to 100000";
        Err(ServiceError::validation("shardCount", &shards.to_string(), constraint))
    }
}

/// All hash keys, cut into `count` ranges as the service does: equal ones, the remainder in the last.
pub(super) fn ranges(count: u128) -> impl Iterator<Item = HashKeyRange> {
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
/// What an on-demand stream begins with: 4 MB/s (developer guide, "On-demand mode").
const ON_DEMAND_SHARDS: usize = 4;

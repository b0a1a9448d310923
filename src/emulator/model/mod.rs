//! The model of the service: streams, shards, their records, registered consumers and subscriptions.
//!
//! It knows no door, no clock, no async and no randomness: every call is told the time, and the same calls at the same times
//! give the same answers. Time must not go backwards.
//!
//! ```text
//!   put_record ──> shard's log <── pull ── subscription_next <── whoever reads
//! ```
//!
//! **A subscription is a position, never a queue**: what it is to deliver next is read from the shard's log when it is asked
//! for. So one that is not asked costs nothing, and misses nothing. Whoever waits for a subscription is told by
//! [`Model::take_woken`] when it has something new to say.
//!
//! The behaviour is that of the API reference and the developer guide. What these do not say is in
//! [`Settings`].
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod account;
mod consumers;
mod creation;
mod describe;
mod encryption;
mod error;
mod limits;
mod listing;
mod log;
mod monitoring;
mod numbering;
mod operation;
mod polling;
mod position;
mod properties;
mod puts;
mod reshard;
mod scaling;
mod shard;
mod slot;
mod statistics;
mod streams;
mod subscriptions;
mod tags;
mod token;
mod total;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use account::{AccountLimits, BillingCommitment, CommitmentStatus};
pub use consumers::{ConsumerSummary, ListConsumersRequest, ListedConsumers};
pub use creation::CreateStreamRequest;
pub use describe::{DescribedStream, ListStreamsRequest, ListedStreams};
pub use error::ServiceError;
pub use listing::{ListShardsRequest, ListedShards, ShardSelection};
pub use monitoring::{MonitoringChange, ShardLevelMetric};
pub use operation::Operation;
pub use polling::{GetRecordsRequest, PolledRecords};
pub use position::Start;
pub use properties::{RecordDistributionStrategy, StreamMode};
pub(super) use puts::written_hash_key as hash_key;
pub use puts::{NewRecord, PutAnswer};
pub use scaling::ShardCountChange;
pub use statistics::{Statistics, SubscribeCall};
pub use streams::StreamDescription;
pub use subscriptions::{Admission, LoggedEvent, Next, SubscriptionId};
pub use tags::{ListedTags, TaggedResource, Tags};

use super::Settings;
use crate::model::Timestamp;
use limits::Limits;
use streams::Stream;
use subscriptions::Subscription;
use total::{Held, Order};

/// What a call answers.
pub type Answer<T> = Result<T, ServiceError>;

/// A Kinesis of one account and region.
#[derive(Debug)]
pub struct Model {
    settings: Arc<Settings>,
    streams: BTreeMap<String, Stream>,
    streams_created: u64,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    subscriptions_opened: u64,
    /// When each open subscription's time is over.
    expiries: BTreeSet<(Timestamp, SubscriptionId)>,
    woken: Vec<SubscriptionId>,
    limits: Limits,
    commitment: BillingCommitment,
    held: Held,
    order: Order,
    statistics: Statistics,
}

impl Model {
    /// A service without streams.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            streams: BTreeMap::new(),
            streams_created: 0,
            subscriptions: BTreeMap::new(),
            subscriptions_opened: 0,
            expiries: BTreeSet::new(),
            woken: Vec::new(),
            limits: Limits::default(),
            commitment: BillingCommitment::default(),
            held: Held::default(),
            order: Order::default(),
            statistics: Statistics::default(),
        }
    }

    /// What the service was set to.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Counts a call, as every door does before it makes one, and holds it to the documented rate of its operation. `scope`
    /// is what the rate goes by: the stream, or nothing where it is the account.
    ///
    /// # Errors
    /// LimitExceededException when the rate is exceeded and [`Settings::limit_calls`] is on.
    pub fn admit(&mut self, operation: Operation, scope: &str, now: Timestamp) -> Answer<()> {
        self.statistics.count(operation);
        match operation.rate() {
            Some(rate) if self.settings.limit_calls && !self.limits.take(operation, scope, rate, now) => {
                Err(ServiceError::limit_exceeded(format!(
                    "Rate exceeded for {operation} under account {}.",
                    self.settings.account
                )))
            }
            _ => Ok(()),
        }
    }

    /// The subscriptions that have something new to say since this was asked last: whoever waits for one of them asks
    /// [`Model::subscription_next`] again.
    pub fn take_woken(&mut self) -> Vec<SubscriptionId> {
        std::mem::take(&mut self.woken)
    }

    /// What was called and delivered so far.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

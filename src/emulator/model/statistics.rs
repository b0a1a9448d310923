//! What was called and delivered.

use std::collections::{BTreeMap, VecDeque};

use super::{Operation, Start};
use crate::model::{ShardId, Timestamp};

/// What a local Kinesis has seen so far.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    /// How often each operation was called, refused calls included.
    pub calls: BTreeMap<Operation, u64>,
    /// Subscriptions that are open now.
    pub open_subscriptions: usize,
    /// Subscriptions opened.
    pub subscriptions: u64,
    /// Subscriptions opened for a consumer and shard that had had one before.
    pub renewals: u64,
    /// Events handed to subscriptions, empty ones included.
    pub events: u64,
    /// Records in these events.
    pub records: u64,
    /// Events with records that were encoded for HTTP. What several subscriptions read alike is encoded once.
    pub events_encoded: u64,
    /// HTTP connections that are open now, those that have not said anything yet included.
    pub open_connections: usize,
    /// HTTP connections closed at once, their door being full: [`Settings::max_connections`](super::super::Settings).
    pub refused_connections: u64,
    /// The latest SubscribeToShard calls, oldest first; at most [`Settings::call_log_size`](super::super::Settings) of them.
    pub subscribe_calls: VecDeque<SubscribeCall>,
}

/// A call of SubscribeToShard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribeCall {
    /// When it was made.
    pub at: Timestamp,
    /// The registered consumer, as the call named it.
    pub consumer_arn: String,
    /// The shard, as the call named it.
    pub shard_id: ShardId,
    /// From where.
    pub start: Start,
    /// The code of the error that refused it; `None`: it was accepted.
    pub refused: Option<String>,
}

impl Statistics {
    /// How often the operation was called.
    pub fn calls_of(&self, operation: Operation) -> u64 {
        self.calls.get(&operation).copied().unwrap_or(0)
    }

    /// The latest SubscribeToShard calls for a shard, oldest first.
    pub fn subscribe_calls_of(&self, shard_id: &str) -> Vec<SubscribeCall> {
        let calls = self.subscribe_calls.iter();
        calls.filter(|call| call.shard_id.as_str() == shard_id).cloned().collect()
    }

    pub(super) fn count(&mut self, operation: Operation) {
        *self.calls.entry(operation).or_default() += 1;
    }

    pub(super) fn log(&mut self, call: SubscribeCall, size: usize) {
        self.subscribe_calls.push_back(call);
        while self.subscribe_calls.len() > size {
            self.subscribe_calls.pop_front();
        }
    }
}

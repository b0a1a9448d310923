//! Faults on order: which calls fail, and how. Both doors honour them.
//!
//! A deleted consumer or stream needs no script: [`LocalKinesis::deregister_consumer`] and
//! [`LocalKinesis::delete_stream`] do it.
//!
//! [`LocalKinesis::deregister_consumer`]: super::LocalKinesis::deregister_consumer
//! [`LocalKinesis::delete_stream`]: super::LocalKinesis::delete_stream

use std::time::Duration;

use super::model::{Operation, ServiceError};
use super::service::Service;
use crate::model::ShardId;

/// A fault that waits for its call.
///
/// ```
/// use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings, StreamFault};
///
/// let local = LocalKinesis::new(Settings::default());
/// // The next two calls of ListShards are throttled,
/// local.faults().inject(Fault::refuse(Operation::ListShards, "LimitExceededException", "slow down", 400).times(2));
/// // and every subscription to this shard breaks after its third event.
/// local.faults().inject(Fault::in_stream(3, StreamFault::BrokenChecksum).shard("shardId-000000000000"));
/// ```
///
/// Fan-out that is not to be had, and polling that goes badly:
///
/// ```
/// use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings};
///
/// // A stream that has all the consumers it may have: RegisterStreamConsumer is refused with LimitExceededException.
/// let local = LocalKinesis::new(Settings { max_consumers: 0, ..Settings::default() });
/// // No permission to register, or to subscribe to one shard,
/// local.faults().inject(Fault::access_denied(Operation::RegisterStreamConsumer));
/// local.faults().inject(Fault::access_denied(Operation::SubscribeToShard).shard("shardId-000000000000"));
/// // a server that has no fan-out at all,
/// local.faults().inject(Fault::unknown_operation(Operation::SubscribeToShard));
/// // iterators that expire early, a shard that others read too, and one whose records never come.
/// local.faults().inject(Fault::expired_iterator().times(1));
/// let exceeded = "ProvisionedThroughputExceededException";
/// local.faults().inject(Fault::refuse(Operation::GetRecords, exceeded, "Rate exceeded", 400).times(3));
/// local.faults().inject(Fault::silent(Operation::GetRecords, None).shard("shardId-000000000001"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    operation: Operation,
    shard: Option<ShardId>,
    times: Option<u32>,
    effect: Effect,
}

/// What goes wrong in the stream of a subscription that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamFault {
    /// Nothing more comes for this long, or ever; the connection stays open.
    Silence(Option<Duration>),
    /// An exception event ends the stream.
    Exception(ServiceError),
    /// A message of type `error`, as the event stream has it for what is no exception of the service's model, ends the stream.
    ErrorMessage(ServiceError),
    /// The stream ends cleanly.
    End,
    /// The next event comes in a frame whose checksum is wrong.
    BrokenChecksum,
    /// The next event's frame stops half way, and the stream with it.
    TruncatedFrame,
    /// The next event's payload is no JSON.
    InvalidJson,
    /// The next event comes with an empty string for its continuation.
    EmptyContinuation,
}

/// The faults of a local Kinesis.
#[derive(Debug, Clone, Copy)]
pub struct Faults<'a>(pub(super) &'a Service);

/// What a fault does to its call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    Refuse(ServiceError),
    Silent(Option<Duration>),
    InStream { after_events: u64, fault: StreamFault },
}

/// The faults that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct Script(Vec<Fault>);

impl Fault {
    /// The call is refused with this error.
    pub fn refuse(operation: Operation, code: &str, message: &str, status: u16) -> Self {
        let error = ServiceError::new(code.to_owned(), message, status);
        Self::new(operation, Effect::Refuse(error))
    }

    /// The call is refused because the caller's policy does not allow it.
    pub fn access_denied(operation: Operation) -> Self {
        let message = format!(
            "User is not authorized to perform: kinesis:{operation} because no identity-based policy allows the \
             kinesis:{operation} action"
        );
        Self::refuse(operation, "AccessDeniedException", &message, 400)
    }

    /// The call is refused by a server that does not have the operation.
    pub fn unknown_operation(operation: Operation) -> Self {
        let message = format!("The operation {operation} is not known to this server.");
        Self::refuse(operation, "UnknownOperationException", &message, 400)
    }

    /// GetRecords is refused because its iterator is too old, however young it is.
    pub fn expired_iterator() -> Self {
        let message = "Iterator expired. It is further in the past than the tolerated delay.";
        Self::refuse(Operation::GetRecords, "ExpiredIteratorException", message, 400)
    }

    /// The call is refused because the caller's credentials have expired.
    pub fn expired_credentials(operation: Operation) -> Self {
        let message = "The security token included in the request is expired";
        Self::refuse(operation, "ExpiredTokenException", message, 400)
    }

    /// No answer, not even headers, for this long or for ever; after that the call goes on as usual.
    pub fn silent(operation: Operation, silence: Option<Duration>) -> Self {
        Self::new(operation, Effect::Silent(silence))
    }

    /// SubscribeToShard succeeds, and its stream goes wrong behind so many events (0: before the first). Silence behind none is
    /// silence after the response headers and the initial response.
    pub fn in_stream(after_events: u64, fault: StreamFault) -> Self {
        Self::new(Operation::SubscribeToShard, Effect::InStream { after_events, fault })
    }

    /// Only calls for this shard: of SubscribeToShard (dry runs left out) and GetShardIterator, which name it, and of GetRecords,
    /// whose iterator does. Default: any. No other operation's calls match a shard.
    pub fn shard(mut self, shard_id: impl Into<ShardId>) -> Self {
        self.shard = Some(shard_id.into());
        self
    }

    /// Only so many calls. Default: every call until [`Faults::clear`].
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn meets(&self, operation: Operation, shard_id: Option<&ShardId>) -> bool {
        self.operation == operation && (self.shard.is_none() || self.shard.as_ref() == shard_id)
    }

    fn new(operation: Operation, effect: Effect) -> Self {
        Self { operation, shard: None, times: None, effect }
    }
}

impl Faults<'_> {
    /// Adds a fault. Of several that fit a call, the oldest takes it.
    pub fn inject(&self, fault: Fault) {
        self.0.script(|script| script.0.push(fault));
    }

    /// Takes all faults back that have not happened yet. Those of open subscriptions stay.
    pub fn clear(&self) {
        self.0.script(|script| script.0.clear());
    }

    /// Breaks the subscriptions that are open now, of one shard or of all. Gives their number.
    pub fn interrupt(&self, shard_id: Option<&str>, fault: &StreamFault) -> usize {
        self.0.interrupt(shard_id, fault)
    }
}

impl Script {
    /// The fault for a call that names this shard, which uses it up once.
    pub(super) fn take(&mut self, operation: Operation, shard_id: Option<&ShardId>) -> Option<Effect> {
        self.take_if(|fault| fault.meets(operation, shard_id))
    }

    /// The fault for a call that opens no stream: what would go wrong in one waits for one that does.
    pub(super) fn take_unstreamed(
        &mut self,
        operation: Operation,
        shard_id: Option<&ShardId>,
    ) -> Option<Effect> {
        self.take_if(|fault| {
            !matches!(fault.effect, Effect::InStream { .. }) && fault.meets(operation, shard_id)
        })
    }

    fn take_if(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<Effect> {
        self.0.retain(|fault| fault.times != Some(0));
        let fault = self.0.iter_mut().find(|fault| fits(fault))?;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        Some(fault.effect.clone())
    }
}

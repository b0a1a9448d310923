use std::time::Duration;

use crate::engine::subscription::EndCause;
use crate::engine::{CheckCause, ShardFailure, ShardStatus, polling, subscription};
use crate::model::{ChildShard, Failure, RecordPosition, Records};

/// How the records of a shard are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryMode {
    /// By enhanced fan-out: SubscribeToShard.
    FanOut,
    /// By polling: GetRecords.
    Polling,
}

/// What the machine is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Something for the subscription.
    FanOut(subscription::Input),
    /// Something for the polling.
    Polling(polling::Input),
    /// The answer to [`Command::Check`].
    Checked(ShardStatus),
    /// The registered consumer is ACTIVE, under this ARN.
    ConsumerActive {
        /// The ARN to subscribe with.
        consumer_arn: String,
    },
    /// There is no registered consumer to subscribe with, until `ConsumerActive`. Only told where there is a fallback.
    ConsumerUnavailable,
    /// The instant of `Output::Timeout` has come.
    Timeout,
    /// No more calls, no more records.
    Shutdown,
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Find room for the first event or page of this mode; answered by its `Demand`.
    Begin(DeliveryMode),
    /// Drop all that belongs to this mode: its call, its stream, what waits for room, and the room.
    End(DeliveryMode),
    /// What the subscription wants, but for its checks.
    FanOut(subscription::Command),
    /// What the polling wants, but for its checks.
    Polling(polling::Command),
    /// Ask a complete listing what has become of the shard; answered by one `Checked`. A fan-out that does not find the shard may
    /// have lost the registered consumer: then `ConsumerActive` or `ConsumerUnavailable` may answer instead.
    Check {
        /// Who asks.
        by: DeliveryMode,
        /// Why.
        cause: CheckCause,
    },
}

/// What the shell and the user learn.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Records for the user. They wait for room until the `Demand` of their mode.
    Deliver {
        /// Who brought them.
        mode: DeliveryMode,
        /// The records, possibly none.
        records: Records,
        /// How far the last of them is behind the tip of the shard, in milliseconds.
        millis_behind_latest: u64,
        /// Those up to here are done already.
        skip_through: Option<RecordPosition>,
    },
    /// The first event of a subscription came.
    Established {
        /// It follows one that ended by its time, without a gap.
        renewal: bool,
    },
    /// The subscription, or the attempt at one, has ended.
    SubscriptionEnded {
        /// Why.
        cause: EndCause,
        /// When the next call is due at the earliest; `None`: when there is room, or after a check.
        retry_in: Option<Duration>,
    },
    /// The shard gives no more for now: its limits are used up, by this reader or by others.
    Throttled {
        /// When the next call follows.
        retry_in: Duration,
    },
    /// An iterator was too old: a new one is asked for.
    IteratorExpired,
    /// A call of the polling failed.
    PollFailed {
        /// How.
        failure: Failure,
        /// When the next call follows; `None`: after a check.
        retry_in: Option<Duration>,
    },
    /// Another of the two serves the shard from here on.
    DeliveryChanged {
        /// Who served it.
        from: DeliveryMode,
        /// Who serves it.
        to: DeliveryMode,
        /// Why.
        cause: ChangeCause,
    },
    /// Fan-out was tried again and did not work; polling goes on.
    ProbeFailed {
        /// Why the attempt ended.
        cause: EndCause,
        /// When the next one follows; `None`: when the registered consumer is ACTIVE again, or where the time between two is longer than
        /// a clock can count.
        next_in: Option<Duration>,
    },
    /// The shard has ended and all its records are stored.
    ShardEnded {
        /// Its children, as far as known.
        children: Vec<ChildShard>,
    },
    /// Nothing more can be done here.
    Failed(ShardFailure),
}

/// Why another of the two serves a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeCause {
    /// To polling: there is no registered consumer to subscribe with.
    ConsumerUnavailable,
    /// To polling: the service, or what stands before it, does not let us subscribe.
    FanOutDenied(Failure),
    /// To polling: no subscription has brought an event for this long.
    FanOutFailing(Duration),
    /// To polling: so were the parents of the shard in the end, and fan-out is tried at the same time.
    ParentPolled,
    /// Back to fan-out: it works again.
    FanOutWorks,
    /// Back to fan-out: the service does not let us poll.
    PollingDenied(Failure),
}

/// Why `Input::Timeout` is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutReason {
    /// The subscription waits for it.
    FanOut(subscription::TimeoutReason),
    /// The polling waits for it.
    Polling(polling::TimeoutReason),
    /// Fan-out has failed for too long.
    FallBack,
    /// Fan-out is to be tried again.
    Probe,
    /// The probe has taken too long.
    ProbeOver,
}

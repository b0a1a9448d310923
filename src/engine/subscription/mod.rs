//! The subscription of one shard: when to call SubscribeToShard and from where, when to read on, when to give up, when the
//! shard has ended.
//!
//! It does not know the client, other shards, what is inside a record, or how large the memory budget is: it learns only
//! whether there is room for one more event.
//!
//! ```text
//!                 demand, and due                    answered
//!      ┌──> Idle ───────────────> Calling ────────────────────────> Open ──┐ event: Deliver, and read on
//!      │      ^                      │ refused, failed                │ ^──┘ when it has found room
//!      │      └── back-off <─────────┤                                │
//!      │                             │ ResourceNotFound,              ├─ ended, failed, silent, taken over ──> Idle
//!      │                             │ InvalidArgument                ├─ no room for 60 s: withdraw, give up ──> Idle
//!      │                             v                                │
//!      └── open, or below its end ── Checking <── no continuation ── Ending <── last event of the shard, or of unclear end
//!                                    │                                │
//!                                    │ closed and read, or gone       │ child shards, and the event has found room
//!                                    └──────────────> Over <──────────┘
//! ```
//!
//! Decisions (DESIGN §4) 1, 2, 3, 4, 5, 6, 7, 8, 9 and 13 are kept here. Sources: the API reference of SubscribeToShard (one
//! call per second, 5 minutes, the 5 s rule, ContinuationSequenceNumber, ChildShards); the Java KCL's
//! FanOutRecordsPublisher for what real streams do.

mod contention;
mod machine;
mod reading;
mod recovery;
mod state;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::engine::{CallId, CheckCause, ShardFailure, ShardStatus};
use crate::model::{ChildShard, Failure, RecordPosition, StartingPosition, SubscriptionEvent};

pub use machine::{Subscription, SubscriptionConfig};

/// What the machine is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// There is room: the last event delivered is stored, and one more may come. Told again while there is room, it says
    /// nothing.
    Demand,
    /// The size of the next event is known, and there is no room for it: `Demand` follows when there is.
    NoRoom {
        /// The call that opened the subscription.
        call: CallId,
    },
    /// SubscribeToShard was accepted.
    Subscribed {
        /// The call.
        call: CallId,
        /// When it was sent, after any wait for the process's rate limit.
        sent_at: Instant,
    },
    /// SubscribeToShard was not accepted.
    Refused {
        /// The call.
        call: CallId,
        /// When it was sent.
        sent_at: Instant,
        /// Why.
        failure: Failure,
    },
    /// Bytes came. Told before a `Timeout`, where the port knows; not for each of them.
    Received {
        /// The call that opened the subscription.
        call: CallId,
        /// When the last of them came.
        at: Instant,
    },
    /// An event came.
    Event {
        /// The call that opened the subscription.
        call: CallId,
        /// The event.
        event: SubscriptionEvent,
    },
    /// The subscription ended, and nothing says why.
    Ended {
        /// The call that opened the subscription.
        call: CallId,
    },
    /// The subscription broke, or the service ended it with an exception.
    Failed {
        /// The call that opened the subscription.
        call: CallId,
        /// How.
        failure: Failure,
    },
    /// The answer to [`Command::Check`]. For [`CheckCause::NotFound`] it also says that the registered consumer is there.
    Checked(ShardStatus),
    /// The registered consumer has another ARN now. With the ARN that it has already, it says nothing.
    ConsumerMoved {
        /// The new ARN.
        consumer_arn: String,
    },
    /// The instant of `Output::Timeout` has come.
    Timeout,
    /// No more calls, no more events.
    Shutdown,
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Call SubscribeToShard once; answered by `Subscribed` or `Refused`.
    Subscribe {
        /// The call.
        call: CallId,
        /// The registered consumer.
        consumer_arn: String,
        /// From where.
        starting_position: StartingPosition,
    },
    /// Read the next event of the subscription; answered by `Event`, `Ended`, `Failed`, or `NoRoom` for now.
    Read {
        /// The call that opened the subscription.
        call: CallId,
    },
    /// Give up the call, or the subscription that it opened.
    Close {
        /// The call.
        call: CallId,
    },
    /// Drop the event that was delivered last and has found no room: it will come again.
    Withdraw,
    /// Ask a complete listing what has become of the shard; answered by one `Checked`, or for [`CheckCause::NotFound`] by
    /// `ConsumerMoved` where the registered consumer was registered anew.
    Check(CheckCause),
}

/// What the shell and the user learn.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An event for the user. It waits for room until `Demand`.
    Deliver {
        /// The event.
        event: SubscriptionEvent,
        /// Its records up to here are done already.
        skip_through: Option<RecordPosition>,
    },
    /// The first event of a subscription came.
    Established {
        /// It follows one that ended by its time, without a gap.
        renewal: bool,
    },
    /// The subscription, or the attempt at one, has ended.
    Ended {
        /// Why.
        cause: EndCause,
        /// When the next call is due at the earliest; `None`: when there is room, or after a check.
        retry_in: Option<Duration>,
    },
    /// The shard has ended and all its events are stored.
    ShardEnded {
        /// Its children, as far as known.
        children: Vec<ChildShard>,
    },
    /// Nothing more can be done here.
    Failed(ShardFailure),
}

/// Why a subscription has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndCause {
    /// By its time: the service ends each after 5 minutes.
    Expired,
    /// It was accepted and ended without a single event.
    Barren,
    /// The service holds another subscription, ours or not, or the consumer is not ACTIVE: tried again soon.
    InUse,
    /// Somebody else uses the registered consumer and took the shard over.
    Contended,
    /// Nothing came for this long: not a byte for the time that is set, or not a whole event for 5 minutes.
    Silent(Duration),
    /// There was no room for this long.
    Blocked(Duration),
    /// The registered consumer has another ARN now.
    ConsumerMoved,
    /// A failure of the call or of the connection.
    Failed(Failure),
}

/// Why `Input::Timeout` is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutReason {
    /// The next call may be made.
    Call,
    /// The subscription has been silent for too long.
    Silence,
    /// The last look before a silent subscription is given up.
    LastLook,
    /// An event has found no room for too long.
    Blocked,
}

//! The reader of one shard: which of the two serves it now, fan-out or polling, and how each follows the other to the record.
//!
//! It does not know how either works: it drives a [`Subscription`](crate::engine::subscription::Subscription) and a
//! [`Polling`](crate::engine::polling::Polling), hands their commands on, and decides from what they tell.
//!
//! ```text
//!             fan-out denied, failing for too long, or no registered consumer: on from the last record stored
//!   FanOut ───────────────────────────────────────────────────────────────────────────────> Polling <──> (alone: no way back)
//!     ^  ^                                                                                   │  ^  │
//!     │  └── polling denied ─────────────────────────────────────────────────────────────────┘  │  │ every so often, or when
//!     │                                                                                         │  │ the consumer is ACTIVE again
//!     │                                                  the probe failed: polling went on ─────┤  v
//!     └── the probe's first event: polling stops at a page border, what it brought is dropped ── Probing
//! ```
//!
//! - **Where the other goes on** is AFTER the last record stored, never after a continuation (decision 1). An event or page that still
//!   waits for room at a change of reader is dropped: the other brings it.
//! - **The way back**: polling goes on while the probe subscribes, so a dead probe costs no delivery. The probe's first event comes with
//!   its room; with it polling ends between two pages, and records that it has brought are filtered out of the probe's.
//! - **Never for contention**, nor for a refusal while another subscription is held (decision 7): polling would only hide that two
//!   use one registered consumer. Nor does the time of such refusals count as failing.
//! - Time without room for a record counts against nobody: not as failing, and not against a probe, whose own time begins with its room.
//! - Where polling is denied, fan-out goes on as if there were no fallback, until the next probe would have been due. One answer denies a
//!   polling that has brought nothing yet; one that has worked, or the last that is left to try, is given a minute or another try. Without
//!   a registered consumer there is nothing else, and polling is tried on.

mod fan_out;
mod machine;
mod message;
mod polled;
mod probe;
#[cfg(test)]
mod tests;

pub use machine::{Fallback, Reader, ReaderConfig};
pub use message::{ChangeCause, Command, DeliveryMode, Event, Input, TimeoutReason};

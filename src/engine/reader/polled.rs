//! Polling serves, by itself or for fan-out.

use std::time::{Duration, Instant};

use super::fan_out::denies_at_once;
use super::machine::Reader;
use super::{ChangeCause, Command, DeliveryMode, Event};
use crate::engine::ShardFailure;
use crate::engine::polling;
use crate::model::Failure;

impl Reader {
    pub(super) fn polling_wants(&mut self, command: polling::Command) {
        match command {
            polling::Command::Check(cause) => {
                self.command(Command::Check { by: DeliveryMode::Polling, cause });
            }
            command => self.command(Command::Polling(command)),
        }
    }

    pub(super) fn polling_tells(&mut self, event: polling::Event, now: Instant) {
        use polling::Event as Told;
        match event {
            Told::Deliver { page, skip_through } => self.tell(Event::Deliver {
                mode: DeliveryMode::Polling,
                records: page.records,
                millis_behind_latest: page.millis_behind_latest,
                skip_through,
            }),
            Told::Throttled { retry_in } => self.tell(Event::Throttled { retry_in }),
            Told::IteratorExpired => self.tell(Event::IteratorExpired),
            Told::CallFailed { failure, retry_in } => {
                self.tell(Event::PollFailed { failure: failure.clone(), retry_in });
                if denies_at_once(&failure) && self.consumer_arn.is_some() {
                    self.give_polling_up(failure, now);
                }
            }
            Told::ShardEnded { children } => self.end_shard(children, now),
            Told::Failed(ShardFailure::Denied(failure)) if self.consumer_arn.is_some() => {
                self.give_polling_up(failure, now);
            }
            Told::Failed(failure) => self.fail(failure, now),
        }
    }

    /// Polling is denied: fan-out goes on, and there is no fallback for a while; so long that it is told where fan-out is denied for good
    /// as well.
    fn give_polling_up(&mut self, failure: Failure, now: Instant) {
        let next_probe = self.next_probe(now).unwrap_or(now + DENIED_AT_MOST);
        self.polling_denied_until = Some(next_probe.max(now + DENIED_AT_LEAST));
        self.end_probing(now);
        self.tell_change(DeliveryMode::FanOut, ChangeCause::PollingDenied(failure));
        self.end_polling(now);
        self.serve_by_fan_out(now);
    }
}

/// A denial of fan-out is final after a minute, whose last call may come 30 s after that.
const DENIED_AT_LEAST: Duration = Duration::from_secs(120);
/// For ever, as far as a clock can count.
const DENIED_AT_MOST: Duration = Duration::from_secs(365 * 24 * 3600);

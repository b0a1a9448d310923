//! Polling serves, by itself or for fan-out.

use std::time::Instant;

use super::fan_out::denies_at_once;
use super::machine::{Mode, Reader};
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
            Told::ShardEnded { children } => {
                if matches!(self.mode, Mode::Probing { .. }) {
                    self.end_fan_out(now);
                }
                self.end_shard(children);
            }
            Told::Failed(ShardFailure::Denied(failure)) if self.consumer_arn.is_some() => {
                self.give_polling_up(failure, now);
            }
            Told::Failed(failure) => self.fail(failure),
        }
    }

    /// Polling is denied: fan-out goes on, and there is no fallback for a while.
    fn give_polling_up(&mut self, failure: Failure, now: Instant) {
        self.polling_denied_until = self.next_probe(now);
        if matches!(self.mode, Mode::Probing { .. }) {
            self.end_fan_out(now);
        }
        self.tell_change(DeliveryMode::FanOut, ChangeCause::PollingDenied(failure));
        self.end_polling(now);
        self.serve_by_fan_out(now);
    }
}

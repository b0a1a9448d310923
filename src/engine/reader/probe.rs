//! Polling serves, and fan-out is tried again.

use std::time::{Duration, Instant};

use super::machine::{Mode, Reader};
use super::{ChangeCause, DeliveryMode, Event};
use crate::engine::ShardFailure;
use crate::engine::subscription::{self, EndCause};
use crate::model::{Failure, FailureClass, RecordPosition, SubscriptionEvent};

impl Reader {
    /// When fan-out is tried again; `None`: there is nothing to subscribe with.
    pub(super) fn next_probe(&mut self, now: Instant) -> Option<Instant> {
        let every = self.config.fallback?.probe_every;
        self.consumer_arn.as_ref()?;
        // The shards that failed together are not to come back together.
        let tenth = every / 10;
        now.checked_add(self.random.between(every - tenth, every.saturating_add(tenth)))
    }

    pub(super) fn begin_probe(&mut self, now: Instant) {
        self.subscribe(now);
        self.mode = Mode::Probing { until: None };
    }

    /// The probe's time begins, or begins anew, with its room.
    pub(super) fn probe_found_room(&mut self, now: Instant) {
        if let Mode::Probing { until } = &mut self.mode {
            *until = Some(now + PROBE_TIME);
        }
    }

    /// The event is there, and the user is in no hurry.
    pub(super) fn probe_without_room(&mut self) {
        if let Mode::Probing { until } = &mut self.mode {
            *until = None;
        }
    }

    pub(super) fn probe_tells(&mut self, event: subscription::Event, now: Instant) {
        use subscription::Event as Told;
        match event {
            Told::Deliver { event, skip_through } => self.take_over(event, skip_through, now),
            Told::Established { renewal } => self.tell(Event::Established { renewal }),
            Told::Ended { cause, .. } if ends_probe(&cause) => self.end_probe(cause, now),
            Told::Ended { cause, retry_in } => self.tell(Event::SubscriptionEnded { cause, retry_in }),
            // The polling is not there yet: it finds the end by itself.
            Told::ShardEnded { .. } => self.end_probe(EndCause::Barren, now),
            Told::Failed(
                ShardFailure::PositionRefused(failure)
                | ShardFailure::PinRefused(failure)
                | ShardFailure::Denied(failure)
                | ShardFailure::GaveUp(failure),
            ) => self.end_probe(EndCause::Failed(failure), now),
        }
    }

    /// The probe's first event: fan-out serves from here on. It holds all that comes after the position the probe began at, which what
    /// was polled has reached or passed.
    fn take_over(&mut self, event: SubscriptionEvent, skip_through: Option<RecordPosition>, now: Instant) {
        let polled = self.handed_on();
        let skip_through = polled.skip_through(skip_through);
        if let Some(subscription) = &mut self.subscription {
            subscription.catch_up_with(&polled);
        }
        self.end_polling(now);
        self.mode = Mode::FanOut { failing: None };
        self.tell_change(DeliveryMode::FanOut, ChangeCause::FanOutWorks);
        self.tell(Event::Deliver {
            mode: DeliveryMode::FanOut,
            records: event.records,
            millis_behind_latest: event.millis_behind_latest,
            skip_through,
        });
    }

    pub(super) fn end_probe(&mut self, cause: EndCause, now: Instant) {
        self.end_fan_out(now);
        let next_probe = self.next_probe(now);
        self.mode = Mode::Polling { next_probe };
        let next_in = next_probe.map(|at| at.saturating_duration_since(now));
        self.tell(Event::ProbeFailed { cause, next_in });
    }

    pub(super) fn probe_took_too_long(&mut self, now: Instant) {
        let failure = Failure::new(FailureClass::TimedOut, "no event came while fan-out was tried again");
        self.end_probe(EndCause::Failed(failure), now);
    }
}

/// A refusal that passes does not end a probe: another subscription that is held, a position that gives way to an older one, a
/// registered consumer that is looked for. Nor does a user who is slow.
fn ends_probe(cause: &EndCause) -> bool {
    match cause {
        EndCause::InUse | EndCause::ConsumerMoved | EndCause::Blocked(_) => false,
        EndCause::Failed(failure) => {
            !matches!(failure.class, FailureClass::InvalidArgument | FailureClass::ResourceNotFound)
        }
        EndCause::Expired | EndCause::Barren | EndCause::Contended | EndCause::Silent(_) => true,
    }
}

/// How long a probe may take for its first event: the 35 s of silence that end a subscription, behind a call that took as long as one
/// may, and then some.
const PROBE_TIME: Duration = Duration::from_secs(120);

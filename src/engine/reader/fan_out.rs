//! Fan-out serves: when it is given up for polling.

use std::time::{Duration, Instant};

use super::machine::{Failing, Mode, Reader, Refused};
use super::{ChangeCause, DeliveryMode, Event};
use crate::engine::ShardFailure;
use crate::engine::subscription::{self, EndCause};
use crate::model::{Failure, FailureClass};

impl Reader {
    pub(super) fn fan_out_tells(&mut self, event: subscription::Event, now: Instant) {
        use subscription::Event as Told;
        match event {
            Told::Deliver { event, skip_through } => {
                self.clear_failing();
                self.tell(Event::Deliver {
                    mode: DeliveryMode::FanOut,
                    records: event.records,
                    millis_behind_latest: event.millis_behind_latest,
                    skip_through,
                });
            }
            Told::Established { renewal } => self.tell(Event::Established { renewal }),
            Told::Ended { cause, retry_in } => {
                self.tell(Event::SubscriptionEnded { cause: cause.clone(), retry_in });
                self.subscription_ended(cause, retry_in, now);
            }
            Told::ShardEnded { children } => self.end_shard(children, now),
            Told::Failed(ShardFailure::Denied(failure)) if self.may_fall_back(now) => {
                self.fall_back(ChangeCause::FanOutDenied(failure), now);
            }
            Told::Failed(failure) => self.fail(failure, now),
        }
    }

    fn subscription_ended(&mut self, cause: EndCause, retry_in: Option<Duration>, now: Instant) {
        if self.consumer_arn.is_none() {
            return self.fall_back_if_allowed(ChangeCause::ConsumerUnavailable, now);
        }
        match cause {
            EndCause::Failed(failure) if denies_at_once(&failure) && self.may_fall_back(now) => {
                self.fall_back(ChangeCause::FanOutDenied(failure), now);
            }
            EndCause::Failed(_) | EndCause::Barren => self.note_failing(now, now),
            EndCause::Silent(quiet) => {
                // A process that slept was away for longer than the silence took to show.
                let quiet = quiet.min(self.config.subscription.silence);
                self.note_failing(now.checked_sub(quiet).unwrap_or(now), now);
            }
            EndCause::Blocked(_) => self.clear_failing(),
            EndCause::InUse => self.note_refused(now + retry_in.unwrap_or_default(), now),
            EndCause::Expired | EndCause::Contended | EndCause::ConsumerMoved => {}
        }
    }

    fn note_failing(&mut self, since: Instant, now: Instant) {
        if self.subscription.as_ref().is_some_and(|it| it.is_without_room()) {
            // Its last event waits for the user, and no other is wanted.
            return;
        }
        if let Mode::FanOut { failing } = &mut self.mode {
            let failing = failing.get_or_insert(Failing { since, refused: None, last_look: None });
            if let Some(Refused { from, until }) = failing.refused.take() {
                failing.since = now.min(failing.since + until.saturating_duration_since(from));
            }
            let failing = *failing;
            self.judge_failing(failing, now);
        }
    }

    /// Somebody holds a subscription, and be it a call of ours that was accepted unseen: it counts neither as failing nor as an event.
    fn note_refused(&mut self, until: Instant, now: Instant) {
        if let Mode::FanOut { failing: Some(failing) } = &mut self.mode {
            let from = failing.refused.map_or(now, |refused| refused.from);
            failing.refused = Some(Refused { from, until });
            failing.last_look = None;
        }
    }

    pub(super) fn clear_failing(&mut self) {
        if let Mode::FanOut { failing } = &mut self.mode {
            *failing = None;
        }
    }

    /// When fan-out has failed for too long. `None`: it does not count, or later than the clock can tell.
    pub(super) fn fall_back_at(&self, failing: Failing) -> Option<Instant> {
        if failing.refused.is_some() {
            return None;
        }
        let at = failing.since.checked_add(self.config.fallback?.after)?;
        // Where polling is denied, not before it is worth another try.
        let at = self.polling_denied_until.map_or(at, |until| at.max(until));
        Some(failing.last_look.map_or(at, |until| at.max(until)))
    }

    /// A process that slept finds its deadline passed and an event in its socket: one more look tells the two apart.
    pub(super) fn judge_failing(&mut self, failing: Failing, now: Instant) {
        if self.fall_back_at(failing).is_none_or(|at| now < at) {
            return;
        }
        if failing.last_look.is_some() {
            let failed_for = now.saturating_duration_since(failing.since);
            return self.fall_back_if_allowed(ChangeCause::FanOutFailing(failed_for), now);
        }
        if let Mode::FanOut { failing: Some(failing) } = &mut self.mode {
            failing.last_look = Some(now + LAST_LOOK);
        }
    }

    fn fall_back_if_allowed(&mut self, cause: ChangeCause, now: Instant) {
        if self.may_fall_back(now) {
            self.fall_back(cause, now);
        }
    }

    fn may_fall_back(&self, now: Instant) -> bool {
        let is_denied = self.polling_denied_until.is_some_and(|until| now < until);
        let is_ending = self.subscription.as_ref().is_some_and(|it| it.is_ending());
        self.config.fallback.is_some() && !is_denied && !is_ending
    }

    fn fall_back(&mut self, cause: ChangeCause, now: Instant) {
        self.tell_change(DeliveryMode::Polling, cause);
        let next_probe = self.next_probe(now);
        self.end_fan_out(now);
        self.serve_by_polling(next_probe, now);
    }

    pub(super) fn consumer_active(&mut self, consumer_arn: String, now: Instant) {
        if self.is_alone() {
            return;
        }
        let is_new = self.consumer_arn.as_ref() != Some(&consumer_arn);
        self.consumer_arn = Some(consumer_arn.clone());
        if let Some(subscription) = self.running_subscription() {
            subscription.handle(subscription::Input::ConsumerMoved { consumer_arn }, now);
        } else if let Mode::Polling { next_probe } = &mut self.mode
            && is_new
        {
            // The process's limit of subscribe calls spreads the shards.
            *next_probe = Some(now);
            self.begin_probe(now);
        }
    }

    /// A subscription that delivers is left alone: what the registration cannot find may yet be there.
    pub(super) fn consumer_unavailable(&mut self, now: Instant) {
        self.consumer_arn = None;
        match &mut self.mode {
            Mode::FanOut { .. } => {
                if self.subscription.as_ref().is_some_and(|it| !it.is_established()) {
                    self.fall_back_if_allowed(ChangeCause::ConsumerUnavailable, now);
                }
            }
            Mode::Polling { next_probe } => *next_probe = None,
            Mode::Probing { .. } => {
                let gone = Failure::new(FailureClass::ResourceNotFound, "there is no registered consumer");
                self.end_probe(EndCause::Failed(gone), now);
            }
            Mode::Over => {}
        }
    }
}

/// What the passing of time does not mend, and polling can do without.
pub(super) fn denies_at_once(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::AccessDenied | FailureClass::Unsupported)
}

const LAST_LOOK: Duration = Duration::from_millis(250);

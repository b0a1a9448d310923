//! What a reader is held to after each step, and when it says something.

use std::time::Duration;

use kinesis_fanout::engine::ShardFailure;
use kinesis_fanout::engine::reader::DeliveryMode;
use kinesis_fanout::model::{FailureClass, StartingPosition};

use super::{MINUTE, Shard};
use crate::plan::Trouble;
use crate::service::Service;

impl Shard {
    /// The one that serves is there and waits for something; the other is not, but for a probe.
    pub(super) fn assert_is_alive(&self, service: &Service) {
        let is_served_by_polling = self.mode == DeliveryMode::Polling;
        assert_eq!(self.is_polling_alive, is_served_by_polling);
        assert_eq!(self.is_fan_out_alive, !is_served_by_polling || self.is_probing);
        let is_over_time = self.probe_room.is_some_and(|since| service.now > since + MINUTE * 2);
        assert!(!self.is_probing || !is_over_time, "a probe without end");
        let idle = service.plan.reader.polling.idle_interval;
        let patience = idle.max(Duration::from_secs(30)) + Duration::from_secs(5);
        let is_due = self.due.is_some_and(|due| due <= service.now + patience);
        let waits = self.poll.is_some() || self.polling_room.is_some() || self.checks > 0 || is_due;
        assert!(waits || !is_served_by_polling, "it waits for nothing: {:?}", self.reader);
        let is_served_when_denied = is_served_by_polling || service.plan.polling_may_be_denied();
        let has_fallback = service.plan.fallback().is_some();
        assert!(!self.is_denied || is_served_when_denied || !has_fallback, "denied, and no fallback");
        if let (Some(since), Some(fallback)) = (self.hurt_since, service.plan.fallback()) {
            let failing = service.now - since;
            let is_late =
                failing > fallback.after + Duration::from_secs(1) && !service.plan.polling_may_be_denied();
            assert!(is_served_by_polling || !is_late, "no fallback after {failing:?}: {:?}", self.reader);
        }
    }

    /// Decision 1: a mode goes on after the last record that was stored when it began, or from the start where there was none. A probe
    /// may go on from what polling has stored since.
    pub(super) fn assert_position(
        &mut self,
        mode: DeliveryMode,
        position: &StartingPosition,
        service: &mut Service,
    ) {
        let now = self.position_of_what_is_stored(service);
        if let Some(first) = self.first_position[mode as usize].take()
            && !self.has_fallen_back
        {
            assert!(*position == first || self.is_probing && *position == now, "{position:?}, not {first:?}");
        }
    }

    pub(super) fn position_of_what_is_stored(&self, service: &mut Service) -> StartingPosition {
        match service.ledger.book(&self.id).last.clone() {
            Some(last) => StartingPosition::AfterSequenceNumber(last),
            None => self.start.starting_position(),
        }
    }

    /// The service refuses only what others have used up, or a call of ours that was given up.
    pub(super) fn assert_throttle_is_explained(&self, service: &Service) {
        let recently = service.now.saturating_sub(Duration::from_secs(8));
        let mut windows = service.plan.windows.iter().filter(|window| {
            let throttles = matches!(
                window.trouble,
                Trouble::RivalPoller
                    | Trouble::PollRefused(FailureClass::Throttled)
                    | Trouble::PollUnanswered { .. }
            );
            throttles && window.hits(self.index) && window.from <= service.now && recently <= window.to
        });
        let given_up = self.poll_given_up.is_some_and(|at| recently <= at);
        assert!(given_up || windows.next().is_some(), "throttled, and nobody else polls: {:?}", self.reader);
    }

    pub(super) fn assert_failure_is_explained(&self, failure: &ShardFailure, service: &mut Service) {
        match failure {
            ShardFailure::Denied(_) => {
                service.counts.add("shards failed: denied");
                let since = self.denied_since.expect("denied without a denial");
                assert!(service.now - since >= MINUTE, "denied too early");
            }
            ShardFailure::PositionRefused(_) => {
                service.counts.add("shards failed: position refused");
                let settings = &service.plan.settings;
                let may_be_trimmed =
                    settings.refuse_trimmed_sequence_number && settings.retention < MINUTE * 10;
                assert!(may_be_trimmed, "refused: {:?}", self.reader);
            }
            ShardFailure::PinRefused(_) | ShardFailure::GaveUp(_) => panic!("{failure:?}"),
        }
    }
}

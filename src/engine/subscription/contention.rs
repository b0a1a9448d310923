use std::time::{Duration, Instant};

use crate::engine::Random;

/// Tells a take-over by somebody else from one by a call of our own, and how long the loser waits (decision 7).
///
/// The service lets a new subscription take over from one that is 5 s old or more, whoever asks. So an established
/// subscription that ends with ResourceInUse was taken over, by us if an earlier call of ours was accepted late, else by
/// another process that uses the same registered consumer. A call that the service refused took nothing over and does not
/// count: otherwise the one of two users that comes second, which is refused before it is let in, would never notice.
#[derive(Debug, Default)]
pub(super) struct Contention {
    /// The last moment at which the present call was sent, answered or given up.
    present_call: Option<Instant>,
    /// The same of all calls before it.
    earlier_calls: Option<Instant>,
    established: Option<Instant>,
    /// Since when the shard has been held, over clean renewals.
    held_since: Option<Instant>,
    lost: u32,
}

impl Contention {
    pub(super) fn call_sent(&mut self, at: Instant) {
        self.earlier_calls = self.earlier_calls.max(self.present_call);
        self.present_call = Some(at);
        self.established = None;
    }

    pub(super) fn call_answered_or_given_up(&mut self, at: Instant) {
        self.present_call = self.present_call.max(Some(at));
    }

    /// A call before the present one was accepted just now.
    pub(super) fn late_call_answered(&mut self, at: Instant) {
        self.earlier_calls = self.earlier_calls.max(Some(at));
    }

    /// The service refused the call: it took nothing over.
    pub(super) fn call_refused(&mut self) {
        self.present_call = None;
    }

    pub(super) fn is_established(&self) -> bool {
        self.established.is_some()
    }

    pub(super) fn event_came(&mut self, at: Instant) {
        self.established.get_or_insert(at);
        self.held_since.get_or_insert(at);
        self.settle(at);
    }

    /// Held for long enough, the shard is ours, whatever ends the subscription in the end.
    fn settle(&mut self, now: Instant) {
        let held = self.held_since.map(|since| now.saturating_duration_since(since));
        if held.is_some_and(|held| held >= HELD_LONG_ENOUGH) {
            self.lost = 0;
        }
    }

    /// The subscription ended otherwise than by its time: it is not held any more.
    pub(super) fn let_go(&mut self) {
        self.held_since = None;
    }

    /// Whether the established subscription was taken over by somebody else.
    pub(super) fn is_foreign(&self) -> bool {
        match (self.established, self.earlier_calls) {
            (Some(established), Some(call)) => call + OWN_CALL_WINDOW < established,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// Counts a lost shard and gives the wait before it is taken back.
    pub(super) fn lose(&mut self, now: Instant, random: &mut Random) -> Duration {
        self.settle(now);
        let wait = LOSER_WAITS[(self.lost as usize).min(LOSER_WAITS.len() - 1)];
        self.lost = self.lost.saturating_add(1);
        self.held_since = None;
        wait + random.between(Duration::ZERO, wait / 4)
    }
}

/// The service's 5 s rule after a call, and twice as much for a call to arrive late.
const OWN_CALL_WINDOW: Duration = Duration::from_secs(15);
/// Two users of one consumer settle at about one take-over a minute.
const LOSER_WAITS: [Duration; 4] =
    [Duration::from_secs(10), Duration::from_secs(20), Duration::from_secs(40), Duration::from_secs(60)];
/// The life of a subscription: held for so long, the shard is ours again.
const HELD_LONG_ENOUGH: Duration = Duration::from_secs(300);

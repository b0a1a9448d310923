use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How often the registered consumer was found deleted within the last hour (decision 5).
#[derive(Debug, Clone, Default)]
pub(super) struct Deletions {
    times: VecDeque<Instant>,
    /// The last one has not been made good by a registration.
    is_open: bool,
}

impl Deletions {
    /// Counts one.
    pub(super) fn note(&mut self, now: Instant) {
        self.forget_old(now);
        self.times.push_back(now);
        self.is_open = true;
    }

    /// It was registered again: its hour counts from here, so that no hour sees more registrations than deletions are allowed.
    pub(super) fn made_good(&mut self, now: Instant) {
        if self.is_open {
            self.is_open = false;
            self.times.pop_back();
            self.times.push_back(now);
        }
    }

    /// How many within the last hour, if they are more than are made good.
    pub(super) fn too_often(&mut self, now: Instant) -> Option<usize> {
        self.forget_old(now);
        let times = self.times.len();
        (times > REGISTERED_AGAIN_AT_MOST).then_some(times)
    }

    fn forget_old(&mut self, now: Instant) {
        self.times.retain(|at| now.saturating_duration_since(*at) < COUNT_FOR);
    }
}

/// Decision 5: one that is deleted a fourth time within an hour is not wanted.
const REGISTERED_AGAIN_AT_MOST: usize = 3;
const COUNT_FOR: Duration = Duration::from_secs(3600);

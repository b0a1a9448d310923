use std::time::Duration;

use crate::model::Timestamp;

/// The instant that stands for LATEST in every call until a subscription has a position of its own (decision 3).
///
/// LATEST itself is never sent: a call that is tried again would skip what was written in between. Too early a pin delivers a
/// few records that were written just before the start; too late a one would lose some. So a pin that the service refuses,
/// because the two clocks differ, only ever moves back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    origin: Timestamp,
    back: Duration,
}

impl Pin {
    /// A pin at this time of the service.
    pub fn at(origin: Timestamp) -> Self {
        Self { origin, back: Duration::ZERO }
    }

    /// The time to ask for.
    pub fn timestamp(&self) -> Timestamp {
        self.origin.saturating_sub(self.back)
    }

    /// The pin to try after this one was refused: 60 s before the origin, then four times as much each time, 24 h at most.
    /// `None` after that.
    pub fn step_back(&self) -> Option<Self> {
        if self.back >= FARTHEST {
            return None;
        }
        let back = (self.back * STEP_FACTOR).clamp(FIRST_STEP, FARTHEST);
        Some(Self { back, ..*self })
    }
}

const FIRST_STEP: Duration = Duration::from_secs(60);
const STEP_FACTOR: u32 = 4;
/// The shortest retention of a stream: an earlier start than this could not be told from TRIM_HORIZON anyway.
const FARTHEST: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_back_from_a_minute_to_a_day_and_no_further() {
        let origin = Timestamp::from_millis(1_700_000_000_000);
        let mut pin = Pin::at(origin);
        let mut steps = Vec::new();
        while let Some(earlier) = pin.step_back() {
            pin = earlier;
            steps.push((origin.as_millis() - pin.timestamp().as_millis()) / 1000);
        }
        assert_eq!(steps, [60, 240, 960, 3840, 15_360, 61_440, 86_400]);
    }
}

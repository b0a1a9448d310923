use std::time::{Duration, Instant};

/// Tells a denial that stays from one that passes.
///
/// IAM is eventually consistent, and changes are said to show within a minute; so a running consumer takes a denial for final when it is
/// denied again a minute after the first time. Denials far apart do not belong together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Denial {
    /// The first and the last of the denials that belong together.
    span: Option<(Instant, Instant)>,
}

impl Denial {
    /// Counts a denial; true if it is final.
    pub fn is_final(&mut self, now: Instant) -> bool {
        let first = match self.span {
            Some((first, last)) if now.saturating_duration_since(last) < BELONG_TOGETHER => first,
            _ => now,
        };
        self.span = Some((first, now));
        now.saturating_duration_since(first) >= PATIENCE
    }

    /// A call was allowed.
    pub fn clear(&mut self) {
        self.span = None;
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
/// Calls that fail are at most 30 s apart: this leaves room for other failures in between.
const BELONG_TOGETHER: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_final_after_a_minute_unless_a_call_was_allowed_or_it_is_long_ago() {
        #[expect(clippy::disallowed_methods, reason = "a test needs some instant to count from")]
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut denial = Denial::default();
        assert!(!denial.is_final(at(0)) && !denial.is_final(at(59)) && denial.is_final(at(60)));
        denial.clear();
        assert!(!denial.is_final(at(100)) && denial.is_final(at(160)));
        assert!(!denial.is_final(at(280)), "two minutes later it is another one");
    }
}

//! The sequence numbers of a shard: which number a record, a continuation or an end gets, and how it is written.
//!
//! A number grows with time, as the service's do: milliseconds since the stream was created × 10^6, above the last one given.
//! Records take every second number at most, so that a number between two records always exists.

use crate::emulator::settings::SequenceNumberForm;
use crate::model::{SequenceNumber, Timestamp};

/// A sequence number before it is written: below 10^30.
///
/// ```text
/// stream, counted (5 digits) | shard, counted (7) | time and count within the shard (18)
/// ```
pub(super) type Number = u128;

/// Gives out the numbers of one shard.
#[derive(Debug, Clone)]
pub(super) struct Numbering {
    base: Number,
    epoch: Timestamp,
    last: Number,
}

impl Numbering {
    /// Numbers for the `shard`th shard (from 0) of the `stream`th stream, created at `epoch`. A later shard's numbers are
    /// all above an earlier one's.
    pub(super) fn new(stream: u64, shard: usize, epoch: Timestamp) -> Self {
        let base = u128::from(self::stream(stream)) * STREAM + (shard as u128 + 1) * SHARD;
        Self { base, epoch, last: base }
    }

    /// The lowest number of the shard; no record gets it.
    pub(super) fn first(&self) -> Number {
        self.base
    }

    /// The highest number given out.
    pub(super) fn last(&self) -> Number {
        self.last
    }

    /// The number of a new record.
    pub(super) fn record(&mut self, now: Timestamp) -> Number {
        self.last = self.at(now).max(self.last + 2);
        self.last
    }

    /// Counts a number as given out, so that no record to come gets it.
    pub(super) fn take(&mut self, number: Number) {
        self.last = self.last.max(number);
    }

    /// A number above all records so far and below all to come; never the same twice.
    pub(super) fn between(&mut self, now: Timestamp) -> Number {
        self.last = self.at(now).max(self.last + 1);
        self.last
    }

    fn at(&self, now: Timestamp) -> Number {
        let elapsed = now.as_millis().saturating_sub(self.epoch.as_millis());
        self.base + u128::from(elapsed) * PER_MILLISECOND
    }
}

/// What the numbers of the `ordinal`th stream begin with.
pub(super) fn stream(ordinal: u64) -> u64 {
    ordinal % STREAMS
}

/// What the number's stream begins with, and its shard.
pub(super) fn place(number: Number) -> Option<(u64, usize)> {
    let shard = (number % STREAM / SHARD).checked_sub(1)?;
    Some((u64::try_from(number / STREAM).ok()?, usize::try_from(shard).ok()?))
}

/// The number as the service writes it.
pub(super) fn written(number: Number, form: SequenceNumberForm) -> SequenceNumber {
    let digits = match form {
        SequenceNumberForm::Digits56 => format!("{PREFIX}{number:030}"),
        SequenceNumberForm::Padded30 => format!("{number:030}"),
    };
    // Digits only, so it always parses.
    digits.parse().unwrap_or_else(|_| number.into())
}

/// The number that was written so. What lies below or above all numbers of this form is the lowest or the highest one.
pub(super) fn read(text: &SequenceNumber, form: SequenceNumberForm) -> Number {
    let digits = text.as_str().trim_start_matches('0');
    match form {
        SequenceNumberForm::Padded30 => read_digits(digits),
        SequenceNumberForm::Digits56 if digits.len() < 56 => 0,
        SequenceNumberForm::Digits56 if digits.len() > 56 => Number::MAX,
        SequenceNumberForm::Digits56 => {
            let (prefix, number) = digits.split_at(PREFIX.len());
            match prefix.cmp(PREFIX) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => read_digits(number),
                std::cmp::Ordering::Greater => Number::MAX,
            }
        }
    }
}

/// Digits only: what does not fit is too large.
fn read_digits(digits: &str) -> Number {
    if digits.is_empty() {
        return 0;
    }
    digits.parse().unwrap_or(Number::MAX)
}

/// Five digits' worth; the count begins anew after that.
const STREAMS: u64 = 100_000;
const STREAM: Number = SHARD * 10_000_000;
const SHARD: Number = 1_000_000_000_000_000_000;
const PER_MILLISECOND: Number = 1_000_000;
/// The first 26 of the 56 digits; the service's own numbers begin with 49 as well.
const PREFIX: &str = "49590338271490256608559692";

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [SequenceNumberForm; 2] = [SequenceNumberForm::Digits56, SequenceNumberForm::Padded30];

    #[test]
    fn numbers_have_56_digits_or_30_and_read_back() {
        let mut numbering = Numbering::new(3, 12, Timestamp::from_millis(5));
        let number = numbering.record(Timestamp::from_millis(1_000));
        for (form, digits) in FORMS.into_iter().zip([56, 30]) {
            let text = written(number, form);
            assert_eq!(text.as_str().len(), digits);
            assert_eq!(read(&text, form), number);
        }
    }

    #[test]
    fn a_number_tells_its_stream_and_shard() {
        let epoch = Timestamp::from_millis(5);
        for (stream, shard) in [(0, 0), (3, 12), (99_999, 0), (100_001, 9_000_000)] {
            let mut numbering = Numbering::new(stream, shard, epoch);
            let number = numbering.record(epoch.saturating_add(std::time::Duration::from_secs(900_000_000)));
            assert_eq!(place(number), Some((stream % 100_000, shard)));
        }
        assert_eq!(place(7), None);
    }

    #[test]
    fn foreign_numbers_read_as_the_lowest_or_the_highest() {
        for form in FORMS {
            assert_eq!(read(&0.into(), form), 0);
            let huge = "9".repeat(128).parse().unwrap();
            assert_eq!(read(&huge, form), Number::MAX);
        }
        let below = "4".repeat(56).parse().unwrap();
        assert_eq!(read(&below, SequenceNumberForm::Digits56), 0);
    }

    #[test]
    fn a_number_between_records_is_no_records_number() {
        let now = Timestamp::from_millis(0);
        let mut numbering = Numbering::new(0, 0, now);
        let first = numbering.record(now);
        let between = numbering.between(now);
        let second = numbering.record(now);
        assert!(numbering.first() < first && first < between && between < second);
        assert!(first + 1 < numbering.record(now), "room for a continuation");
    }
}

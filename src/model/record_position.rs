use std::fmt;
use std::str::FromStr;

use super::{InvalidSequenceNumber, SequenceNumber};

/// Where a user record stands in its shard: the sequence number of its Kinesis record and, inside a KPL aggregate, its
/// sub-sequence number (the index in the aggregate, as it was on the wire).
///
/// Positions of one shard are ordered: by sequence number, then by sub-sequence number, a plain record (`None`) before the
/// records of an aggregate. Stored beside a user's own data, they give exactly-once effects: skip what is not greater
/// than the stored one. As text it is `sequence number` or `sequence number/sub-sequence number`, and can be read back.
///
/// ```
/// use kinesis_fanout::RecordPosition;
///
/// let position: RecordPosition = "49590338271490256608559692538361571095921575989136588898/3".parse()?;
/// assert_eq!(position.sub_sequence_number(), Some(3));
/// assert_eq!(position.to_string().parse(), Ok(position));
/// # Ok::<(), kinesis_fanout::InvalidSequenceNumber>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordPosition {
    sequence_number: SequenceNumber,
    sub_sequence_number: Option<u64>,
}

impl RecordPosition {
    /// A whole Kinesis record, aggregated or not.
    pub fn new(sequence_number: SequenceNumber) -> Self {
        Self { sequence_number, sub_sequence_number: None }
    }

    /// The user record with this index in the aggregate that came with `sequence_number`.
    pub fn within_aggregate(sequence_number: SequenceNumber, sub_sequence_number: u64) -> Self {
        Self { sequence_number, sub_sequence_number: Some(sub_sequence_number) }
    }

    /// The sequence number of the Kinesis record.
    pub fn sequence_number(&self) -> &SequenceNumber {
        &self.sequence_number
    }

    /// The index in the aggregate; `None` for a whole Kinesis record.
    pub fn sub_sequence_number(&self) -> Option<u64> {
        self.sub_sequence_number
    }

    /// Whether a record at (`sequence_number`, `sub_sequence_number`) is done when everything up to this position is.
    ///
    /// A position without a sub-sequence number covers the whole Kinesis record. A record without one is covered by any
    /// position on the same sequence number.
    pub fn covers(&self, sequence_number: &SequenceNumber, sub_sequence_number: Option<u64>) -> bool {
        match sequence_number.cmp(&self.sequence_number) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal => match (self.sub_sequence_number, sub_sequence_number) {
                (Some(done), Some(sub)) => sub <= done,
                _ => true,
            },
        }
    }
}

impl FromStr for RecordPosition {
    type Err = InvalidSequenceNumber;

    fn from_str(text: &str) -> Result<Self, InvalidSequenceNumber> {
        match text.split_once('/') {
            Some((sequence_number, sub)) if sub.bytes().all(|b| b.is_ascii_digit()) => {
                let sub = sub.parse().map_err(|_| InvalidSequenceNumber)?;
                Ok(Self::within_aggregate(sequence_number.parse()?, sub))
            }
            Some(_) => Err(InvalidSequenceNumber),
            None => Ok(Self::new(text.parse()?)),
        }
    }
}

impl fmt::Display for RecordPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sub_sequence_number {
            Some(sub) => write!(f, "{}/{sub}", self.sequence_number),
            None => self.sequence_number.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(digits: &str) -> SequenceNumber {
        digits.parse().unwrap()
    }

    #[test]
    fn covers_a_prefix_of_an_aggregate() {
        let position = RecordPosition::within_aggregate(seq("10"), 2);
        assert!(position.covers(&seq("9"), Some(7)));
        assert!(position.covers(&seq("10"), Some(2)));
        assert!(!position.covers(&seq("10"), Some(3)));
        assert!(position.covers(&seq("10"), None));
        assert!(!position.covers(&seq("11"), Some(0)));
    }

    #[test]
    fn a_whole_record_covers_all_of_its_aggregate() {
        let position = RecordPosition::new(seq("10"));
        assert!(position.covers(&seq("010"), Some(1_000_000)));
        assert!(!position.covers(&seq("11"), None));
    }

    #[test]
    fn text_that_is_no_position_is_refused() {
        for bad in ["", "/", "1/", "/1", "1/+2", "1/2/3", "1/-1", "a", "1/99999999999999999999"] {
            assert_eq!(bad.parse::<RecordPosition>(), Err(InvalidSequenceNumber), "{bad}");
        }
        assert_eq!("007/2".parse(), Ok(RecordPosition::within_aggregate(seq("7"), 2)));
    }

    #[test]
    fn positions_are_ordered_like_their_records() {
        let plain = RecordPosition::new(seq("10"));
        let first = RecordPosition::within_aggregate(seq("10"), 0);
        let second = RecordPosition::within_aggregate(seq("10"), 1);
        let next = RecordPosition::new(seq("11"));
        assert!(plain < first && first < second && second < next);
    }
}

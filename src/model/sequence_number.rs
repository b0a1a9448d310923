use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use bytes::Bytes;

use super::text::Text;

/// A sequence number: the digits as the service sent them, compared as a number of any length.
///
/// Kinesis writes 56 digits, about 186 bits; some servers write leading zeros. The digits are kept as they came
/// (`as_str`, `Display`), while `Eq`, `Ord` and `Hash` look at the number: `"007"` equals `"7"` and is below `"10"`.
/// Cheap to clone: up to 62 digits lie in the value itself.
///
/// ```
/// use kinesis_fanout::SequenceNumber;
///
/// let a: SequenceNumber = "0049590338271490256608559692538361571095921575989136588898".parse()?;
/// let b: SequenceNumber = "49590338271490256608559692538361571095921575989136588899".parse()?;
/// assert!(a < b);
/// assert!(a.as_str().starts_with("00"));
/// assert!("12a".parse::<SequenceNumber>().is_err());
/// # Ok::<(), kinesis_fanout::InvalidSequenceNumber>(())
/// ```
#[derive(Clone)]
pub struct SequenceNumber(Text<INLINE>);

/// The text is empty or holds something other than ASCII digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSequenceNumber;

impl SequenceNumber {
    /// The digits as they came, leading zeros included.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The number of bytes that the caller knows to be digits. They are copied, as in `try_from`.
    pub(super) fn of_digits(digits: &[u8]) -> Self {
        Self(Text::of_utf8(digits, Bytes::copy_from_slice))
    }

    /// Whether these bytes write a number.
    #[inline]
    pub(crate) fn is_number(digits: &[u8]) -> bool {
        // Without an early exit, which is faster for the 56 digits of every good number.
        let all_digits = digits.iter().fold(true, |so_far, digit| so_far & digit.is_ascii_digit());
        all_digits && !digits.is_empty()
    }

    /// The digits without leading zeros: "" is zero.
    fn significant(&self) -> &[u8] {
        let digits = self.0.as_bytes();
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        &digits[zeros..]
    }
}

impl TryFrom<String> for SequenceNumber {
    type Error = InvalidSequenceNumber;

    fn try_from(digits: String) -> Result<Self, InvalidSequenceNumber> {
        digits.parse()
    }
}

impl FromStr for SequenceNumber {
    type Err = InvalidSequenceNumber;

    fn from_str(digits: &str) -> Result<Self, InvalidSequenceNumber> {
        digits.as_bytes().try_into()
    }
}

impl TryFrom<&[u8]> for SequenceNumber {
    type Error = InvalidSequenceNumber;

    /// The number that ASCII digits write. They are copied, however many: a position that is kept must not keep its event.
    fn try_from(digits: &[u8]) -> Result<Self, InvalidSequenceNumber> {
        if Self::is_number(digits) { Ok(Self::of_digits(digits)) } else { Err(InvalidSequenceNumber) }
    }
}

impl From<u128> for SequenceNumber {
    fn from(number: u128) -> Self {
        Self(Text::owned(number.to_string()))
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SequenceNumber {
    fn eq(&self, other: &Self) -> bool {
        self.significant() == other.significant()
    }
}

impl Eq for SequenceNumber {}

impl Hash for SequenceNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.significant().hash(state);
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for InvalidSequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence number is one or more ASCII digits")
    }
}

impl std::error::Error for InvalidSequenceNumber {}

/// Holds the 56 digits of Kinesis and some leading zeros, and makes the value 64 bytes.
const INLINE: usize = 62;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn number(digits: &str) -> SequenceNumber {
        digits.parse().unwrap()
    }

    #[test]
    fn compares_as_numbers_of_any_length() {
        let fifty_six = "49590338271490256608559692538361571095921575989136588898";
        assert_eq!(fifty_six.len(), 56);
        assert!(number("9") < number("10"));
        assert!(number("99999999999999999999999999999999999999999") < number(fifty_six));
        assert!(number(fifty_six) < number(&format!("{fifty_six}0")));
        assert!(number("0") < number("1"));
    }

    #[test]
    fn leading_zeros_are_kept_and_do_not_count() {
        let padded = number("000000000000000000000000000042");
        assert_eq!(padded, number("42"));
        assert_eq!(padded.as_str(), "000000000000000000000000000042");
        assert!(padded < number("43"));
        assert!(number("00099") < number("100"));
        assert_eq!(number("000"), number("0"));
        assert!(HashSet::from([padded]).contains(&number("42")));
    }

    #[test]
    fn numbers_in_the_value_and_out_of_it_compare_alike() {
        let longest_inside = "9".repeat(62);
        let shortest_outside = format!("0{longest_inside}");
        assert_eq!(number(&longest_inside), number(&shortest_outside));
        assert_eq!(number(&shortest_outside).as_str(), shortest_outside);
        assert!(number(&longest_inside) < number(&format!("1{longest_inside}")));
        assert_eq!(size_of::<SequenceNumber>(), 64);
    }

    #[test]
    fn refuses_what_is_no_number() {
        for bad in ["", " 1", "-1", "+1", "1.0", "0x1", "١", "LATEST"] {
            assert_eq!(bad.parse::<SequenceNumber>(), Err(InvalidSequenceNumber), "{bad:?}");
        }
    }
}

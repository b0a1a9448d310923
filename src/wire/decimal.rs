//! A decimal number of JSON, and what it is in whole units, to the nearest and without a float in between.

/// A number as it is written: its digits and where the point stands. More than 19 digits are cut off, with no change to
/// `scaled`, whose answers have no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    is_negative: bool,
    /// Whether it is written without a point and without a power of ten.
    is_integer: bool,
    digits: u64,
    /// The power of ten that the digits are multiplied with.
    exponent: i64,
}

impl Decimal {
    /// The number that the text starts with, and its length in bytes.
    #[inline(always)]
    pub(super) fn read(text: &[u8]) -> Option<(Self, usize)> {
        Self::usual(text).or_else(|| Self::any(text))
    }

    /// A time as the service writes it, like `1730000000.123`: much quicker than digit by digit.
    #[inline(always)]
    fn usual(text: &[u8]) -> Option<(Self, usize)> {
        let (time, rest) = text.split_first_chunk::<14>()?;
        let goes_on = rest.first().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'e' | b'E'));
        let (seconds, point, fraction) = (&time[..10], time[10], &time[11..]);
        let all_digits =
            seconds.iter().chain(fraction).fold(true, |so_far, byte| so_far & byte.is_ascii_digit());
        if !all_digits || seconds[0] == b'0' || point != b'.' || goes_on {
            return None;
        }
        let number = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        // In parts, which the processor adds up side by side.
        let seconds = number(&seconds[..5]) * 100_000 + number(&seconds[5..]);
        Some((
            Self {
                is_negative: false,
                is_integer: false,
                digits: seconds * 1000 + number(fraction),
                exponent: -3,
            },
            time.len(),
        ))
    }

    /// The number that the text starts with, by the grammar of RFC 8259 §6, and its length in bytes.
    #[cold]
    fn any(text: &[u8]) -> Option<(Self, usize)> {
        let is_negative = text.first() == Some(&b'-');
        let mut number = Self { is_negative, is_integer: true, digits: 0, exponent: 0 };
        let start = usize::from(is_negative);
        let mut at = start + number.whole_part(&text[start..]);
        if at == start || (text[start] == b'0' && at > start + 1) {
            return None;
        }
        if text.get(at) == Some(&b'.') {
            number.is_integer = false;
            let len = number.fraction(&text[at + 1..]);
            at += 1 + len;
            if len == 0 {
                return None;
            }
        }
        if matches!(text.get(at), Some(b'e' | b'E')) {
            number.is_integer = false;
            at += 1 + number.power(&text[at + 1..])?;
        }
        Some((number, at))
    }

    /// The number, if it is written as an integer and fits 64 bits.
    pub(super) fn integer(self) -> Option<i64> {
        let magnitude = i128::from(self.digits);
        let number = if self.is_negative { -magnitude } else { magnitude };
        i64::try_from(number).ok().filter(|_| self.is_integer && self.exponent == 0)
    }

    /// The number times ten to the power of `power`, rounded half up to a whole number; a negative one is 0. `None` if the result
    /// without its sign has more than 19 digits or is above 2^64-1.
    #[inline]
    pub(super) fn scaled(self, power: i64) -> Option<u64> {
        let magnitude = self.magnitude(power)?;
        Some(if self.is_negative { 0 } else { magnitude })
    }

    #[inline]
    fn magnitude(self, power: i64) -> Option<u64> {
        let shift = self.exponent.saturating_add(power);
        if shift == 0 || self.digits == 0 {
            return Some(self.digits);
        }
        let ten_to = |power: u64| 10_u64.checked_pow(u32::try_from(power).ok()?);
        if shift > 0 {
            return self.digits.checked_mul(ten_to(shift as u64)?);
        }
        // All the digits together are below 10^19, so with more places than that behind the point they round to 0.
        let Some(divisor) = ten_to(shift.unsigned_abs()) else {
            return Some(0);
        };
        let rounds_up = self.digits % divisor >= divisor / 2;
        Some(self.digits / divisor + u64::from(rounds_up))
    }

    fn whole_part(&mut self, text: &[u8]) -> usize {
        self.each_digit(text, |number, kept| number.exponent += i64::from(!kept))
    }

    fn fraction(&mut self, text: &[u8]) -> usize {
        self.each_digit(text, |number, kept| number.exponent -= i64::from(kept))
    }

    /// Takes digits into the number; gives how many there were.
    fn each_digit(&mut self, text: &[u8], mut move_point: impl FnMut(&mut Self, bool)) -> usize {
        let mut len = 0;
        for byte in text.iter().take_while(|byte| byte.is_ascii_digit()) {
            let kept = self.digits < FULL;
            if kept {
                self.digits = self.digits * 10 + u64::from(byte - b'0');
            }
            move_point(self, kept);
            len += 1;
        }
        len
    }

    /// The power of ten behind `e`.
    fn power(&mut self, text: &[u8]) -> Option<usize> {
        let sign = text.first().filter(|byte| matches!(byte, b'+' | b'-'));
        let start = usize::from(sign.is_some());
        let mut power = Self { is_negative: false, is_integer: true, digits: 0, exponent: 0 };
        let len = power.whole_part(&text[start..]);
        if len == 0 {
            return None;
        }
        let size = power.scaled(0).and_then(|size| i64::try_from(size).ok()).unwrap_or(i64::MAX);
        let size = if sign == Some(&b'-') { -size } else { size };
        self.exponent = self.exponent.saturating_add(size);
        Some(start + len)
    }
}

/// From here on one more digit would not fit: 10^18.
const FULL: u64 = 1_000_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(text: &str, power: i64) -> Option<u64> {
        let (number, len) = Decimal::read(text.as_bytes()).unwrap();
        assert_eq!(len, text.len(), "{text}");
        number.scaled(power)
    }

    #[test]
    fn seconds_become_the_nearest_millisecond() {
        for (text, millis) in [
            ("0", 0),
            ("-0.0", 0),
            ("1730000000", 1_730_000_000_000),
            ("1730000000.123", 1_730_000_000_123),
            ("1730000000.1234999999999999999999999", 1_730_000_000_123),
            ("1730000000.1235", 1_730_000_000_124),
            ("1.730000000123E9", 1_730_000_000_123),
            ("1.7300000001235e+9", 1_730_000_000_124),
            ("173000000012.3e-2", 1_730_000_000_123),
            ("1730000000123e-3", 1_730_000_000_123),
            ("0.0004", 0),
            ("0.0005", 1),
            ("0.00000000000000000000000000000000005e31", 1),
            ("0.9994999999999999999999999", 999),
            ("0.9995", 1000),
            ("5e-400", 0),
            ("0e999999999999999999999", 0),
            ("1e-99999999999999999999", 0),
            ("-1730000000.5", 0),
        ] {
            assert_eq!(scaled(text, 3), Some(millis), "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_exact_up_to_64_bits_and_refused_above() {
        assert_eq!(scaled("9223372036854775807", 0), Some(9_223_372_036_854_775_807));
        assert_eq!(scaled("9999999999999999999", 0), Some(9_999_999_999_999_999_999));
        assert_eq!(scaled("9223372036854775.807", 3), Some(9_223_372_036_854_775_807));
        assert_eq!(scaled("-9223372036854775808", 0), Some(0));
        for text in ["99999999999999999999", "1e400", "-1e400", "1e99999999999999999999", "1e19000"] {
            assert_eq!(scaled(text, 0), None, "{text}");
        }
    }

    #[test]
    fn an_integer_has_neither_point_nor_power() {
        for (text, number) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-5", Some(-5)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("99999999999999999999", None),
            ("1.0", None),
            ("1e0", None),
            ("10e-0", None),
            ("1730000000.123", None),
        ] {
            assert_eq!(Decimal::read(text.as_bytes()).unwrap().0.integer(), number, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_of_json_is_refused() {
        for text in ["", "-", ".5", "+1", "01", "-01", "00", "1.", "1.e3", "1e", "1e+", "e5", "NaN", "-x"] {
            assert_eq!(Decimal::read(text.as_bytes()), None, "{text}");
        }
        let (number, len) = Decimal::read(b"12,").unwrap();
        assert_eq!((number.scaled(0), len), (Some(12), 2));
    }
}

use std::fmt;

/// The hash keys of a shard: from `start` to `end`, both included, within 0..=2^128-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashKeyRange {
    start: u128,
    end: u128,
}

/// A bound is not a decimal number below 2^128, or the start lies above the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidHashKeyRange;

impl HashKeyRange {
    /// The range of all hash keys, that of the only shard of a stream.
    pub const ALL: Self = Self { start: 0, end: u128::MAX };

    /// A range from `start` to `end`, both included.
    ///
    /// # Errors
    /// When `start` lies above `end`.
    pub fn new(start: u128, end: u128) -> Result<Self, InvalidHashKeyRange> {
        if start > end {
            return Err(InvalidHashKeyRange);
        }
        Ok(Self { start, end })
    }

    /// A range from the decimal digits that the service writes.
    ///
    /// # Errors
    /// When a bound is no decimal number below 2^128, or `start` lies above `end`.
    pub fn parse(start: &str, end: &str) -> Result<Self, InvalidHashKeyRange> {
        let bound = |digits: &str| digits.parse().map_err(|_| InvalidHashKeyRange);
        Self::new(bound(start)?, bound(end)?)
    }

    /// The lowest hash key.
    pub fn start(&self) -> u128 {
        self.start
    }

    /// The highest hash key.
    pub fn end(&self) -> u128 {
        self.end
    }

    /// Whether `hash_key` lies in the range.
    pub fn contains(&self, hash_key: u128) -> bool {
        (self.start..=self.end).contains(&hash_key)
    }
}

impl fmt::Display for HashKeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}", self.start, self.end)
    }
}

impl fmt::Display for InvalidHashKeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash key range has two decimal bounds below 2^128, the lower one first")
    }
}

impl std::error::Error for InvalidHashKeyRange {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_are_included() {
        let range = HashKeyRange::parse("10", "20").unwrap();
        assert!(range.contains(10) && range.contains(20));
        assert!(!range.contains(9) && !range.contains(21));
        assert!(HashKeyRange::ALL.contains(u128::MAX));
    }

    #[test]
    fn refuses_what_is_no_range() {
        assert!(HashKeyRange::parse("2", "1").is_err());
        assert!(HashKeyRange::parse("", "1").is_err());
        assert!(HashKeyRange::parse("0", "340282366920938463463374607431768211456").is_err());
    }
}

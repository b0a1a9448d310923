use std::fmt;
use std::ops::Deref;
use std::str::Utf8Error;

use bytes::Bytes;

use super::text::Text;

/// The partition key of a Kinesis record: 1 to 256 characters (API reference, PutRecord). It is used as a `str`.
///
/// Up to 38 bytes it lies in the value itself; a longer key that comes out of an event is a part of the event's buffer, which
/// it keeps alive.
///
/// ```
/// use kinesis_fanout::model::OwnedPartitionKey;
///
/// let key = OwnedPartitionKey::from("customer-4");
/// assert_eq!(key.strip_prefix("customer-"), Some("4"));
/// ```
#[derive(Clone)]
pub struct OwnedPartitionKey(Text<{ OwnedPartitionKey::INLINE }>);

impl OwnedPartitionKey {
    /// The most bytes of a key that lie in the value itself: a UUID has 36, and the value is 40 bytes large.
    pub const INLINE: usize = 38;

    /// The key.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Deref for OwnedPartitionKey {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for OwnedPartitionKey {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for OwnedPartitionKey {
    fn from(key: &str) -> Self {
        Self(Text::copied(key))
    }
}

impl From<String> for OwnedPartitionKey {
    fn from(key: String) -> Self {
        Self(Text::owned(key))
    }
}

impl TryFrom<Bytes> for OwnedPartitionKey {
    type Error = Utf8Error;

    /// The key that a part of a buffer holds, without a copy if it is long.
    fn try_from(key: Bytes) -> Result<Self, Utf8Error> {
        Text::shared(key).map(Self)
    }
}

impl PartialEq for OwnedPartitionKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes() == other.0.as_bytes()
    }
}

impl Eq for OwnedPartitionKey {}

impl fmt::Display for OwnedPartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for OwnedPartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_equal_wherever_they_lie() {
        for text in ["", "k", "clé", &"x".repeat(38), &"x".repeat(39), &"é".repeat(256)] {
            let key = OwnedPartitionKey::from(text);
            assert_eq!(&*key, text);
            assert_eq!(key, OwnedPartitionKey::from(text.to_owned()));
            assert_eq!(key, OwnedPartitionKey::try_from(Bytes::copy_from_slice(text.as_bytes())).unwrap());
            assert_ne!(key, OwnedPartitionKey::from(format!("{text}!")));
        }
        assert!(OwnedPartitionKey::try_from(Bytes::from_static(b"\xc3")).is_err());
    }

    #[test]
    fn a_key_costs_40_bytes_absent_or_not() {
        assert_eq!(size_of::<Option<OwnedPartitionKey>>(), 40);
    }
}

use std::str::Utf8Error;

use bytes::Bytes;

/// A text that does not change: up to `N` bytes lie in the value itself, a longer one in a buffer that clones share. Knows
/// nothing of what it says.
///
/// So an event of thousands of records needs no allocation for their sequence numbers and keys.
#[derive(Clone)]
pub(super) enum Text<const N: usize> {
    /// The first `len` bytes.
    Inline { len: u8, bytes: [u8; N] },
    /// All of the bytes.
    Shared(Bytes),
}

impl<const N: usize> Text<N> {
    /// A text in memory of its own.
    pub(super) fn copied(text: &str) -> Self {
        Self::of_utf8(text.as_bytes(), Bytes::copy_from_slice)
    }

    /// A text out of a string, whose memory is kept when the text is long.
    pub(super) fn owned(text: String) -> Self {
        match Self::inline(text.as_bytes()) {
            Some(inline) => inline,
            None => Self::Shared(text.into()),
        }
    }

    /// A text out of a part of a buffer; a long one keeps the buffer alive.
    pub(super) fn shared(text: Bytes) -> Result<Self, Utf8Error> {
        std::str::from_utf8(&text)?;
        Ok(Self::inline(&text).unwrap_or(Self::Shared(text)))
    }

    /// A text of bytes that the caller knows to be UTF-8; `keep` says where the bytes of a long one go.
    #[inline]
    pub(super) fn of_utf8(text: &[u8], keep: impl FnOnce(&[u8]) -> Bytes) -> Self {
        Self::inline(text).unwrap_or_else(|| Self::Shared(keep(text)))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Shared(bytes) => bytes,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        // Every way in has asked for UTF-8, so the default is never taken.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    #[inline]
    fn inline(text: &[u8]) -> Option<Self> {
        const { assert!(N <= u8::MAX as usize) };
        let mut bytes = [0; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self::Inline { len: text.len() as u8, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_inline(text: &Text<4>) -> bool {
        matches!(text, Text::Inline { .. })
    }

    #[test]
    fn a_short_text_lies_in_the_value_and_a_long_one_does_not() {
        for (text, inline) in [("", true), ("abcd", true), ("né", true), ("abcde", false)] {
            let ways = [
                Text::<4>::copied(text),
                Text::owned(text.to_owned()),
                Text::shared(Bytes::copy_from_slice(text.as_bytes())).unwrap(),
            ];
            for way in ways {
                assert_eq!((way.as_str(), is_inline(&way)), (text, inline));
            }
        }
    }

    #[test]
    fn a_long_text_out_of_a_buffer_is_not_copied() {
        let buffer = Bytes::from_static(b"..a long text..");
        let text = Text::<4>::shared(buffer.slice(2..13)).unwrap();
        assert_eq!(text.as_bytes().as_ptr(), buffer[2..].as_ptr());
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        assert!(Text::<4>::shared(Bytes::from_static(b"\xff")).is_err());
        assert!(Text::<4>::shared(Bytes::from_static(b"long\xff")).is_err());
    }
}

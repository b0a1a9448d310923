//! The headers of a frame, as far as a subscription needs them. What their values mean is not known here.

use std::ops::Range;

use bytes::Buf;

use super::frame::STRING;

/// Where the values of the known headers lie in the frame.
#[derive(Default)]
pub(super) struct Headers([Option<Range<usize>>; Header::ALL.len()]);

/// The headers that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    MessageType,
    EventType,
    ExceptionType,
    ErrorCode,
    ErrorMessage,
}

impl Headers {
    /// Reads the headers that lie behind the first `start` bytes and fill the rest of `frame`; `None` if they do not, if a
    /// name or a text is not UTF-8, or if the value of a known one is no text. Where a header is there twice the last one counts, as in the AWS SDK.
    pub(super) fn read(frame: &[u8], start: usize) -> Option<Self> {
        let mut headers = Self::default();
        let mut rest = &frame[start..];
        while !rest.is_empty() {
            let name_len = rest.get_u8();
            let name = part(&mut rest, usize::from(name_len))?;
            let kind = part(&mut rest, 1)?[0];
            let value_len = value_len(kind, rest)?;
            let value = part(&mut rest, value_len)?;
            let name = std::str::from_utf8(name).ok()?;
            let text = (kind == STRING).then(|| &value[STRING_LENGTH..]);
            if text.is_some_and(|text| std::str::from_utf8(text).is_err()) {
                return None;
            }
            if let Some(header) = Header::named(name) {
                let text = text?;
                let end = frame.len() - rest.len();
                headers.0[header as usize] = Some(end - text.len()..end);
            }
        }
        Some(headers)
    }

    /// The value of a header of this frame.
    pub(super) fn value<'a>(&self, frame: &'a [u8], header: Header) -> Option<&'a str> {
        let range = self.0[header as usize].clone()?;
        std::str::from_utf8(frame.get(range)?).ok()
    }
}

impl Header {
    pub(super) const ALL: [Self; 5] =
        [Self::MessageType, Self::EventType, Self::ExceptionType, Self::ErrorCode, Self::ErrorMessage];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MessageType => ":message-type",
            Self::EventType => ":event-type",
            Self::ExceptionType => ":exception-type",
            Self::ErrorCode => ":error-code",
            Self::ErrorMessage => ":error-message",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|header| header.name() == name)
    }
}

/// The bytes of a value of this type, its length field included. Types: Smithy, "Amazon Event Stream Specification".
fn value_len(kind: u8, mut value: &[u8]) -> Option<usize> {
    Some(match kind {
        // true, false
        0 | 1 => 0,
        // A byte, a short, an integer, a long.
        2 => 1,
        3 => 2,
        4 => 4,
        5 => 8,
        // Bytes, a string.
        6 | STRING => STRING_LENGTH + usize::from(value.try_get_u16().ok()?),
        // A timestamp, a UUID.
        8 => 8,
        9 => 16,
        _ => return None,
    })
}

fn part<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    rest.split_off(..len)
}

/// The length field before the bytes of a string.
const STRING_LENGTH: usize = 2;

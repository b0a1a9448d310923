//! Frames of `application/vnd.amazon.eventstream`. They carry headers and a payload and know nothing of what these mean.
//!
//! ```text
//!  total length   headers length   CRC32 of these 8   headers   payload   CRC32 of all before
//!  4              4                4                  …         …         4        big-endian
//! ```

use bytes::{BufMut, Bytes, BytesMut};
use crc32fast::Hasher;

/// One whole frame. Every header is a string, the only type that Kinesis sends.
///
/// Names are cut at 255 bytes and values at 65,535, the most that their length fields can say.
pub fn encode_frame(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let whole = Part { len: payload.len(), checksum: checksum(payload) };
    let (mut frame, tail) = frame_around(headers, b"", &whole, b"");
    frame.put_slice(payload);
    frame.put_slice(&tail);
    frame.freeze()
}

/// The middle of a payload, by what a frame has to know of it.
pub(super) struct Part {
    pub(super) len: usize,
    pub(super) checksum: Hasher,
}

/// What comes before and behind the middle of a payload in its frame; the middle itself is not looked at.
pub(super) fn frame_around(
    headers: &[(&str, &str)],
    before: &[u8],
    middle: &Part,
    behind: &[u8],
) -> (BytesMut, Bytes) {
    let headers_len: usize =
        headers.iter().map(|(name, value)| 4 + name.len().min(MAX_NAME) + value.len().min(MAX_VALUE)).sum();
    let payload_len = before.len() + middle.len + behind.len();
    let total = PRELUDE + headers_len + payload_len + CHECKSUM;
    let mut head = BytesMut::with_capacity(PRELUDE + headers_len + before.len());
    head.put_u32(total as u32);
    head.put_u32(headers_len as u32);
    head.put_u32(crc32fast::hash(&head));
    for (name, value) in headers {
        put_header(&mut head, name.as_bytes(), value.as_bytes());
    }
    head.put_slice(before);
    let mut sum = checksum(&head);
    sum.combine(&middle.checksum);
    sum.update(behind);
    let mut tail = BytesMut::with_capacity(behind.len() + CHECKSUM);
    tail.put_slice(behind);
    tail.put_u32(sum.finalize());
    (head, tail.freeze())
}

fn checksum(bytes: &[u8]) -> Hasher {
    let mut hasher = Hasher::new();
    hasher.update(bytes);
    hasher
}

fn put_header(frame: &mut BytesMut, name: &[u8], value: &[u8]) {
    let name = &name[..name.len().min(MAX_NAME)];
    let value = &value[..value.len().min(MAX_VALUE)];
    frame.put_u8(name.len() as u8);
    frame.put_slice(name);
    frame.put_u8(STRING);
    frame.put_u16(value.len() as u16);
    frame.put_slice(value);
}

/// Two lengths and their checksum.
pub(super) const PRELUDE: usize = 12;
/// The checksum at the end of a frame.
pub(super) const CHECKSUM: usize = 4;
/// A header's name has a length of one byte.
const MAX_NAME: usize = u8::MAX as usize;
/// A header's value has a length of two bytes.
const MAX_VALUE: usize = u16::MAX as usize;
/// The type of a header whose value is a string.
pub(super) const STRING: u8 = 7;

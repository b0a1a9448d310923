//! Reads a subscription's events with as little work as can be: frames are told apart, and only their ends are looked at.

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::Outcome;

/// Reads events until one ends with the record of this partition key. The number of bytes.
pub(crate) async fn read_to_last(mut body: Incoming, key: &str) -> Outcome<usize> {
    let mut frames = Frames::default();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let data = frame?.into_data().unwrap_or_default();
        bytes += data.len();
        if frames.end_with(data, key.as_bytes())? {
            return Ok(bytes);
        }
    }
    Err(format!("the subscription ended after {bytes} bytes").into())
}

/// Where the stream stands.
#[derive(Default)]
struct Frames {
    /// The bytes of the current frame's length that have come.
    prelude: Vec<u8>,
    /// Bytes of the current frame that are to come.
    left: usize,
    /// The last bytes of the current frame.
    tail: Vec<u8>,
}

impl Frames {
    /// Whether these bytes complete a frame with the key near its end.
    fn end_with(&mut self, mut data: Bytes, key: &[u8]) -> Outcome<bool> {
        while data.has_remaining() {
            if self.left == 0 {
                self.prelude.push(data.get_u8());
                if let [a, b, c, d] = self.prelude[..] {
                    self.left = u32::from_be_bytes([a, b, c, d])
                        .checked_sub(4)
                        .ok_or("a frame of no bytes")? as usize;
                    self.prelude.clear();
                }
                continue;
            }
            let part = data.split_to(self.left.min(data.len()));
            self.left -= part.len();
            self.keep(&part);
            if self.left == 0 {
                let found = self.tail.windows(key.len()).any(|window| window == key);
                self.tail.clear();
                if found {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn keep(&mut self, part: &[u8]) {
        self.tail.extend_from_slice(&part[part.len().saturating_sub(TAIL)..]);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
    }
}

/// More than the last record of an event and what may stand behind it.
const TAIL: usize = 4 << 10;

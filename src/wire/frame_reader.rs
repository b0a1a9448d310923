//! Cuts the body of a subscription into frames. Knows neither what the frames say nor where the bytes come from.
//!
//! ```text
//! push(chunk) ──> chunks ──> prelude (12 bytes): frame_len() is known
//!                    └────> one buffer of exactly that length, allocated by next_frame() ──> Frame
//! ```
//!
//! Each byte is copied once, into the buffer of its frame, and summed up while it is at hand. So a chunk of the connection is
//! let go as soon as it has been read, and what an event holds is its own frame and nothing else.
//!
//! An error is the last thing that a reader says: it says it again whenever it is asked.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use crc32fast::Hasher;

use super::frame::{CHECKSUM, PRELUDE};
use super::frame_error::FrameError;
use super::headers::Headers;
use super::received::Frame;

/// Reads frames out of a body that comes in chunks of any size.
#[derive(Default)]
pub struct FrameReader {
    chunks: VecDeque<Bytes>,
    prelude: [u8; PRELUDE],
    prelude_len: usize,
    lengths: Option<Lengths>,
    /// Without memory until the frame's bytes are asked for.
    frame: BytesMut,
    /// Memory for the next frame, if it suffices.
    lent: BytesMut,
    /// What is left of the memory of the last frame, and how much that was as a whole.
    end: Option<(BytesMut, usize)>,
    checksum: Hasher,
    failure: Option<FrameError>,
}

/// What a prelude says, in bytes.
#[derive(Clone, Copy)]
struct Lengths {
    frame: usize,
    headers: usize,
}

impl FrameReader {
    /// A reader at the start of a body.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk of the body. It is held until `next_frame` has copied what it wants of it.
    pub fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
    }

    /// The length in bytes of the frame that has begun, prelude and checksums included; `None` until its prelude is here.
    /// Nothing is allocated for the frame yet.
    ///
    /// # Errors
    /// When the prelude's checksum does not match, or its lengths are impossible or beyond the bounds.
    pub fn frame_len(&mut self) -> Result<Option<usize>, FrameError> {
        Ok(self.lengths()?.map(|lengths| lengths.frame))
    }

    /// Lends memory for a frame that has not begun to be read, so that none has to be allocated for it. Too little is not used.
    pub fn lend(&mut self, memory: BytesMut) {
        self.lent = memory;
    }

    /// Whether none of the frame's bytes has been asked for yet: the time to lend memory.
    pub fn is_before_frame(&self) -> bool {
        self.frame.is_empty()
    }

    /// The end of the memory of the frame that `next_frame` has given last, and how many bytes the whole of that is: it can be
    /// reclaimed by way of this end once the frame and all that was read from it are gone.
    pub fn end_of_memory(&mut self) -> Option<(BytesMut, usize)> {
        self.end.take()
    }

    /// The next frame, once all of it is here. Its checksum and the form of its headers have been checked.
    ///
    /// # Errors
    /// Those of `frame_len`, and when the frame's checksum does not match or its headers are malformed.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(lengths) = self.lengths()? else {
            return Ok(None);
        };
        self.fill(lengths);
        if self.frame.len() < lengths.frame {
            return Ok(None);
        }
        let frame = self.complete(lengths);
        self.remember(frame).map(Some)
    }

    /// Says whether the body may end here: yes, when no frame has begun. To be asked after `next_frame` has answered `None`.
    ///
    /// # Errors
    /// When a frame has begun and is not whole.
    pub fn finish(&self) -> Result<(), FrameError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let waiting: usize = self.chunks.iter().map(Bytes::len).sum();
        match self.frame.len().max(self.prelude_len) + waiting {
            0 => Ok(()),
            there => Err(FrameError::Truncated { there, of: self.lengths.map(|lengths| lengths.frame) }),
        }
    }

    fn lengths(&mut self) -> Result<Option<Lengths>, FrameError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        while self.prelude_len < PRELUDE {
            let Some(part) = take(&mut self.chunks, PRELUDE - self.prelude_len) else {
                return Ok(None);
            };
            self.prelude[self.prelude_len..][..part.len()].copy_from_slice(&part);
            self.prelude_len += part.len();
        }
        if self.lengths.is_none() {
            let lengths = Lengths::read(&self.prelude);
            self.lengths = Some(self.remember(lengths)?);
        }
        Ok(self.lengths)
    }

    /// Copies what is here of the frame into its buffer.
    fn fill(&mut self, lengths: Lengths) {
        if self.frame.is_empty() {
            let lent = std::mem::take(&mut self.lent);
            let suffices = lent.is_empty() && lent.capacity() >= lengths.frame;
            self.frame = if suffices { lent } else { BytesMut::with_capacity(lengths.frame) };
            self.append(&self.prelude.clone(), lengths);
        }
        while self.frame.len() < lengths.frame
            && let Some(part) = take(&mut self.chunks, lengths.frame - self.frame.len())
        {
            self.append(&part, lengths);
        }
    }

    fn append(&mut self, part: &[u8], lengths: Lengths) {
        let before_checksum = (lengths.frame - CHECKSUM).saturating_sub(self.frame.len());
        self.checksum.update(&part[..part.len().min(before_checksum)]);
        self.frame.put_slice(part);
    }

    fn complete(&mut self, lengths: Lengths) -> Result<Frame, FrameError> {
        let mut bytes = std::mem::take(&mut self.frame);
        let sum = std::mem::take(&mut self.checksum).finalize();
        (self.prelude_len, self.lengths) = (0, None);
        let payload_end = lengths.frame - CHECKSUM;
        if bytes[payload_end..] != sum.to_be_bytes() {
            return Err(FrameError::MessageChecksum);
        }
        let capacity = bytes.capacity();
        self.end = Some((bytes.split_off(payload_end), capacity));
        let payload_start = PRELUDE + lengths.headers;
        let headers = Headers::read(&bytes[..payload_start], PRELUDE).ok_or(FrameError::MalformedHeader)?;
        Ok(Frame::new(bytes, headers, payload_start))
    }

    fn remember<T>(&mut self, result: Result<T, FrameError>) -> Result<T, FrameError> {
        if let Err(failure) = &result {
            self.failure = Some(failure.clone());
            self.chunks.clear();
        }
        result
    }
}

impl Lengths {
    fn read(mut prelude: &[u8]) -> Result<Self, FrameError> {
        let sum = crc32fast::hash(&prelude[..PRELUDE - CHECKSUM]);
        let lengths = Self { frame: prelude.get_u32() as usize, headers: prelude.get_u32() as usize };
        if prelude.get_u32() != sum {
            return Err(FrameError::PreludeChecksum);
        }
        match lengths {
            Self { frame, .. } if frame > MAX_FRAME => Err(FrameError::TooLong(frame)),
            Self { headers, .. } if headers > MAX_HEADERS => Err(FrameError::HeadersTooLong(headers)),
            Self { frame, headers } if frame < PRELUDE + headers + CHECKSUM => {
                Err(FrameError::TooShort(frame))
            }
            good => Ok(good),
        }
    }
}

/// Up to `wanted` bytes of the first chunk.
fn take(chunks: &mut VecDeque<Bytes>, wanted: usize) -> Option<Bytes> {
    let mut chunk = chunks.pop_front()?;
    if chunk.len() <= wanted {
        return Some(chunk);
    }
    let part = chunk.split_to(wanted);
    chunks.push_front(chunk);
    Some(part)
}

/// The longest frame. A record has up to 10 MiB (developer guide, "Large records"), which are 14 MB in base64, and goes into an
/// event alone when it is that large; the rest is room for a service that packs more. The format itself bounds the payload
/// to 16 MiB (Smithy, "Amazon Event Stream Specification"), but the AWS SDKs do not hold to that.
pub(super) const MAX_FRAME: usize = 24 << 20;
/// The longest headers that the format allows (Smithy, "Amazon Event Stream Specification": 128 KiB).
pub(super) const MAX_HEADERS: usize = 128 << 10;

#[cfg(test)]
mod tests;

//! Cuts the body of a subscription into frames, and has the events in them read as they come. Knows neither what frames say
//! otherwise nor where the bytes come from.
//!
//! ```text
//! push(chunk) ──> chunks ──> prelude (12 bytes): frame_len() is known
//!                    └────> next_frame(): headers, then the payload to its reader ──> Frame
//! ```
//!
//! Each byte is summed up, and read or copied, while it is at hand. So a chunk of the connection is let go as soon as it has
//! been read, and what an event holds is one buffer of its own, not larger than its frame. Nothing of a frame is given out before
//! its checksum has been seen to be right.
//!
//! An error is the last thing that a reader says: it says it again whenever it is asked.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use crc32fast::Hasher;

use super::event_reader::EventReader;
use super::frame::{CHECKSUM, PRELUDE};
use super::frame_error::FrameError;
use super::headers::Headers;
use super::received::{Frame, is_event};

/// Reads frames out of a body that comes in chunks of any size.
#[derive(Default)]
pub struct FrameReader {
    chunks: VecDeque<Bytes>,
    prelude: [u8; PRELUDE],
    prelude_len: usize,
    lengths: Option<Lengths>,
    /// How many bytes of the frame have been taken out of the chunks; none until they are asked for.
    taken: usize,
    /// Prelude and headers, and the payload if it is not that of an event.
    bytes: Vec<u8>,
    /// The headers, once they are whole; `None` in it: they are malformed.
    headers: Option<Option<Headers>>,
    /// The payload, if it is that of an event.
    event: Option<EventReader>,
    checksum: Hasher,
    /// The checksum at the end of the frame.
    told: [u8; CHECKSUM],
    /// Memory for the next event, if it suffices.
    lent: Vec<u8>,
    /// The buffer of the last event, and how much memory that has.
    memory: Option<(Bytes, usize)>,
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
    pub fn lend(&mut self, memory: Vec<u8>) {
        self.lent = memory;
    }

    /// Whether none of the frame's bytes has been asked for yet: the time to lend memory.
    pub fn is_before_frame(&self) -> bool {
        self.taken == 0
    }

    /// The buffer of the event that `next_frame` has given last, and how many bytes of memory it has: it can be used again once its
    /// records are gone. `None` if it has none.
    pub fn memory(&mut self) -> Option<(Bytes, usize)> {
        self.memory.take()
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
        if self.taken < lengths.frame {
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
        match self.taken.max(self.prelude_len) + waiting {
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

    /// Takes what is here of the frame.
    fn fill(&mut self, lengths: Lengths) {
        if self.taken == 0 {
            self.bytes.reserve_exact(lengths.payload_start());
            self.take(&self.prelude.clone(), lengths);
        }
        while self.taken < lengths.frame
            && let Some(part) = take(&mut self.chunks, lengths.part_end(self.taken) - self.taken)
        {
            self.take(&part, lengths);
        }
    }

    /// Takes the next bytes, all of which are of one part of the frame.
    fn take(&mut self, bytes: &[u8], lengths: Lengths) {
        if self.taken < lengths.payload_end() {
            self.checksum.update(bytes);
            match &mut self.event {
                Some(event) => event.push(bytes),
                None => self.bytes.extend_from_slice(bytes),
            }
        } else {
            self.told[self.taken - lengths.payload_end()..][..bytes.len()].copy_from_slice(bytes);
        }
        self.taken += bytes.len();
        if self.taken >= lengths.payload_start() && self.headers.is_none() {
            self.begin_payload(lengths);
        }
    }

    fn begin_payload(&mut self, lengths: Lengths) {
        let headers = Headers::read(&self.bytes, PRELUDE);
        let payload = lengths.payload_end() - lengths.payload_start();
        match &headers {
            Some(headers) if is_event(headers, &self.bytes) => {
                let lent = std::mem::take(&mut self.lent);
                // As much as for the frame, whose length is what is asked for when it is lent again.
                let memory = if lent.capacity() < payload { Vec::with_capacity(lengths.frame) } else { lent };
                self.event = Some(EventReader::new(payload, memory));
            }
            _ => self.bytes.reserve_exact(payload),
        }
        self.headers = Some(headers);
    }

    fn complete(&mut self, lengths: Lengths) -> Result<Frame, FrameError> {
        let (bytes, headers) = (std::mem::take(&mut self.bytes), self.headers.take().flatten());
        let (event, sum) = (self.event.take(), std::mem::take(&mut self.checksum).finalize());
        (self.prelude_len, self.lengths, self.taken) = (0, None, 0);
        if self.told != sum.to_be_bytes() {
            return Err(FrameError::MessageChecksum);
        }
        let headers = headers.ok_or(FrameError::MalformedHeader)?;
        let event = event.map(|event| {
            let capacity = event.capacity();
            let event = event.finish()?;
            self.memory = event.records.buffer().map(|buffer| (buffer.clone(), capacity));
            Ok(event)
        });
        let payload_start = lengths.payload_start();
        let payload_len = lengths.payload_end() - payload_start;
        Ok(Frame { bytes, headers, payload_start, payload_len, event })
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
    fn payload_start(self) -> usize {
        PRELUDE + self.headers
    }

    fn payload_end(self) -> usize {
        self.frame - CHECKSUM
    }

    /// The end of the part that the byte at `at` is in.
    fn part_end(self, at: usize) -> usize {
        let ends = [self.payload_start(), self.payload_end(), self.frame];
        ends.into_iter().find(|end| at < *end).unwrap_or(self.frame)
    }

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

//! The two codecs of the service, JSON 1.1 and CBOR 1.1, and the [`Document`] between them and the operations.
//!
//! They know no operation and no connection: bytes in, a document out, and back. What a member means is said by who reads it:
//! JSON has neither blobs nor times, so that a string may be a blob and a number a time.
//!
//! Where the rules come from: AWS JSON 1.1 of Smithy; RFC 8949 for CBOR, and the AWS SDK for Java for what Kinesis makes of it
//! (times as tag 1 of milliseconds, structures of indefinite length).
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod cbor;
mod document;
mod json;

use std::cell::Cell;
use std::fmt;

pub use document::{Document, Member};

use crate::model::Timestamp;

/// A way to write values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// `application/x-amz-json-1.1`: times in seconds with a fraction.
    Json,
    /// `application/x-amz-cbor-1.1`: times in milliseconds.
    Cbor,
}

impl Codec {
    /// The codec of a request with this content type. What names no CBOR is JSON, however it is called.
    pub fn of(content_type: Option<&str>) -> Self {
        let media_type = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        let cbor = [Self::Cbor.content_type(), "application/cbor"];
        if cbor.iter().any(|kind| kind.eq_ignore_ascii_case(media_type)) { Self::Cbor } else { Self::Json }
    }

    /// The content type of what it writes.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Cbor => "application/x-amz-cbor-1.1",
        }
    }

    /// Reads one value, and nothing behind it. No bytes at all are an empty structure.
    ///
    /// # Errors
    /// When the bytes are no value of this codec, or hold one deeper than 32 levels or of more than 100,000 parts.
    pub fn decode(self, bytes: &[u8]) -> Result<Document, Malformed> {
        match self {
            _ if bytes.is_empty() => Ok(Document::Map(Vec::new())),
            Self::Json => json::decode(bytes),
            Self::Cbor => cbor::decode(bytes),
        }
    }

    /// Writes a value.
    pub fn encode(self, document: &Document) -> Vec<u8> {
        match self {
            Self::Json => json::encode(document),
            Self::Cbor => cbor::encode(document),
        }
    }

    /// The time that a number stands for where a time is expected.
    pub fn timestamp(self, number: f64) -> Timestamp {
        let millis = match self {
            Self::Json => number * 1_000.0,
            Self::Cbor => number,
        };
        // To the nearest millisecond. What is no time saturates: before the epoch is the epoch.
        Timestamp::from_millis(millis.round() as u64)
    }
}

/// Why bytes are no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// What reading one value may still cost. A value takes some 50 bytes of memory and in a request as little as one, so that
/// the length of a body alone bounds too little.
#[derive(Debug)]
struct Budget(Cell<usize>);

impl Budget {
    fn new() -> Self {
        Self(Cell::new(MAX_PARTS))
    }

    /// Pays for a value inside `depth` others.
    fn pay(&self, depth: usize) -> Result<(), &'static str> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply");
        }
        let left = self.0.get().checked_sub(1).ok_or("it has too many parts")?;
        self.0.set(left);
        Ok(())
    }
}

/// A request of Kinesis goes three levels deep.
const MAX_DEPTH: usize = 32;
/// PutRecords has 500 entries of five parts at most; a request of more entries should still be told so.
const MAX_PARTS: usize = 100_000;

#[cfg(test)]
mod tests;

//! The headers that come with an answer: its time, its ids, its checksum, its error.
//!
//! It knows no operation. The names are those that Kinesis answers with; `x-amz-crc32` is what SDKs for Java hold a whole
//! body against, `x-amzn-errortype` what they read before the body.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{DATE, HeaderMap, HeaderName, HeaderValue};

use crate::model::Timestamp;

/// Draws what makes an answer's ids its own.
#[derive(Debug)]
pub(super) struct Ids(AtomicU64);

impl Ids {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(RandomState::new().hash_one("answers")))
    }

    /// What every answer has: the service's own time, not the machine's, and ids that no other answer has.
    pub(super) fn stamp(&self, headers: &mut HeaderMap, now: Timestamp) {
        put(headers, DATE, &httpdate::fmt_http_date(now.min(LAST_DATE).into()));
        put(headers, HeaderName::from_static("x-amzn-requestid"), &uuid(self.draw(), self.draw()));
        let extended: Vec<u8> = (0..EXTENDED_ID_WORDS).flat_map(|_| self.draw().to_be_bytes()).collect();
        put(headers, HeaderName::from_static("x-amz-id-2"), &STANDARD.encode(extended));
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): no number comes twice.
    fn draw(&self) -> u64 {
        let mut z = self.0.fetch_add(GOLDEN, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// The checksum of a whole body: CRC-32 as a decimal number.
pub(super) fn put_checksum(headers: &mut HeaderMap, body: &[u8]) {
    headers.insert(HeaderName::from_static("x-amz-crc32"), crc32fast::hash(body).into());
}

/// The name of an error.
pub(super) fn put_error_type(headers: &mut HeaderMap, code: &str) {
    put(headers, HeaderName::from_static("x-amzn-errortype"), code);
}

/// The text of a header; none if it is absent or no text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A text that no header can hold is left out: a fault on order may name its error as it likes.
fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// A random UUID (RFC 9562, version 4).
fn uuid(high: u64, low: u64) -> String {
    let (first, second, third) = (high >> 32, high >> 16 & 0xFFFF, high & 0xFFF);
    let (variant, node) = (low >> 48 & 0x3FFF | 0x8000, low & 0xFFFF_FFFF_FFFF);
    format!("{first:08x}-{second:04x}-4{third:03x}-{variant:04x}-{node:012x}")
}

/// The end of the year 9999: a clock moved on beyond it has no date of HTTP.
const LAST_DATE: Timestamp = Timestamp::from_millis(253_402_300_799_999);
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// 72 bytes, 96 characters of base64: what the service's answers have.
const EXTENDED_ID_WORDS: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_no_date_can_write_is_the_last_one_that_can() {
        let mut headers = HeaderMap::new();
        Ids::new().stamp(&mut headers, Timestamp::from_millis(u64::MAX));
        assert_eq!(text(&headers, DATE.as_str()), Some("Fri, 31 Dec 9999 23:59:59 GMT"));
    }
}

//! Documents and bytes drawn at random.

use bytes::Bytes;
use kinesis_fanout::emulator::codec::{Codec, Document};
use kinesis_fanout::model::Timestamp;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A document inside `depth` others that both codecs can write. JSON has no number that is none.
    pub(crate) fn document(&mut self, depth: usize) -> Document {
        match self.below(if depth < 6 { 11 } else { 7 }) {
            0 => Document::Null,
            1 => Document::Bool(self.below(2) == 0),
            2 => Document::Integer(self.integer()),
            3 => Document::Float(self.float()),
            4 => Document::Text(self.text()),
            5 => {
                let length = self.below(40);
                Document::Blob((0..length).map(|_| self.next() as u8).collect::<Bytes>())
            }
            6 => Document::Timestamp(Timestamp::from_millis(self.next() % LATEST)),
            7 | 8 => {
                let length = self.below(5);
                Document::List((0..length).map(|_| self.document(depth + 1)).collect())
            }
            _ => {
                let length = self.below(5);
                Document::Map((0..length).map(|_| (self.text().into(), self.document(depth + 1))).collect())
            }
        }
    }

    fn integer(&mut self) -> i64 {
        match self.below(3) {
            0 => [0, -1, 23, 24, 255, 256, 65_536, i64::MAX, i64::MIN, 1 << 32][self.below(10)],
            1 => self.below(1_000) as i64 - 500,
            _ => self.next() as i64,
        }
    }

    fn float(&mut self) -> f64 {
        let any = f64::from_bits(self.next());
        if any.is_finite() && self.below(2) == 0 { any } else { self.below(1_000_000) as f64 / 1_024.0 }
    }

    fn text(&mut self) -> String {
        let length = self.below(8);
        (0..length).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    /// What may come in: a document as it is, one that suffered, or noise.
    pub(crate) fn bytes(&mut self, codec: Codec, document: &Document) -> Vec<u8> {
        let mut bytes = match self.below(8) {
            0 => (0..self.below(60)).map(|_| self.next() as u8).collect(),
            1 => self.assembled(codec),
            2 => self.nested(codec),
            _ => codec.encode(document),
        };
        for _ in 0..self.below(4) {
            self.mutate(codec, &mut bytes);
        }
        bytes
    }

    /// Tokens in any order.
    fn assembled(&mut self, codec: Codec) -> Vec<u8> {
        let tokens = tokens(codec);
        (0..self.below(24)).flat_map(|_| tokens[self.below(tokens.len())].iter().copied()).collect()
    }

    /// About as deep as is allowed, or much deeper.
    fn nested(&mut self, codec: Codec) -> Vec<u8> {
        let depth = if self.below(4) == 0 { self.below(5_000) } else { 30 + self.below(6) };
        let (open, inner, close): (&[u8], &[u8], &[u8]) = match (codec, self.below(3)) {
            (Codec::Json, 0) => (b"{\"a\":", b"0", b"}"),
            (Codec::Json, _) => (b"[", b"[]", b"]"),
            (Codec::Cbor, 0) => (b"\xc2", b"\x00", b""),
            (Codec::Cbor, 1) => (b"\xbf\x61a", b"\xa0", b"\xff"),
            (Codec::Cbor, _) => (b"\x81", b"\x80", b""),
        };
        [open.repeat(depth), inner.to_vec(), close.repeat(depth)].concat()
    }

    fn mutate(&mut self, codec: Codec, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = at + self.below(bytes.len() - at + 1).min(40);
        match self.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.next() as u8,
            2 => {
                let tokens = tokens(codec);
                drop(bytes.splice(at..at, tokens[self.below(tokens.len())].iter().copied()));
            }
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            5 => bytes.truncate(at),
            // A length that is not there.
            6 if codec == Codec::Cbor && at < bytes.len() => {
                let declared = self.next() >> self.below(64);
                let head = [vec![bytes[at] & 0xE0 | 27], declared.to_be_bytes().to_vec()].concat();
                drop(bytes.splice(at..=at, head));
            }
            _ => {}
        }
    }
}

fn tokens(codec: Codec) -> &'static [&'static [u8]] {
    match codec {
        Codec::Json => JSON,
        Codec::Cbor => CBOR,
    }
}

/// The last millisecond of the year 9999.
const LATEST: u64 = 253_402_300_800_000;

const PIECES: [&str; 10] = ["a", "StreamName", "\"", "\\", "\u{0}", "\n", "é", "\u{2028}", "😀", "0"];

const JSON: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"false",
    b"0",
    b"-",
    b"1e400",
    b"1.5",
    b"18446744073709551616",
    b"\"\"",
    b"\"a\"",
    b"\"a\":",
    b"\"\\ud83d\"",
    b"\"\\ud83d\\ude00\"",
    b"\\",
    b" ",
    b"\xef\xbb\xbf",
    b"\xff",
    b"1e-400",
];

const CBOR: &[&[u8]] = &[
    b"\x00",
    b"\x18\xff",
    b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x40",
    b"\x42ab",
    b"\x5f",
    b"\x60",
    b"\x61a",
    b"\x7f",
    b"\x80",
    b"\x82",
    b"\x9f",
    b"\xa0",
    b"\xa1",
    b"\xbf",
    b"\xff",
    b"\xc1",
    b"\xd9\xd9\xf7",
    b"\xf4",
    b"\xf6",
    b"\xf7",
    b"\xf9\x7e\x00",
    b"\xf9\x3c\x00",
    b"\xfa\x7f\x80\x00\x00",
    b"\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    b"\xf8\x20",
    b"\x1c",
    b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
];

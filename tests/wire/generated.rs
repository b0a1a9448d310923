//! Events and bodies drawn at random, and broken at random.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use kinesis_fanout::wire::{
    encode_frame, error_message, exception_message, initial_response, raw_event_message,
};

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// The JSON of an event: any order, white space, escapes, unknown and repeated members, nulls, long and short forms.
    pub(crate) fn event(&mut self) -> Vec<u8> {
        let mut members = Vec::new();
        if !self.one_in(8) {
            let records = self.list(4, Self::record);
            members.push(self.member("Records", records));
        }
        let number = self.digits();
        members.push(self.member("ContinuationSequenceNumber", number));
        for _ in 0..self.below(3) {
            let behind = self.whole_number();
            members.push(self.member("MillisBehindLatest", behind));
        }
        if self.one_in(4) {
            let children = self.list(3, Self::child);
            members.push(self.member("ChildShards", children));
        }
        self.object(members).into_bytes()
    }

    /// The JSON of a page, in the same ways.
    pub(crate) fn page(&mut self) -> Vec<u8> {
        let mut members = Vec::new();
        if !self.one_in(8) {
            let records = self.list(4, Self::record);
            members.push(self.member("Records", records));
        }
        for _ in 0..self.below(3) {
            let iterator = if self.one_in(4) { "\"\"".into() } else { self.text() };
            members.push(self.member("NextShardIterator", iterator));
        }
        for _ in 0..self.below(3) {
            let behind = self.whole_number();
            members.push(self.member("MillisBehindLatest", behind));
        }
        if self.one_in(4) {
            let children = self.list(3, Self::child);
            members.push(self.member("ChildShards", children));
        }
        self.object(members).into_bytes()
    }

    /// Breaks bytes in a few places.
    pub(crate) fn broken(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        for _ in 0..self.below(4) {
            let from = self.below(bytes.len() + 1);
            let to = (from + self.below(9)).min(bytes.len());
            match self.below(6) {
                0 if from < bytes.len() => bytes[from] ^= 1 << self.below(8),
                1 if from < bytes.len() => bytes[from] = self.next() as u8,
                2 => drop(bytes.drain(from..to)),
                3 => {
                    let token = TOKENS[self.below(TOKENS.len())];
                    bytes.splice(from..from, token.iter().copied());
                }
                4 => {
                    let again = bytes[from..to].to_vec();
                    let at = self.below(bytes.len() + 1);
                    bytes.splice(at..at, again);
                }
                _ => bytes.truncate(from),
            }
        }
        bytes
    }

    /// Frames one behind the other: good ones, and ones whose parts or lengths lie but whose checksums are right.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        for _ in 0..self.below(4) {
            let frame = self.frame();
            match self.below(4) {
                0 => body.extend(self.forged(frame.to_vec())),
                _ => body.extend(frame),
            }
        }
        if self.one_in(2) { self.broken(body) } else { body }
    }

    fn frame(&mut self) -> Bytes {
        match self.below(6) {
            0 => initial_response(),
            1 => exception_message("ResourceInUseException", "taken"),
            2 => error_message("InternalError", "oh"),
            3 => encode_frame(&[(":message-type", "event"), ("h", "")], b""),
            _ => raw_event_message(&self.event()),
        }
    }

    /// Breaks what lies between the checksums and puts new ones.
    fn forged(&mut self, frame: Vec<u8>) -> Vec<u8> {
        let mut prelude = frame[..8].to_vec();
        if self.one_in(4) {
            prelude[self.below(8)] ^= 1 << self.below(8);
        }
        let inner = self.broken(frame[12..frame.len() - 4].to_vec());
        let lengths_fit = self.one_in(2);
        if lengths_fit {
            prelude[..4].copy_from_slice(&(inner.len() as u32 + 16).to_be_bytes());
        }
        let mut forged = prelude;
        forged.extend(crc32fast::hash(&forged).to_be_bytes());
        forged.extend(inner);
        forged.extend(crc32fast::hash(&forged).to_be_bytes());
        forged
    }

    fn record(&mut self) -> String {
        let mut members = Vec::new();
        for _ in 0..1 + usize::from(self.one_in(8)) {
            let number = self.digits();
            members.push(self.member("SequenceNumber", number));
        }
        let data: Vec<u8> = (0..self.below(60)).map(|_| self.next() as u8).collect();
        let data = format!("\"{}\"", self.some_escaped(&STANDARD.encode(data)));
        members.push(self.member("Data", data));
        if self.one_in(2) {
            let key = self.text();
            members.push(self.member("PartitionKey", key));
        }
        if self.one_in(2) {
            let time = self.time();
            members.push(self.member("ApproximateArrivalTimestamp", time));
        }
        if self.one_in(3) {
            let kind = ["\"KMS\"", "\"NONE\"", "\"\"", "\"QUANTUM\""][self.below(4)].to_owned();
            members.push(self.member("EncryptionType", kind));
        }
        self.object(members)
    }

    fn child(&mut self) -> String {
        let (id, parents) = (self.text(), self.list(3, Self::text));
        let bounds = [("StartingHashKey", "\"0\""), ("EndingHashKey", "\"9\"")];
        let range = bounds.map(|(name, value)| self.member(name, value.into()));
        let range = self.object(range.to_vec());
        let members = [("ShardId", id), ("ParentShards", parents), ("HashKeyRange", range)];
        let members = members.map(|(name, value)| self.member(name, value));
        self.object(members.to_vec())
    }

    fn member(&mut self, name: &str, value: String) -> String {
        let value = if self.one_in(12) { "null".into() } else { value };
        let name = if self.one_in(20) { self.some_escaped(name) } else { name.to_owned() };
        format!("\"{name}\"{}:{}{value}", self.space(), self.space())
    }

    /// In any order, and with members that nobody knows.
    fn object(&mut self, mut members: Vec<String>) -> String {
        if self.one_in(6) {
            let value = self.value(0);
            members.push(self.member("Unknown", value));
        }
        for at in (1..members.len()).rev() {
            members.swap(at, self.below(at + 1));
        }
        format!("{{{}{}{}}}", self.space(), members.join(&format!("{},", self.space())), self.space())
    }

    fn list(&mut self, limit: usize, item: fn(&mut Self) -> String) -> String {
        let items: Vec<String> = (0..self.below(limit)).map(|_| item(self)).collect();
        format!("[{}{}]", self.space(), items.join(&format!(",{}", self.space())))
    }

    fn value(&mut self, depth: usize) -> String {
        match self.below(if depth < 5 { 7 } else { 5 }) {
            0 => self.text(),
            1 => self.whole_number(),
            2 => self.time(),
            3 => ["true", "false"][self.below(2)].into(),
            4 => "null".into(),
            5 => {
                let items: Vec<String> = (0..self.below(3)).map(|_| self.value(depth + 1)).collect();
                format!("[{}]", items.join(","))
            }
            _ => {
                let value = self.value(depth + 1);
                format!("{{{}}}", self.member("Inner", value))
            }
        }
    }

    fn digits(&mut self) -> String {
        let len = [0, 1, 1, 1, 7, 56, 56, 56, 57, 62, 63, 129][self.below(12)];
        let digits: String = (0..len).map(|_| char::from(b'0' + self.below(10) as u8)).collect();
        format!("\"{}\"", if self.one_in(10) { self.some_escaped(&digits) } else { digits })
    }

    fn text(&mut self) -> String {
        let len = [1, 4, 37, 38, 39, 80][self.below(6)];
        let text: String = (0..len).map(|_| LETTERS[self.below(LETTERS.len())]).collect();
        format!("\"{}\"", self.some_escaped(&text))
    }

    /// The contents of a JSON string, with some characters as escape sequences that need not be.
    fn some_escaped(&mut self, text: &str) -> String {
        let mut escaped = String::new();
        for c in text.chars() {
            let must = matches!(c, '"' | '\\') || c < ' ';
            if !must && !self.one_in(6) {
                escaped.push(c);
            } else if c == '/' && self.one_in(2) {
                escaped.push_str("\\/");
            } else {
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")));
            }
        }
        escaped
    }

    fn whole_number(&mut self) -> String {
        match self.below(4) {
            0 => "0".into(),
            1 => (self.next() as i64).to_string(),
            2 => i64::MAX.to_string(),
            _ => self.below(100_000).to_string(),
        }
    }

    /// Seconds of this century, in the ways that JSON has to write them.
    fn time(&mut self) -> String {
        let millis = self.next() % 4_102_444_800_000;
        let (seconds, fraction) = (millis / 1000, millis % 1000);
        match self.below(4) {
            0 => seconds.to_string(),
            1 => format!("{}e-3", millis),
            2 => format!("{}.{:03}{:06}E+3", seconds / 1000, seconds % 1000, fraction * 1000),
            _ => format!("{seconds}.{fraction:03}"),
        }
    }

    fn space(&mut self) -> &'static str {
        ["", "", "", "", " ", "\n\t", "\r "][self.below(7)]
    }
}

const LETTERS: [char; 14] =
    ['a', 'Z', '0', '/', '"', '\\', '\n', '\u{1}', '\u{7f}', 'é', '鍵', '🦀', '\u{ffff}', '\u{10ffff}'];
const TOKENS: [&[u8]; 20] = [
    b"{", b"}", b"[", b"]", b",", b":", b"\"", b"\\", b"null", b"-", b".", b"e", b"0", b"\\u", b"\\ud83e",
    b"=", b"\xff", b"[[[[", b"{\"a\":", b" ",
];

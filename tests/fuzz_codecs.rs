//! Bytes that are arbitrary, mutated or made of documents, into both codecs: no panic, what is read is within its bounds, and
//! a document that is written and read again is the same.
//!
//! ```text
//! FUZZ_SECONDS=300 cargo test --release --test fuzz_codecs -- --nocapture
//! ```
//!
//! `FUZZ_SECONDS` is 1 for each codec by default. `FUZZ_SEED` repeats a run; a failure prints the seed and the bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be had fails the run")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a run tells what it saw, and what broke it")]

#[path = "codecs/generated.rs"]
mod generated;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use generated::Random;
use kinesis_fanout::emulator::codec::{Codec, Document};

#[test]
fn no_bytes_break_json() {
    fuzz(Codec::Json);
}

#[test]
fn no_bytes_break_cbor() {
    fuzz(Codec::Cbor);
}

fn fuzz(codec: Codec) {
    let number = |name: &str, default: u64| match env::var(name) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => default,
    };
    let (seconds, seed) = (number("FUZZ_SECONDS", 1), number("FUZZ_SEED", 0x636F_6465));
    let mut random = Random(seed);
    let (mut read, mut refused) = (0_u64, 0_u64);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) || read + refused < MIN_EXECUTIONS {
        let document = random.document(0);
        let bytes = random.bytes(codec, &document);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            comes_back(codec, &document);
            is_read_or_refused(codec, &bytes)
        }));
        match outcome {
            Ok(true) => read += 1,
            Ok(false) => refused += 1,
            Err(panic) => {
                eprintln!("FUZZ_SEED={seed}, {codec:?}, bytes in base64: {}", STANDARD.encode(&bytes));
                eprintln!("document: {document:?}");
                resume_unwind(panic);
            }
        }
    }
    println!(
        "{codec:?}: {} executions in {seconds} s with seed {seed}: {read} read, {refused} refused",
        read + refused
    );
    assert!(read.min(refused) > MIN_EXECUTIONS / 20, "the run has seen both outcomes often");
}

fn comes_back(codec: Codec, document: &Document) {
    let bytes = codec.encode(document);
    let again = codec.decode(&bytes).unwrap_or_else(|error| panic!("{error}: {bytes:x?}"));
    assert_eq!(again, expected(codec, document), "{bytes:x?}");
}

/// What a document is when it has been written and read: JSON has neither blobs nor times.
fn expected(codec: Codec, document: &Document) -> Document {
    match document {
        Document::Blob(blob) if codec == Codec::Json => STANDARD.encode(blob).into(),
        Document::Timestamp(time) if codec == Codec::Json => {
            Document::Float(time.as_millis() as f64 / 1_000.0)
        }
        Document::List(list) => list.iter().map(|item| expected(codec, item)).collect::<Vec<_>>().into(),
        Document::Map(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), expected(codec, value)));
            Document::Map(members.collect())
        }
        other => other.clone(),
    }
}

/// Whether the bytes are read. What is read is within its bounds, and comes back; what is refused says why.
fn is_read_or_refused(codec: Codec, bytes: &[u8]) -> bool {
    match codec.decode(bytes) {
        Ok(document) => {
            let extent = Extent::of(&document);
            assert!(extent.depth <= 33, "{} levels", extent.depth);
            // A part is at least a byte. Nothing grows: a text of JSON is shorter than its escapes.
            assert!(extent.parts <= bytes.len().clamp(1, 100_000) && extent.bytes <= bytes.len(), "it grew");
            if !extent.has_nan {
                comes_back(codec, &document);
            }
            true
        }
        Err(error) => {
            assert!(error.to_string().len() < 300, "{error}");
            false
        }
    }
}

/// How much a document holds.
#[derive(Default)]
struct Extent {
    depth: usize,
    parts: usize,
    bytes: usize,
    has_nan: bool,
}

impl Extent {
    fn of(document: &Document) -> Self {
        let mut extent = Self { depth: 1, parts: 1, ..Self::default() };
        match document {
            Document::Text(text) => extent.bytes = text.len(),
            Document::Blob(blob) => extent.bytes = Bytes::len(blob),
            Document::Float(number) => extent.has_nan = number.is_nan(),
            Document::List(list) => list.iter().for_each(|item| extent.add(0, item)),
            Document::Map(members) => {
                members.iter().for_each(|(name, value)| extent.add(name.len(), value));
            }
            _ => {}
        }
        extent
    }

    fn add(&mut self, name: usize, inner: &Document) {
        let inner = Self::of(inner);
        self.depth = self.depth.max(inner.depth + 1);
        self.parts += inner.parts;
        self.bytes += inner.bytes + name;
        self.has_nan |= inner.has_nan;
    }
}

/// Enough to meet both outcomes, however slow the machine.
const MIN_EXECUTIONS: u64 = 2_000;

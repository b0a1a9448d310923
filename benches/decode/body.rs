//! The bytes that all decode.

use bytes::Bytes;
use kinesis_fanout::model::{KinesisRecord, SequenceNumber, SubscriptionEvent, Timestamp};
use kinesis_fanout::wire::{event_message, initial_response};

/// The frames of one event, again and again.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) initial_response: Bytes,
    /// One event in the chunks in which it comes.
    pub(crate) chunks: Vec<Bytes>,
    /// The frame as a whole.
    pub(crate) frame: Bytes,
    /// Where the frame's payloads lie, in base64.
    pub(crate) payloads: Vec<std::ops::Range<usize>>,
    pub(crate) records: usize,
    /// How many events a round decodes.
    pub(crate) events: usize,
}

impl Body {
    pub(crate) fn new(records: usize, size: usize) -> Self {
        let frame = event_message(&event(records, size));
        let events = (BYTES_OF_A_ROUND / frame.len()).max(1);
        let mut whole = frame.clone();
        let mut chunks = Vec::new();
        while !whole.is_empty() {
            chunks.push(Bytes::copy_from_slice(&whole.split_to(whole.len().min(CHUNK))));
        }
        let payloads = payloads(&frame);
        Self { initial_response: initial_response(), chunks, frame, payloads, records, events }
    }

    /// The same in chunks of one frame each.
    pub(crate) fn with_whole_frames(&self) -> Self {
        Self { chunks: vec![self.frame.clone()], ..self.clone() }
    }

    /// The chunks of all events of a round.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = Bytes> + use<> {
        std::iter::repeat_n(self.chunks.clone(), self.events).flatten()
    }
}

fn event(records: usize, size: usize) -> SubscriptionEvent {
    let records = (0..records as u128).map(|number| KinesisRecord {
        sequence_number: sequence_number(number),
        partition_key: Some(format!("customer-{number:08}").into()),
        // No two records are alike, and no byte is rare.
        data: (0..size as u128).map(|byte| ((byte * 167 + number * 13) >> 3) as u8).collect(),
        approximate_arrival: Some(Timestamp::from_millis(1_730_000_000_007 + number as u64)),
        encryption_type: None,
    });
    SubscriptionEvent {
        records: records.collect(),
        continuation: Some(sequence_number(9_999)),
        millis_behind_latest: 1_234,
        child_shards: vec![],
    }
}

/// 56 digits, as Kinesis has them.
fn sequence_number(number: u128) -> SequenceNumber {
    format!("4959033827149025660855969{number:031}").parse().unwrap_or(number.into())
}

fn payloads(frame: &[u8]) -> Vec<std::ops::Range<usize>> {
    let name = br#""Data":""#;
    let mut payloads = Vec::new();
    let mut at = 0;
    while let Some(found) = frame[at..].windows(name.len()).position(|window| window == name) {
        let start = at + found + name.len();
        let len = frame[start..].iter().take_while(|byte| **byte != b'"').count();
        payloads.push(start..start + len);
        at = start + len;
    }
    payloads
}

/// The frame size that HTTP/2 starts with (RFC 9113 §6.5.2).
const CHUNK: usize = 16 << 10;
const BYTES_OF_A_ROUND: usize = 20_000_000;

//! How often the decoder of subscriptions allocates: a number of times that does not depend on how many records an event has.
#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use allocation_counter::measure;
use bytes::Bytes;
use kinesis_fanout::model::{KinesisRecord, SubscriptionEvent, Timestamp};
use kinesis_fanout::wire::{FrameReader, Message, event_message};

#[test]
fn an_event_of_any_number_of_records_takes_twenty_allocations_at_most() {
    for (records, size, key_len) in
        [(0, 0, 0), (1, 1_000_000, 8), (10, 100_000, 8), (1000, 1024, 36), (1000, 1024, 256), (5000, 100, 8)]
    {
        let event = event(records, size, key_len);
        // Ready before it is counted: the chunks of a connection are not the decoder's.
        let mut frame = event_message(&event);
        let mut chunks = Vec::new();
        while !frame.is_empty() {
            chunks.push(frame.split_to(frame.len().min(16 << 10)));
        }
        let mut read = None;
        let allocations = measure(|| read = Some(decode(chunks))).count_total;
        assert_eq!(read, Some(Message::Event(event)));
        assert!(allocations <= 20, "{records} records of {size} bytes: {allocations} allocations");
        assert!(allocations > 0, "they are counted");
    }
}

fn decode(chunks: Vec<Bytes>) -> Message {
    let mut reader = FrameReader::new();
    for chunk in chunks {
        reader.push(chunk);
        if let Some(frame) = reader.next_frame().unwrap() {
            return frame.decode().unwrap();
        }
    }
    panic!("the frame is not whole")
}

fn event(records: usize, size: usize, key_len: usize) -> SubscriptionEvent {
    let record = |number: usize| KinesisRecord {
        sequence_number: format!("{number:056}").parse().unwrap(),
        partition_key: Some(format!("{number:0key_len$}").into()),
        data: vec![number as u8; size].into(),
        approximate_arrival: Some(Timestamp::from_millis(1_730_000_000_000 + number as u64)),
        encryption_type: None,
    };
    SubscriptionEvent {
        records: (0..records).map(record).collect(),
        continuation: Some(7.into()),
        millis_behind_latest: 0,
        child_shards: vec![],
    }
}

//! Properties of the decoder of subscriptions and pages: against the encoder, against the AWS SDK, and whatever the chunks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be had fails its test")]

#[path = "wire/sdk.rs"]
mod sdk;

use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{ChildShard, EncryptionType, HashKeyRange, Record, SubscribeToShardEvent};
use aws_smithy_json::codec::JsonCodec;
use aws_smithy_schema::Schema;
use aws_smithy_schema::codec::Codec;
use aws_smithy_schema::serde::{SerializableStruct, ShapeSerializer};
use aws_smithy_types::DateTime;
use bytes::Bytes;
use kinesis_fanout::model::{KinesisRecord, SubscriptionEvent};
use kinesis_fanout::wire::{
    FrameError, FrameReader, Message, encode_frame, error_message, event_message, exception_message,
    initial_response,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Short ones that lie in the value, long ones that share the buffer, and all characters.
fn partition_key() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9-]{0,40}", "(?s).{0,20}", "[\\x00-\\x1f\"\\\\/]{1,20}", Just("鍵".repeat(256))]
}

/// All milliseconds of four centuries, and times between two.
fn time() -> impl Strategy<Value = DateTime> {
    const LAST: i64 = 12_622_780_800;
    prop_oneof![
        (0..LAST * 1000).prop_map(DateTime::from_millis),
        (-10..LAST, 0..1_000_000_000_u32)
            .prop_map(|(secs, nanos)| DateTime::from_secs_and_nanos(secs, nanos)),
    ]
}

fn encryption_type() -> impl Strategy<Value = EncryptionType> {
    prop_oneof![Just(EncryptionType::None), Just(EncryptionType::Kms), Just(EncryptionType::from("QUANTUM"))]
}

prop_compose! {
    fn record()(
        number in "[0-9]{1,130}",
        data in vec(any::<u8>(), 0..300),
        key in option::of(partition_key()),
        time in option::of(time()),
        encryption in option::of(encryption_type()),
    ) -> Record {
        let record = Record::builder().sequence_number(number).data(Blob::new(data)).set_partition_key(key);
        record.set_approximate_arrival_timestamp(time).set_encryption_type(encryption).build().unwrap()
    }
}

prop_compose! {
    fn child()(
        id in "[a-zA-Z0-9_.-]{1,30}",
        parents in vec("(?s).{1,30}", 1..3),
        start in any::<u128>(),
        end in any::<u128>(),
    ) -> ChildShard {
        let range = HashKeyRange::builder().starting_hash_key(start.min(end).to_string());
        let range = range.ending_hash_key(start.max(end).to_string()).build().unwrap();
        let child = ChildShard::builder().shard_id(id).set_parent_shards(Some(parents));
        child.hash_key_range(range).build().unwrap()
    }
}

prop_compose! {
    fn event()(
        records in vec(record(), 0..6),
        continuation in "[0-9]{0,130}",
        behind in any::<i64>(),
        children in option::of(vec(child(), 0..3)),
    ) -> SubscribeToShardEvent {
        let event = SubscribeToShardEvent::builder().set_records(Some(records));
        let event = event.continuation_sequence_number(continuation).millis_behind_latest(behind);
        event.set_child_shards(children).build().unwrap()
    }
}

prop_compose! {
    fn page()(
        records in vec(record(), 0..6),
        next in option::of(prop_oneof![Just(String::new()), "(?s).{0,300}"]),
        behind in option::of(any::<i64>()),
        children in option::of(vec(child(), 0..3)),
    ) -> GetRecordsOutput {
        let page = GetRecordsOutput::builder().set_records(Some(records)).set_next_shard_iterator(next);
        page.set_millis_behind_latest(behind).set_child_shards(children).build().unwrap()
    }
}

fn any_frame() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        Just(initial_response()),
        event().prop_map(|event| event_message(&sdk::converted(&event).unwrap())),
        ("[A-Za-z]{0,30}", "(?s).{0,50}").prop_map(|(name, text)| exception_message(&name, &text)),
        ("[A-Za-z]{0,30}", "(?s).{0,50}").prop_map(|(code, text)| error_message(&code, &text)),
        ("[a-z]{0,10}", vec(any::<u8>(), 0..50))
            .prop_map(|(name, payload)| encode_frame(&[(":message-type", &name)], &payload)),
    ]
}

/// The JSON that the SDK writes.
fn json(schema: &Schema<'_>, value: &dyn SerializableStruct) -> Vec<u8> {
    let mut serializer = Codec::create_serializer(&JsonCodec::default());
    serializer.write_struct(schema, value).unwrap();
    serializer.finish()
}

/// What the SDK reads has gone through a float, so a time may be one millisecond off there.
fn assert_times_are_near(ours: &SubscriptionEvent, by_sdk: &SubscriptionEvent) {
    for (ours, by_sdk) in ours.records.iter().zip(&by_sdk.records) {
        let [ours, by_sdk] = [ours, by_sdk].map(|record| record.approximate_arrival());
        assert_eq!(ours.is_some(), by_sdk.is_some());
        let [ours, by_sdk] = [ours, by_sdk].map(|time| time.map_or(0, |time| time.as_millis()));
        assert!(ours.abs_diff(by_sdk) <= 1, "{ours} {by_sdk}");
    }
}

/// The messages of a body that comes in chunks of these sizes, in turn, and how it ends.
fn messages(body: &[u8], sizes: &[usize]) -> (Vec<Message>, Option<FrameError>) {
    let (mut reader, mut messages) = (FrameReader::new(), Vec::new());
    let (mut rest, mut sizes) = (body, sizes.iter().cycle());
    while !rest.is_empty() {
        let chunk = rest.split_off(..rest.len().min(*sizes.next().unwrap())).unwrap();
        reader.push(Bytes::copy_from_slice(chunk));
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => messages.push(frame.decode().unwrap()),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, reader.finish().err())
}

proptest! {
    #[test]
    fn an_event_of_the_sdk_is_read_as_the_sdk_reads_it(event in event()) {
        let json = json(SubscribeToShardEvent::SCHEMA, &event);
        let (ours, by_sdk) = (sdk::ours(&json).unwrap(), sdk::read(&json).unwrap());
        prop_assert_eq!(&without_times(&ours), &without_times(&by_sdk));
        assert_times_are_near(&ours, &by_sdk);
        prop_assert_eq!(ours, sdk::converted(&event).unwrap(), "exact, times included");
    }

    #[test]
    fn a_page_of_the_sdk_is_read_as_the_sdk_reads_it(page in page()) {
        let json = json(GetRecordsOutput::SCHEMA, &page);
        let (ours, next) = sdk::our_page(&json).unwrap();
        let (by_sdk, next_by_sdk) = sdk::page(&json).unwrap();
        prop_assert_eq!(&without_times(&ours), &without_times(&by_sdk));
        assert_times_are_near(&ours, &by_sdk);
        prop_assert_eq!(&next, &next_by_sdk);
        prop_assert_eq!((ours, next), sdk::converted_page(&page).unwrap(), "exact, times included");
    }

    #[test]
    fn what_the_encoder_writes_is_read_again(event in event()) {
        let event = sdk::converted(&event).unwrap();
        let (read, end) = messages(&event_message(&event), &[usize::MAX]);
        prop_assert_eq!((read, end), (vec![Message::Event(event)], None));
    }

    #[test]
    fn frames_are_the_same_in_whatever_chunks(
        frames in vec(any_frame(), 0..6),
        sizes in vec(prop_oneof![1..4_usize, 1..100_usize, 1..5000_usize], 1..20),
    ) {
        let body = frames.concat();
        let whole = messages(&body, &[usize::MAX]);
        prop_assert_eq!((whole.0.len(), &whole.1), (frames.len(), &None));
        prop_assert_eq!(messages(&body, &sizes), whole);
    }

    #[test]
    fn a_cut_body_gives_its_whole_frames_and_says_that_it_was_cut(
        frames in vec(any_frame(), 1..4),
        at in any::<prop::sample::Index>(),
        size in 1..100_usize,
    ) {
        let body = frames.concat();
        let cut = at.index(body.len());
        let mut ends = frames.iter().scan(0, |end, frame| { *end += frame.len(); Some(*end) });
        let whole = ends.by_ref().take_while(|end| *end <= cut).collect::<Vec<_>>();
        let (read, end) = messages(&body[..cut], &[size]);
        prop_assert_eq!(read.len(), whole.len());
        let there = cut - whole.last().copied().unwrap_or(0);
        let of = (there >= 12).then(|| frames[whole.len()].len());
        prop_assert_eq!(end, (there > 0).then_some(FrameError::Truncated { there, of }));
    }

    #[test]
    fn a_changed_byte_is_never_another_message(
        frames in vec(any_frame(), 1..4),
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
        size in 1..100_usize,
    ) {
        let mut body = frames.concat();
        let at = at.index(body.len());
        let good = messages(&body, &[usize::MAX]).0;
        body[at] ^= change;
        let (read, end) = messages(&body, &[size]);
        prop_assert!(read.len() < good.len() && read == good[..read.len()]);
        prop_assert!(matches!(end, Some(FrameError::PreludeChecksum | FrameError::MessageChecksum)), "{:?}", end);
    }
}

fn without_times(event: &SubscriptionEvent) -> SubscriptionEvent {
    let without = |record| KinesisRecord { approximate_arrival: None, ..KinesisRecord::from(record) };
    SubscriptionEvent { records: event.records.iter().map(without).collect(), ..event.clone() }
}

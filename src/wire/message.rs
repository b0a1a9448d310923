//! The messages of a subscription: the frames that Kinesis sends. When to send which is the sender's business.

use bytes::Bytes;

use super::event::{BEFORE_RECORDS, EncodedRecords, event_payload, put_string, tail};
use super::frame::{Part, encode_frame, frame_around};
use crate::model::SubscriptionEvent;

/// The first message of every subscription; it carries nothing.
pub fn initial_response() -> Bytes {
    encode_frame(
        &[(MESSAGE_TYPE, "event"), (EVENT_TYPE, "initial-response"), (CONTENT_TYPE, JSON_1_1)],
        b"{}",
    )
}

/// An event.
pub fn event_message(event: &SubscriptionEvent) -> Bytes {
    raw_event_message(&event_payload(event))
}

/// An event frame around any payload, for tests that send one that is no event.
pub fn raw_event_message(payload: &[u8]) -> Bytes {
    encode_frame(&EVENT_HEADERS, payload)
}

/// The message of an event whose records have been encoded: three pieces, whose second is what `records` holds, not copied. The
/// event's own records are not looked at.
pub fn event_parts<R>(records: &EncodedRecords, event: &SubscriptionEvent<R>) -> [Bytes; 3] {
    let middle = Part { len: records.size(), checksum: records.checksum.clone() };
    let (head, tail) =
        frame_around(&EVENT_HEADERS, BEFORE_RECORDS.as_bytes(), &middle, tail(event).as_bytes());
    [head.freeze(), records.json.clone(), tail]
}

/// An error that is no exception of the service's model, like `InternalError`: the last message of its subscription. It has no
/// payload; code and text are headers.
pub fn error_message(code: &str, message: &str) -> Bytes {
    encode_frame(&[(MESSAGE_TYPE, "error"), (ERROR_CODE, code), (ERROR_MESSAGE, message)], b"")
}

/// An exception of the service's model, like `ResourceInUseException`: the last message of its subscription.
pub fn exception_message(exception_type: &str, message: &str) -> Bytes {
    let mut payload = String::from("{\"message\":");
    put_string(&mut payload, message);
    payload.push('}');
    encode_frame(
        &[(MESSAGE_TYPE, "exception"), (EXCEPTION_TYPE, exception_type), (CONTENT_TYPE, JSON_1_1)],
        payload.as_bytes(),
    )
}

const MESSAGE_TYPE: &str = ":message-type";
const EVENT_TYPE: &str = ":event-type";
const EXCEPTION_TYPE: &str = ":exception-type";
const CONTENT_TYPE: &str = ":content-type";
const ERROR_CODE: &str = ":error-code";
const ERROR_MESSAGE: &str = ":error-message";
const JSON_1_1: &str = "application/x-amz-json-1.1";
const EVENT_HEADERS: [(&str, &str); 3] =
    [(MESSAGE_TYPE, "event"), (EVENT_TYPE, "SubscribeToShardEvent"), (CONTENT_TYPE, JSON_1_1)];

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
    use aws_smithy_types::event_stream::Message;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{ChildShard, EncryptionType, HashKeyRange, KinesisRecord, Timestamp};

    fn decoded(frame: &Bytes) -> Message {
        let mut decoder = MessageFrameDecoder::new();
        match decoder.decode_frame(frame.clone()).unwrap() {
            DecodedFrame::Complete(message) => message,
            DecodedFrame::Incomplete => panic!("an incomplete frame"),
        }
    }

    fn header<'a>(message: &'a Message, name: &str) -> &'a str {
        let mut headers = message.headers().iter();
        let header = headers.find(|header| header.name().as_str() == name).unwrap();
        header.value().as_string().unwrap().as_str()
    }

    fn payload(frame: &Bytes) -> Value {
        serde_json::from_slice(decoded(frame).payload()).unwrap()
    }

    fn record() -> KinesisRecord {
        KinesisRecord {
            sequence_number: 7.into(),
            partition_key: Some("a \"b\"\\\n\u{1}é🦀".into()),
            data: Bytes::from_static(b"\x00\xffdata"),
            approximate_arrival: Some(Timestamp::from_millis(1_730_000_000_007)),
            encryption_type: Some(EncryptionType::Kms),
        }
    }

    #[test]
    fn an_independent_decoder_reads_every_frame() {
        for (frame, message_type, name, value) in [
            (initial_response(), "event", ":event-type", "initial-response"),
            (
                exception_message("ResourceInUseException", "m"),
                "exception",
                ":exception-type",
                "ResourceInUseException",
            ),
        ] {
            let message = decoded(&frame);
            assert_eq!(header(&message, ":message-type"), message_type);
            assert_eq!(header(&message, name), value);
        }
        assert_eq!(payload(&exception_message("E", "say \"no\"")), json!({"message": "say \"no\""}));
    }

    #[test]
    fn an_event_is_written_as_the_service_writes_it() {
        let event = SubscriptionEvent {
            records: vec![record()].into(),
            continuation: Some(8.into()),
            millis_behind_latest: 12,
            child_shards: vec![],
        };
        let frame = event_message(&event);
        assert_eq!(header(&decoded(&frame), ":event-type"), "SubscribeToShardEvent");
        let written = String::from_utf8(event_payload(&event)).unwrap();
        assert!(written.contains("\"ApproximateArrivalTimestamp\":1730000000.007,"));
        assert_eq!(
            payload(&frame),
            json!({
                "Records": [{
                    "SequenceNumber": "7",
                    "ApproximateArrivalTimestamp": 1_730_000_000.007,
                    "Data": "AP9kYXRh",
                    "PartitionKey": "a \"b\"\\\n\u{1}é🦀",
                    "EncryptionType": "KMS",
                }],
                "ContinuationSequenceNumber": "8",
                "MillisBehindLatest": 12,
            })
        );
    }

    #[test]
    fn what_is_absent_is_left_out_and_a_shard_end_has_a_null_continuation() {
        let event = SubscriptionEvent {
            records: vec![KinesisRecord {
                partition_key: None,
                encryption_type: None,
                approximate_arrival: None,
                ..record()
            }]
            .into(),
            continuation: None,
            millis_behind_latest: 0,
            child_shards: vec![ChildShard {
                shard_id: "c".into(),
                parent_shards: vec!["a".into(), "b".into()],
                hash_key_range: HashKeyRange::ALL,
            }],
        };
        assert_eq!(
            payload(&event_message(&event)),
            json!({
                "Records": [{"SequenceNumber": "7", "Data": "AP9kYXRh"}],
                "ContinuationSequenceNumber": null,
                "MillisBehindLatest": 0,
                "ChildShards": [{
                    "ShardId": "c",
                    "ParentShards": ["a", "b"],
                    "HashKeyRange": {
                        "StartingHashKey": "0",
                        "EndingHashKey": "340282366920938463463374607431768211455",
                    },
                }],
            })
        );
    }

    #[test]
    fn an_error_message_carries_its_code_and_text_in_headers() {
        let message = decoded(&error_message("InternalError", "said"));
        assert_eq!(header(&message, ":message-type"), "error");
        assert_eq!(header(&message, ":error-code"), "InternalError");
        assert_eq!(header(&message, ":error-message"), "said");
        assert!(message.payload().is_empty());
    }

    #[test]
    fn the_parts_of_an_event_are_its_message() {
        for (count, continuation, children) in [(0, Some(8.into()), 0), (1, None, 1), (40, Some(9.into()), 2)]
        {
            let child = ChildShard {
                shard_id: "c".into(),
                parent_shards: vec!["a".into()],
                hash_key_range: HashKeyRange::ALL,
            };
            let event = SubscriptionEvent {
                records: vec![record(); count].into(),
                continuation,
                millis_behind_latest: 7,
                child_shards: vec![child; children],
            };
            let records = EncodedRecords::new(&vec![record(); count]);
            assert_eq!(event_parts(&records, &event).concat(), event_message(&event));
        }
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut frame = event_message(&SubscriptionEvent {
            records: vec![record()].into(),
            continuation: None,
            millis_behind_latest: 0,
            child_shards: vec![],
        })
        .to_vec();
        let last = frame.len() - 1;
        frame[last] ^= 1;
        assert!(MessageFrameDecoder::new().decode_frame(Bytes::from(frame)).is_err());
    }
}

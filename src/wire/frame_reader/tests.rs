use super::*;
use crate::model::{KinesisRecord, SubscriptionEvent};
use crate::wire::{Message, encode_frame, event_message, initial_response};

/// A frame with these headers and payload, and lengths that may lie.
fn frame(lengths: [u32; 2], rest: &[u8]) -> Vec<u8> {
    let mut frame = lengths.map(u32::to_be_bytes).concat();
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(rest);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}

fn with_headers(headers: &[u8]) -> Vec<u8> {
    let len = headers.len() as u32;
    frame([PRELUDE as u32 + len + CHECKSUM as u32, len], headers)
}

fn reader(bytes: impl AsRef<[u8]>) -> FrameReader {
    let mut reader = FrameReader::new();
    reader.push(Bytes::copy_from_slice(bytes.as_ref()));
    reader
}

fn event(number: u128) -> Bytes {
    event_message(&SubscriptionEvent {
        records: vec![].into(),
        continuation: Some(number.into()),
        millis_behind_latest: 0,
        child_shards: vec![],
    })
}

fn decoded(frame: Frame) -> String {
    match frame.decode().unwrap() {
        Message::Event(event) => event.continuation.unwrap().to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_body_in_chunks_of_any_size_gives_its_frames() {
    let body =
        [initial_response(), event(1), event(2), encode_frame(&[(":message-type", "x")], b"")].concat();
    for size in [1, 2, 3, 11, 12, 13, 100, body.len()] {
        let (mut reader, mut seen) = (FrameReader::new(), Vec::new());
        for chunk in body.chunks(size) {
            reader.push(Bytes::copy_from_slice(chunk));
            while let Some(frame) = reader.next_frame().unwrap() {
                seen.push(decoded(frame));
            }
        }
        assert_eq!(reader.finish(), Ok(()));
        assert_eq!(seen[..3], ["InitialResponse", "1", "2"], "{size}");
        assert_eq!(seen.len(), 4, "{size}");
    }
}

#[test]
fn the_length_is_known_with_the_prelude_and_costs_nothing() {
    let frame = event(1);
    let mut reader = reader(&frame[..11]);
    assert_eq!(reader.frame_len(), Ok(None));
    reader.push(frame.slice(11..12));
    assert_eq!(reader.frame_len(), Ok(Some(frame.len())));
    assert_eq!((reader.bytes.capacity(), reader.event.is_some()), (0, false));
    assert!(reader.next_frame().unwrap().is_none());
    assert!(reader.bytes.capacity() > 0);
    reader.push(frame.slice(12..));
    assert_eq!(reader.frame_len(), Ok(Some(frame.len())));
    assert!(reader.next_frame().unwrap().is_some());
    assert_eq!(reader.frame_len(), Ok(None));
}

#[test]
fn a_body_may_end_between_frames_only() {
    let frame = event(1);
    for len in 1..frame.len() {
        let of = (len >= PRELUDE).then_some(frame.len());
        for before in [Bytes::new(), event(2)] {
            let mut reader = reader([&before, &frame[..len]].concat());
            let whole = std::iter::from_fn(|| reader.next_frame().unwrap()).count();
            assert_eq!(whole, usize::from(!before.is_empty()));
            assert_eq!(reader.finish(), Err(FrameError::Truncated { there: len, of }), "{len}");
        }
    }
    assert_eq!(FrameReader::new().finish(), Ok(()));
}

#[test]
fn a_flipped_bit_in_any_byte_is_an_error() {
    let frame = event(7);
    for position in 0..frame.len() {
        for bit in 0..8 {
            let mut broken = frame.to_vec();
            broken[position] ^= 1 << bit;
            let mut reader = reader(&broken);
            let expected =
                if position < PRELUDE { FrameError::PreludeChecksum } else { FrameError::MessageChecksum };
            assert_eq!(reader.next_frame().unwrap_err(), expected, "byte {position}, bit {bit}");
        }
    }
}

#[test]
fn an_error_is_the_last_word() {
    let mut broken = event(1).to_vec();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let mut reader = reader([&broken[..], &event(2)].concat());
    for _ in 0..2 {
        assert_eq!(reader.next_frame().unwrap_err(), FrameError::MessageChecksum);
        assert_eq!(reader.frame_len(), Err(FrameError::MessageChecksum));
        assert_eq!(reader.finish(), Err(FrameError::MessageChecksum));
        reader.push(event(3));
    }
}

#[test]
fn lengths_beyond_the_bounds_are_refused_before_anything_is_allocated() {
    let max = MAX_FRAME as u32;
    for (lengths, expected) in [
        ([max + 1, 0], FrameError::TooLong(MAX_FRAME + 1)),
        ([u32::MAX, 0], FrameError::TooLong(u32::MAX as usize)),
        ([max, MAX_HEADERS as u32 + 1], FrameError::HeadersTooLong(MAX_HEADERS + 1)),
        ([max, u32::MAX], FrameError::HeadersTooLong(u32::MAX as usize)),
        ([0, 0], FrameError::TooShort(0)),
        ([15, 0], FrameError::TooShort(15)),
        ([20, 5], FrameError::TooShort(20)),
    ] {
        let mut reader = reader(frame(lengths, b""));
        assert_eq!(reader.next_frame().unwrap_err(), expected, "{lengths:?}");
        assert_eq!((reader.bytes.capacity(), reader.event.is_some()), (0, false));
    }
    let mut largest = reader(&frame([max, MAX_HEADERS as u32], b"")[..PRELUDE]);
    assert_eq!(largest.frame_len(), Ok(Some(MAX_FRAME)));
}

#[test]
fn headers_of_all_types_are_passed_over() {
    let mut headers = Vec::new();
    for (kind, value) in [
        (0, &b""[..]),
        (1, b""),
        (2, b"1"),
        (3, b"12"),
        (4, b"1234"),
        (5, b"12345678"),
        (6, b"\x00\x03abc"),
        (7, b"\x00\x00"),
        (7, b"\x00\x02\xc3\xa9"),
        (8, b"12345678"),
        (9, b"1234567890123456"),
    ] {
        headers.extend([1, b'h', kind]);
        headers.extend(value);
    }
    headers.extend(b"\x00\x00");
    headers.extend(b"\x0d:message-type\x07\x00\x04late");
    let frame = reader(with_headers(&headers)).next_frame().unwrap().unwrap();
    let expected = Message::Unknown { message_type: "late".into(), event_type: None };
    assert_eq!(frame.decode(), Ok(expected));
}

#[test]
fn malformed_headers_are_refused() {
    for headers in [
        &b"\x00"[..],
        b"\x01h",
        b"\x02h",
        b"\xffh\x00",
        b"\x01h\x0a",
        b"\x01h\xff",
        b"\x01h\x02",
        b"\x01h\x057654321",
        b"\x01h\x07",
        b"\x01h\x07\x00",
        b"\x01h\x07\x00\x01",
        b"\x01h\x06\xff\xffabc",
        b"\x01h\x09123456789012345",
        b"\x01h\x00\x05",
        // No UTF-8.
        b"\x01\xff\x00",
        b"\x01h\x07\x00\x01\xff",
        // Known ones that are no text.
        b"\x0d:message-type\x00",
        b"\x0d:message-type\x06\x00\x05event",
        b"\x0b:event-type\x07\x00\x01\xff",
    ] {
        let mut reader = reader(with_headers(headers));
        assert_eq!(reader.next_frame().unwrap_err(), FrameError::MalformedHeader, "{headers:?}");
    }
}

/// The address of the payload of the next frame.
fn address(reader: &mut FrameReader) -> *const u8 {
    let frame = reader.next_frame().unwrap().unwrap();
    match frame.decode().unwrap() {
        Message::Event(event) => event.records.first().unwrap().data().as_ptr(),
        other => panic!("{other:?}"),
    }
}

fn large_event() -> Bytes {
    event_message(&SubscriptionEvent {
        records: vec![KinesisRecord {
            sequence_number: 7.into(),
            partition_key: None,
            data: Bytes::from(vec![1; 9_000]),
            approximate_arrival: None,
            encryption_type: None,
        }]
        .into(),
        continuation: None,
        millis_behind_latest: 0,
        child_shards: vec![],
    })
}

#[test]
fn a_frame_is_read_into_the_memory_that_was_lent_for_it() {
    let mut reader = reader([large_event(), large_event(), large_event()].concat());
    let first = address(&mut reader);
    let (memory, capacity) = reader.memory().unwrap();
    assert!(reader.memory().is_none(), "it is given once");
    assert!(memory.is_unique(), "nobody has the records any more");
    let mut memory = Vec::from(memory);
    assert_eq!(memory.capacity(), capacity);
    assert!(capacity >= large_event().len(), "enough for another frame of the same length");
    memory.clear();
    assert!(reader.is_before_frame());
    reader.lend(memory);
    assert_eq!(address(&mut reader), first);
    let lent = Vec::<u8>::with_capacity(8_000);
    let too_small = lent.as_ptr() as usize..lent.as_ptr() as usize + lent.capacity();
    reader.lend(lent);
    assert!(!too_small.contains(&(address(&mut reader) as usize)));
}

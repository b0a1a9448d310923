//! What both codecs read and write, byte by byte where it matters.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use bytes::Bytes;

use super::*;

fn cbor(bytes: &[u8]) -> Document {
    Codec::Cbor.decode(bytes).unwrap()
}

fn number(bytes: &[u8]) -> f64 {
    match cbor(bytes) {
        Document::Float(number) => number,
        other => panic!("{other:?}"),
    }
}

/// One of each kind, nested.
fn example() -> Document {
    let entry = Document::structure([
        ("Data", Bytes::from_static(b"\x00\xffdata").into()),
        ("ApproximateArrivalTimestamp", Timestamp::from_millis(1_730_000_000_007).into()),
        ("PartitionKey", "clé \"1\"\n".into()),
        ("ExplicitHashKey", Document::Null),
    ]);
    Document::structure([
        ("Records", vec![entry].into()),
        ("MillisBehindLatest", 0_u64.into()),
        ("Negative", (-70_000_i64).into()),
        ("Flag", true.into()),
        ("Share", Document::Float(0.25)),
    ])
}

#[test]
fn a_codec_is_chosen_by_the_media_type_alone() {
    for (content_type, codec) in [
        (None, Codec::Json),
        (Some("application/x-amz-json-1.1"), Codec::Json),
        (Some("application/x-amz-cbor-1.1"), Codec::Cbor),
        (Some("Application/X-Amz-CBOR-1.1; charset=utf-8"), Codec::Cbor),
        (Some("application/cbor"), Codec::Cbor),
        (Some("text/plain; name=cbor"), Codec::Json),
    ] {
        assert_eq!(Codec::of(content_type), codec, "{content_type:?}");
    }
}

#[test]
fn json_is_written_as_the_service_writes_it() {
    let expected = "{\"Records\":[{\"Data\":\"AP9kYXRh\",\"ApproximateArrivalTimestamp\":1730000000.007,\
                    \"PartitionKey\":\"clé \\\"1\\\"\\n\"}],\"MillisBehindLatest\":0,\"Negative\":-70000,\"Flag\":true,\
                    \"Share\":0.25}";
    assert_eq!(String::from_utf8(Codec::Json.encode(&example())).unwrap(), expected);
}

#[test]
fn cbor_comes_back_as_it_was() {
    assert_eq!(cbor(&Codec::Cbor.encode(&example())), example());
}

#[test]
fn times_are_whole_milliseconds_under_tag_1_in_cbor() {
    let time = Document::from(Timestamp::from_millis(1_730_000_000_007));
    let bytes = b"\xc1\x1b\x00\x00\x01\x92\xcc\x09\x14\x07";
    assert_eq!(Codec::Cbor.encode(&time), bytes);
    assert_eq!(cbor(bytes), time);
    // The same as a double, and with a fraction of a millisecond.
    assert_eq!(cbor(&[b"\xc1\xfb".as_slice(), &1_730_000_000_007.0_f64.to_be_bytes()].concat()), time);
    assert_eq!(cbor(&[b"\xc1\xfb".as_slice(), &1_730_000_000_006.6_f64.to_be_bytes()].concat()), time);
    // Before the epoch is the epoch.
    assert_eq!(cbor(b"\xc1\x20"), Timestamp::from_millis(0).into());
    assert!(Codec::Cbor.decode(b"\xc1\x61x").is_err());
    assert_eq!(Codec::Cbor.timestamp(1_500.0), Timestamp::from_millis(1_500));
    assert_eq!(Codec::Json.timestamp(1.5), Timestamp::from_millis(1_500));
}

#[test]
fn cbor_is_read_in_indefinite_length_as_jackson_writes_it() {
    let bytes = b"\xbf\x6aStreamName\x7f\x62or\x64ders\xff\x64Data\x5f\x41\x01\x40\x42\x02\x03\xff\x64List\x9f\x01\xf6\xf7\xff\xff";
    let expected = Document::Map(vec![
        ("StreamName".into(), "orders".into()),
        ("Data".into(), Bytes::from_static(&[1, 2, 3]).into()),
        ("List".into(), vec![Document::Integer(1), Document::Null, Document::Null].into()),
    ]);
    assert_eq!(cbor(bytes), expected);
    // A name in pieces, and the tag that says that it is CBOR.
    assert_eq!(
        cbor(b"\xd9\xd9\xf7\xbf\x7f\x61a\x61b\xff\xf5\xff"),
        Document::Map(vec![("ab".into(), true.into())])
    );
}

#[test]
fn cbor_numbers_are_read_in_every_width() {
    // RFC 8949, appendix A.
    for (bytes, value) in [
        (b"\xf9\x00\x01".as_slice(), 5.960_464_477_539_063e-8),
        (b"\xf9\x04\x00", 0.000_061_035_156_25),
        (b"\xf9\x3c\x00", 1.0),
        (b"\xf9\xc4\x00", -4.0),
        (b"\xf9\x7b\xff", 65_504.0),
        (b"\xf9\xfc\x00", f64::NEG_INFINITY),
        (b"\xfa\x47\xc3\x50\x00", 100_000.0),
        (b"\xfb\xc0\x10\x66\x66\x66\x66\x66\x66", -4.1),
        (b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 18_446_744_073_709_551_615.0),
        (b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", -18_446_744_073_709_551_616.0),
    ] {
        assert_eq!(number(bytes), value, "{bytes:?}");
    }
    assert!(number(b"\xf9\x7e\x00").is_nan());
    for (bytes, value) in [
        (b"\x17".as_slice(), 23),
        (b"\x18\xff", 255),
        (b"\x19\x01\x00", 256),
        (b"\x1a\x00\x0f\x42\x40", 1_000_000),
        (b"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", i64::MAX),
        (b"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", i64::MIN),
    ] {
        assert_eq!(cbor(bytes), Document::Integer(value), "{bytes:?}");
    }
}

#[test]
fn no_bytes_are_an_empty_structure_in_both() {
    for codec in [Codec::Json, Codec::Cbor] {
        assert_eq!(codec.decode(b"").unwrap(), Document::Map(Vec::new()));
    }
}

#[test]
fn what_is_no_value_is_refused() {
    for text in ["{", "[1,]", "{}x", "nul", "\"\\ud800\"", "{1:2}", "\u{feff}{}", "01"] {
        assert!(Codec::Json.decode(text.as_bytes()).is_err(), "{text}");
    }
    assert!(Codec::Json.decode(b"\"\xff\"").is_err());
    for bytes in [
        b"\xa1".as_slice(),
        b"\xa0\x00",
        b"\xa1\x01\x02",
        b"\xbf\x61a\xff",
        b"\xff",
        b"\x9f",
        b"\x7f\x41a\xff",
        b"\x61\xff",
        b"\xf9\x00",
        b"\xf0",
        b"\x1c",
        // Lengths that no memory holds.
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x00\x00\x00\xff\xff\xff\xff\xff",
        b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
    ] {
        assert!(Codec::Cbor.decode(bytes).is_err(), "{bytes:x?}");
    }
}

#[test]
fn depth_and_parts_are_bounded() {
    let json = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    let lists = |depth: usize| [vec![0x81; depth - 1], vec![0x80]].concat();
    let tags = |depth: usize| [vec![0xC2; depth - 1], vec![0x80]].concat();
    for (codec, nested) in
        [(Codec::Json, &json as &dyn Fn(usize) -> Vec<u8>), (Codec::Cbor, &lists), (Codec::Cbor, &tags)]
    {
        assert!(codec.decode(&nested(MAX_DEPTH + 1)).is_ok());
        let error = codec.decode(&nested(MAX_DEPTH + 2)).unwrap_err();
        assert!(error.to_string().contains("nested too deeply"), "{error}");
        assert!(codec.decode(&nested(1_000_000)).is_err());
    }

    let json = |parts: usize| format!("[{}0]", "0,".repeat(parts - 2)).into_bytes();
    let cbor = |parts: usize| [vec![0x9F], vec![0; parts - 1], vec![0xFF]].concat();
    for (codec, wide) in [(Codec::Json, &json as &dyn Fn(usize) -> Vec<u8>), (Codec::Cbor, &cbor)] {
        assert!(codec.decode(&wide(MAX_PARTS)).is_ok());
        let error = codec.decode(&wide(MAX_PARTS + 1)).unwrap_err();
        assert!(error.to_string().contains("too many parts"), "{error}");
    }
}

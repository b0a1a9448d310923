//! What each reader takes in each codec.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use super::*;

/// One member of each kind under its name, `Twice` twice.
fn document() -> Document {
    let texts = || Document::texts(["a", "b"]);
    let map = Document::structure([("k", "v".into())]);
    Document::structure([
        ("Text", "AQID".into()),
        ("Integer", 7_u64.into()),
        ("Negative", (-7_i64).into()),
        ("Float", Document::Float(1_500.5)),
        ("Flag", true.into()),
        ("Blob", Bytes::from_static(&[1, 2, 3]).into()),
        ("Time", Timestamp::from_millis(42).into()),
        ("Texts", texts()),
        ("Mixed", vec!["a".into(), 7_u64.into()].into()),
        ("Map", map.clone()),
        ("Structures", vec![map.clone(), map].into()),
        ("Twice", 1_u64.into()),
        ("Twice", 2_u64.into()),
    ])
}

fn with<T>(codec: Codec, read: impl Fn(Members<'_>) -> Answer<T>) -> Answer<T> {
    read(Members::of(&document(), codec)?)
}

/// Whether what is read is there in either codec.
fn both<T: PartialEq + std::fmt::Debug>(read: impl Fn(Members<'_>) -> Answer<T>, expected: T) {
    for codec in [Codec::Json, Codec::Cbor] {
        assert_eq!(with(codec, &read).unwrap(), expected, "{codec:?}");
    }
}

fn refused<T: std::fmt::Debug>(codec: Codec, read: impl Fn(Members<'_>) -> Answer<T>, expected: &str) {
    assert_eq!(with(codec, read).unwrap_err().code, expected);
}

#[test]
fn each_kind_is_read_as_what_it_is() {
    both(|members| Ok(members.required_text("Text")?.to_owned()), "AQID".to_owned());
    both(|members| members.integer("Negative"), Some(-7));
    both(|members| members.count("Negative"), Some(0));
    both(|members| members.required_count("Integer"), 7);
    both(|members| members.flag("Flag"), true);
    both(|members| members.blob("Blob"), Some(Bytes::from_static(&[1, 2, 3])));
    both(|members| members.timestamp("Time"), Some(Timestamp::from_millis(42)));
    both(|members| Ok(members.texts("Texts")?.unwrap().concat()), "ab".to_owned());
    both(|members| Ok(members.text_map("Map")?.unwrap() == [("k", "v")]), true);
    both(|members| Ok(members.structures("Structures")?.unwrap().len()), 2);
    both(|members| Ok(members.structure("Map")?.unwrap().required_text("k")?.to_owned()), "v".to_owned());
}

#[test]
fn numbers_are_times_in_the_unit_of_the_codec_and_texts_are_blobs_in_json() {
    let time = |name: &'static str| move |members: Members<'_>| members.timestamp(name);
    let millis = |millis| Some(Timestamp::from_millis(millis));
    assert_eq!(with(Codec::Json, time("Float")).unwrap(), millis(1_500_500));
    assert_eq!(with(Codec::Cbor, time("Float")).unwrap(), millis(1_501));
    assert_eq!(with(Codec::Json, time("Integer")).unwrap(), millis(7_000));
    assert_eq!(with(Codec::Cbor, time("Integer")).unwrap(), millis(7));
    assert_eq!(with(Codec::Json, time("Negative")).unwrap(), millis(0));

    let blob = |members: Members<'_>| members.blob("Text");
    assert_eq!(with(Codec::Json, blob).unwrap(), Some(Bytes::from_static(&[1, 2, 3])));
    refused(Codec::Cbor, blob, "SerializationException");
}

#[test]
fn the_last_of_two_counts_and_null_is_absent() {
    both(|members| members.integer("Twice"), Some(2));
    both(|members| members.integer("Absent"), None);
    let null = Document::Map(vec![("Null".into(), Document::Null)]);
    let members = Members::of(&null, Codec::Json).unwrap();
    assert_eq!((members.text("Null").unwrap(), members.flag("Null").unwrap()), (None, false));
    for codec in [Codec::Json, Codec::Cbor] {
        refused(codec, |members| Ok(members.required_text("Absent")?.to_owned()), "ValidationException");
        refused(codec, |members| members.required_count("Absent"), "ValidationException");
    }
}

#[test]
fn what_is_of_another_kind_is_refused() {
    for codec in [Codec::Json, Codec::Cbor] {
        for name in ["Integer", "Flag", "Map", "Texts"] {
            refused(codec, |members| members.blob(name), "SerializationException");
            refused(codec, |members| Ok(members.text(name)?.is_some()), "SerializationException");
        }
        for name in ["Text", "Flag", "Float", "Map"] {
            refused(codec, |members| members.integer(name), "SerializationException");
        }
        for name in ["Text", "Flag", "Blob", "Map"] {
            refused(codec, |members| members.timestamp(name), "SerializationException");
        }
        for name in ["Text", "Integer"] {
            refused(codec, |members| members.flag(name), "SerializationException");
            refused(codec, |members| Ok(members.structure(name)?.is_some()), "SerializationException");
            refused(codec, |members| Ok(members.structures(name)?.is_some()), "SerializationException");
        }
        refused(codec, |members| Ok(members.texts("Mixed")?.is_some()), "SerializationException");
        refused(codec, |members| Ok(members.structures("Mixed")?.is_some()), "SerializationException");
        refused(codec, |members| Ok(members.text_map("Texts")?.is_some()), "SerializationException");
    }
    assert!(Members::of(&Document::List(Vec::new()), Codec::Json).is_err());
}

#[test]
fn numbers_in_texts_are_held_against_the_documented_pattern() {
    let text = |text: &str| Document::structure([("Number", text.into())]);
    for (hash_key, valid) in [
        ("0", true),
        ("340282366920938463463374607431768211455", true),
        ("340282366920938463463374607431768211456", false),
        ("+5", false),
        ("007", false),
        ("", false),
    ] {
        let document = text(hash_key);
        let read = Members::of(&document, Codec::Json).unwrap().hash_key("Number");
        assert_eq!(read.is_ok(), valid, "{hash_key}");
    }
    for (digits, valid) in [(1, true), (129, true), (130, false)] {
        let document = text(&"9".repeat(digits));
        let read = Members::of(&document, Codec::Json).unwrap().sequence_number("Number");
        assert_eq!(read.is_ok(), valid, "{digits}");
    }
}

//! Events, pages and bodies that are made up and broken at random, into the decoder of subscriptions: no panic, no value that the bytes
//! do not hold, and the AWS SDK reads the same wherever both read something.
//!
//! ```text
//! FUZZ_SECONDS=300 cargo test --release --test fuzz_wire -- --nocapture
//! ```
//!
//! `FUZZ_SECONDS` is 1 for each of the three by default. `FUZZ_SEED` repeats a run; a failure prints the seed and the bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be had fails the run")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a run tells what it saw, and what broke it")]

#[path = "wire/generated.rs"]
mod generated;
#[path = "wire/sdk.rs"]
mod sdk;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use generated::Random;
use kinesis_fanout::model::{KinesisRecord, SubscriptionEvent};
use kinesis_fanout::wire::{DecodeError, FrameError, FrameReader, Message};

#[test]
fn no_event_breaks_its_reader() {
    fuzz("events", |random| {
        let whole = random.event();
        let is_read = is_read_or_refused(&whole, true);
        let broken = random.broken(whole);
        (broken.clone(), Box::new(move || is_read && is_read_or_refused(&broken, false)))
    });
}

#[test]
fn no_page_breaks_its_reader() {
    fuzz("pages", |random| {
        let whole = random.page();
        let is_read = is_page_or_refused(&whole, true);
        let broken = random.broken(whole);
        (broken.clone(), Box::new(move || is_read && is_page_or_refused(&broken, false)))
    });
}

#[test]
fn no_body_breaks_the_frame_reader() {
    fuzz("frames", |random| {
        let body = random.body();
        let sizes: Vec<usize> = (0..8).map(|_| 1 + random.below(300)).collect();
        (body.clone(), Box::new(move || is_cut_or_refused(&body, &sizes)))
    });
}

/// Bytes, and what is to be done with them; it tells whether they were good.
type Case = (Vec<u8>, Box<dyn FnOnce() -> bool>);

fn fuzz(what: &str, mut case: impl FnMut(&mut Random) -> Case) {
    let number = |name: &str, default: u64| match env::var(name) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => default,
    };
    let (seconds, seed) = (number("FUZZ_SECONDS", 1), number("FUZZ_SEED", 0x7769_7265));
    let mut random = Random(seed);
    let (mut good, mut refused) = (0_u64, 0_u64);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) || good + refused < MIN_EXECUTIONS {
        let (bytes, execute) = case(&mut random);
        match catch_unwind(AssertUnwindSafe(execute)) {
            Ok(true) => good += 1,
            Ok(false) => refused += 1,
            Err(panic) => {
                eprintln!("FUZZ_SEED={seed}, {what}, bytes in base64: {}", STANDARD.encode(&bytes));
                eprintln!("{}", String::from_utf8_lossy(&bytes));
                resume_unwind(panic);
            }
        }
    }
    println!(
        "{what}: {} executions in {seconds} s with seed {seed}: {good} good, {refused} refused",
        good + refused
    );
    assert!(good.min(refused) > MIN_EXECUTIONS / 20, "the run has seen both outcomes often");
}

/// Whether the event is read. What is read is no more than came, and what the SDK reads: where the SDK refuses, so does this
/// decoder, which is the stricter one. With `is_whole` nobody has broken the event, so that the SDK refuses wherever this does.
fn is_read_or_refused(json: &[u8], is_whole: bool) -> bool {
    agree(json, is_whole, &sdk::ours(json), sdk::read(json).as_ref())
}

/// The same of a page.
fn is_page_or_refused(json: &[u8], is_whole: bool) -> bool {
    let (ours, by_sdk) = (sdk::our_page(json), sdk::page(json));
    if let (Ok((_, ours)), Some((_, by_sdk))) = (&ours, &by_sdk) {
        assert_eq!(ours, by_sdk);
    }
    let (ours, by_sdk) = (ours.map(|(page, _)| page), by_sdk.map(|(page, _)| page));
    agree(json, is_whole, &ours, by_sdk.as_ref())
}

fn agree(
    json: &[u8],
    is_whole: bool,
    ours: &Result<SubscriptionEvent, DecodeError>,
    by_sdk: Option<&SubscriptionEvent>,
) -> bool {
    match (ours, by_sdk) {
        (Ok(ours), Some(by_sdk)) => {
            assert_eq!(without_times(ours), without_times(by_sdk));
            assert_times_are_near(ours, by_sdk);
            assert!(extent(ours) <= json.len(), "it grew");
        }
        (Ok(ours), None) => panic!("the SDK refuses what is read as {ours:?}"),
        // A record without data is empty for the SDK.
        (Err(DecodeError::Missing { member: "Data", .. }), _) => {}
        (Err(error), by_sdk) => assert!(!is_whole || by_sdk.is_none(), "{error}, but {by_sdk:?}"),
    }
    if let Err(error) = ours {
        assert!(error.to_string().len() < 200, "{error}");
    }
    ours.is_ok()
}

/// Whether the body is cut into whole frames. Chunks make no difference, and the SDK cuts the same frames with the same headers
/// and payloads.
fn is_cut_or_refused(body: &[u8], sizes: &[usize]) -> bool {
    let whole = frames(body, &[usize::MAX]);
    assert_eq!(whole, frames(body, sizes), "{sizes:?}");
    let (messages, end) = whole;
    let by_sdk = messages_of_sdk(body);
    assert!(messages.iter().zip(&by_sdk).all(|(ours, by_sdk)| ours == by_sdk), "{messages:?}, {by_sdk:?}");
    // The headers that are needed have to be texts, and lengths have bounds, which the SDK does not ask for.
    let is_stricter = matches!(
        end,
        Some(FrameError::MalformedHeader | FrameError::TooLong(_) | FrameError::HeadersTooLong(_))
    );
    let (ours, by_sdk) = (messages.len(), by_sdk.len());
    assert!(ours == by_sdk || (is_stricter && ours < by_sdk), "{ours} frames, {by_sdk} for the SDK, {end:?}");
    end.is_none()
}

type Messages = (Vec<Result<Message, DecodeError>>, Option<FrameError>);

fn frames(mut body: &[u8], sizes: &[usize]) -> Messages {
    let (mut reader, mut messages) = (FrameReader::new(), Vec::new());
    let mut sizes = sizes.iter().cycle();
    while let Some(chunk) = body.split_off(..body.len().min(*sizes.next().unwrap())).filter(|c| !c.is_empty())
    {
        reader.push(Bytes::copy_from_slice(chunk));
        loop {
            let len = reader.frame_len();
            match reader.next_frame() {
                Ok(Some(frame)) => {
                    assert!(len.is_ok_and(|len| len.is_some()));
                    messages.push(frame.decode());
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.finish(), Err(error.clone()));
                    return (messages, Some(error));
                }
            }
        }
    }
    (messages, reader.finish().err())
}

/// What the frames say that the SDK cuts out of the body. Each is written again, so that what the decoder sees of it is what the
/// SDK saw.
fn messages_of_sdk(body: &[u8]) -> Vec<Result<Message, DecodeError>> {
    let (mut decoder, mut body) = (MessageFrameDecoder::new(), Bytes::copy_from_slice(body));
    let mut messages = Vec::new();
    while let Ok(DecodedFrame::Complete(message)) = decoder.decode_frame(&mut body) {
        let mut again = Vec::new();
        write_message_to(&message, &mut again).unwrap();
        match frames(&again, &[usize::MAX]) {
            (mut one, None) if one.len() == 1 => messages.extend(one.pop()),
            (_, Some(FrameError::MalformedHeader)) => messages.push(Err(DecodeError::MissingHeader("text"))),
            other => panic!("{other:?}"),
        }
    }
    messages
}

/// What the SDK reads has gone through a float.
fn assert_times_are_near(ours: &SubscriptionEvent, by_sdk: &SubscriptionEvent) {
    for (ours, by_sdk) in ours.records.iter().zip(&by_sdk.records) {
        let [ours, by_sdk] = [ours, by_sdk].map(|record| record.approximate_arrival());
        assert_eq!(ours.is_some(), by_sdk.is_some());
        if let (Some(ours), Some(by_sdk)) = (ours, by_sdk) {
            let nearly = ours.as_millis().abs_diff(by_sdk.as_millis()) <= 1 + (ours.as_millis() >> 50);
            assert!(nearly, "{ours} {by_sdk}");
        }
    }
}

fn without_times(event: &SubscriptionEvent) -> SubscriptionEvent {
    let without = |record| KinesisRecord { approximate_arrival: None, ..KinesisRecord::from(record) };
    SubscriptionEvent { records: event.records.iter().map(without).collect(), ..event.clone() }
}

/// The bytes of texts and payloads.
fn extent(event: &SubscriptionEvent) -> usize {
    let continuation = event.continuation.as_ref().map_or(0, |number| number.as_str().len());
    let records = event.records.iter().map(|record| {
        record.sequence_digits().len() + record.data().len() + record.partition_key().map_or(0, str::len)
    });
    continuation + records.sum::<usize>()
}

/// Enough to meet both outcomes, however slow the machine.
const MIN_EXECUTIONS: u64 = 2_000;

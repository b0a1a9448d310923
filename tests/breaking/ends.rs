//! What a peer can do to a stream or to its connection.

use std::time::Duration;

use h2::Reason;
use kinesis_fanout::consumer::{ConsumerEvent, EndCause};
use kinesis_fanout::model::FailureClass;

use crate::server::Break;
use crate::world::*;

/// What a scene of twenty rounds has shown.
pub(crate) struct Seen {
    /// Why subscriptions ended, with their numbers.
    pub(crate) causes: Vec<(String, usize)>,
    pub(crate) breaks: usize,
    pub(crate) calls: usize,
    pub(crate) connections: usize,
}

/// Twenty rounds of ten small records; in some the break comes amid the records, in others on the idle shard. Asserts that each
/// record comes once and in order.
pub(crate) async fn break_again_and_again(how: Break) -> Seen {
    break_in(World::new(1), how, 0).await
}

/// The same with records so large that an event's size is known long before it is whole, and with room for two events. At last the
/// room is asked for whole: none of it may have been lost.
async fn break_large_events(how: Break) -> Seen {
    let world = World::new(1).with_budget(LARGE_BUDGET);
    break_in(world, how, LARGE).await
}

async fn break_in(world: World, how: Break, padding: usize) -> Seen {
    let padding = "x".repeat(padding);
    let consumer = world.consumer().await;
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let (mut taken, mut expected) = (Vec::new(), Vec::new());
    let mut breaks = 0;
    for round in 0..20 {
        if round % 3 == 1 {
            world.server.break_all(how);
            breaks += 1;
        }
        for n in 0..10 {
            let text = format!("{round}-{n}{padding}");
            world.put(&text);
            expected.push(text);
        }
        if round % 3 == 2 {
            tokio::task::yield_now().await;
            world.server.break_all(how);
            breaks += 1;
        }
        taken.extend(take_for(&mut records, Duration::from_secs(11)).await);
    }
    let all_of_the_room = "y".repeat(LARGE_BUDGET);
    world.put(&all_of_the_room);
    expected.push(all_of_the_room);
    taken.extend(take_for(&mut records, Duration::from_secs(200)).await);
    assert!(taken == expected, "{how:?}: {} of {} records", taken.len(), expected.len());
    let mut causes: Vec<(String, usize)> = Vec::new();
    for event in so_far(&mut events) {
        let ConsumerEvent::SubscriptionEnded { cause, .. } = event else { continue };
        let name = match cause {
            EndCause::Failed(failure) => failure.to_string(),
            other => format!("{other:?}"),
        };
        match causes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => causes.push((name, 1)),
        }
    }
    // The subscriptions that end by their time are renewed too.
    let renewals: usize = causes.iter().filter(|(name, _)| name == "Expired").map(|(_, count)| count).sum();
    let calls = world.calls();
    assert!(calls <= 1 + breaks + renewals, "{how:?}: {calls} calls for {breaks} breaks");
    Seen { causes, breaks, calls, connections: world.server.connections() }
}

/// Every break ends the subscription with this cause, and is answered by one call.
async fn has_cause(how: Break, class: FailureClass, words: &str) {
    check_cause(how, class, words, break_again_and_again(how).await);
}

fn check_cause(how: Break, class: FailureClass, words: &str, seen: Seen) {
    let start = format!("{class:?}: ");
    let (named, count) = (
        seen.causes.iter().filter(|(name, _)| name.starts_with(&start) && name.contains(words)),
        |(_, count): &(String, usize)| *count,
    );
    assert_eq!(named.map(count).sum::<usize>(), seen.breaks, "{how:?}: {:?}", seen.causes);
    assert!(seen.calls > seen.breaks, "{how:?}");
}

const CODES: [(u32, &str); 14] = [
    (0, "NO_ERROR"),
    (1, "PROTOCOL_ERROR"),
    (2, "INTERNAL_ERROR"),
    (3, "FLOW_CONTROL_ERROR"),
    (4, "SETTINGS_TIMEOUT"),
    (5, "STREAM_CLOSED"),
    (6, "FRAME_SIZE_ERROR"),
    (7, "REFUSED_STREAM"),
    (8, "CANCEL"),
    (9, "COMPRESSION_ERROR"),
    (10, "CONNECT_ERROR"),
    (11, "ENHANCE_YOUR_CALM"),
    (12, "INADEQUATE_SECURITY"),
    (13, "HTTP_1_1_REQUIRED"),
];

#[tokio::test(start_paused = true)]
async fn a_reset_with_any_code_is_a_cause_with_its_name() {
    for (code, name) in CODES {
        has_cause(Break::Reset(Reason::from(code)), FailureClass::Unavailable, name).await;
        has_cause(Break::ResetInFrame(Reason::from(code), 100), FailureClass::Unavailable, name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_goaway_with_an_error_is_a_cause_with_its_name() {
    for (code, name) in &CODES[1..] {
        has_cause(Break::GoAway(Reason::from(*code)), FailureClass::Unavailable, name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_goaway_without_an_error_breaks_nothing_and_the_next_call_has_a_new_connection() {
    let seen = break_again_and_again(Break::Drain).await;
    assert!(seen.causes.iter().all(|(name, _)| name == "Expired"), "{:?}", seen.causes);
    assert!(seen.connections > 1 && seen.connections <= seen.calls, "{} of {}", seen.connections, seen.calls);
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_is_a_cause() {
    has_cause(Break::Close, FailureClass::Unavailable, "closed").await;
    for bytes in [1, 11, 12, 13, 100] {
        has_cause(Break::CloseInFrame(bytes), FailureClass::Unavailable, "closed").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_inside_a_frame_is_a_cause_and_between_frames_it_is_a_renewal() {
    for bytes in [1, 11, 12, 13, 100, 10_000] {
        has_cause(Break::EndInFrame(bytes), FailureClass::Malformed, "the body ended after").await;
    }
    let seen = break_again_and_again(Break::End).await;
    assert!(seen.causes.iter().all(|(name, _)| name == "Expired"), "{:?}", seen.causes);
    assert_eq!(seen.calls, 1 + seen.causes.iter().map(|(_, count)| count).sum::<usize>());
    assert_eq!(seen.connections, 1);
}

#[tokio::test(start_paused = true)]
async fn a_break_inside_a_large_event_gives_its_room_back() {
    for bytes in [100, 50_000] {
        let cancel = Break::ResetInFrame(Reason::CANCEL, bytes);
        check_cause(cancel, FailureClass::Unavailable, "CANCEL", break_large_events(cancel).await);
        let end = Break::EndInFrame(bytes);
        check_cause(end, FailureClass::Malformed, "the body ended after", break_large_events(end).await);
        let close = Break::CloseInFrame(bytes);
        check_cause(close, FailureClass::Unavailable, "closed", break_large_events(close).await);
    }
    for at in [8, 30_000, -1] {
        let flip = Break::Flip(at);
        check_cause(flip, FailureClass::Malformed, "checksum", break_large_events(flip).await);
    }
}

/// A record of a large event, of which there are three in each, and what two such events take as frames.
const LARGE: usize = 20_000;
const LARGE_BUDGET: usize = 170_000;

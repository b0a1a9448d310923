//! The consumer by fan-out.

use kinesis_fanout::consumer::{ConsumerEvent, EndCause};

use crate::reading::{
    follow_a_split_and_a_merge, go_on_behind_a_stored_position, payloads, put, take, wait_for,
};
use crate::stream::Stream;

#[tokio::test]
async fn renews_without_losing_or_doubling_a_record() {
    let stream = Stream::create("consumer-renewal", 1).await;
    let consumer = stream.consumer().build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    for round in 0..3 {
        let sent = put(&stream, &format!("round-{round}"), 20).await;
        assert_eq!(payloads(&take(&mut records, 20).await), sent);
        wait_for(&mut events, "renewal", |event| matches!(event, ConsumerEvent::Renewed { .. })).await;
    }
    let sent = put(&stream, "last", 20).await;
    assert_eq!(payloads(&take(&mut records, 20).await), sent);
}

#[tokio::test]
async fn follows_a_live_split_and_a_live_merge() {
    let stream = Stream::create("consumer-reshard", 1).await;
    follow_a_split_and_a_merge(&stream, stream.consumer()).await;
}

#[tokio::test]
async fn goes_on_behind_a_position_that_the_user_stored() {
    let stream = Stream::create("consumer-resume", 1).await;
    go_on_behind_a_stored_position(&stream, stream.consumer()).await;
}

#[tokio::test]
async fn of_two_on_one_name_the_second_is_refused_takes_over_and_the_first_sees_the_contention() {
    let stream = Stream::create("consumer-contention", 1).await;
    let first = stream.consumer().build().await.unwrap();
    let mut of_first = first.handle().events();
    let first_records = first.into_stream();
    wait_for(&mut of_first, "subscription", |event| matches!(event, ConsumerEvent::Subscribed { .. })).await;

    let second = stream.consumer().build().await.unwrap();
    let mut of_second = second.handle().events();
    let mut second_records = second.into_stream();
    wait_for(&mut of_second, "refusal or take-over", |event| match event {
        ConsumerEvent::SubscriptionEnded { cause, .. } => *cause == EndCause::InUse,
        event => matches!(event, ConsumerEvent::Subscribed { .. }),
    })
    .await;
    wait_for(&mut of_first, "contention", |event| matches!(event, ConsumerEvent::Contended { .. })).await;

    drop(first_records);
    let sent = put(&stream, "record", 20).await;
    assert_eq!(payloads(&take(&mut second_records, 20).await), sent);
}

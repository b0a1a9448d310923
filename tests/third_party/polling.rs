//! The consumer by polling alone.

use std::num::NonZeroU16;

use kinesis_fanout::consumer::DeliveryMode;

use crate::reading::{follow_a_split_and_a_merge, go_on_behind_a_stored_position, payloads, put, take};
use crate::stream::Stream;

#[tokio::test]
async fn reads_every_shard_without_a_registered_consumer() {
    let stream = Stream::create("polling-shards", 3).await;
    let before = put(&stream, "before", 60).await;
    let consumer = stream.polling().poll_limit(NonZeroU16::new(7).unwrap()).build().await.unwrap();
    let handle = consumer.handle();
    let mut records = consumer.into_stream();
    assert_eq!(payloads(&take(&mut records, 60).await), before);
    for round in 0..3 {
        let live = put(&stream, &format!("live-{round}"), 20).await;
        assert_eq!(payloads(&take(&mut records, 20).await), live);
    }
    let lag = handle.lag();
    assert_eq!(lag.len(), 3);
    assert!(lag.iter().all(|shard| shard.delivery == DeliveryMode::Polling));
    assert_eq!(stream.registered().await, [""; 0]);
}

#[tokio::test]
async fn follows_a_live_split_and_a_live_merge() {
    let stream = Stream::create("polling-reshard", 1).await;
    follow_a_split_and_a_merge(&stream, stream.polling()).await;
}

#[tokio::test]
async fn goes_on_behind_a_position_that_the_user_stored() {
    let stream = Stream::create("polling-resume", 1).await;
    go_on_behind_a_stored_position(&stream, stream.polling()).await;
}

/// Where closed parents can be read, as in the service: ministack drops them.
#[tokio::test]
async fn reads_closed_parents_to_their_end_before_their_children() {
    let stream = Stream::create("polling-parents", 1).await;
    let parent = stream.first_shard().await;
    let mut sent = put(&stream, "parent", 20).await;
    stream.split(&parent).await;
    sent.extend(put(&stream, "child", 40).await);
    let shards = stream.shards().await;
    stream.merge(&shards[1].shard_id, &shards[2].shard_id).await;
    sent.extend(put(&stream, "merged", 20).await);
    sent.sort();

    let consumer = stream.polling().poll_limit(NonZeroU16::new(7).unwrap()).build().await.unwrap();
    let taken = take(&mut consumer.into_stream(), 80).await;
    assert_eq!(payloads(&taken), sent);
    let generations: Vec<_> = taken.iter().map(|record| record.data()[0]).collect();
    assert_eq!(generations, [b"p".repeat(20), b"c".repeat(40), b"m".repeat(20)].concat());
}

/// Where records may be larger than 1 MiB: ministack takes none.
#[tokio::test]
async fn reads_a_record_of_9_mib() {
    let stream = Stream::create("polling-large", 1).await;
    stream.allow_large_records().await;
    let large = "L".repeat(9 << 20);
    stream.put_under("key", &large).await;
    stream.put("last").await;
    let consumer = stream.polling().build().await.unwrap();
    let taken = take(&mut consumer.into_stream(), 2).await;
    assert!(taken[0].data() == large.as_bytes());
    assert_eq!(taken[1].data(), b"last");
}

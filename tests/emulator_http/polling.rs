//! Polling, as the real SDK does it.

use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::operation::get_shard_iterator::builders::GetShardIteratorFluentBuilder;

use super::*;

fn polled() -> Settings {
    Settings { limit_reads: false, ..quick() }
}

async fn put(client: &Client, data: &str) -> String {
    let put = client.put_record().stream_name("orders").partition_key("k").data(Blob::new(data));
    put.send().await.unwrap().sequence_number().to_owned()
}

fn iterator(client: &Client, kind: ShardIteratorType) -> GetShardIteratorFluentBuilder {
    client.get_shard_iterator().stream_name("orders").shard_id(SHARD).shard_iterator_type(kind)
}

async fn poll(client: &Client, iterator: GetShardIteratorFluentBuilder) -> GetRecordsOutput {
    let iterator = iterator.send().await.unwrap().shard_iterator.unwrap();
    client.get_records().shard_iterator(iterator).send().await.unwrap()
}

fn texts(output: &GetRecordsOutput) -> Vec<&[u8]> {
    output.records().iter().map(|record| record.data().as_ref()).collect()
}

#[tokio::test]
async fn every_type_of_iterator_starts_where_it_says() {
    let (server, client, _) = ready(polled()).await;
    let stream_arn = server.stream_arn("orders").unwrap();
    put(&client, "a").await;
    let second = put(&client, "b").await;
    let latest = iterator(&client, ShardIteratorType::Latest).send().await.unwrap();
    put(&client, "c").await;

    let horizon = poll(&client, iterator(&client, ShardIteratorType::TrimHorizon)).await;
    assert_eq!(texts(&horizon), [b"a", b"b", b"c"]);
    assert_eq!(horizon.millis_behind_latest(), Some(0));
    assert!(horizon.child_shards.is_none());
    let record = &horizon.records()[1];
    assert_eq!((record.sequence_number(), record.partition_key()), (second.as_str(), Some("k")));
    assert!(millis(record.approximate_arrival_timestamp().unwrap()) > 1_600_000_000_000);
    assert_eq!(record.encryption_type(), None);

    let at = iterator(&client, ShardIteratorType::AtSequenceNumber).starting_sequence_number(&second);
    assert_eq!(texts(&poll(&client, at).await), [b"b", b"c"]);
    let after = iterator(&client, ShardIteratorType::AfterSequenceNumber).starting_sequence_number(&second);
    assert_eq!(texts(&poll(&client, after).await), [b"c"]);
    let time = iterator(&client, ShardIteratorType::AtTimestamp).timestamp(DateTime::from_secs(1));
    assert_eq!(texts(&poll(&client, time).await), [b"a", b"b", b"c"]);
    let latest = client.get_records().shard_iterator(latest.shard_iterator.unwrap()).stream_arn(stream_arn);
    assert_eq!(texts(&latest.send().await.unwrap()), [b"c"]);
}

#[tokio::test]
async fn iterators_page_through_a_closed_shard_to_its_children() {
    let (server, client, _) = ready(polled()).await;
    for data in ["a", "b", "c"] {
        put(&client, data).await;
    }
    server.split_shard_in_half("orders", SHARD).unwrap();
    let first = iterator(&client, ShardIteratorType::TrimHorizon).send().await.unwrap();
    let mut next = first.shard_iterator;
    let mut pages = Vec::new();
    let mut children = Vec::new();
    while let Some(iterator) = next {
        let page = client.get_records().shard_iterator(iterator).limit(2).send().await.unwrap();
        pages.push(page.records().len());
        children = page.child_shards().to_vec();
        next = page.next_shard_iterator;
    }
    assert_eq!(pages, [2, 1]);
    let ids: Vec<_> = children.iter().map(|child| child.shard_id()).collect();
    assert_eq!(ids, ["shardId-000000000001", "shardId-000000000002"]);
    assert_eq!(children[0].parent_shards(), [SHARD]);
    assert_eq!(children[0].hash_key_range().unwrap().starting_hash_key(), "0");
}

#[tokio::test]
async fn what_cannot_be_polled_is_refused_by_name() {
    let (_server, client, _) = ready(polled()).await;
    let send = |iterator: GetShardIteratorFluentBuilder| async move { code(iterator.send().await) };
    let latest = || iterator(&client, ShardIteratorType::Latest);
    assert_eq!(send(latest().stream_name("nothing")).await, "ResourceNotFoundException");
    assert_eq!(send(latest().shard_id("shardId-000000000007")).await, "ResourceNotFoundException");
    let after = iterator(&client, ShardIteratorType::AfterSequenceNumber);
    assert_eq!(send(after.clone()).await, "ValidationException");
    assert_eq!(send(after.starting_sequence_number("7")).await, "InvalidArgumentException");
    assert_eq!(send(iterator(&client, ShardIteratorType::from("OTHER"))).await, "ValidationException");
    assert_eq!(send(iterator(&client, ShardIteratorType::AtTimestamp)).await, "InvalidArgumentException");
    let future =
        iterator(&client, ShardIteratorType::AtTimestamp).timestamp(DateTime::from_secs(99_999_999_999));
    let refused = future.send().await.unwrap_err();
    assert!(refused.message().unwrap().starts_with("The timestampInMillis parameter cannot be greater"));

    let text = latest().send().await.unwrap().shard_iterator.unwrap();
    let get = client.get_records().shard_iterator(&text);
    assert_eq!(code(get.clone().limit(10_001).send().await), "InvalidArgumentException");
    assert_eq!(code(get.clone().shard_iterator("nonsense").send().await), "InvalidArgumentException");
    let other = "arn:aws:kinesis:us-east-1:000000000000:stream/other";
    assert_eq!(code(get.stream_arn(other).send().await), "InvalidArgumentException");
}

#[tokio::test]
async fn polling_is_held_to_5_calls_and_2_mib_a_second() {
    let (_server, client, _) = ready(Settings { limit_calls: true, ..quick() }).await;
    let large = vec![0; (1 << 20) - 1];
    for _ in 0..2 {
        let put = client.put_record().stream_name("orders").partition_key("k").data(Blob::new(large.clone()));
        put.send().await.unwrap();
    }
    let text =
        iterator(&client, ShardIteratorType::TrimHorizon).send().await.unwrap().shard_iterator.unwrap();
    let get = client.get_records().shard_iterator(text);
    assert_eq!(get.clone().send().await.unwrap().records().len(), 2);
    let refused = get.send().await.unwrap_err().into_service_error();
    assert!(refused.is_provisioned_throughput_exceeded_exception(), "{refused:?}");
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be() {
    let (_server, client, consumer) = ready(polled()).await;
    let rejected = "DryRunOperationException";
    let text =
        iterator(&client, ShardIteratorType::TrimHorizon).send().await.unwrap().shard_iterator.unwrap();
    let get = client.get_records().shard_iterator(&text).dry_run(true);
    assert_eq!(code(get.send().await), rejected);
    assert_eq!(code(iterator(&client, ShardIteratorType::Latest).dry_run(true).send().await), rejected);
    let put = client.put_record().stream_name("orders").partition_key("k").data(Blob::new("a")).dry_run(true);
    assert_eq!(code(put.clone().send().await), rejected);
    assert_eq!(code(put.stream_name("nothing").send().await), "ResourceNotFoundException");
    let entry = PutRecordsRequestEntry::builder().partition_key("k").data(Blob::new("a")).build().unwrap();
    let put = client.put_records().stream_name("orders").records(entry).dry_run(true);
    assert_eq!(code(put.send().await), rejected);
    let subscribe = client.subscribe_to_shard().consumer_arn(&consumer).dry_run(true);
    let subscribe = subscribe.starting_position(position(ShardIteratorType::TrimHorizon, None));
    assert_eq!(code(subscribe.clone().shard_id(SHARD).send().await), rejected);
    assert_eq!(code(subscribe.shard_id("shardId-000000000007").send().await), "ResourceNotFoundException");
    let nothing = client.get_records().shard_iterator(text).send().await.unwrap();
    assert!(nothing.records().is_empty());
}

//! Every operation, and what it answers.

use super::*;

#[tokio::test]
async fn streams_are_created_described_and_deleted() {
    let server = LocalKinesis::start(quick()).await.unwrap();
    let client = client(&server);
    let create = client.create_stream().stream_name("orders").shard_count(3);
    create.clone().send().await.unwrap();
    assert_eq!(code(create.send().await), "ResourceInUseException");

    let described = client.describe_stream_summary().stream_name("orders");
    let described = described.send().await.unwrap();
    assert!(described.request_id().is_some());
    let summary = described.stream_description_summary().unwrap();
    let arn = summary.stream_arn();
    assert_eq!(arn, "arn:aws:kinesis:us-east-1:000000000000:stream/orders");
    assert_eq!(summary.stream_status(), &StreamStatus::Active);
    assert_eq!((summary.open_shard_count(), summary.consumer_count()), (3, Some(0)));
    assert!(millis(summary.stream_creation_timestamp()) > 1_600_000_000_000);

    client.delete_stream().stream_arn(arn).send().await.unwrap();
    let gone = client.describe_stream_summary().stream_arn(arn).send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");
}

#[tokio::test]
async fn consumers_are_registered_described_listed_and_deregistered() {
    let (server, client, billing) =
        ready(Settings { consumer_creation_time: Duration::from_secs(3_600), ..quick() }).await;
    let stream_arn = server.stream_arn("orders").unwrap();
    let register = client.register_stream_consumer().stream_arn(&stream_arn);
    let registered = register.clone().consumer_name("audit").send().await.unwrap();
    let audit = registered.consumer().unwrap();
    assert_eq!(audit.consumer_status(), &ConsumerStatus::Creating);
    let again = register.consumer_name("audit").send().await;
    assert_eq!(code(again), "ResourceInUseException");

    let by_arn = client.describe_stream_consumer().consumer_arn(&billing).send().await.unwrap();
    let by_name = client.describe_stream_consumer().stream_arn(&stream_arn).consumer_name("billing");
    let by_name = by_name.send().await.unwrap();
    assert_eq!(by_arn.consumer_description(), by_name.consumer_description());
    assert_eq!(by_arn.consumer_description().unwrap().stream_arn(), stream_arn);

    let pages: Vec<_> = client
        .list_stream_consumers()
        .stream_arn(&stream_arn)
        .max_results(1)
        .into_paginator()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    let names: Vec<_> =
        pages.iter().flat_map(|page| page.consumers()).map(|consumer| consumer.consumer_name()).collect();
    assert_eq!(names, ["audit", "billing"]);

    let refused = from_horizon(&client, &billing).await.unwrap_err();
    assert!(refused.message().unwrap().ends_with("is not in ACTIVE status."));
    assert_eq!(refused.code(), Some("ResourceInUseException"));

    client.deregister_stream_consumer().consumer_arn(&billing).send().await.unwrap();
    let gone = client.describe_stream_consumer().consumer_arn(billing).send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");
}

#[tokio::test]
async fn shards_are_split_merged_and_listed_in_pages_and_by_filter() {
    let (_server, client, _) = ready(quick()).await;
    let half = (1_u128 << 127).to_string();
    let split = client.split_shard().stream_name("orders").shard_to_split(SHARD);
    let split = split.new_starting_hash_key(half);
    split.clone().send().await.unwrap();
    assert_eq!(code(split.send().await), "ResourceInUseException");
    let merge = client.merge_shards().stream_name("orders");
    let merge = merge.shard_to_merge("shardId-000000000001");
    merge.adjacent_shard_to_merge("shardId-000000000002").send().await.unwrap();

    let mut listed = Vec::new();
    let mut page = client.list_shards().stream_name("orders").max_results(3).send().await.unwrap();
    loop {
        listed.extend_from_slice(page.shards());
        let Some(token) = page.next_token() else { break };
        let both = client.list_shards().stream_name("orders").next_token(token).send().await;
        assert_eq!(code(both), "InvalidArgumentException");
        page = client.list_shards().next_token(token).send().await.unwrap();
    }
    assert_eq!(listed.len(), 4);
    let parents: Vec<_> =
        listed.iter().map(|s| (s.parent_shard_id(), s.adjacent_parent_shard_id())).collect();
    assert_eq!(
        parents,
        [
            (None, None),
            (Some(SHARD), None),
            (Some(SHARD), None),
            (Some("shardId-000000000001"), Some("shardId-000000000002")),
        ]
    );
    let ended = listed.iter().map(|s| s.sequence_number_range().unwrap().ending_sequence_number().is_some());
    assert_eq!(ended.collect::<Vec<_>>(), [true, true, true, false]);

    let latest = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build().unwrap();
    let open = client.list_shards().stream_name("orders").shard_filter(latest).send().await.unwrap();
    assert_eq!(open.shards()[0].shard_id(), "shardId-000000000003");
    let bad = client.list_shards().next_token("nonsense").send().await;
    assert_eq!(code(bad), "InvalidArgumentException");
}

#[tokio::test]
async fn records_are_put_and_read_back_unchanged() {
    let (server, client, consumer) = ready(Settings {
        start_time: Some(std::time::UNIX_EPOCH + Duration::from_millis(1_730_000_000_007)),
        ..quick()
    })
    .await;
    let data = Blob::new((0..=255).collect::<Vec<u8>>());
    let put = client.put_record().stream_name("orders").partition_key("clé \"1\"\n").data(data.clone());
    let put = put.send().await.unwrap();
    assert_eq!((put.shard_id(), put.sequence_number().len()), (SHARD, 56));
    let entry = |key: &str| {
        let entry = PutRecordsRequestEntry::builder().partition_key(key).explicit_hash_key("7");
        entry.data(Blob::new("x")).build().unwrap()
    };
    let many = client.put_records().stream_name("orders").records(entry("a")).records(entry("b"));
    let many = many.send().await.unwrap();
    assert_eq!((many.failed_record_count(), many.records().len()), (Some(0), 2));

    let mut output = from_horizon(&client, &consumer).await.unwrap();
    let event = event(&mut output).await.unwrap();
    let record = &event.records()[0];
    assert_eq!(record.data(), &data);
    assert_eq!(record.partition_key(), Some("clé \"1\"\n"));
    assert_eq!(record.sequence_number(), put.sequence_number());
    assert_eq!(record.encryption_type(), None);
    let arrival = millis(record.approximate_arrival_timestamp().unwrap());
    let now = server.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    assert!((1_730_000_000_007..=now).contains(&arrival));
    assert_eq!(event.continuation_sequence_number(), event.records()[2].sequence_number());
    assert_eq!(event.millis_behind_latest(), 0);
}

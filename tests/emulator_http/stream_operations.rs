//! What is set per stream, and the listings of streams, as the real SDK asks for them.

use aws_sdk_kinesis::types::{
    EncryptionType, MetricsName, MinimumThroughputBillingCommitmentInput,
    MinimumThroughputBillingCommitmentInputStatus, MinimumThroughputBillingCommitmentOutputStatus,
    RecordDistributionStrategy, ScalingType, StreamDescriptionSummary, StreamMode, StreamModeDetails,
};

use kinesis_fanout::emulator::{CreateStreamRequest, NewRecord};

use super::*;

async fn summary(client: &Client) -> StreamDescriptionSummary {
    let described = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
    described.stream_description_summary.unwrap()
}

fn mode(mode: StreamMode) -> StreamModeDetails {
    StreamModeDetails::builder().stream_mode(mode).build().unwrap()
}

#[tokio::test]
async fn a_stream_has_its_own_retention_record_size_and_mode() {
    let (server, client, _) = ready(quick()).await;
    let arn = server.stream_arn("orders").unwrap();
    let before = summary(&client).await;
    assert_eq!((before.retention_period_hours(), before.max_record_size_in_kib()), (24, Some(1_024)));
    assert_eq!(before.stream_mode_details(), Some(&mode(StreamMode::Provisioned)));
    assert_eq!(before.record_distribution_strategy(), None);

    let increase = client.increase_stream_retention_period().stream_name("orders");
    increase.clone().retention_period_hours(48).send().await.unwrap();
    assert_eq!(code(increase.retention_period_hours(47).send().await), "InvalidArgumentException");
    let decrease = client.decrease_stream_retention_period().stream_arn(&arn);
    decrease.clone().retention_period_hours(36).send().await.unwrap();
    assert_eq!(code(decrease.retention_period_hours(23).send().await), "InvalidArgumentException");
    let size = client.update_max_record_size().stream_arn(&arn);
    size.clone().max_record_size_in_kib(10_240).send().await.unwrap();
    assert_eq!(code(size.max_record_size_in_kib(10_241).send().await), "ValidationException");
    let update = client.update_stream_mode().stream_arn(&arn);
    update.stream_mode_details(mode(StreamMode::OnDemand)).send().await.unwrap();

    let after = summary(&client).await;
    assert_eq!((after.retention_period_hours(), after.max_record_size_in_kib()), (36, Some(10_240)));
    assert_eq!(after.stream_mode_details(), Some(&mode(StreamMode::OnDemand)));
    let large = Blob::new(vec![0; (10 << 20) - 1]);
    client.put_record().stream_arn(&arn).partition_key("k").data(large).send().await.unwrap();
}

#[tokio::test]
async fn an_auto_stream_takes_records_without_a_key() {
    let server = LocalKinesis::start(quick()).await.unwrap();
    let client = client(&server);
    let create = client.create_stream().stream_name("orders").stream_mode_details(mode(StreamMode::OnDemand));
    let auto = create.record_distribution_strategy(RecordDistributionStrategy::Auto);
    auto.max_record_size_in_kib(2_048).tags("team", "a").send().await.unwrap();
    let created = summary(&client).await;
    assert_eq!(created.record_distribution_strategy(), Some(&RecordDistributionStrategy::Auto));
    assert_eq!((created.open_shard_count(), created.max_record_size_in_kib()), (4, Some(2_048)));

    let put = client.put_record().stream_name("orders").data(Blob::new("a"));
    let mut shards = Vec::new();
    for _ in 0..4 {
        shards.push(put.clone().send().await.unwrap().shard_id);
    }
    shards.sort();
    shards.dedup();
    assert_eq!(shards.len(), 4);
    let ordered = put.clone().sequence_number_for_ordering("7").send().await;
    assert_eq!(code(ordered), "InvalidArgumentException");

    let update = client.update_stream_record_distribution_strategy().stream_arn(created.stream_arn());
    let by_key = RecordDistributionStrategy::UserPartitionKey;
    update.record_distribution_strategy(by_key.clone()).send().await.unwrap();
    assert_eq!(summary(&client).await.record_distribution_strategy(), Some(&by_key));
    let ordered = put.clone().partition_key("k");
    ordered.clone().sequence_number_for_ordering("7").send().await.unwrap();
    let no_number = ordered.sequence_number_for_ordering("seven").send().await;
    assert_eq!(code(no_number), "ValidationException");
    assert_eq!(code(put.send().await), "ValidationException");
}

#[tokio::test]
async fn encryption_is_told_with_streams_puts_and_records() {
    let (_server, client, consumer) = ready(quick()).await;
    assert_eq!(summary(&client).await.encryption_type(), Some(&EncryptionType::None));
    let start = client.start_stream_encryption().stream_name("orders").key_id("alias/aws/kinesis");
    let other = start.clone().encryption_type(EncryptionType::None).send().await;
    assert_eq!(code(other), "InvalidArgumentException");
    start.encryption_type(EncryptionType::Kms).send().await.unwrap();
    let encrypted = summary(&client).await;
    assert_eq!(encrypted.encryption_type(), Some(&EncryptionType::Kms));
    assert_eq!(encrypted.key_id(), Some("alias/aws/kinesis"));
    let put = client.put_record().stream_name("orders").partition_key("k").data(Blob::new("a"));
    assert_eq!(put.clone().send().await.unwrap().encryption_type(), Some(&EncryptionType::Kms));
    let stop = client.stop_stream_encryption().stream_name("orders").key_id("alias/aws/kinesis");
    stop.encryption_type(EncryptionType::Kms).send().await.unwrap();
    assert_eq!(put.send().await.unwrap().encryption_type(), None);
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    let event = event(&mut output).await.unwrap();
    let types: Vec<_> = event.records().iter().map(|record| record.encryption_type()).collect();
    assert_eq!(types, [Some(&EncryptionType::Kms), None]);
}

#[tokio::test]
async fn metrics_are_switched_on_and_off() {
    let (_server, client, _) = ready(quick()).await;
    let enable = client.enable_enhanced_monitoring().stream_name("orders");
    let enabled = enable.shard_level_metrics(MetricsName::All).send().await.unwrap();
    assert_eq!(enabled.current_shard_level_metrics(), []);
    assert_eq!(enabled.desired_shard_level_metrics().len(), 7);
    let disable = client.disable_enhanced_monitoring().stream_arn(enabled.stream_arn().unwrap());
    let disabled = disable.shard_level_metrics(MetricsName::IncomingBytes).send().await.unwrap();
    assert_eq!(disabled.current_shard_level_metrics().len(), 7);
    assert_eq!(summary(&client).await.enhanced_monitoring()[0].shard_level_metrics().len(), 6);
}

#[tokio::test]
async fn tags_go_by_stream_name_and_by_any_arn() {
    let (server, client, consumer) = ready(quick()).await;
    let arn = server.stream_arn("orders").unwrap();
    client.add_tags_to_stream().stream_name("orders").tags("a", "1").tags("b", "2").send().await.unwrap();
    client.tag_resource().resource_arn(&arn).tags("c", "3").send().await.unwrap();
    let list = client.list_tags_for_stream().stream_arn(&arn).exclusive_start_tag_key("a").limit(1);
    let page = list.send().await.unwrap();
    assert_eq!((page.tags().len(), page.tags()[0].key(), page.has_more_tags()), (1, "b", true));
    client.remove_tags_from_stream().stream_name("orders").tag_keys("a").send().await.unwrap();
    client.untag_resource().resource_arn(&arn).tag_keys("b").send().await.unwrap();
    let left = client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap();
    assert_eq!((left.tags().len(), left.tags()[0].value()), (1, Some("3")));

    client.tag_resource().resource_arn(&consumer).tags("team", "x").send().await.unwrap();
    let register =
        client.register_stream_consumer().stream_arn(&arn).consumer_name("audit").tags("team", "y");
    let audit = register.send().await.unwrap().consumer.unwrap();
    for (arn, team) in [(consumer.as_str(), "x"), (audit.consumer_arn(), "y")] {
        let tags = client.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
        assert_eq!(tags.tags()[0].value(), Some(team));
    }
    let too_many =
        (0..51).fold(client.tag_resource().resource_arn(&arn), |call, n| call.tags(format!("t{n}"), ""));
    assert_eq!(code(too_many.send().await), "InvalidArgumentException");
    assert_eq!(code(client.tag_resource().resource_arn(&arn).send().await), "ValidationException");
}

#[tokio::test]
async fn streams_are_described_with_their_shards_and_listed_in_pages() {
    let server = LocalKinesis::start(quick()).await.unwrap();
    let client = client(&server);
    for (name, shards) in [("a", 3), ("b", 1), ("c", 1)] {
        client.create_stream().stream_name(name).shard_count(shards).send().await.unwrap();
    }
    let describe = client.describe_stream().stream_name("a").limit(2);
    let first = describe.clone().send().await.unwrap().stream_description.unwrap();
    assert_eq!((first.shards().len(), first.has_more_shards()), (2, true));
    assert_eq!((first.retention_period_hours(), first.stream_status()), (24, &StreamStatus::Active));
    assert_eq!(first.stream_mode_details(), Some(&mode(StreamMode::Provisioned)));
    let rest = describe.exclusive_start_shard_id(first.shards()[1].shard_id()).send().await.unwrap();
    let rest = rest.stream_description.unwrap();
    assert_eq!((rest.shards().len(), rest.has_more_shards()), (1, false));

    let pages: Vec<_> =
        client.list_streams().limit(2).into_paginator().send().collect::<Result<_, _>>().await.unwrap();
    let names: Vec<_> = pages.iter().flat_map(|page| page.stream_names()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let more: Vec<_> = pages.iter().map(|page| page.has_more_streams()).collect();
    assert_eq!(more, [true, false]);
    assert_eq!(pages[1].stream_summaries()[0].stream_arn(), server.stream_arn("c").unwrap());
    let after = client.list_streams().exclusive_start_stream_name("b").send().await.unwrap();
    assert_eq!(after.stream_names(), ["c"]);

    let created = client.list_shards().stream_name("a").stream_creation_timestamp(DateTime::from_secs(1));
    assert_eq!(code(created.send().await), "ResourceNotFoundException");
    let page = client.list_shards().stream_name("a").max_results(1).send().await.unwrap();
    let both = client.list_shards().next_token(page.next_token().unwrap());
    let both = both.stream_creation_timestamp(*first.stream_creation_timestamp());
    assert_eq!(code(both.send().await), "InvalidArgumentException");
}

#[tokio::test]
async fn a_shard_count_is_updated_within_its_limits() {
    let (server, client, _) = ready(quick()).await;
    let update = client.update_shard_count().stream_name("orders").scaling_type(ScalingType::UniformScaling);
    let updated = update.clone().target_shard_count(2).send().await.unwrap();
    assert_eq!((updated.current_shard_count(), updated.target_shard_count()), (Some(1), Some(2)));
    assert_eq!(updated.stream_arn(), Some(server.stream_arn("orders").unwrap().as_str()));
    let refused = update.clone().target_shard_count(5).send().await.unwrap_err().into_service_error();
    assert!(refused.is_limit_exceeded_exception());
    let scaling = update.target_shard_count(3).scaling_type(ScalingType::from("OTHER"));
    assert_eq!(code(scaling.send().await), "ValidationException");
    assert_eq!(summary(&client).await.open_shard_count(), 2);
}

#[tokio::test]
async fn the_account_tells_its_limits_and_settings() {
    let (_server, client, _) = ready(Settings { shard_limit: 30, ..quick() }).await;
    let limits = client.describe_limits().send().await.unwrap();
    assert_eq!((limits.shard_limit(), limits.open_shard_count()), (30, 1));
    assert_eq!((limits.on_demand_stream_count(), limits.on_demand_stream_count_limit()), (0, 50));
    let described = client.describe_account_settings().send().await.unwrap();
    let commitment = described.minimum_throughput_billing_commitment.unwrap();
    assert_eq!(commitment.status(), &MinimumThroughputBillingCommitmentOutputStatus::Disabled);
    let enabled = MinimumThroughputBillingCommitmentInput::builder()
        .status(MinimumThroughputBillingCommitmentInputStatus::Enabled)
        .build()
        .unwrap();
    let update = client.update_account_settings().minimum_throughput_billing_commitment(enabled);
    let updated = update.clone().send().await.unwrap().minimum_throughput_billing_commitment.unwrap();
    assert_eq!(updated.status(), &MinimumThroughputBillingCommitmentOutputStatus::Enabled);
    let (started, earliest) = (updated.started_at().unwrap(), updated.earliest_allowed_end_at().unwrap());
    assert_eq!(earliest.secs() - started.secs(), 24 * 60 * 60);
    assert_eq!(code(update.send().await), "InvalidArgumentException");
    let over = client.create_stream().stream_name("large").shard_count(30).send().await;
    assert_eq!(code(over), "LimitExceededException");
}

#[tokio::test]
async fn the_control_handle_makes_auto_streams_and_records_without_a_key_are_read_so() {
    let server = LocalKinesis::start(quick()).await.unwrap();
    let auto = CreateStreamRequest {
        name: "orders".into(),
        shards: Some(1),
        mode: kinesis_fanout::emulator::StreamMode::OnDemand,
        record_distribution_strategy: kinesis_fanout::emulator::RecordDistributionStrategy::Auto,
        ..Default::default()
    };
    server.create_stream_with(&auto).unwrap();
    let record = |key: Option<&str>| NewRecord {
        partition_key: key.map(str::to_owned),
        explicit_hash_key: None,
        data: "x".into(),
    };
    for put in server.put_records("orders", vec![record(None), record(Some("kept"))]).unwrap() {
        put.unwrap();
    }
    let consumer = server.register_consumer("orders", "billing").unwrap().arn;
    let mut output = from_horizon(&client(&server), &consumer).await.unwrap();
    let event = event(&mut output).await.unwrap();
    let keys: Vec<_> = event.records().iter().map(|record| record.partition_key()).collect();
    assert_eq!(keys, [None, Some("kept")]);
}

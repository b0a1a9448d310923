//! The HTTP door of the local Kinesis, asked by the real AWS SDK; by raw sockets where the SDK is too well-behaved.

use std::time::Duration;

use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::RequestId;
use aws_sdk_kinesis::operation::subscribe_to_shard::{SubscribeToShardError, SubscribeToShardOutput};
use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::error::SubscribeToShardEventStreamError;
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, ShardFilter, ShardFilterType, ShardIteratorType,
    StartingPosition, StreamStatus, SubscribeToShardEvent, SubscribeToShardEventStream,
};
use aws_sdk_kinesis::{Client, Config};
use kinesis_fanout::emulator::{
    Continuation, Fault, LocalKinesis, Operation, RefusalForm, Server, ServiceError, Settings, StreamFault,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const SHARD: &str = "shardId-000000000000";

/// No limits of rate, no waiting for ACTIVE, no pacing, and a subscription takes over at once.
fn quick() -> Settings {
    Settings {
        limit_calls: false,
        consumer_creation_time: Duration::ZERO,
        take_over_after: Duration::ZERO,
        pace: None,
        ..Settings::default()
    }
}

fn client(server: &Server) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(server.endpoint_url())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// A server with the stream `orders` of one shard, a client, and the ARN of the registered consumer `billing`.
async fn ready(settings: Settings) -> (Server, Client, String) {
    let server = LocalKinesis::start(settings).await.unwrap();
    server.create_stream("orders", 1).unwrap();
    let consumer = server.register_consumer("orders", "billing").unwrap();
    let client = client(&server);
    (server, client, consumer.arn)
}

fn position(kind: ShardIteratorType, sequence_number: Option<&str>) -> StartingPosition {
    StartingPosition::builder()
        .r#type(kind)
        .set_sequence_number(sequence_number.map(str::to_owned))
        .build()
        .unwrap()
}

type Subscribed = Result<SubscribeToShardOutput, SdkError<SubscribeToShardError>>;

async fn subscribe(client: &Client, consumer: &str, position: StartingPosition) -> Subscribed {
    let call = client.subscribe_to_shard().consumer_arn(consumer).shard_id(SHARD);
    call.starting_position(position).send().await
}

async fn from_horizon(client: &Client, consumer: &str) -> Subscribed {
    subscribe(client, consumer, position(ShardIteratorType::TrimHorizon, None)).await
}

async fn event(output: &mut SubscribeToShardOutput) -> Option<SubscribeToShardEvent> {
    match output.event_stream.recv().await.unwrap()? {
        SubscribeToShardEventStream::SubscribeToShardEvent(event) => Some(event),
        other => panic!("{other:?}"),
    }
}

fn payloads(event: &SubscribeToShardEvent) -> Vec<&[u8]> {
    event
        .records()
        .iter()
        .map(|record| record.data().as_ref())
        .collect()
}

fn code<T: std::fmt::Debug, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> String {
    match answer {
        Err(error) => error.code().unwrap_or("no code").to_owned(),
        Ok(answer) => panic!("{answer:?}"),
    }
}

fn millis(time: &DateTime) -> i64 {
    time.secs() * 1_000 + i64::from((time.subsec_nanos() + 500_000) / 1_000_000)
}

// Every operation.

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
    assert_eq!(
        (summary.open_shard_count(), summary.consumer_count()),
        (3, Some(0))
    );
    assert!(millis(summary.stream_creation_timestamp()) > 1_600_000_000_000);

    client.delete_stream().stream_arn(arn).send().await.unwrap();
    let gone = client.describe_stream_summary().stream_arn(arn).send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");
}

#[tokio::test]
async fn consumers_are_registered_described_listed_and_deregistered() {
    let (server, client, billing) = ready(Settings {
        consumer_creation_time: Duration::from_secs(3_600),
        ..quick()
    })
    .await;
    let stream_arn = server.stream_arn("orders").unwrap();
    let register = client.register_stream_consumer().stream_arn(&stream_arn);
    let registered = register.clone().consumer_name("audit").send().await.unwrap();
    let audit = registered.consumer().unwrap();
    assert_eq!(audit.consumer_status(), &ConsumerStatus::Creating);
    let again = register.consumer_name("audit").send().await;
    assert_eq!(code(again), "ResourceInUseException");

    let by_arn = client
        .describe_stream_consumer()
        .consumer_arn(&billing)
        .send()
        .await
        .unwrap();
    let by_name = client
        .describe_stream_consumer()
        .stream_arn(&stream_arn)
        .consumer_name("billing");
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
    let names: Vec<_> = pages
        .iter()
        .flat_map(|page| page.consumers())
        .map(|consumer| consumer.consumer_name())
        .collect();
    assert_eq!(names, ["audit", "billing"]);

    let refused = from_horizon(&client, &billing).await.unwrap_err();
    assert!(refused.message().unwrap().ends_with("is not in ACTIVE status."));
    assert_eq!(refused.code(), Some("ResourceInUseException"));

    client
        .deregister_stream_consumer()
        .consumer_arn(&billing)
        .send()
        .await
        .unwrap();
    let gone = client
        .describe_stream_consumer()
        .consumer_arn(billing)
        .send()
        .await;
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
    merge
        .adjacent_shard_to_merge("shardId-000000000002")
        .send()
        .await
        .unwrap();

    let mut listed = Vec::new();
    let mut page = client
        .list_shards()
        .stream_name("orders")
        .max_results(3)
        .send()
        .await
        .unwrap();
    loop {
        listed.extend_from_slice(page.shards());
        let Some(token) = page.next_token() else { break };
        let both = client
            .list_shards()
            .stream_name("orders")
            .next_token(token)
            .send()
            .await;
        assert_eq!(code(both), "InvalidArgumentException");
        page = client.list_shards().next_token(token).send().await.unwrap();
    }
    assert_eq!(listed.len(), 4);
    let parents: Vec<_> = listed
        .iter()
        .map(|s| (s.parent_shard_id(), s.adjacent_parent_shard_id()))
        .collect();
    assert_eq!(
        parents,
        [
            (None, None),
            (Some(SHARD), None),
            (Some(SHARD), None),
            (Some("shardId-000000000001"), Some("shardId-000000000002")),
        ]
    );
    let ended = listed.iter().map(|s| {
        s.sequence_number_range()
            .unwrap()
            .ending_sequence_number()
            .is_some()
    });
    assert_eq!(ended.collect::<Vec<_>>(), [true, true, true, false]);

    let latest = ShardFilter::builder()
        .r#type(ShardFilterType::AtLatest)
        .build()
        .unwrap();
    let open = client
        .list_shards()
        .stream_name("orders")
        .shard_filter(latest)
        .send()
        .await
        .unwrap();
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
    let put = client
        .put_record()
        .stream_name("orders")
        .partition_key("clé \"1\"\n")
        .data(data.clone());
    let put = put.send().await.unwrap();
    assert_eq!((put.shard_id(), put.sequence_number().len()), (SHARD, 56));
    let entry = |key: &str| {
        let entry = PutRecordsRequestEntry::builder()
            .partition_key(key)
            .explicit_hash_key("7");
        entry.data(Blob::new("x")).build().unwrap()
    };
    let many = client
        .put_records()
        .stream_name("orders")
        .records(entry("a"))
        .records(entry("b"));
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
    let now = server
        .now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;
    assert!((1_730_000_000_007..=now).contains(&arrival));
    assert_eq!(
        event.continuation_sequence_number(),
        event.records()[2].sequence_number()
    );
    assert_eq!(event.millis_behind_latest(), 0);
}

// Subscriptions.

#[tokio::test]
async fn a_subscription_is_resumed_at_and_after_its_continuation_in_both_modes() {
    for mode in [Continuation::EqualToLastRecord, Continuation::NeverARecord] {
        let (server, client, consumer) = ready(Settings {
            continuation: mode,
            event_max_records: 1,
            ..quick()
        })
        .await;
        for data in ["a", "b"] {
            server.put_record("orders", "k", None, data).unwrap();
        }
        let mut output = from_horizon(&client, &consumer).await.unwrap();
        let first = event(&mut output).await.unwrap();
        let continuation = first.continuation_sequence_number();
        let after = position(ShardIteratorType::AfterSequenceNumber, Some(continuation));
        let mut after = subscribe(&client, &consumer, after).await.unwrap();
        assert_eq!(payloads(&event(&mut after).await.unwrap()), [b"b"]);
        let at = position(ShardIteratorType::AtSequenceNumber, Some(continuation));
        let mut at = subscribe(&client, &consumer, at).await.unwrap();
        let expected = if mode == Continuation::EqualToLastRecord {
            b"a"
        } else {
            b"b"
        };
        assert_eq!(payloads(&event(&mut at).await.unwrap()), [expected]);
    }
}

#[tokio::test]
async fn a_subscription_ends_cleanly_when_its_time_is_over() {
    let (_server, client, consumer) = ready(Settings {
        subscription_time: Duration::from_millis(20),
        idle_event_interval: Duration::from_millis(5),
        ..quick()
    })
    .await;
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    while let Some(event) = event(&mut output).await {
        assert!(event.records().is_empty() && !event.continuation_sequence_number().is_empty());
    }
}

#[tokio::test]
async fn a_live_split_ends_the_parent_with_its_children() {
    let (server, client, consumer) = ready(quick()).await;
    let latest = position(ShardIteratorType::Latest, None);
    let mut output = subscribe(&client, &consumer, latest.clone()).await.unwrap();
    server.split_shard_in_half("orders", SHARD).unwrap();
    let last = event(&mut output).await.unwrap();
    assert_eq!(last.continuation_sequence_number(), "");
    let children = last.child_shards();
    assert_eq!(
        (children.len(), children[1].parent_shards()),
        (2, [SHARD.to_owned()].as_slice())
    );
    assert_eq!(
        children[1].hash_key_range().unwrap().ending_hash_key(),
        u128::MAX.to_string()
    );
    assert!(event(&mut output).await.is_none());

    let mut again = subscribe(&client, &consumer, latest).await.unwrap();
    assert_eq!(event(&mut again).await.unwrap().child_shards().len(), 2);
}

#[tokio::test]
async fn a_take_over_reaches_the_old_stream_as_resource_in_use() {
    let (_server, client, consumer) = ready(quick()).await;
    let mut first = from_horizon(&client, &consumer).await.unwrap();
    let _second = from_horizon(&client, &consumer).await.unwrap();
    match first.event_stream.recv().await {
        Err(SdkError::ServiceError(error)) => assert!(matches!(
            error.err(),
            SubscribeToShardEventStreamError::ResourceInUseException(_)
        )),
        other => panic!("{other:?}"),
    }
    assert!(first.event_stream.recv().await.unwrap().is_none());
}

#[tokio::test]
async fn a_second_subscription_is_refused_in_the_form_that_is_set() {
    for form in [RefusalForm::Http400, RefusalForm::Http500, RefusalForm::InStream] {
        let (_server, client, consumer) = ready(Settings {
            refusal: form,
            take_over_after: Duration::from_secs(3_600),
            ..quick()
        })
        .await;
        let _first = from_horizon(&client, &consumer).await.unwrap();
        match (form, from_horizon(&client, &consumer).await) {
            (RefusalForm::InStream, Ok(mut output)) => {
                let error = output.event_stream.recv().await.unwrap_err();
                let error = error.into_service_error();
                assert!(error.is_resource_in_use_exception());
            }
            (form, Err(error)) => {
                let status = error.raw_response().unwrap().status().as_u16();
                assert_eq!(status, if form == RefusalForm::Http500 { 500 } else { 400 });
                assert!(error.into_service_error().is_resource_in_use_exception());
            }
            (form, Ok(_)) => panic!("{form:?} was let in"),
        }
    }
}

#[tokio::test]
async fn positions_that_cannot_be_are_refused() {
    let (server, client, consumer) = ready(quick()).await;
    let future = server.now() + Duration::from_secs(60);
    let future = StartingPosition::builder()
        .r#type(ShardIteratorType::AtTimestamp)
        .timestamp(future.into());
    let future = subscribe(&client, &consumer, future.build().unwrap()).await;
    assert_eq!(code(future), "InvalidArgumentException");
    for (number, expected) in [
        (None, "ValidationException"),
        (Some("7"), "InvalidArgumentException"),
        (Some("x"), "ValidationException"),
    ] {
        let start = position(ShardIteratorType::AfterSequenceNumber, number);
        assert_eq!(code(subscribe(&client, &consumer, start).await), expected);
    }
    let unknown = "arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/billing:1";
    assert_eq!(
        code(from_horizon(&client, unknown).await),
        "ResourceNotFoundException"
    );
    assert_eq!(
        code(from_horizon(&client, "billing").await),
        "ValidationException"
    );
}

// Faults.

#[tokio::test]
async fn refusals_on_order_reach_the_client_with_their_code_and_status() {
    let (server, client, consumer) = ready(quick()).await;
    for (error, status) in [
        ("LimitExceededException", 400),
        ("AccessDeniedException", 400),
        ("KMSThrottlingException", 400),
        ("UnrecognizedClientException", 400),
        ("InternalFailure", 500),
    ] {
        let fault = Fault::refuse(Operation::SubscribeToShard, error, "said", status);
        server.faults().inject(fault.shard(SHARD).times(1));
        let refused = from_horizon(&client, &consumer).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Some(error), Some("said")));
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), status);
    }
    server
        .faults()
        .inject(Fault::expired_credentials(Operation::ListShards));
    let refused = client.list_shards().stream_name("orders").send().await;
    assert_eq!(code(refused), "ExpiredTokenException");
    from_horizon(&client, &consumer).await.unwrap();
}

/// What the client sees behind the first event of a stream that goes wrong there.
async fn behind_the_first(fault: StreamFault) -> Result<Option<SubscribeToShardEvent>, String> {
    let (server, client, consumer) = ready(Settings {
        event_max_records: 1,
        ..quick()
    })
    .await;
    for data in ["a", "b"] {
        server.put_record("orders", "k", None, data).unwrap();
    }
    server.faults().inject(Fault::in_stream(1, fault));
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    event(&mut output).await.unwrap();
    match output.event_stream.recv().await {
        Ok(Some(SubscribeToShardEventStream::SubscribeToShardEvent(event))) => Ok(Some(event)),
        Ok(Some(other)) => panic!("{other:?}"),
        Ok(None) => Ok(None),
        Err(SdkError::ServiceError(error)) => Err(format!("{:?}", error.err())),
        Err(SdkError::ResponseError(_)) => Err("malformed".into()),
        Err(other) => Err(format!("{other:?}")),
    }
}

#[tokio::test]
async fn streams_go_wrong_on_order() {
    for fault in [
        StreamFault::BrokenChecksum,
        StreamFault::TruncatedFrame,
        StreamFault::InvalidJson,
    ] {
        assert_eq!(behind_the_first(fault).await.unwrap_err(), "malformed");
    }
    assert_eq!(behind_the_first(StreamFault::End).await, Ok(None));
    let exception = ServiceError::new("KMSDisabledException", "said", 400);
    let seen = behind_the_first(StreamFault::Exception(exception))
        .await
        .unwrap_err();
    assert!(seen.starts_with("KmsDisabledException"), "{seen}");
    let event = behind_the_first(StreamFault::EmptyContinuation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (event.continuation_sequence_number(), payloads(&event)),
        ("", vec![&b"b"[..]])
    );
}

#[tokio::test]
async fn silence_before_the_headers_and_in_the_stream_lasts_as_long_as_ordered() {
    let (server, client, consumer) = ready(quick()).await;
    let moment = Some(Duration::from_millis(20));
    server
        .faults()
        .inject(Fault::silent(Operation::SubscribeToShard, moment).times(1));
    server.put_record("orders", "k", None, "a").unwrap();
    let began = server.now();
    from_horizon(&client, &consumer).await.unwrap();
    assert!(server.now() >= began + Duration::from_millis(20));

    server
        .faults()
        .inject(Fault::in_stream(0, StreamFault::Silence(moment)));
    let began = server.now();
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    assert_eq!(payloads(&event(&mut output).await.unwrap()), [b"a"]);
    assert!(server.now() >= began + Duration::from_millis(20));
}

// The door itself.

/// What the server answers to these bytes, until it closes the connection.
async fn raw(server: &Server, request: &str) -> String {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

fn request(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

#[tokio::test]
async fn what_is_no_call_gets_an_aws_error() {
    let server = LocalKinesis::start(quick()).await.unwrap();
    let target = |name: &str| format!("X-Amz-Target: Kinesis_20131202.{name}\r\n");
    for (headers, body, expected) in [
        (String::new(), "{}", "UnknownOperationException"),
        (
            target("GetRecords"),
            "{}",
            "The operation Kinesis_20131202.GetRecords is not known",
        ),
        (target("ListShards"), "{", "SerializationException"),
        (target("ListShards"), "[]", "SerializationException"),
        (
            target("ListShards"),
            "{\"StreamName\":7}",
            "SerializationException",
        ),
        (target("ListShards"), "{}", "InvalidArgumentException"),
        (target("SubscribeToShard"), "{}", "ValidationException"),
        (
            target("ListShards") + "Content-Type: application/x-amz-cbor-1.1\r\n",
            "",
            "SerializationException",
        ),
        (
            target("CreateStream"),
            "{\"StreamName\":\"s\"}",
            "InvalidArgumentException",
        ),
    ] {
        let answer = raw(&server, &request(&headers, body)).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains(expected), "{expected}: {answer}");
        assert!(answer.contains("\"__type\":") && answer.contains("\"message\":"));
        assert!(answer.contains("\r\ndate: ") && answer.contains("\r\nx-amzn-requestid: "));
        assert!(answer.contains("\r\ncontent-type: application/x-amz-json-1.1\r\n"));
    }
}

#[tokio::test]
async fn the_date_is_that_of_the_services_clock() {
    let server = LocalKinesis::start(Settings {
        start_time: Some(std::time::UNIX_EPOCH + Duration::from_secs(784_111_777)),
        ..quick()
    })
    .await
    .unwrap();
    let answer = raw(&server, &request("", "")).await;
    assert!(answer.contains("\r\ndate: Sun, 06 Nov 1994 "), "{answer}");
}

#[tokio::test]
async fn hanging_up_closes_the_subscription() {
    let (server, client, consumer) = ready(quick()).await;
    let output = from_horizon(&client, &consumer).await.unwrap();
    assert_eq!(server.statistics().open_subscriptions, 1);
    drop(output);
    while server.statistics().open_subscriptions > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn shutdown_ends_every_connection_and_frees_the_port() {
    let (server, client, consumer) = ready(quick()).await;
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    let (address, local) = (server.address(), server.local().clone());
    server.shutdown().await;
    assert_eq!(local.statistics().open_subscriptions, 0);
    assert!(output.event_stream.recv().await.is_err());
    let server = local.serve_on(address).await.unwrap();
    assert_eq!(server.endpoint_url(), format!("http://{address}"));
}

#[tokio::test]
async fn an_unread_subscription_costs_little_and_misses_nothing() {
    const RECORDS: usize = 64;
    let (server, client, consumer) = ready(quick()).await;
    let megabyte = vec![b'x'; 1_000_000];
    for _ in 0..RECORDS {
        server.put_record("orders", "k", None, megabyte.clone()).unwrap();
    }
    let body = format!(
        "{{\"ConsumerARN\":\"{consumer}\",\"ShardId\":\"{SHARD}\",\"StartingPosition\":{{\"Type\":\"TRIM_HORIZON\"}}}}"
    );
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut socket = socket.connect(server.address()).await.unwrap();
    let call = request("X-Amz-Target: Kinesis_20131202.SubscribeToShard\r\n", &body);
    socket.write_all(call.as_bytes()).await.unwrap();

    // Whoever else calls meanwhile gives the server every chance to run ahead.
    while server.statistics().events == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        client.list_shards().stream_name("orders").send().await.unwrap();
    }
    let pulled = server.statistics().events;
    assert!(
        pulled <= 3,
        "{pulled} events of 1.3 MB were pulled for a client that reads nothing"
    );

    let mut received = 0;
    let mut buffer = vec![0; 1 << 20];
    while received < RECORDS * 1_333_336 {
        match socket.read(&mut buffer).await.unwrap() {
            0 => panic!("ended after {received} bytes"),
            read => received += read,
        }
    }
    assert_eq!(server.statistics().records, RECORDS as u64);
}

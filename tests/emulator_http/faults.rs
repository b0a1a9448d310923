//! Faults on order, as a client sees them.

use super::*;

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
    server.faults().inject(Fault::expired_credentials(Operation::ListShards));
    let refused = client.list_shards().stream_name("orders").send().await;
    assert_eq!(code(refused), "ExpiredTokenException");
    from_horizon(&client, &consumer).await.unwrap();
}

/// What the client sees behind the first event of a stream that goes wrong there.
async fn behind_the_first(fault: StreamFault) -> Result<Option<SubscribeToShardEvent>, String> {
    let (server, client, consumer) = ready(Settings { event_max_records: 1, ..quick() }).await;
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
    for fault in [StreamFault::BrokenChecksum, StreamFault::TruncatedFrame, StreamFault::InvalidJson] {
        assert_eq!(behind_the_first(fault).await.unwrap_err(), "malformed");
    }
    assert_eq!(behind_the_first(StreamFault::End).await, Ok(None));
    let exception = ServiceError::new("KMSDisabledException", "said", 400);
    let seen = behind_the_first(StreamFault::Exception(exception)).await.unwrap_err();
    assert!(seen.starts_with("KmsDisabledException"), "{seen}");
    let error = ServiceError::new("InternalError", "said", 500);
    let seen = behind_the_first(StreamFault::ErrorMessage(error)).await.unwrap_err();
    assert!(seen.contains("InternalError") || seen == "malformed", "{seen}");
    let event = behind_the_first(StreamFault::EmptyContinuation).await.unwrap().unwrap();
    assert_eq!((event.continuation_sequence_number(), payloads(&event)), ("", vec![&b"b"[..]]));
}

#[tokio::test]
async fn silence_before_the_headers_and_in_the_stream_lasts_as_long_as_ordered() {
    let (server, client, consumer) = ready(quick()).await;
    let moment = Some(Duration::from_millis(20));
    server.faults().inject(Fault::silent(Operation::SubscribeToShard, moment).times(1));
    server.put_record("orders", "k", None, "a").unwrap();
    let began = server.now();
    from_horizon(&client, &consumer).await.unwrap();
    assert!(server.now() >= began + Duration::from_millis(20));

    server.faults().inject(Fault::in_stream(0, StreamFault::Silence(moment)));
    let began = server.now();
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    assert_eq!(payloads(&event(&mut output).await.unwrap()), [b"a"]);
    assert!(server.now() >= began + Duration::from_millis(20));
}

#[tokio::test]
async fn a_dry_run_leaves_what_is_to_go_wrong_in_a_stream_to_the_next_stream() {
    let (server, client, consumer) = ready(quick()).await;
    server.faults().inject(Fault::in_stream(0, StreamFault::End).times(1));
    let dry = client.subscribe_to_shard().consumer_arn(&consumer).shard_id(SHARD).dry_run(true);
    let dry = dry.starting_position(position(ShardIteratorType::TrimHorizon, None)).send().await;
    assert_eq!(code(dry), "DryRunOperationException");
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(3), output.event_stream.recv()).await;
    assert!(matches!(ended, Ok(Ok(None))), "{ended:?}");
}

#[tokio::test]
async fn fan_out_that_is_not_to_be_had_says_why() {
    let (server, client, consumer) = ready(Settings { max_consumers: 1, ..quick() }).await;
    let stream_arn = server.stream_arn("orders").unwrap();
    let register = || client.register_stream_consumer().stream_arn(&stream_arn).consumer_name("more");
    let describe = || client.describe_stream_consumer().consumer_arn(&consumer);
    assert_eq!(code(register().send().await), "LimitExceededException");
    for operation in
        [Operation::RegisterStreamConsumer, Operation::DescribeStreamConsumer, Operation::SubscribeToShard]
    {
        for (fault, name) in [
            (Fault::access_denied(operation), "AccessDeniedException"),
            (Fault::unknown_operation(operation), "UnknownOperationException"),
        ] {
            server.faults().inject(fault.times(1));
            let refused = match operation {
                Operation::RegisterStreamConsumer => code(register().send().await),
                Operation::DescribeStreamConsumer => code(describe().send().await),
                _ => from_horizon(&client, &consumer).await.unwrap_err().code().unwrap().to_owned(),
            };
            assert_eq!(refused, name, "{operation}");
        }
    }
    describe().send().await.unwrap();
    from_horizon(&client, &consumer).await.unwrap();
}

#[tokio::test]
async fn polling_of_one_shard_goes_wrong_on_order() {
    let (server, client, _) = ready(quick()).await;
    let iterate = || {
        let call = client.get_shard_iterator().stream_name("orders").shard_id(SHARD);
        call.shard_iterator_type(ShardIteratorType::TrimHorizon).send()
    };
    let iterator = iterate().await.unwrap().shard_iterator.unwrap();
    let poll = || client.get_records().shard_iterator(&iterator).send();
    server.faults().inject(Fault::expired_iterator().shard("shardId-000000000007"));
    poll().await.unwrap();
    server.faults().inject(Fault::expired_iterator().shard(SHARD).times(1));
    assert_eq!(code(poll().await), "ExpiredIteratorException");
    server.faults().inject(Fault::access_denied(Operation::GetShardIterator).shard(SHARD));
    assert_eq!(code(iterate().await), "AccessDeniedException");
    poll().await.unwrap();
}

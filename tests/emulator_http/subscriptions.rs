//! Subscriptions: resumed, ended, taken over, refused.

use super::*;

#[tokio::test]
async fn a_subscription_is_resumed_at_and_after_its_continuation_in_both_modes() {
    for mode in [Continuation::EqualToLastRecord, Continuation::NeverARecord] {
        let (server, client, consumer) =
            ready(Settings { continuation: mode, event_max_records: 1, ..quick() }).await;
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
        let expected = if mode == Continuation::EqualToLastRecord { b"a" } else { b"b" };
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
    // 20 ms hold at most four events 5 ms apart.
    for _ in 0..5 {
        match event(&mut output).await {
            Some(event) => assert!(!event.continuation_sequence_number().is_empty()),
            None => return,
        }
    }
    panic!("it does not end");
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
    assert_eq!((children.len(), children[1].parent_shards()), (2, [SHARD.to_owned()].as_slice()));
    assert_eq!(children[1].hash_key_range().unwrap().ending_hash_key(), u128::MAX.to_string());
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
        Err(SdkError::ServiceError(error)) => {
            assert!(matches!(error.err(), SubscribeToShardEventStreamError::ResourceInUseException(_)))
        }
        other => panic!("{other:?}"),
    }
    assert!(first.event_stream.recv().await.unwrap().is_none());
}

#[tokio::test]
async fn a_second_subscription_is_refused_in_the_form_that_is_set() {
    for form in [RefusalForm::Http400, RefusalForm::Http500, RefusalForm::InStream] {
        let (_server, client, consumer) =
            ready(Settings { refusal: form, take_over_after: Duration::from_secs(3_600), ..quick() }).await;
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
    let future = StartingPosition::builder().r#type(ShardIteratorType::AtTimestamp).timestamp(future.into());
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
    assert_eq!(code(from_horizon(&client, unknown).await), "ResourceNotFoundException");
    assert_eq!(code(from_horizon(&client, "billing").await), "ValidationException");
}

#[tokio::test]
async fn what_two_subscriptions_read_alike_is_encoded_once() {
    for (cache, expected) in [(1 << 20, 2), (0, 4)] {
        let settings = Settings { event_max_records: 1, encoded_cache_bytes: cache, ..quick() };
        let (server, client, billing) = ready(settings).await;
        let audit = server.register_consumer("orders", "audit").unwrap().arn;
        let large = "x".repeat(50_000);
        for data in ["small", &large] {
            server.put_record("orders", "k", None, data.to_owned()).unwrap();
        }
        for consumer in [&billing, &audit] {
            let mut output = from_horizon(&client, consumer).await.unwrap();
            assert_eq!(payloads(&event(&mut output).await.unwrap()), [b"small"]);
            assert_eq!(payloads(&event(&mut output).await.unwrap()), [large.as_bytes()]);
        }
        assert_eq!(server.statistics().events_encoded, expected);
    }
}

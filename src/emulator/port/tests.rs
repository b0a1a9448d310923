mod polling;

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::emulator::{Fault, Settings};
use crate::model::{ConsumerStatus, SequenceNumber, ShardFilter, StartingPosition};

const SHARD: &str = "shardId-000000000000";

/// A stream with one shard and an ACTIVE consumer.
async fn ready(settings: Settings) -> (LocalKinesis, KinesisPort, String) {
    let local = LocalKinesis::new(settings);
    local.create_stream("orders", 1).unwrap();
    let consumer = local.register_consumer("orders", "billing").unwrap();
    pass(Duration::from_secs(1)).await;
    let port = local.port();
    (local, port, consumer.arn)
}

async fn subscribe(
    port: &KinesisPort,
    consumer_arn: &str,
    starting_position: StartingPosition,
) -> Result<Box<dyn EventSource>, PortError> {
    let request =
        SubscribeToShard { consumer_arn: consumer_arn.to_owned(), shard_id: SHARD.into(), starting_position };
    port.subscribe_to_shard(request).await
}

async fn open(port: &KinesisPort, consumer_arn: &str) -> Box<dyn EventSource> {
    let opened = subscribe(port, consumer_arn, StartingPosition::TrimHorizon).await;
    opened.unwrap_or_else(|error| panic!("{error}"))
}

fn failure<T>(answer: Result<T, PortError>) -> FailureClass {
    match answer {
        Err(error) => error.failure.class,
        Ok(_) => panic!("no failure"),
    }
}

fn put(local: &LocalKinesis, data: &'static str) -> SequenceNumber {
    local.put_record("orders", "k", None, data).unwrap().sequence_number
}

/// Lets virtual time pass, whatever goes on in it.
async fn pass(time: Duration) {
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

#[tokio::test(start_paused = true)]
async fn registers_lists_and_reads_in_virtual_time() {
    let local = LocalKinesis::new(Settings::default());
    local.create_stream("orders", 2).unwrap();
    let port = KinesisPort::from(&local);

    let name = StreamReference::Name("orders".into());
    let summary = port.describe_stream_summary(&name).await.unwrap();
    let server_time = summary.server_time.unwrap().as_millis();
    assert_eq!(server_time % 1_000, 0);
    assert!(Timestamp::from(local.now()).as_millis() - server_time < 1_000);
    let arn = summary.stream_arn;
    let registered = port.register_stream_consumer(&arn, "billing").await.unwrap();
    assert_eq!(registered.status, ConsumerStatus::Creating);
    pass(Duration::from_millis(500)).await;
    let by_name = RegisteredConsumer::Name { stream_arn: arn.clone(), consumer_name: "billing".into() };
    let described = port.describe_stream_consumer(by_name).await.unwrap();
    assert_eq!(described.status, ConsumerStatus::Active);

    let page = port
        .list_shards(ListShards::First { stream_arn: arn, filter: ShardFilter::AtTrimHorizon })
        .await
        .unwrap();
    assert_eq!((page.shards.len(), page.next_token), (2, None));
    port.deregister_stream_consumer(&registered.consumer_arn).await.unwrap();
    let gone = RegisteredConsumer::Arn(registered.consumer_arn);
    assert_eq!(failure(port.describe_stream_consumer(gone).await), FailureClass::ResourceNotFound);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_reader_gets_a_new_record_at_once_and_idle_events_every_5_s() {
    let (local, port, consumer) = ready(Settings::default()).await;
    let mut source = open(&port, &consumer).await;
    let start = Instant::now();
    let idle = source.next_event().await.unwrap().unwrap();
    assert!(idle.records.is_empty());
    assert_eq!(start.elapsed(), Duration::from_secs(5));

    let reader = tokio::spawn(async move { source.next_event().await.unwrap().unwrap() });
    pass(Duration::from_secs(1)).await;
    let number = put(&local, "a");
    let event = reader.await.unwrap();
    assert_eq!(event.records.first().unwrap().sequence_number(), number);
    assert_eq!(start.elapsed(), Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_ends_cleanly_after_300_s() {
    let (_local, port, consumer) = ready(Settings::default()).await;
    let mut source = open(&port, &consumer).await;
    let start = Instant::now();
    let mut events = 0;
    while source.next_event().await.unwrap().is_some() {
        events += 1;
        assert!(events < 60, "it does not end");
    }
    assert_eq!((start.elapsed(), events), (Duration::from_secs(300), 59));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_loses_nothing() {
    let (local, port, consumer) = ready(Settings::default()).await;
    let mut source = open(&port, &consumer).await;
    for n in 0..3 {
        let waited = tokio::time::timeout(Duration::from_secs(1), source.next_event()).await;
        assert!(waited.is_err(), "{n}");
    }
    put(&local, "a");
    assert_eq!(source.next_event().await.unwrap().unwrap().records.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_size_is_told_if_set_so_and_is_that_of_the_next_event() {
    let (local, port, consumer) = ready(Settings { tell_event_size: true, ..Settings::default() }).await;
    put(&local, "a");
    let mut source = open(&port, &consumer).await;
    let size = source.next_size().await;
    put(&local, "came later");
    assert_eq!(source.next_size().await, size);
    let event = source.next_event().await.unwrap().unwrap();
    assert_eq!(size, Some(wire::event_message(&event).len()));
    assert_eq!(event.records.len(), 1);

    let (_local, port, consumer) = ready(Settings::default()).await;
    assert_eq!(open(&port, &consumer).await.next_size().await, None);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_source_hangs_up() {
    let (local, port, consumer) = ready(Settings::default()).await;
    let source = open(&port, &consumer).await;
    assert_eq!(local.statistics().open_subscriptions, 1);
    drop(source);
    assert_eq!(local.statistics().open_subscriptions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_take_over_reaches_the_reader_that_waits() {
    let (_local, port, consumer) = ready(Settings::default()).await;
    let mut first = open(&port, &consumer).await;
    let reader = tokio::spawn(async move {
        loop {
            if let Err(error) = first.next_event().await {
                return error.failure.class;
            }
        }
    });
    pass(Duration::from_secs(7)).await;
    let _second = open(&port, &consumer).await;
    assert_eq!(reader.await.unwrap(), FailureClass::ResourceInUse);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_classified_as_an_adapter_would() {
    let (local, port, consumer) = ready(Settings::default()).await;
    for (code, status, class) in [
        ("LimitExceededException", 400, FailureClass::Throttled),
        ("AccessDeniedException", 400, FailureClass::AccessDenied),
        ("KMSDisabledException", 400, FailureClass::KmsUnavailable),
        ("KMSThrottlingException", 400, FailureClass::Throttled),
        ("KMSAccessDeniedException", 400, FailureClass::AccessDenied),
        ("InternalFailure", 500, FailureClass::Unavailable),
        ("UnknownOperationException", 400, FailureClass::Unsupported),
        ("SomethingElse", 503, FailureClass::Unavailable),
        ("SomethingElse", 400, FailureClass::Unclassified),
    ] {
        let fault = Fault::refuse(Operation::SubscribeToShard, code, "said", status).times(1);
        local.faults().inject(fault);
        let refused = subscribe(&port, &consumer, StartingPosition::TrimHorizon).await;
        assert_eq!(failure(refused), class, "{code}");
    }
    let operation = Operation::DescribeStreamSummary;
    local.faults().inject(Fault::expired_credentials(operation));
    let stream = StreamReference::Name("orders".into());
    assert_eq!(failure(port.describe_stream_summary(&stream).await), FailureClass::Credentials);
    local.faults().clear();
    port.describe_stream_summary(&stream).await.unwrap();
    assert_eq!(local.statistics().calls_of(Operation::SubscribeToShard), 9, "refused calls count");
}

#[tokio::test(start_paused = true)]
async fn subscribe_answers_in_time_when_the_service_is_silent() {
    let (local, port, consumer) = ready(Settings::default()).await;
    let fault = Fault::silent(Operation::SubscribeToShard, None);
    local.faults().inject(fault.shard(SHARD).times(1));
    let start = Instant::now();
    let answer = subscribe(&port, &consumer, StartingPosition::TrimHorizon).await;
    assert_eq!(failure(answer), FailureClass::TimedOut);
    assert_eq!(start.elapsed(), SUBSCRIBE_TIMEOUT);

    let brief = Fault::silent(Operation::SubscribeToShard, Some(Duration::from_secs(2)));
    local.faults().inject(brief.times(1));
    open(&port, &consumer).await;
    assert_eq!(start.elapsed(), SUBSCRIBE_TIMEOUT + Duration::from_secs(2));
}

/// What a stream brings that goes wrong so behind its first event.
async fn behind_the_first(fault: StreamFault) -> Result<Option<SubscriptionEvent>, PortError> {
    let (local, port, consumer) = ready(Settings { event_max_records: 1, ..Settings::default() }).await;
    put(&local, "a");
    put(&local, "b");
    local.faults().inject(Fault::in_stream(1, fault));
    let mut source = open(&port, &consumer).await;
    source.next_event().await.unwrap().unwrap();
    source.next_event().await
}

#[tokio::test(start_paused = true)]
async fn streams_go_wrong_on_order() {
    for fault in [StreamFault::BrokenChecksum, StreamFault::TruncatedFrame, StreamFault::InvalidJson] {
        assert_eq!(failure(behind_the_first(fault).await), FailureClass::Malformed);
    }
    assert_eq!(behind_the_first(StreamFault::End).await.unwrap(), None);
    let exception = ServiceError::new("InternalFailureException", "said", 500);
    assert_eq!(failure(behind_the_first(StreamFault::Exception(exception)).await), FailureClass::Unavailable);
    let event = behind_the_first(StreamFault::EmptyContinuation).await;
    let event = event.unwrap().unwrap();
    assert_eq!((event.continuation, event.records.len()), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn silence_in_a_stream_lasts_as_long_as_ordered() {
    let (local, port, consumer) = ready(Settings::default()).await;
    let silence = StreamFault::Silence(Some(Duration::from_secs(40)));
    local.faults().inject(Fault::in_stream(0, silence));
    let mut source = open(&port, &consumer).await;
    let start = Instant::now();
    put(&local, "a");
    source.next_event().await.unwrap().unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(40));

    assert_eq!(local.faults().interrupt(Some(SHARD), &StreamFault::Silence(None)), 1);
    let hour = Duration::from_secs(3_600);
    assert!(tokio::time::timeout(hour, source.next_event()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_open_subscription_can_be_interrupted() {
    let (local, port, consumer) = ready(Settings::default()).await;
    let mut source = open(&port, &consumer).await;
    let reader = tokio::spawn(async move { source.next_event().await });
    pass(Duration::from_secs(1)).await;
    assert_eq!(local.faults().interrupt(Some("another"), &StreamFault::End), 0);
    assert_eq!(local.faults().interrupt(None, &StreamFault::End), 1);
    assert_eq!(reader.await.unwrap().unwrap(), None);
    assert_eq!(local.statistics().open_subscriptions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_silent_call_that_its_client_gives_up_is_in_the_log() {
    let (local, port, consumer) = ready(Settings::default()).await;
    local.faults().inject(Fault::silent(Operation::SubscribeToShard, Some(Duration::from_secs(3))));
    let short = subscribe(&port, &consumer, StartingPosition::TrimHorizon);
    assert!(tokio::time::timeout(Duration::from_secs(1), short).await.is_err());
    let calls = local.statistics().subscribe_calls_of(SHARD);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].refused.as_deref(), Some("no answer"));
    open(&port, &consumer).await;
    let calls = local.statistics().subscribe_calls_of(SHARD);
    assert_eq!(calls.len(), 2, "one that was answered is there once");
    assert_eq!(calls[1].refused, None);
}

use super::*;
use crate::model::{Records, ShardId};

const OTHER: &str = "shardId-000000000001";

/// A stream with two shards, its port and its ARN.
fn stream(settings: Settings) -> (LocalKinesis, KinesisPort, String) {
    let local = LocalKinesis::new(settings);
    local.create_stream("orders", 2).unwrap();
    let (port, stream_arn) = (local.port(), local.stream_arn("orders").unwrap());
    (local, port, stream_arn)
}

fn from(stream_arn: &str, shard_id: &str, starting_position: StartingPosition) -> GetShardIterator {
    let stream_arn = stream_arn.to_owned();
    GetShardIterator { stream_arn, shard_id: shard_id.into(), starting_position }
}

async fn iterator(port: &KinesisPort, stream_arn: &str, shard_id: &str) -> String {
    let request = from(stream_arn, shard_id, StartingPosition::TrimHorizon);
    port.get_shard_iterator(request).await.unwrap()
}

fn by(stream_arn: &str, shard_iterator: &str, limit: u16) -> GetRecords {
    GetRecords { stream_arn: stream_arn.to_owned(), shard_iterator: shard_iterator.to_owned(), limit }
}

async fn page(port: &KinesisPort, request: GetRecords) -> RecordsPage {
    port.get_records(request).await.map_err(|error| error.failure).unwrap().read().await.unwrap()
}

/// Puts a record into the first shard.
fn put_first(local: &LocalKinesis, data: impl Into<bytes::Bytes>) -> SequenceNumber {
    local.put_record("orders", "k", Some("0"), data).unwrap().sequence_number
}

fn numbers(records: &Records) -> Vec<SequenceNumber> {
    records.iter().map(|record| record.sequence_number()).collect()
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_until_the_shard_has_ended() {
    let (local, port, arn) = stream(Settings::default());
    let put: Vec<_> = (0..3).map(|n| put_first(&local, format!("{n}"))).collect();
    pass(Duration::from_millis(200)).await;

    let first = page(&port, by(&arn, &iterator(&port, &arn, SHARD).await, 2)).await;
    assert_eq!(numbers(&first.records), put[..2]);
    assert_eq!((first.millis_behind_latest, first.child_shards.len()), (200, 0));
    let second = page(&port, by(&arn, &first.next_iterator.unwrap(), 2)).await;
    assert_eq!((numbers(&second.records), second.millis_behind_latest), (put[2..].to_vec(), 0));

    local.split_shard_in_half("orders", SHARD).unwrap();
    let last = page(&port, by(&arn, &second.next_iterator.unwrap(), 2)).await;
    assert_eq!((last.records.len(), last.next_iterator), (0, None));
    let parents: Vec<_> = last.child_shards.into_iter().map(|child| child.parent_shards).collect();
    assert_eq!(parents, [[ShardId::from(SHARD)], [ShardId::from(SHARD)]]);
}

#[tokio::test(start_paused = true)]
async fn an_iterator_stands_where_its_position_says() {
    let (local, port, arn) = stream(Settings::default());
    let first = put_first(&local, "0");
    pass(Duration::from_secs(1)).await;
    let time = Timestamp::from(local.now());
    let second = put_first(&local, "1");
    for (position, expected) in [
        (StartingPosition::TrimHorizon, vec![first.clone(), second.clone()]),
        (StartingPosition::AtSequenceNumber(first.clone()), vec![first.clone(), second.clone()]),
        (StartingPosition::AfterSequenceNumber(first), vec![second.clone()]),
        (StartingPosition::AtTimestamp(time), vec![second]),
    ] {
        pass(Duration::from_secs(1)).await;
        let iterator = port.get_shard_iterator(from(&arn, SHARD, position.clone())).await.unwrap();
        let read = page(&port, by(&arn, &iterator, 10)).await;
        assert_eq!(numbers(&read.records), expected, "{position:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_size_of_a_page_is_told_if_set_so_and_is_that_of_its_json() {
    let (local, port, arn) = stream(Settings { tell_event_size: true, ..Settings::default() });
    put_first(&local, vec![7; 10_000]);
    let iterator = iterator(&port, &arn, SHARD).await;
    let source = port.get_records(by(&arn, &iterator, 10)).await.map_err(|error| error.failure).unwrap();
    let request = format!(r#"{{"ShardIterator":"{iterator}"}}"#);
    let json = local.call("GetRecords", request.as_bytes()).await.unwrap();
    assert_eq!(source.size(), Some(json.len()));
    assert_eq!(source.read().await.unwrap().weight(), 10_000 + 1 + 56 + 54);

    let (_local, port, arn) = stream(Settings::default());
    let iterator = self::iterator(&port, &arn, SHARD).await;
    let source = port.get_records(by(&arn, &iterator, 10)).await.map_err(|error| error.failure).unwrap();
    assert_eq!(source.size(), None);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_polling_are_classified_as_an_adapter_would() {
    let (local, port, arn) = stream(Settings::default());
    let iterator = iterator(&port, &arn, SHARD).await;
    for (request, class) in [
        (by(&arn, &iterator, 0), FailureClass::InvalidArgument),
        (by(&arn, &iterator, 10_001), FailureClass::InvalidArgument),
        (by(&arn, "no iterator", 1), FailureClass::InvalidArgument),
        (by(&format!("{arn}-2"), &iterator, 1), FailureClass::InvalidArgument),
    ] {
        assert_eq!(failure(port.get_records(request.clone()).await), class, "{request:?}");
    }
    for _ in 0..5 {
        page(&port, by(&arn, &iterator, 1)).await;
    }
    assert_eq!(failure(port.get_records(by(&arn, &iterator, 1)).await), FailureClass::Throttled);
    pass(Duration::from_secs(301)).await;
    assert_eq!(failure(port.get_records(by(&arn, &iterator, 1)).await), FailureClass::ExpiredIterator);
    let unknown = from(&arn, "shardId-000000000009", StartingPosition::TrimHorizon);
    assert_eq!(failure(port.get_shard_iterator(unknown).await), FailureClass::ResourceNotFound);
    local.delete_stream("orders").unwrap();
    let gone = from(&arn, SHARD, StartingPosition::TrimHorizon);
    assert_eq!(failure(port.get_shard_iterator(gone).await), FailureClass::ResourceNotFound);
}

#[tokio::test(start_paused = true)]
async fn polling_meets_faults_of_all_shards_and_of_its_own() {
    let (local, port, arn) = stream(Settings::default());
    let (first, other) = (iterator(&port, &arn, SHARD).await, iterator(&port, &arn, OTHER).await);
    let faults = local.faults();
    for (fault, class) in [
        (Fault::expired_iterator(), FailureClass::ExpiredIterator),
        (Fault::access_denied(Operation::GetRecords), FailureClass::AccessDenied),
        (Fault::expired_credentials(Operation::GetRecords), FailureClass::Credentials),
        (Fault::refuse(Operation::GetRecords, "InternalFailure", "said", 500), FailureClass::Unavailable),
        (
            Fault::refuse(Operation::GetRecords, "ProvisionedThroughputExceededException", "said", 400),
            FailureClass::Throttled,
        ),
    ] {
        faults.inject(fault.clone().times(1));
        assert_eq!(failure(port.get_records(by(&arn, &first, 1)).await), class);
        faults.inject(fault.shard(OTHER));
        page(&port, by(&arn, &first, 1)).await;
        assert_eq!(failure(port.get_records(by(&arn, &other, 1)).await), class, "it is of this shard");
        faults.clear();
        pass(Duration::from_secs(1)).await;
    }
    faults.inject(Fault::access_denied(Operation::GetShardIterator).shard(OTHER));
    iterator(&port, &arn, SHARD).await;
    let denied = port.get_shard_iterator(from(&arn, OTHER, StartingPosition::TrimHorizon)).await;
    assert_eq!(failure(denied), FailureClass::AccessDenied);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_not_answered_waits_for_as_long_as_its_caller_does() {
    let (local, port, arn) = stream(Settings::default());
    let iterator = iterator(&port, &arn, SHARD).await;
    let number = put_first(&local, "a");
    local.faults().inject(Fault::silent(Operation::GetRecords, None).times(1));
    let hour = Duration::from_secs(3_600);
    let waited = tokio::time::timeout(hour, port.get_records(by(&arn, &iterator, 1))).await;
    assert!(waited.is_err());

    let iterator = self::iterator(&port, &arn, SHARD).await;
    let brief = Fault::silent(Operation::GetRecords, Some(Duration::from_secs(2)));
    local.faults().inject(brief.times(1));
    let start = Instant::now();
    assert_eq!(numbers(&page(&port, by(&arn, &iterator, 1)).await.records), [number]);
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

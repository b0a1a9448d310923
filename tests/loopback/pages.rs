//! Pages over sockets are those of the port in this process.

use kinesis_fanout::kinesis::{GetRecords, GetShardIterator, KinesisPort};
use kinesis_fanout::model::{RecordsPage, StartingPosition};

use super::*;

/// The pages of the first shard, each as large as it may be, and what was told of their sizes.
async fn pages(port: &KinesisPort, stream_arn: &str) -> Vec<(Option<usize>, RecordsPage)> {
    let from = GetShardIterator {
        stream_arn: stream_arn.to_owned(),
        shard_id: "shardId-000000000000".into(),
        starting_position: StartingPosition::TrimHorizon,
    };
    let mut next = Some(port.get_shard_iterator(from).await.unwrap());
    let mut pages = Vec::new();
    while let Some(shard_iterator) = next {
        let request = GetRecords { stream_arn: stream_arn.to_owned(), shard_iterator, limit: 10_000 };
        let source = port.get_records(request).await.map_err(|error| error.failure).unwrap();
        let size = source.size();
        let page = source.read().await.unwrap();
        next = page.next_iterator.clone();
        pages.push((size, page));
    }
    pages
}

async fn are_the_same(server: &Server, client: &Client) {
    server.create_stream("orders", 1).unwrap();
    for number in 0..22 {
        let key = "k".repeat(1 + 8 * number);
        server.put_record("orders", &key, None, vec![number as u8; 500_000]).unwrap();
    }
    server.split_shard_in_half("orders", "shardId-000000000000").unwrap();
    let stream_arn = server.stream_arn("orders").unwrap();
    let ours = pages(&server.port(), &stream_arn).await;
    let over_sockets = pages(&KinesisPort::from(client), &stream_arn).await;
    assert_eq!(ours.len(), 2, "11 MB are more than a page");
    assert_eq!(ours.last().unwrap().1.child_shards.len(), 2);
    for ((size, ours), (told, theirs)) in ours.iter().zip(&over_sockets) {
        // Iterators tell when they were given, and time goes on.
        let length = |page: &RecordsPage| page.next_iterator.as_ref().map(String::len);
        assert_eq!(length(ours), length(theirs));
        let rest = |size: Option<usize>, page: &RecordsPage| {
            size.expect("a size") - page.millis_behind_latest.to_string().len()
        };
        assert_eq!(rest(*size, ours), rest(*told, theirs));
        let theirs = RecordsPage { next_iterator: ours.next_iterator.clone(), ..theirs.clone() };
        let theirs = RecordsPage { millis_behind_latest: ours.millis_behind_latest, ..theirs };
        assert!(*ours == theirs, "{} records and {}", ours.records.len(), theirs.records.len());
    }
    assert_eq!(over_sockets.len(), ours.len());
}

/// All that a call limits would make a test wait.
fn unlimited() -> Settings {
    Settings { tell_event_size: true, limit_calls: false, limit_reads: false, ..settings() }
}

#[tokio::test]
async fn pages_over_http1_are_those_of_the_port() {
    let server = LocalKinesis::start(unlimited()).await.unwrap();
    are_the_same(&server, &Client::from_conf(config(&server).build())).await;
}

#[tokio::test]
async fn pages_over_http2_under_tls_are_those_of_the_port() {
    let server = LocalKinesis::start_tls(unlimited()).await.unwrap();
    are_the_same(&server, &trusting_client(&server)).await;
}

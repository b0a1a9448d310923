//! `probe_aws` against the emulator: what it measures is what was set.

#[path = "../../examples/probe_aws/probe/mod.rs"]
mod probe;

use std::time::Duration;

use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::{Client, Config};
use kinesis_fanout::emulator::{
    Continuation, Fault, LocalKinesis, Operation, RefusalForm, SequenceNumberForm, Server, Settings,
    ShardEnd, SlotAfterHangUp,
};
use kinesis_fanout::model::EncryptionType;
use serde_json::{Map, Value};

use probe::Probe;

/// What the probe tells, of whatever Kinesis.
const KEYS: [&str; 20] = [
    "consumer_creation_time_ms",
    "consumer_deletion_time_ms",
    "continuation",
    "encryption",
    "event_max_bytes",
    "event_max_records",
    "idle_event_interval_ms",
    "list_shards_lag_ms",
    "max_concurrent_streams",
    "refusal",
    "refuse_foreign_sequence_number",
    "refuse_future_timestamp",
    "reshard_time_ms",
    "sequence_numbers",
    "shard_end",
    "shard_end_with_records",
    "slot_after_hang_up",
    "stream_creation_time_ms",
    "stream_deletion_time_ms",
    "take_over_after_ms",
];

const ACCOUNT: &str = "123456789012";

/// What the probe rounds times to, in milliseconds. It may be off by as much, or by the bounds that it gives itself.
const ROUNDING: f64 = 100.0;

async fn server(settings: Settings) -> (Server, Probe) {
    let server = LocalKinesis::start(settings).await.unwrap();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(server.endpoint_url())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .build();
    let probe = Probe::new(Client::from_conf(config), Some(server.endpoint_url()), "probed", |_| {});
    (server, probe)
}

/// Runs the probe against these settings and holds what it tells against them.
async fn measures(settings: Settings) {
    let settings = Settings { account: ACCOUNT.into(), ..settings };
    let (server, mut probe) = server(settings.clone()).await;
    probe.create().await.unwrap();
    probe.measure().await.unwrap();
    probe.clean_up().await.unwrap();
    assert!(server.list_shards("probed").is_err(), "the stream is left");

    let file = probe.report().to_json();
    assert_eq!(probe.report().failed(), [""; 0], "{file}");
    for secret in ["arn:", "probed", ACCOUNT] {
        assert!(!file.contains(secret), "{secret} in {file}");
    }
    let measured: Value = serde_json::from_str(&file).unwrap();
    let keys: Vec<&String> = measured["settings"].as_object().unwrap().keys().collect();
    assert_eq!(keys, KEYS, "{file}");
    measures_polling(&settings, &measured["measured"]["polling"]);
    let loaded = written(&Settings::from_json(&file).unwrap());
    let set = written(&settings);
    for key in KEYS {
        match measured["measured"]["times"].get(key) {
            Some(bounds) => {
                let off = loaded[key].as_u64().unwrap().abs_diff(set[key].as_u64().unwrap()) as f64;
                let bound = |name| bounds[name].as_f64().unwrap();
                assert!(
                    off <= ROUNDING.max(bound("at_most_ms") - bound("above_ms")),
                    "{key} for {set:?}: {file}"
                );
            }
            None => assert_eq!(loaded[key], set[key], "{key}: {file}"),
        }
    }
}

fn measures_polling(settings: &Settings, polling: &Value) {
    let iterators = &polling["iterators"];
    assert_eq!(iterators["after_a_continuation"], "let in");
    assert_eq!(iterators["at_a_future_timestamp"]["code"], "InvalidArgumentException");
    let foreign = &iterators["after_a_number_of_another_shard"];
    assert_eq!(foreign.is_object(), settings.refuse_foreign_sequence_number, "{foreign}");
    assert_eq!(polling["page"]["records"], 2_500);
    let length: usize = polling["page"]["headers"]["content-length"].as_str().unwrap().parse().unwrap();
    assert!(length > 2_500 * 100, "{length}");
    let too_often = &polling["too_often"];
    match settings.limit_calls {
        true => assert_eq!(too_often["refusal"]["code"], "ProvisionedThroughputExceededException"),
        false => assert_eq!(too_often["after_calls"], Value::Null),
    }
}

fn written(settings: &Settings) -> Map<String, Value> {
    serde_json::from_str(&settings.to_json()).unwrap()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test]
async fn it_measures_what_was_set() {
    // Most of the time is waiting, so all at once.
    tokio::join!(
        measures(defaults_made_short()),
        measures(another_reading()),
        measures(refusals_in_stream())
    );
}

#[tokio::test]
async fn a_stream_that_is_there_already_is_not_touched() {
    let (server, mut probe) = server(Settings::default()).await;
    server.create_stream("probed", 1).unwrap();
    assert!(probe.create().await.unwrap_err().to_string().contains("already"));
    probe.clean_up().await.unwrap();
    assert_eq!(server.list_shards("probed").unwrap().len(), 1);
    assert_eq!(server.statistics().calls_of(Operation::DeleteStream), 0);
}

#[tokio::test]
async fn what_was_made_is_removed_after_an_error() {
    let (server, mut probe) = server(Settings::default()).await;
    let fault = Fault::refuse(Operation::RegisterStreamConsumer, "LimitExceededException", "no", 400);
    server.faults().inject(fault);
    probe.create().await.unwrap();
    assert!(probe.measure().await.is_err());
    probe.clean_up().await.unwrap();
    assert!(server.list_shards("probed").is_err());
}

#[tokio::test]
async fn what_was_made_is_removed_when_it_is_interrupted() {
    let (server, mut probe) = server(Settings::default()).await;
    probe.create().await.unwrap();
    let is_subscribed = async {
        while server.statistics().subscriptions == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = probe.measure() => panic!("it was not interrupted"),
        () = is_subscribed => {}
    }
    probe.clean_up().await.unwrap();
    assert!(server.list_shards("probed").is_err());
}

/// The defaults, with shorter times.
fn defaults_made_short() -> Settings {
    Settings {
        idle_event_interval: millis(300),
        take_over_after: millis(1_000),
        limit_calls: false,
        pace: None,
        ..Settings::default()
    }
}

/// Another reading of everything, at one call of SubscribeToShard a second.
fn another_reading() -> Settings {
    Settings {
        idle_event_interval: millis(200),
        take_over_after: millis(1_700),
        consumer_creation_time: millis(200),
        consumer_deletion_time: millis(300),
        stream_creation_time: millis(400),
        stream_deletion_time: millis(500),
        reshard_time: millis(700),
        list_shards_lag: millis(400),
        event_max_records: 40,
        event_max_bytes: 65_536,
        continuation: Continuation::NeverARecord,
        shard_end: ShardEnd::KeptContinuation,
        shard_end_with_records: true,
        refusal: RefusalForm::Http500,
        slot_after_hang_up: SlotAfterHangUp::AtOnce,
        refuse_future_timestamp: false,
        refuse_foreign_sequence_number: false,
        sequence_numbers: SequenceNumberForm::Padded30,
        encryption: Some(EncryptionType::Kms),
        max_concurrent_streams: 5,
        pace: None,
        ..Settings::default()
    }
}

/// Refusals inside the stream, and a place that is free three seconds after its connection was closed.
fn refusals_in_stream() -> Settings {
    Settings {
        idle_event_interval: millis(500),
        take_over_after: millis(3_300),
        consumer_creation_time: millis(0),
        event_max_records: 1_000,
        event_max_bytes: 409_600,
        refusal: RefusalForm::InStream,
        slot_after_hang_up: SlotAfterHangUp::AfterThreeSeconds,
        encryption: Some(EncryptionType::None),
        limit_calls: false,
        pace: None,
        ..Settings::default()
    }
}

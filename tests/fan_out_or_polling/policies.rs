//! The policies, held against what the consumer calls: nothing that it calls is missing, and nothing is there for show.

use std::collections::BTreeSet;

use futures::StreamExt;
use kinesis_fanout::Consumer;
use kinesis_fanout::consumer::ConsumerBuilder;
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings};

use crate::{PAGE, STREAM, fan_out};

const README: &str = include_str!("../../README.md");

type Actions = BTreeSet<String>;

/// The actions of each policy of a page, in its order.
fn policies(page: &str) -> Vec<Actions> {
    let blocks = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| actions(&serde_json::from_str(block).unwrap())).collect()
}

/// Each of them is for the stream, and those of a consumer are for both.
fn actions(policy: &serde_json::Value) -> Actions {
    assert_eq!(policy["Version"], "2012-10-17");
    let mut all = Actions::new();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow");
        let resource = statement["Resource"].to_string();
        assert!(resource.contains("arn:aws:kinesis:REGION:ACCOUNT:stream/STREAM\""), "{resource}");
        for action in statement["Action"].as_array().unwrap() {
            let operation = action.as_str().unwrap().strip_prefix("kinesis:").unwrap();
            let is_of_consumer = OF_A_CONSUMER.contains(&operation);
            assert_eq!(
                resource.contains("/consumer/CONSUMER:*\""),
                is_of_consumer,
                "{operation}: {resource}"
            );
            assert!(all.insert(operation.into()), "{operation} twice");
        }
    }
    all
}

/// What a consumer calls until it has given a record and been shut down.
async fn called(kinesis: &LocalKinesis, consumer: ConsumerBuilder) -> Actions {
    let before = kinesis.statistics();
    let consumer = consumer.build().await.unwrap();
    let handle = consumer.handle();
    let mut records = consumer.into_stream();
    records.next().await.unwrap().unwrap();
    handle.shutdown().await.unwrap();
    let after = kinesis.statistics();
    let is_called = |operation: &Operation| after.calls_of(*operation) > before.calls_of(*operation);
    Operation::ALL.into_iter().filter(is_called).map(|operation| format!("{operation:?}")).collect()
}

fn kinesis() -> LocalKinesis {
    let kinesis = LocalKinesis::new(Settings::default());
    kinesis.create_stream(STREAM, 2).unwrap();
    kinesis.put_record(STREAM, "key", None, "first").unwrap();
    kinesis
}

fn without(actions: &Actions, left_out: &[&str]) -> Actions {
    actions.iter().filter(|action| !left_out.contains(&action.as_str())).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn fan_out_alone_calls_what_its_policy_allows() {
    let [_, fan_out_alone, _] = &policies(PAGE)[..] else { panic!("another number of policies") };
    let kinesis = kinesis();
    called(&kinesis, fan_out(&kinesis)).await;
    assert_eq!(&called(&kinesis, fan_out(&kinesis)).await, fan_out_alone);
}

#[tokio::test(start_paused = true)]
async fn polling_alone_calls_what_its_policy_allows() {
    let [polling, ..] = &policies(PAGE)[..] else { panic!("another number of policies") };
    let kinesis = kinesis();
    assert_eq!(&called(&kinesis, Consumer::builder(&kinesis, STREAM).polling()).await, polling);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_registers_and_deregisters_calls_what_its_policy_allows() {
    let [.., everything] = &policies(PAGE)[..] else { panic!("another number of policies") };
    let [readme] = &policies(README)[..] else { panic!("another number of policies") };
    let kinesis = kinesis();
    let called = called(&kinesis, fan_out(&kinesis).deregister_on_shutdown(true)).await;
    assert_eq!(called, without(everything, POLLED));
    assert_eq!(&called, readme);
}

#[tokio::test(start_paused = true)]
async fn the_fallback_calls_what_its_policy_allows() {
    let [polling, _, everything] = &policies(PAGE)[..] else { panic!("another number of policies") };
    let kinesis = kinesis();
    kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard).times(4));
    let called = called(&kinesis, fan_out(&kinesis).deregister_on_shutdown(true)).await;
    assert_eq!(&called, everything);
    assert!(polling.is_subset(everything));
}

/// Checked against the registered consumer as well as its stream.
const OF_A_CONSUMER: &[&str] = &["DescribeStreamConsumer", "SubscribeToShard", "DeregisterStreamConsumer"];
/// What only the fallback calls.
const POLLED: &[&str] = &["GetShardIterator", "GetRecords"];

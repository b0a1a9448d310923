//! The calls of an hour, and the times of a change, in virtual time.

use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::time::Duration;

use futures::StreamExt;
use kinesis_fanout::Consumer;
use kinesis_fanout::consumer::{ConsumerBuilder, ConsumerEvent, DeliveryMode, Events};
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings};

use crate::{PAGE, STREAM, fan_out};

const HOUR: Duration = Duration::from_secs(3600);

fn kinesis(settings: Settings) -> LocalKinesis {
    let kinesis = LocalKinesis::new(settings);
    kinesis.create_stream(STREAM, 1).unwrap();
    kinesis
}

fn polling(kinesis: &LocalKinesis) -> ConsumerBuilder {
    Consumer::builder(kinesis, STREAM).polling()
}

/// Reads for an hour, whatever comes.
async fn read_for_an_hour(consumer: ConsumerBuilder) {
    let mut records = consumer.build().await.unwrap().into_stream();
    let reading = async {
        while let Some(record) = records.next().await {
            record.unwrap();
        }
    };
    assert!(tokio::time::timeout(HOUR, reading).await.is_err(), "the stream has ended");
}

fn assert_calls(kinesis: &LocalKinesis, operation: Operation, expected: RangeInclusive<u64>) {
    let calls = kinesis.statistics().calls_of(operation);
    assert!(expected.contains(&calls), "{calls} calls of {operation}");
}

fn assert_page_says(figure: &str) {
    assert!(PAGE.contains(figure), "the page does not say {figure:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_is_caught_up() {
    let kinesis = kinesis(Settings::default());
    read_for_an_hour(polling(&kinesis)).await;
    assert_page_says("GetRecords, caught up | up to 3,600 a shard");
    assert_page_says("GetShardIterator | 1 a shard");
    assert_calls(&kinesis, Operation::GetRecords, 3500..=3601);
    assert_calls(&kinesis, Operation::GetShardIterator, 1..=1);
}

/// Put at all phases of the interval, a record waits for the next poll.
#[tokio::test(start_paused = true)]
async fn the_wait_of_a_record_for_its_poll() {
    let kinesis = kinesis(Settings::default());
    let mut records = polling(&kinesis).build().await.unwrap().into_stream();
    let mut moments = tokio::time::interval(Duration::from_millis(7370));
    let mut waits = Vec::new();
    for _ in 0..200 {
        tokio::select! {
            _ = moments.tick() => {}
            record = records.next() => panic!("{record:?} was not put"),
        }
        let put_at = kinesis.now();
        kinesis.put_record(STREAM, "key", None, "a").unwrap();
        records.next().await.unwrap().unwrap();
        waits.push(kinesis.now().duration_since(put_at).unwrap());
    }
    assert_page_says("a record waits for half of it on average and for all of it at worst");
    let mean = waits.iter().sum::<Duration>() / 200;
    assert!((400..600).contains(&mean.as_millis()), "{mean:?}");
    assert!(waits.iter().max().unwrap() <= &Duration::from_millis(1001), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_is_behind() {
    let kinesis = kinesis(Settings::default());
    for number in 0..20_000 {
        kinesis.put_record(STREAM, "key", None, format!("{number}")).unwrap();
    }
    read_for_an_hour(polling(&kinesis).poll_limit(NonZeroU16::MIN)).await;
    assert_page_says("GetRecords, behind | up to 17,560 a shard");
    assert_calls(&kinesis, Operation::GetRecords, 17_400..=17_562);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_denied() {
    let kinesis = kinesis(Settings::default());
    kinesis.faults().inject(Fault::access_denied(Operation::SubscribeToShard));
    read_for_an_hour(fan_out(&kinesis)).await;
    assert_page_says("SubscribeToShard | 12 a shard");
    assert_calls(&kinesis, Operation::SubscribeToShard, 11..=14);
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_denied() {
    let kinesis = kinesis(Settings::default());
    kinesis.faults().inject(Fault::access_denied(Operation::RegisterStreamConsumer));
    read_for_an_hour(fan_out(&kinesis)).await;
    assert_page_says("DescribeStreamConsumer and RegisterStreamConsumer | 12 of each");
    assert_calls(&kinesis, Operation::DescribeStreamConsumer, 11..=14);
    assert_calls(&kinesis, Operation::RegisterStreamConsumer, 11..=14);
    assert_calls(&kinesis, Operation::SubscribeToShard, 0..=0);
}

#[tokio::test(start_paused = true)]
async fn a_registration_over_the_limit() {
    let kinesis = kinesis(Settings { max_consumers: 0, ..Settings::default() });
    read_for_an_hour(fan_out(&kinesis)).await;
    assert_page_says("at a limit about 240 of each");
    assert_calls(&kinesis, Operation::DescribeStreamConsumer, 210..=280);
    assert_calls(&kinesis, Operation::RegisterStreamConsumer, 210..=280);
}

/// Waits for the change, and tells how long that took.
async fn change(kinesis: &LocalKinesis, events: &mut Events, to: DeliveryMode) -> Duration {
    let began = kinesis.now();
    loop {
        let event = tokio::time::timeout(HOUR, events.next()).await.unwrap().unwrap();
        if matches!(event, ConsumerEvent::DeliveryChanged { to: reader, .. } if reader == to) {
            return kinesis.now().duration_since(began).unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn to_polling_and_back() {
    let kinesis = kinesis(Settings::default());
    let failure = Fault::refuse(Operation::SubscribeToShard, "InternalFailureException", "no", 500);
    kinesis.faults().inject(failure);
    let consumer = fan_out(&kinesis).build().await.unwrap();
    let mut events = consumer.handle().events();
    let reading = tokio::spawn(consumer.into_stream().for_each(|record| async { drop(record.unwrap()) }));
    let fell_back = change(&kinesis, &mut events, DeliveryMode::Polling).await;
    assert_page_says("`after` (1 minute)");
    assert!((60..62).contains(&fell_back.as_secs()), "{fell_back:?}");
    kinesis.faults().clear();
    let came_back = change(&kinesis, &mut events, DeliveryMode::FanOut).await;
    assert_page_says("up to `probe_every` (5 minutes) and 10 %");
    assert!((270..340).contains(&came_back.as_secs()), "{came_back:?}");
    reading.abort();
}

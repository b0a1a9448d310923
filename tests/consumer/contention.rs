use std::time::Duration;

use kinesis_fanout::RecordStream;
use kinesis_fanout::consumer::{ConsumerEvent, Events};
use kinesis_fanout::emulator::{LocalKinesis, Settings};

use crate::world::*;

/// One of several users of one registered consumer.
struct User {
    events: Events,
    records: RecordStream,
    taken: Vec<String>,
    contended: usize,
}

impl User {
    async fn start(kinesis: &LocalKinesis, seed: u64) -> Self {
        let consumer = consumer(kinesis).seed(seed).build().await.unwrap();
        Self {
            events: consumer.handle().events(),
            records: consumer.into_stream(),
            taken: Vec::new(),
            contended: 0,
        }
    }

    async fn read_for(&mut self, time: Duration) {
        let taken = take_for(&mut self.records, time).await;
        self.taken.extend(texts(&taken));
        let contended = |event: &&ConsumerEvent| matches!(event, ConsumerEvent::Contended { .. });
        self.contended += so_far(&mut self.events).iter().filter(contended).count();
    }
}

/// Two users of one registered consumer, for an hour in which a record comes every ten seconds.
async fn share_for_an_hour(shards: usize, settings: Settings) {
    let kinesis = kinesis(settings, shards);
    let mut first = User::start(&kinesis, 1).await;
    pass(Duration::from_secs(3)).await;
    let mut second = User::start(&kinesis, 2).await;
    let mut put_so_far = Vec::new();
    for round in 0..360 {
        let texts = numbered(&format!("round-{round}"), 1);
        put(&kinesis, texts.clone());
        put_so_far.extend(texts);
        let time = Duration::from_secs(10);
        tokio::join!(first.read_for(time), second.read_for(time));
    }
    let in_the_hour = kinesis.statistics().subscribe_calls.len();
    let time = Duration::from_secs(300);
    tokio::join!(first.read_for(time), second.read_for(time));
    for user in [first, second] {
        assert!(user.contended >= 20 * shards, "seen {} times", user.contended);
        // Each gets its records in bursts, and all of them, once.
        assert_eq!(sorted(user.taken), sorted(put_so_far.clone()));
    }
    // A take-over a minute in the end, a few more at first.
    let calls = in_the_hour / shards;
    assert!((45..=75).contains(&calls), "{calls} calls for each shard");
}

#[tokio::test(start_paused = true)]
async fn decision_07_the_first_shard_that_is_lost_is_told_at_once_and_taken_back_after_ten_seconds() {
    let kinesis = kinesis(Settings::default(), 1);
    let mut first = User::start(&kinesis, 1).await;
    first.read_for(Duration::from_secs(20)).await;
    let _second = User::start(&kinesis, 2).await;
    first.read_for(Duration::from_secs(2)).await;
    assert_eq!(first.contended, 1);
    first.read_for(Duration::from_secs(30)).await;
    let times: Vec<_> = subscribes(&kinesis).iter().map(|call| call.at.as_millis()).collect();
    let taken_back = times[2] - times[1];
    assert!((10_000..=12_500).contains(&taken_back), "{taken_back} ms");
}

#[tokio::test(start_paused = true)]
async fn decision_07_two_users_of_one_registered_consumer_alternate_and_both_are_told() {
    share_for_an_hour(1, Settings::default()).await;
}

#[tokio::test(start_paused = true)]
async fn decision_07_two_users_alternate_on_each_of_several_shards() {
    share_for_an_hour(5, Settings::default()).await;
}

#[tokio::test(start_paused = true)]
async fn decision_07_two_users_alternate_where_refusals_come_in_the_stream() {
    let settings =
        Settings { refusal: kinesis_fanout::emulator::RefusalForm::InStream, ..Settings::default() };
    share_for_an_hour(2, settings).await;
}

#[tokio::test(start_paused = true)]
async fn decision_07_a_user_alone_again_is_left_in_peace() {
    let kinesis = kinesis(Settings::default(), 2);
    let mut first = User::start(&kinesis, 1).await;
    let mut second = User::start(&kinesis, 2).await;
    let time = Duration::from_secs(600);
    tokio::join!(first.read_for(time), second.read_for(time));
    drop(second);
    first.read_for(Duration::from_secs(120)).await;
    let calls = kinesis.statistics().subscribe_calls.len();
    first.contended = 0;
    first.read_for(Duration::from_secs(3600)).await;
    assert_eq!(first.contended, 0);
    let calls = kinesis.statistics().subscribe_calls.len() - calls;
    assert!(calls <= 26, "renewals only: {calls}");
}

use std::time::Duration;

use kinesis_fanout::consumer::{ConsumerEvent, EndCause};
use kinesis_fanout::emulator::{
    Fault, Operation, RefusalForm, ServiceError, Settings, SlotAfterHangUp, StreamFault,
};

use crate::world::*;

fn stream_faults() -> Vec<StreamFault> {
    let exception = |code: &'static str| StreamFault::Exception(ServiceError::new(code, "on order", 400));
    vec![
        StreamFault::End,
        StreamFault::BrokenChecksum,
        StreamFault::TruncatedFrame,
        StreamFault::InvalidJson,
        StreamFault::EmptyContinuation,
        StreamFault::Silence(None),
        StreamFault::Silence(Some(Duration::from_secs(20))),
        exception("ResourceInUseException"),
        exception("ResourceNotFoundException"),
        exception("LimitExceededException"),
        exception("ExpiredTokenException"),
        exception("KMSThrottlingException"),
        exception("KMSDisabledException"),
        exception("KMSAccessDeniedException"),
        exception("InternalFailureException"),
        exception("SomethingNewException"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_breaks_in_whatever_way_loses_nothing_and_doubles_nothing() {
    for fault in stream_faults() {
        let kinesis = kinesis(Settings { event_max_records: 3, ..Settings::default() }, 1);
        let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
        let (mut taken, mut expected) = (Vec::new(), Vec::new());
        let mut broken = 0;
        for round in 0..20 {
            // In some rounds the fault comes amid the records, in others on the idle shard.
            if round % 3 == 0 {
                broken += kinesis.faults().interrupt(None, &fault);
            }
            for text in numbered(&format!("round-{round}"), 10) {
                put_data(&kinesis, text.clone());
                expected.push(text);
            }
            if round % 3 == 1 {
                broken += kinesis.faults().interrupt(None, &fault);
            }
            taken.extend(take_for(&mut records, Duration::from_secs(7)).await);
        }
        taken.extend(take_for(&mut records, Duration::from_secs(200)).await);
        assert_eq!(texts(&taken), expected, "{fault:?}");
        let calls = subscribes(&kinesis).len();
        assert!(broken >= 3, "{fault:?}");
        assert!(calls <= 1 + 5 * broken, "{fault:?}: {calls} calls for {broken}");
        assert!(calls_of(&kinesis, Operation::ListShards) <= 14 + broken as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_every_subscription_breaks_is_not_called_in_a_frenzy_and_loses_nothing() {
    // A key that may not be used is an error after a minute.
    let ends_it = |fault: &StreamFault| {
        let text = format!("{fault:?}");
        text.contains("KMSDisabled") || text.contains("KMSAccessDenied")
    };
    for fault in stream_faults().into_iter().filter(|fault| !ends_it(fault)) {
        let kinesis = kinesis(Settings::default(), 1);
        kinesis.faults().inject(Fault::in_stream(0, fault.clone()));
        let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
        for text in numbered("record", 5) {
            put_data(&kinesis, text);
        }
        let mut taken = take_for(&mut records, Duration::from_secs(1800)).await;
        let calls = subscribes(&kinesis).len();
        // One that is in use is tried every 3 s on average, others less and less often.
        assert!((5..=700).contains(&calls), "{fault:?}: {calls} calls");
        assert!(calls_of(&kinesis, Operation::ListShards) <= 70 + calls as u64);
        kinesis.faults().clear();
        taken.extend(take_for(&mut records, Duration::from_secs(120)).await);
        assert_eq!(texts(&taken), numbered("record", 5), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_refused_in_whatever_form_is_tried_until_it_is_let_in() {
    for refusal in [RefusalForm::Http400, RefusalForm::Http500, RefusalForm::InStream] {
        for slot_after_hang_up in
            [SlotAfterHangUp::AtOnce, SlotAfterHangUp::AfterThreeSeconds, SlotAfterHangUp::Not]
        {
            let kinesis = kinesis(Settings { refusal, slot_after_hang_up, ..Settings::default() }, 1);
            let consumer = consumer(&kinesis).build().await.unwrap();
            let mut events = consumer.handle().events();
            let mut records = consumer.into_stream();
            let (mut taken, mut expected) = (Vec::new(), Vec::new());
            for text in numbered("record", 10) {
                put_data(&kinesis, text.clone());
                taken.extend(take_for(&mut records, Duration::from_secs(2)).await);
                kinesis.faults().interrupt(None, &StreamFault::End);
                expected.push(text);
            }
            taken.extend(take_for(&mut records, Duration::from_secs(30)).await);
            assert_eq!(texts(&taken), expected);
            let calls = subscribes(&kinesis);
            let refused = calls.iter().filter(|call| call.refused.is_some()).count();
            assert!(calls.len() <= 30, "{} calls", calls.len());
            assert_eq!(refused > 0, slot_after_hang_up != SlotAfterHangUp::AtOnce);
            let events = so_far(&mut events);
            let in_use = events.iter().filter(|event| {
                let cause = EndCause::InUse;
                matches!(event, ConsumerEvent::SubscriptionEnded { cause: c, .. } if *c == cause)
            });
            assert_eq!(in_use.count(), refused);
            let contended = |event: &ConsumerEvent| matches!(event, ConsumerEvent::Contended { .. });
            assert!(!events.iter().any(contended), "nobody else is there");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn decision_08_a_silent_subscription_is_noticed_within_36_seconds_and_mended() {
    let kinesis = kinesis(Settings::default(), 2);
    let consumer = consumer(&kinesis).build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    take_for(&mut records, Duration::from_secs(12)).await;
    so_far(&mut events);
    let silence = StreamFault::Silence(None);
    assert_eq!(kinesis.faults().interrupt(Some(SHARD), &silence), 1);
    put_data(&kinesis, "unheard");
    let began = kinesis.now();
    let taken = take(&mut records, 1).await;
    assert_eq!(texts(&taken), ["unheard"]);
    let waited = kinesis.now().duration_since(began).unwrap();
    let bound = Duration::from_secs(30)..Duration::from_millis(37_500);
    assert!(bound.contains(&waited), "{waited:?}");
    let silent: Vec<_> = so_far(&mut events)
        .into_iter()
        .filter(|event| matches!(event, ConsumerEvent::Silent { .. }))
        .collect();
    assert_eq!(silent.len(), 1, "{silent:?}");
    assert_eq!(subscribes(&kinesis).len(), 2);
    // Silence before the first event, and before the headers, are noticed too.
    for fault in [Fault::in_stream(0, silence), Fault::silent(Operation::SubscribeToShard, None)] {
        kinesis.faults().inject(fault.shard(SHARD).times(1));
        kinesis.faults().interrupt(Some(SHARD), &StreamFault::End);
        put_data(&kinesis, "later");
        let began = kinesis.now();
        assert_eq!(texts(&take(&mut records, 1).await), ["later"]);
        assert!(kinesis.now().duration_since(began).unwrap() < Duration::from_secs(60));
    }
}

#[tokio::test(start_paused = true)]
async fn decision_08_a_user_who_does_not_poll_raises_no_alarm() {
    let kinesis = kinesis(Settings::default(), 2);
    let consumer =
        consumer(&kinesis).memory_budget(std::num::NonZeroUsize::new(2_000).unwrap()).build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    for second in 0..900 {
        put(&kinesis, numbered(&format!("second-{second}"), 2));
        pass(Duration::from_secs(1)).await;
    }
    let is_alarm = |event: &ConsumerEvent| matches!(event, ConsumerEvent::Silent { .. });
    assert!(!so_far(&mut events).iter().any(is_alarm));
    assert_eq!(take(&mut records, 1800).await.len(), 1800);
    assert!(take_for(&mut records, Duration::from_secs(60)).await.is_empty());
    assert!(!so_far(&mut events).iter().any(is_alarm));
}

#[tokio::test(start_paused = true)]
async fn decision_13_a_failure_is_answered_by_one_call_after_another_and_none_is_hidden() {
    let kinesis = kinesis(Settings::default(), 1);
    let down = Fault::refuse(Operation::SubscribeToShard, "InternalFailureException", "down", 500);
    kinesis.faults().inject(down);
    let consumer = consumer(&kinesis).build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    put_data(&kinesis, "record");
    assert!(take_for(&mut records, Duration::from_secs(3600)).await.is_empty());
    let calls = subscribes(&kinesis);
    let ended = so_far(&mut events)
        .iter()
        .filter(|event| matches!(event, ConsumerEvent::SubscriptionEnded { .. }))
        .count();
    assert_eq!(ended, calls.len(), "every call is seen in the events");
    // Full jitter up to 30 s: 15 s on average.
    assert!((150..400).contains(&calls.len()), "{} calls", calls.len());
    let apart = calls.windows(2).map(|pair| pair[1].at.as_millis() - pair[0].at.as_millis());
    assert!(apart.min().unwrap() >= 1_000);
    kinesis.faults().clear();
    assert_eq!(texts(&take(&mut records, 1).await), ["record"]);
}

#[tokio::test(start_paused = true)]
async fn decision_01_events_in_hand_are_delivered_though_their_subscription_is_gone() {
    for fault in stream_faults() {
        let kinesis = kinesis(Settings { event_max_records: 1, ..obliging() }, 1);
        let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
        for text in numbered("record", 10) {
            put_data(&kinesis, text);
        }
        // All are in hand, and nobody has polled for them, when the subscription breaks.
        pass(Duration::from_secs(2)).await;
        assert_eq!(kinesis.statistics().records, 10);
        let began = kinesis.now();
        kinesis.faults().interrupt(None, &fault);
        let taken = take(&mut records, 10).await;
        assert_eq!(texts(&taken), numbered("record", 10), "{fault:?}");
        assert_eq!(kinesis.now(), began, "at once");
        assert!(take_for(&mut records, Duration::from_secs(120)).await.is_empty());
        assert_eq!(kinesis.statistics().records, 10, "none was asked for again");
    }
}

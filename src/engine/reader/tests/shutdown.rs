use super::scenario::Scenario;
use super::states::MODES;
use super::values::event;
use crate::engine::reader::DeliveryMode::{FanOut, Polling};
use crate::engine::reader::Input;
use crate::engine::subscription;

#[test]
fn shutdown_ends_every_mode_and_gives_up_what_is_under_way() {
    for (name, build) in MODES {
        let mut s = build();
        let mut expected = Vec::new();
        expected.extend(s.fan_out.alive.map(|call| format!("close #{}", call.0)));
        expected.extend(s.polling.alive.map(|call| format!("close polling #{}", call.0)));
        assert_eq!(s.shutdown(), expected, "{name}");
        assert_eq!(s.due(), None, "{name}");
        s.wait_secs(600);
        for input in
            [Input::Timeout, Input::ConsumerUnavailable, Input::ConsumerActive { consumer_arn: "b".into() }]
        {
            assert_eq!(s.handle(input), [""; 0], "{name}");
        }
        assert_eq!((s.room(FanOut).len(), s.room(Polling).len(), s.shutdown().len()), (0, 0, 0), "{name}");
    }
}

#[test]
fn a_late_success_after_the_shutdown_is_closed() {
    let mut s = Scenario::fan_out();
    let (call, sent_at) = (s.fan_out.call(), s.now);
    assert_eq!(s.shutdown(), ["close #0"]);
    assert_eq!(s.fan_out_input(subscription::Input::Subscribed { call, sent_at }), ["close #0"]);
    assert_eq!(s.fan_out_input(subscription::Input::Event { call, event: event([1]) }), [""; 0]);
}

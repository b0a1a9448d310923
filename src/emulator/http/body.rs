//! The body of a subscription: the initial response, then one message per event, each pulled when the connection asks.

use std::convert::Infallible;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream;
use hyper::body::Frame;

use crate::emulator::faults::StreamFault;
use crate::emulator::subscription::{Delivery, Subscription};
use crate::model::SubscriptionEvent;
use crate::wire;

/// Dropped, it hangs up.
pub(super) fn messages(subscription: Subscription) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    stream::unfold(Phase::Greeting(subscription), |phase| async {
        let (message, phase) = phase.message().await?;
        Some((Ok(Frame::data(message)), phase))
    })
}

enum Phase {
    Greeting(Subscription),
    Delivering(Subscription),
    Over,
}

impl Phase {
    async fn message(self) -> Option<(Bytes, Self)> {
        let mut subscription = match self {
            Self::Greeting(subscription) => {
                return Some((wire::initial_response(), Self::Delivering(subscription)));
            }
            Self::Delivering(subscription) => subscription,
            Self::Over => return None,
        };
        match subscription.next().await {
            Delivery::Event(event) => Some((wire::event_message(&event), Self::Delivering(subscription))),
            Delivery::Broken(event, StreamFault::TruncatedFrame) => {
                let message = wire::event_message(&event);
                Some((message.slice(..message.len() / 2), Self::Over))
            }
            Delivery::Broken(event, fault) => Some((broken(event, &fault), Self::Delivering(subscription))),
            Delivery::Failed(error) => {
                let message = wire::exception_message(&error.code, &error.message);
                Some((message, Self::Over))
            }
            Delivery::Ended => None,
        }
    }
}

fn broken(mut event: SubscriptionEvent, fault: &StreamFault) -> Bytes {
    match fault {
        StreamFault::BrokenChecksum => {
            let mut message = Vec::from(wire::event_message(&event));
            if let Some(last) = message.last_mut() {
                *last ^= 1;
            }
            message.into()
        }
        StreamFault::InvalidJson => wire::raw_event_message(b"{\"Records\":["),
        StreamFault::EmptyContinuation => {
            event.continuation = None;
            let payload = String::from_utf8_lossy(&wire::event_payload(&event)).replacen(
                "\"ContinuationSequenceNumber\":null",
                "\"ContinuationSequenceNumber\":\"\"",
                1,
            );
            wire::raw_event_message(payload.as_bytes())
        }
        // The others happen instead of an event.
        _ => wire::event_message(&event),
    }
}

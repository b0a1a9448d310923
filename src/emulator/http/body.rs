//! The body of a subscription: the initial response, then one message per event, each pulled when the connection asks. The stop
//! of the door ends it between two messages. One whose next message nobody asks for is over some time after its time is.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use hyper::body::Frame;
use tokio::time::Instant;

use super::limits::Limits;
use super::progress::UnderWay;
use super::stop::Stop;
use crate::emulator::faults::StreamFault;
use crate::emulator::model::LoggedEvent;
use crate::emulator::service::Service;
use crate::emulator::subscription::{Delivery, Subscription};
use crate::model::SubscriptionEvent;
use crate::wire;

/// Dropped, it hangs up.
pub(super) fn messages(
    service: Arc<Service>,
    subscription: Subscription,
    stop: Stop,
    limits: Limits,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let under_way = UnderWay::here();
    let ends = Instant::now() + limits.subscription_time + limits.answer_timeout;
    under_way.keep_until(ends);
    let start = (Phase::Greeting(subscription), stop, under_way);
    let messages = stream::unfold(start, move |(phase, mut stop, under_way)| {
        let service = Arc::clone(&service);
        async move {
            under_way.waits();
            let (pieces, phase) = phase.message(&service, &mut stop).await?;
            under_way.due(ends.max(Instant::now() + limits.answer_timeout));
            Some((pieces, (phase, stop, under_way)))
        }
    });
    messages.flat_map(|pieces| stream::iter(pieces.into_iter().map(|piece| Ok(Frame::data(piece)))))
}

enum Phase {
    Greeting(Subscription),
    Delivering(Subscription),
    Over,
}

impl Phase {
    /// The next message, in pieces.
    async fn message(self, service: &Service, stop: &mut Stop) -> Option<(Vec<Bytes>, Self)> {
        let mut subscription = match self {
            Self::Greeting(subscription) => {
                return Some((vec![wire::initial_response()], Self::Delivering(subscription)));
            }
            Self::Delivering(subscription) => subscription,
            Self::Over => return None,
        };
        let delivery = tokio::select! {
            biased;
            () = stop.ordered() => return None,
            delivery = subscription.next() => delivery,
        };
        Some(match delivery {
            Delivery::Event(event) => (pieces(service, &event), Self::Delivering(subscription)),
            Delivery::Broken(event, StreamFault::TruncatedFrame) => {
                let message = wire::event_message(&event.into());
                (vec![message.slice(..message.len() / 2)], Self::Over)
            }
            Delivery::Broken(event, fault) => (vec![broken(event, &fault)], Self::Delivering(subscription)),
            Delivery::Failed(error) => {
                (vec![wire::exception_message(&error.code, &error.message)], Self::Over)
            }
            Delivery::ErrorMessage(error) => {
                (vec![wire::error_message(&error.code, &error.message)], Self::Over)
            }
            Delivery::Ended => return None,
        })
    }
}

/// An event in pieces, the large one shared with whoever reads the same records.
fn pieces(service: &Service, event: &LoggedEvent) -> Vec<Bytes> {
    let pieces = wire::event_parts(&service.encoded.records(&event.records), event);
    if pieces[1].len() < WORTH_A_PIECE { vec![pieces.concat().into()] } else { pieces.into() }
}

fn broken(event: LoggedEvent, fault: &StreamFault) -> Bytes {
    let mut event = SubscriptionEvent::from(event);
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

/// Shorter records are copied into one piece with what is around them: cheaper than two more frames of HTTP.
const WORTH_A_PIECE: usize = 4 << 10;

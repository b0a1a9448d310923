use std::future::{Future, ready};
use std::pin::Pin;

use aws_sdk_kinesis::operation::subscribe_to_shard::SubscribeToShardOutput;
use aws_sdk_kinesis::types::SubscribeToShardEventStream as Item;

use super::answers;
use super::classify::stream_error;
use crate::kinesis::{EventSource, PortError, PortFuture};
use crate::model::SubscriptionEvent;

/// A subscription read with the SDK's event receiver. The size of an event is known only when it is in hand.
///
/// Fused: after an error or the end the receiver is gone, and with it the connection's stream.
pub(super) struct ReceiverSource(Option<SubscribeToShardOutput>);

impl ReceiverSource {
    /// A source over an accepted call.
    pub(super) fn new(output: SubscribeToShardOutput) -> Self {
        Self(Some(output))
    }

    /// The next event. Cancel-safe because the receiver is: its one await is for bytes, and all else lies in itself
    /// (aws-smithy-http, `event_stream/receiver.rs`).
    async fn next(&mut self) -> Result<Option<SubscriptionEvent>, PortError> {
        let Some(output) = self.0.as_mut() else {
            return Ok(None);
        };
        let read = loop {
            match output.event_stream.recv().await {
                Ok(Some(Item::SubscribeToShardEvent(event))) => {
                    break answers::event(event).map(Some).map_err(PortError::from);
                }
                // A kind of event that this SDK does not know; the API reference adds none so far.
                Ok(Some(_)) => {}
                Ok(None) => break Ok(None),
                Err(error) => break Err(stream_error(error)),
            }
        };
        if !matches!(read, Ok(Some(_))) {
            self.0 = None;
        }
        read
    }
}

impl EventSource for ReceiverSource {
    fn next_size(&mut self) -> Pin<Box<dyn Future<Output = Option<usize>> + Send + '_>> {
        Box::pin(ready(None))
    }

    fn next_event(&mut self) -> PortFuture<'_, Option<SubscriptionEvent>> {
        Box::pin(self.next())
    }
}

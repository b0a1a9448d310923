//! The body of SubscribeToShard as bytes, over either client, and that of GetRecords: what there is before any decoding.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kinesis::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_kinesis::config::{Config, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kinesis::error::BoxError;

use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use kinesis_fanout::Transport;

use super::Outcome;
use super::answers::CONSUMER_ARN;
use super::client::Clients;

/// The body of a subscription or a page.
pub(crate) struct RawBody(SdkBody);

impl RawBody {
    /// Subscribes; comes back with the answer's headers.
    pub(crate) async fn open(clients: &Clients, shard_id: &str) -> Outcome<Self> {
        let taken = Taken::default();
        let position = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
        let mut config = Config::builder();
        if let Transport::Http2(http2) = &clients.transport {
            config = config.http_client(http2.clone());
        }
        let call = clients
            .sdk
            .subscribe_to_shard()
            .consumer_arn(CONSUMER_ARN)
            .shard_id(shard_id)
            .starting_position(position);
        call.customize().config_override(config).interceptor(taken.clone()).send().await?;
        taken.body()
    }

    /// Asks for a page; comes back with the answer's headers.
    pub(crate) async fn page(clients: &Clients, shard_iterator: &str) -> Outcome<Self> {
        let taken = Taken::default();
        let call = clients.sdk.get_records().shard_iterator(shard_iterator);
        call.customize().interceptor(taken.clone()).send().await?;
        taken.body()
    }

    /// The next bytes, as they come; `None`: its end.
    pub(crate) async fn next(&mut self) -> Outcome<Option<Bytes>> {
        while let Some(frame) = Pin::new(&mut self.0).frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

/// Takes the body of an answer before the SDK reads it.
#[derive(Debug, Clone, Default)]
struct Taken(Arc<Mutex<Option<SdkBody>>>);

impl Taken {
    fn body(&self) -> Outcome<RawBody> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(RawBody(body.ok_or("an answer without a body")?))
    }
}

impl Intercept for Taken {
    fn name(&self) -> &'static str {
        "Taken"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = std::mem::replace(context.response_mut().body_mut(), SdkBody::empty());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        Ok(())
    }
}

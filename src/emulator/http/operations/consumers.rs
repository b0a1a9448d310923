//! Registered consumers.

use super::{Answered, Call, nothing};
use crate::emulator::http::answers;
use crate::model::StreamReference;

impl Call<'_> {
    pub(super) async fn register_stream_consumer(&self) -> Answered {
        let name = self.members.required_text("ConsumerName")?;
        self.members.required_text("StreamARN")?;
        let stream = self.members.stream()?;
        let tags = self.members.tags()?.unwrap_or_default();
        let consumer =
            self.of_account(|model, now| model.register_stream_consumer_with(&stream, name, &tags, now));
        Ok(Some(answers::registered(&consumer.await?)))
    }

    pub(super) async fn describe_stream_consumer(&self) -> Answered {
        let consumer = self.members.consumer()?;
        let stream = StreamReference::Arn(consumer.stream_arn().to_owned());
        let described =
            self.of_stream(&stream, |model, now| model.describe_stream_consumer(&consumer, now)).await?;
        Ok(Some(answers::described(&described)))
    }

    pub(super) async fn list_stream_consumers(&self) -> Answered {
        let request = self.members.list_consumers()?;
        let page =
            self.of_stream(&request.stream, |model, now| model.list_stream_consumers(&request, now)).await?;
        Ok(Some(answers::consumers(&page)))
    }

    pub(super) async fn deregister_stream_consumer(&self) -> Answered {
        let consumer = self.members.consumer()?;
        let stream = StreamReference::Arn(consumer.stream_arn().to_owned());
        let deregistered =
            self.of_stream(&stream, |model, now| model.deregister_stream_consumer(&consumer, now));
        deregistered.await.map(nothing)
    }
}

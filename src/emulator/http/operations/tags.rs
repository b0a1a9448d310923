//! Tags of streams and registered consumers.

use super::{Answered, Call, nothing};
use crate::emulator::http::answers;
use crate::emulator::model::{Answer, ServiceError, TaggedResource, Tags};

impl Call<'_> {
    pub(super) async fn add_tags_to_stream(&self) -> Answered {
        self.tag(&TaggedResource::Stream(self.members.stream()?)).await
    }

    pub(super) async fn tag_resource(&self) -> Answered {
        self.tag(&self.resource()?).await
    }

    pub(super) async fn remove_tags_from_stream(&self) -> Answered {
        self.untag(&TaggedResource::Stream(self.members.stream()?)).await
    }

    pub(super) async fn untag_resource(&self) -> Answered {
        self.untag(&self.resource()?).await
    }

    pub(super) async fn list_tags_for_stream(&self) -> Answered {
        let (stream, limit) = (self.members.stream()?, self.members.count("Limit")?);
        let after = self.members.text("ExclusiveStartTagKey")?;
        let page = self
            .of_stream(&stream, |model, now| model.list_tags_for_stream(&stream, after, limit, now))
            .await?;
        Ok(Some(answers::tags(&page.tags).with("HasMoreTags", page.has_more)))
    }

    pub(super) async fn list_tags_for_resource(&self) -> Answered {
        let resource = self.resource()?;
        let scope = resource.stream_name();
        let tags = self.service.call(self.operation, scope, |model, now| model.list_tags(&resource, now));
        Ok(Some(answers::tags(&tags.await?)))
    }

    async fn tag(&self, resource: &TaggedResource) -> Answered {
        let tags: Tags = self.members.tags()?.ok_or_else(|| ServiceError::missing("tags"))?;
        self.of_account(|model, now| model.tag(resource, &tags, now)).await.map(nothing)
    }

    async fn untag(&self, resource: &TaggedResource) -> Answered {
        let keys = self.members.texts("TagKeys")?.ok_or_else(|| ServiceError::missing("tagKeys"))?;
        self.of_account(|model, now| model.untag(resource, &keys, now)).await.map(nothing)
    }

    fn resource(&self) -> Answer<TaggedResource> {
        TaggedResource::parse(self.members.required_text("ResourceARN")?)
    }
}

//! Tags of streams and registered consumers.

use std::collections::BTreeMap;

use super::streams::Stream;
use super::{Answer, Model, ServiceError};
use crate::model::{ConsumerReference, StreamReference, Timestamp};

/// What can be tagged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaggedResource {
    /// A stream.
    Stream(StreamReference),
    /// A registered consumer, by its ARN.
    Consumer(String),
}

/// The tags of a resource, by their keys.
pub type Tags = BTreeMap<String, String>;

/// A page of ListTagsForStream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTags {
    /// The tags, by their keys.
    pub tags: Tags,
    /// Whether there are more behind them.
    pub has_more: bool,
}

impl Model {
    /// AddTagsToStream and TagResource. A key that is there gets the new value.
    ///
    /// # Errors
    /// ValidationException, InvalidArgumentException (a key or value that cannot be, or more than 50 tags),
    /// ResourceNotFoundException, ResourceInUseException (the stream is being created or deleted).
    pub fn tag(&mut self, resource: &TaggedResource, tags: &Tags, now: Timestamp) -> Answer<()> {
        check(tags)?;
        self.change_tags(resource, now, |present| add(present, tags))
    }

    /// RemoveTagsFromStream and UntagResource. Keys that are not there do not matter.
    ///
    /// # Errors
    /// ValidationException (not 1 to 50 keys of 1 to 128 characters), ResourceNotFoundException, ResourceInUseException.
    pub fn untag(&mut self, resource: &TaggedResource, keys: &[&str], now: Timestamp) -> Answer<()> {
        if !(1..=MAX_TAGS).contains(&keys.len()) {
            let constraint = "have length less than or equal to 50, and greater than or equal to 1";
            return Err(ServiceError::validation("tagKeys", &format!("[{}]", keys.join(", ")), constraint));
        }
        keys.iter().try_for_each(|key| check_key(key))?;
        self.change_tags(resource, now, |present| {
            present.retain(|key, _| !keys.contains(&key.as_str()));
            Ok(())
        })
    }

    /// ListTagsForResource: all of them.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub fn list_tags(&mut self, resource: &TaggedResource, now: Timestamp) -> Answer<Tags> {
        match resource {
            TaggedResource::Stream(stream) => Ok(self.stream_mut(stream, now)?.properties.tags.clone()),
            TaggedResource::Consumer(arn) => {
                let stream = self.stream_of_consumer(arn, now)?;
                Ok(Stream::consumer(&mut stream.consumers, arn, now)?.tags.clone())
            }
        }
    }

    /// ListTagsForStream: the tags after this key, at most so many; 50 when not given.
    ///
    /// # Errors
    /// ValidationException, ResourceNotFoundException.
    pub fn list_tags_for_stream(
        &mut self,
        stream: &StreamReference,
        after: Option<&str>,
        limit: Option<usize>,
        now: Timestamp,
    ) -> Answer<ListedTags> {
        after.map_or(Ok(()), check_key)?;
        let limit = limit.unwrap_or(MAX_TAGS);
        if !(1..=MAX_TAGS).contains(&limit) {
            let constraint = "have value less than or equal to 50, and greater than or equal to 1";
            return Err(ServiceError::validation("limit", &limit.to_string(), constraint));
        }
        let tags = &self.stream_mut(stream, now)?.properties.tags;
        let mut rest = tags.iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        let page = rest.by_ref().take(limit).map(|(key, value)| (key.clone(), value.clone()));
        let tags = page.collect();
        Ok(ListedTags { tags, has_more: rest.next().is_some() })
    }

    fn change_tags(
        &mut self,
        resource: &TaggedResource,
        now: Timestamp,
        change: impl FnOnce(&mut Tags) -> Answer<()>,
    ) -> Answer<()> {
        let account = self.settings.account.clone();
        match resource {
            TaggedResource::Stream(stream) => {
                let stream = self.stream_mut(stream, now)?;
                stream.check_settled(&account, now)?;
                change(&mut stream.properties.tags)
            }
            TaggedResource::Consumer(arn) => {
                let stream = self.stream_of_consumer(arn, now)?;
                change(&mut Stream::consumer(&mut stream.consumers, arn, now)?.tags)
            }
        }
    }
}

impl TaggedResource {
    /// The resource of this ARN.
    ///
    /// # Errors
    /// ValidationException: it is the ARN of no stream and no registered consumer.
    pub fn parse(arn: &str) -> Answer<Self> {
        if let Ok(stream @ StreamReference::Arn(_)) = StreamReference::parse(arn) {
            return Ok(Self::Stream(stream));
        }
        match ConsumerReference::parse(arn) {
            Ok(ConsumerReference::Arn(arn)) => Ok(Self::Consumer(arn)),
            _ => Err(ServiceError::validation(
                "resourceARN",
                arn,
                "satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+",
            )),
        }
    }

    /// The name of its stream: what the rate of its calls goes by.
    pub fn stream_name(&self) -> &str {
        match self {
            Self::Stream(stream) => stream.name(),
            Self::Consumer(arn) => arn.split('/').nth(1).unwrap_or(arn),
        }
    }
}

/// Adds tags that were checked.
fn add(present: &mut Tags, tags: &Tags) -> Answer<()> {
    let new = tags.keys().filter(|key| !present.contains_key(*key)).count();
    if present.len() + new > MAX_TAGS {
        return Err(ServiceError::invalid_argument(format!(
            "A resource cannot have more than {MAX_TAGS} tags associated with it."
        )));
    }
    present.extend(tags.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(())
}

/// Checks the tags of a request, and those that a new resource is to have.
pub(super) fn check(tags: &Tags) -> Answer<()> {
    if !(1..=MAX_TAGS_IN_A_CALL).contains(&tags.len()) {
        let constraint = "have length less than or equal to 200, and greater than or equal to 1";
        return Err(ServiceError::validation("tags", &format!("[{}]", tags.len()), constraint));
    }
    for (key, value) in tags {
        check_key(key)?;
        if value.chars().count() > 256 {
            return Err(ServiceError::validation("tags", value, "have length less than or equal to 256"));
        }
        if !allowed(key) || !allowed(value) || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(ServiceError::invalid_argument(format!(
                "The tag {key} is not allowed: keys and values may contain letters, digits, white space and _ . : / = + - @ %, \
                 and keys may not begin with aws:."
            )));
        }
    }
    Ok(())
}

/// The tags that a new resource is to have.
pub(super) fn initial(tags: &Tags) -> Answer<Tags> {
    let mut initial = Tags::new();
    if !tags.is_empty() {
        check(tags)?;
        add(&mut initial, tags)?;
    }
    Ok(initial)
}

fn check_key(key: &str) -> Answer<()> {
    if (1..=128).contains(&key.chars().count()) {
        return Ok(());
    }
    let constraint = "have length less than or equal to 128, and greater than or equal to 1";
    Err(ServiceError::validation("tagKey", key, constraint))
}

/// What tags may be made of (developer guide, "Tag your resources").
fn allowed(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@%".contains(c))
}

/// The most tags of a resource (AddTagsToStream).
const MAX_TAGS: usize = 50;
/// The most tags in a call (AddTagsToStream, the map's bound in the API model).
const MAX_TAGS_IN_A_CALL: usize = 200;

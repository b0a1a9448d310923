//! Registered consumers: CREATING, ACTIVE, DELETING, gone.

use std::collections::BTreeMap;

use super::slot::Slot;
use super::streams::{self, Stream, check_name};
use super::token::Token;
use super::{Answer, Model, ServiceError, StreamMode, Tags, tags};
use crate::kinesis::RegisteredConsumer;
use crate::model::{ConsumerReference, ConsumerStatus, StreamReference, Timestamp};

/// What the service tells of a registered consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerSummary {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its state.
    pub status: ConsumerStatus,
    /// When it was registered.
    pub created: Timestamp,
    /// The ARN of its stream.
    pub stream_arn: String,
}

/// The request of ListStreamConsumers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListConsumersRequest {
    /// The stream.
    pub stream: StreamReference,
    /// The token of the page before.
    pub next_token: Option<String>,
    /// The most consumers in the page; 100 when not given.
    pub max_results: Option<usize>,
    /// When the stream was created; one that was created at another time is not found.
    pub created: Option<Timestamp>,
}

/// A page of ListStreamConsumers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedConsumers {
    /// The consumers, by name.
    pub consumers: Vec<ConsumerSummary>,
    /// What the next page is asked for with.
    pub next_token: Option<String>,
}

#[derive(Debug)]
pub(super) struct Consumer {
    name: String,
    arn: String,
    created: Timestamp,
    active_at: Timestamp,
    gone_at: Option<Timestamp>,
    pub(super) tags: Tags,
    /// By the number of the shard.
    pub(super) slots: BTreeMap<usize, Slot>,
}

impl Model {
    /// RegisterStreamConsumer.
    ///
    /// # Errors
    /// ValidationException, ResourceNotFoundException, ResourceInUseException (the name is taken, or the stream is being
    /// created or deleted), LimitExceededException.
    pub fn register_stream_consumer(
        &mut self,
        stream: &StreamReference,
        name: &str,
        now: Timestamp,
    ) -> Answer<ConsumerSummary> {
        self.register_stream_consumer_with(stream, name, &Tags::new(), now)
    }

    /// RegisterStreamConsumer, with tags.
    ///
    /// # Errors
    /// Those of [`Model::register_stream_consumer`] and [`Model::tag`].
    pub fn register_stream_consumer_with(
        &mut self,
        stream: &StreamReference,
        name: &str,
        tags: &Tags,
        now: Timestamp,
    ) -> Answer<ConsumerSummary> {
        check_name("consumerName", name)?;
        let tags = tags::initial(tags)?;
        let (max, creation) = (self.settings.max_consumers, self.settings.consumer_creation_time);
        let account = self.settings.account.clone();
        let advantage = self.commitment.is_enabled(now);
        let stream = self.stream_mut(stream, now)?;
        stream.check_settled(&account, now)?;
        let on_demand = stream.properties.mode == StreamMode::OnDemand;
        let max = if advantage && on_demand { max.max(ADVANTAGE_CONSUMERS) } else { max };
        stream.consumers.retain(|_, consumer| !consumer.is_gone(now));
        if stream.consumers.contains_key(name) {
            return Err(ServiceError::in_use(format!(
                "Consumer {name} under stream {} already exists.",
                stream.arn
            )));
        }
        let creating =
            stream.consumers.values().filter(|consumer| consumer.status(now) == ConsumerStatus::Creating);
        if stream.consumers.len() >= max || creating.count() >= MAX_CREATING {
            return Err(ServiceError::limit_exceeded(format!(
                "Too many consumers registered or being registered under stream {}.",
                stream.arn
            )));
        }
        let second = (now.as_millis() / 1_000).max(stream.last_consumer_creation + 1);
        stream.last_consumer_creation = second;
        let consumer = Consumer {
            name: name.to_owned(),
            arn: format!("{}/consumer/{name}:{second}", stream.arn),
            created: now,
            active_at: now.saturating_add(creation),
            gone_at: None,
            tags,
            slots: BTreeMap::new(),
        };
        let summary = consumer.summary(&stream.arn, now);
        stream.consumers.insert(name.to_owned(), consumer);
        Ok(summary)
    }

    /// DescribeStreamConsumer.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub fn describe_stream_consumer(
        &mut self,
        consumer: &RegisteredConsumer,
        now: Timestamp,
    ) -> Answer<ConsumerSummary> {
        let (stream, consumer) = self.consumer_mut(consumer, now)?;
        Ok(consumer.summary(stream, now))
    }

    /// DeregisterStreamConsumer. Its open subscriptions end with ResourceNotFoundException.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException when it is being deregistered already.
    pub fn deregister_stream_consumer(
        &mut self,
        consumer: &RegisteredConsumer,
        now: Timestamp,
    ) -> Answer<()> {
        let deletion = self.settings.consumer_deletion_time;
        let (_, consumer) = self.consumer_mut(consumer, now)?;
        if consumer.gone_at.is_some() {
            return Err(consumer.not_active());
        }
        consumer.gone_at = Some(now.saturating_add(deletion));
        let error = not_found(&consumer.arn);
        let open: Vec<_> = consumer.slots.values().filter_map(Slot::current).collect();
        for id in open {
            self.fail(id, error.clone());
        }
        Ok(())
    }

    /// ListStreamConsumers.
    ///
    /// # Errors
    /// ResourceNotFoundException, InvalidArgumentException, ExpiredNextTokenException.
    pub fn list_stream_consumers(
        &mut self,
        request: &ListConsumersRequest,
        now: Timestamp,
    ) -> Answer<ListedConsumers> {
        let token = request
            .next_token
            .as_deref()
            .map(|token| Token::read(token, self.settings.next_token_time, now))
            .transpose()?;
        let size = request.max_results.unwrap_or(CONSUMERS_PAGE);
        let account = self.settings.account.clone();
        let stream = self.stream_mut(&request.stream, now)?;
        if !stream.is_of(request.created) {
            return Err(streams::not_found(&stream.name, &account));
        }
        if token.as_ref().is_some_and(|token| !token.is_of(&stream.name, stream.created)) {
            return Err(ServiceError::invalid_argument("Invalid NextToken. The token is not valid."));
        }
        let after = token.map(|token| token.after).unwrap_or_default();
        let mut consumers =
            stream.consumers.values().filter(|consumer| !consumer.is_gone(now) && consumer.name > after);
        let page: Vec<_> =
            consumers.by_ref().take(size).map(|consumer| consumer.summary(&stream.arn, now)).collect();
        let last = page.last().filter(|_| consumers.next().is_some());
        let next_token = last.map(|last| {
            let token = Token {
                issued: now,
                stream: stream.name.clone(),
                stream_created: stream.created,
                after: last.name.clone(),
                selection: String::new(),
            };
            token.write()
        });
        Ok(ListedConsumers { consumers: page, next_token })
    }

    /// The consumer, in whatever state but gone, and its stream's ARN.
    fn consumer_mut(
        &mut self,
        consumer: &RegisteredConsumer,
        now: Timestamp,
    ) -> Answer<(&str, &mut Consumer)> {
        match consumer {
            RegisteredConsumer::Arn(arn) => {
                let stream = self.stream_of_consumer(arn, now)?;
                let consumer = Stream::consumer(&mut stream.consumers, arn, now)?;
                Ok((&stream.arn, consumer))
            }
            RegisteredConsumer::Name { stream_arn, consumer_name } => {
                let stream = self.stream_mut(&StreamReference::Arn(stream_arn.clone()), now)?;
                let found = stream.consumers.get_mut(consumer_name);
                let found = found.filter(|consumer| !consumer.is_gone(now));
                let consumer = found.ok_or_else(|| {
                    ServiceError::not_found(format!(
                        "Consumer {consumer_name} under stream {stream_arn} not found."
                    ))
                })?;
                Ok((&stream.arn, consumer))
            }
        }
    }

    /// The stream that a consumer's ARN names.
    pub(super) fn stream_of_consumer(&mut self, arn: &str, now: Timestamp) -> Answer<&mut Stream> {
        let parsed = ConsumerReference::parse(arn).ok();
        let Some(stream_arn) = parsed.as_ref().and_then(ConsumerReference::stream_arn) else {
            return Err(ServiceError::validation(
                "consumerARN",
                arn,
                "satisfy regular expression pattern: ^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/\
                 consumer\\/[a-zA-Z0-9_.-]+:[0-9]+",
            ));
        };
        self.stream_mut(&StreamReference::Arn(stream_arn.to_owned()), now).map_err(|_| not_found(arn))
    }
}

impl Stream {
    /// The consumer with this ARN.
    pub(super) fn consumer<'a>(
        consumers: &'a mut BTreeMap<String, Consumer>,
        arn: &str,
        now: Timestamp,
    ) -> Answer<&'a mut Consumer> {
        let name = ConsumerReference::Arn(arn.to_owned()).name().to_owned();
        let found = consumers.get_mut(&name);
        found.filter(|consumer| consumer.arn == arn && !consumer.is_gone(now)).ok_or_else(|| not_found(arn))
    }
}

impl Consumer {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn status(&self, now: Timestamp) -> ConsumerStatus {
        if self.gone_at.is_some() {
            ConsumerStatus::Deleting
        } else if now < self.active_at {
            ConsumerStatus::Creating
        } else {
            ConsumerStatus::Active
        }
    }

    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone| gone <= now)
    }

    /// The refusal of a call that needs an ACTIVE consumer, as awslabs/kinesis-hot-shard-advisor#37 shows it.
    pub(super) fn not_active(&self) -> ServiceError {
        let mut parts = self.arn.splitn(6, ':');
        let account = parts.nth(4).unwrap_or_default();
        let resource = parts.next().unwrap_or_default();
        let stream = resource.split('/').nth(1).unwrap_or_default();
        ServiceError::in_use(format!(
            "Consumer {} with creation timestamp {} under stream: {stream}, account {account} is not in ACTIVE status.",
            self.name,
            self.created.as_millis() / 1_000
        ))
    }

    fn summary(&self, stream_arn: &str, now: Timestamp) -> ConsumerSummary {
        ConsumerSummary {
            name: self.name.clone(),
            arn: self.arn.clone(),
            status: self.status(now),
            created: self.created,
            stream_arn: stream_arn.to_owned(),
        }
    }
}

fn not_found(arn: &str) -> ServiceError {
    ServiceError::not_found(format!("Consumer {arn} not found."))
}

/// The most consumers of a stream that are CREATING at a time (RegisterStreamConsumer).
const MAX_CREATING: usize = 5;
/// The most consumers of an on-demand stream with On-demand Advantage, which UpdateAccountSettings turns on (service quotas).
const ADVANTAGE_CONSUMERS: usize = 50;
/// The consumers in a page of ListStreamConsumers when the call does not say.
const CONSUMERS_PAGE: usize = 100;

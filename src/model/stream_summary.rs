use super::Timestamp;

/// What DescribeStreamSummary tells of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSummary {
    /// The stream's ARN.
    pub stream_arn: String,
    /// Whether it can be read.
    pub status: StreamStatus,
    /// When the stream was created; tells a stream from an earlier one of the same name.
    pub creation: Option<Timestamp>,
    /// The service's clock when it answered: the `Date` header of the answer, whole seconds.
    pub server_time: Option<Timestamp>,
}

/// The state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamStatus {
    /// Being created: cannot be read yet.
    Creating,
    /// Ready.
    Active,
    /// Ready, while it is being resharded or reconfigured.
    Updating,
    /// Being deleted.
    Deleting,
}

/// What DescribeStreamConsumer and RegisterStreamConsumer tell of a registered consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerDescription {
    /// The registered consumer's ARN; a consumer registered anew has another one.
    pub consumer_arn: String,
    /// Whether it may subscribe.
    pub status: ConsumerStatus,
}

/// The state of a registered consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConsumerStatus {
    /// Being registered: may not subscribe yet.
    Creating,
    /// May subscribe.
    Active,
    /// Being deregistered: may not subscribe any more.
    Deleting,
}

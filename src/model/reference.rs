use std::fmt;

/// A stream by its name or its ARN.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StreamReference {
    /// A name: 1-128 characters of `[a-zA-Z0-9_.-]`.
    Name(String),
    /// `arn:<partition>:kinesis:<region>:<account>:stream/<name>`.
    Arn(String),
}

/// A registered consumer by its name or its ARN.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConsumerReference {
    /// A name: 1-128 characters of `[a-zA-Z0-9_.-]`.
    Name(String),
    /// `arn:<partition>:kinesis:<region>:<account>:stream/<name>/consumer/<name>:<creation in s>`.
    Arn(String),
}

/// Neither a name nor an ARN of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidReference {
    text: String,
    expected: &'static str,
}

impl StreamReference {
    /// Reads a stream's name or ARN.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        if is_name(text) {
            return Ok(Self::Name(text.into()));
        }
        match kinesis_resource(text).and_then(|resource| resource.strip_prefix("stream/")) {
            Some(name) if is_name(name) => Ok(Self::Arn(text.into())),
            _ => Err(InvalidReference { text: text.into(), expected: "the name or the ARN of a stream" }),
        }
    }

    /// The name of the stream.
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Arn(arn) => arn.rsplit('/').next().unwrap_or(arn),
        }
    }
}

impl ConsumerReference {
    /// Reads a registered consumer's name or ARN.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        if is_name(text) {
            return Ok(Self::Name(text.into()));
        }
        let parts: Option<Vec<&str>> = kinesis_resource(text).map(|resource| resource.split('/').collect());
        match parts.as_deref() {
            Some(["stream", stream, "consumer", consumer]) if is_name(stream) && is_consumer(consumer) => {
                Ok(Self::Arn(text.into()))
            }
            _ => Err(InvalidReference {
                text: text.into(),
                expected: "the name or the ARN of a registered consumer",
            }),
        }
    }

    /// The name of the registered consumer.
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Arn(arn) => {
                let last = arn.rsplit('/').next().unwrap_or(arn);
                last.split(':').next().unwrap_or(last)
            }
        }
    }

    /// The ARN of the stream that a consumer given by ARN reads.
    pub fn stream_arn(&self) -> Option<&str> {
        match self {
            Self::Name(_) => None,
            Self::Arn(arn) => arn.split("/consumer/").next(),
        }
    }
}

impl fmt::Display for InvalidReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not {}", self.text, self.expected)
    }
}

impl std::error::Error for InvalidReference {}

/// The pattern of names in the API reference: `[a-zA-Z0-9_.-]+`, 1 to 128 characters.
fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn is_consumer(text: &str) -> bool {
    match text.split_once(':') {
        Some((name, creation)) => {
            is_name(name) && !creation.is_empty() && creation.bytes().all(|b| b.is_ascii_digit())
        }
        None => false,
    }
}

/// The last part of a Kinesis ARN.
fn kinesis_resource(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let is_kinesis = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("kinesis")
        && parts.next().is_some_and(|region| !region.is_empty())
        && parts
            .next()
            .is_some_and(|account| !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit()));
    parts.next().filter(|_| is_kinesis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
    const CONSUMER: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:1700000000";

    #[test]
    fn tells_names_from_arns() {
        assert_eq!(StreamReference::parse("orders"), Ok(StreamReference::Name("orders".into())));
        assert_eq!(StreamReference::parse(STREAM).unwrap().name(), "orders");
        let consumer = ConsumerReference::parse(CONSUMER).unwrap();
        assert_eq!((consumer.name(), consumer.stream_arn()), ("billing", Some(STREAM)));
        assert_eq!(ConsumerReference::parse("billing").unwrap().stream_arn(), None);
        assert!(StreamReference::parse(&STREAM.replace("aws", "aws-cn")).is_ok());
    }

    #[test]
    fn refuses_what_is_neither() {
        for bad in
            ["", "a b", &"n".repeat(129), "arn:aws:s3:::bucket", CONSUMER, "arn:aws:kinesis:::stream/x"]
        {
            assert!(StreamReference::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", STREAM, &CONSUMER.replace(":1700000000", ""), &CONSUMER.replace("consumer", "c")] {
            assert!(ConsumerReference::parse(bad).is_err(), "{bad}");
        }
    }
}

use std::fmt;

/// What makes a whole frame no message. It names places and members, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// The header that says what the message is, is missing.
    MissingHeader(&'static str),
    /// The payload is no JSON.
    Json {
        /// What is wrong.
        problem: JsonProblem,
        /// Where in the payload, in bytes.
        at: usize,
    },
    /// A required member is missing, null or empty.
    Missing {
        /// The structure of the API reference.
        of: &'static str,
        /// The member.
        member: &'static str,
    },
    /// The value of a member is none that it can have.
    Invalid {
        /// The structure of the API reference.
        of: &'static str,
        /// The member.
        member: &'static str,
    },
}

/// What is wrong with a text that should be JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonProblem {
    /// It ends in the middle.
    Ended,
    /// Something else stands where the grammar or the member asks for a certain thing.
    Unexpected,
    /// An escape sequence that does not exist, or half of a surrogate pair.
    Escape,
    /// Values within values, deeper than is looked at.
    TooDeep,
}

impl DecodeError {
    /// Whether a text ends in the middle: more of it may come.
    pub(super) fn is_end(&self) -> bool {
        matches!(self, Self::Json { problem: JsonProblem::Ended, .. })
    }

    /// The same error in a text in which the byte at `from` is that at `to`.
    pub(super) fn moved(self, from: usize, to: usize) -> Self {
        match self {
            Self::Json { problem, at } => Self::Json { problem, at: (at + to).saturating_sub(from) },
            other => other,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader(name) => write!(f, "a message without the header {name}"),
            Self::Json { problem, at } => write!(f, "JSON {problem} at byte {at}"),
            Self::Missing { of, member } => write!(f, "{of} without {member}"),
            Self::Invalid { of, member } => write!(f, "{of} with an invalid {member}"),
        }
    }
}

impl fmt::Display for JsonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "that ends too early",
            Self::Unexpected => "with something unexpected",
            Self::Escape => "with an invalid escape sequence",
            Self::TooDeep => "that is nested too deeply",
        })
    }
}

impl std::error::Error for DecodeError {}

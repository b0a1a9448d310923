use std::fmt;

/// What makes the bytes of a body no frames. After any of them the rest of the body means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameError {
    /// The checksum of a prelude does not match: the lengths cannot be trusted.
    PreludeChecksum,
    /// The checksum of a frame does not match.
    MessageChecksum,
    /// A frame says that it is longer, in bytes, than any frame of the service.
    TooLong(usize),
    /// A frame says that its headers are longer, in bytes, than the format allows.
    HeadersTooLong(usize),
    /// A frame says that it has fewer bytes than its prelude, headers and checksum take.
    TooShort(usize),
    /// The headers do not fill their part of the frame exactly, or one of those that are needed is no text.
    MalformedHeader,
    /// The body ended inside a frame.
    Truncated {
        /// The bytes of the frame that are there.
        there: usize,
        /// The bytes that it should have; `None` if the body ended inside the prelude, which tells them.
        of: Option<usize>,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PreludeChecksum => f.write_str("the checksum of a frame's prelude does not match"),
            Self::MessageChecksum => f.write_str("the checksum of a frame does not match"),
            Self::TooLong(len) => write!(f, "a frame of {len} bytes is too long"),
            Self::HeadersTooLong(len) => write!(f, "headers of {len} bytes are too long"),
            Self::TooShort(len) => write!(f, "a frame of {len} bytes is too short for what it has to hold"),
            Self::MalformedHeader => f.write_str("the headers of a frame are malformed"),
            Self::Truncated { there, of: Some(of) } => {
                write!(f, "the body ended after {there} of the {of} bytes of a frame")
            }
            Self::Truncated { there, of: None } => {
                write!(f, "the body ended after {there} bytes of a frame's prelude")
            }
        }
    }
}

impl std::error::Error for FrameError {}

/// What an [`Http2Client`](super::Http2Client) has and does at a moment, over all origins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Http2Stats {
    /// Connections that are open, those that take no new streams any more included.
    pub connections: usize,
    /// Streams that are taken, from the call until its response's body is dropped or at its end.
    pub streams: usize,
    /// Connections that are being made.
    pub dials: usize,
    /// Calls that wait for a stream.
    pub waiting: usize,
}

impl Http2Stats {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            streams: self.streams + other.streams,
            dials: self.dials + other.dials,
            waiting: self.waiting + other.waiting,
        }
    }
}

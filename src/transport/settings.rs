//! What a client was configured with, within the bounds that HTTP/2 and the promises of the room set.

use std::time::Duration;

/// How connections are made and kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// Bytes that the peer may send ahead of a stream's reader.
    pub(super) stream_window: u32,
    /// Streams of a connection, if the peer allows as many.
    pub(super) max_streams: u32,
    pub(super) connect_timeout: Duration,
    pub(super) headers_timeout: Duration,
    pub(super) ping_interval: Duration,
    pub(super) ping_timeout: Duration,
}

impl Settings {
    /// The nearest settings that can be promised.
    pub(super) fn bounded(self) -> Self {
        let stream_window = self.stream_window.clamp(MIN_STREAM_WINDOW, MAX_STREAM_WINDOW);
        Self {
            stream_window,
            max_streams: self.max_streams.clamp(1, MAX_WINDOW / stream_window),
            ping_interval: self.ping_interval.clamp(MIN_PING, MAX_PING),
            ping_timeout: self.ping_timeout.clamp(MIN_PING, MAX_PING),
            ..self
        }
    }

    /// Bytes that the peer may send on a connection ahead of all its readers: as many as on all its streams, so that streams that
    /// nobody reads never keep another one's bytes back.
    pub(super) fn connection_window(&self) -> u32 {
        self.max_streams.saturating_mul(self.stream_window)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stream_window: 512 << 10,
            max_streams: 100,
            connect_timeout: Duration::from_secs(5),
            headers_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(10),
        }
    }
}

/// What HTTP/2 gives every stream at first (RFC 9113, 6.9.2); less would only slow it down.
const MIN_STREAM_WINDOW: u32 = 64 << 10;
/// 2 MB/s a shard (the quota of enhanced fan-out) over a round trip of 8 s; more is memory for nothing.
const MAX_STREAM_WINDOW: u32 = 16 << 20;
/// The largest window of HTTP/2 (RFC 9113, 6.9.1).
const MAX_WINDOW: u32 = (1 << 31) - 1;
/// More PINGs than this are what servers take for abuse.
const MIN_PING: Duration = Duration::from_secs(1);
/// A day: as good as never, and no clock runs over.
const MAX_PING: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_window_always_holds_all_stream_windows() {
        for stream_window in [0, 1, 64 << 10, 512 << 10, 16 << 20, u32::MAX] {
            for max_streams in [0, 1, 100, 128, 4_096, u32::MAX] {
                let settings = Settings { stream_window, max_streams, ..Settings::default() }.bounded();
                assert!(settings.max_streams >= 1);
                let all = u64::from(settings.max_streams) * u64::from(settings.stream_window);
                assert_eq!(u64::from(settings.connection_window()), all);
                assert!(all < 1 << 31, "{stream_window} x {max_streams}");
            }
        }
    }

    #[test]
    fn settings_within_the_bounds_stay() {
        let settings =
            Settings { stream_window: 16 << 20, max_streams: 100, ..Settings::default() }.bounded();
        assert_eq!((settings.stream_window, settings.max_streams), (16 << 20, 100));
    }
}

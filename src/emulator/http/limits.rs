//! What bounds a door, its connections and their requests, as the settings say it.

use std::time::Duration;

use crate::emulator::Settings;

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_connections: usize,
    pub(super) max_concurrent_streams: u32,
    pub(super) tls_handshake_timeout: Duration,
    pub(super) header_timeout: Duration,
    pub(super) body_timeout: Duration,
    pub(super) answer_timeout: Duration,
    pub(super) subscription_time: Duration,
    pub(super) keep_alive_interval: Duration,
    pub(super) keep_alive_timeout: Duration,
    pub(super) shutdown_time: Duration,
}

impl Limits {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            max_connections: settings.max_connections,
            max_concurrent_streams: settings.max_concurrent_streams,
            tls_handshake_timeout: settings.tls_handshake_timeout.min(LONGEST),
            header_timeout: settings.header_timeout.min(LONGEST),
            body_timeout: settings.body_timeout.min(LONGEST),
            // Of no time at all, whatever does not go out at once would be cut.
            answer_timeout: settings.answer_timeout.clamp(SHORTEST, LONGEST),
            subscription_time: settings.subscription_time.min(LONGEST),
            // Of no time at all, PINGs would come without a pause.
            keep_alive_interval: settings.keep_alive_interval.clamp(SHORTEST, LONGEST),
            keep_alive_timeout: settings.keep_alive_timeout.clamp(SHORTEST, LONGEST),
            shutdown_time: settings.shutdown_time.min(LONGEST),
        }
    }

    /// A PING's whole time, and time for hyper to close the connection itself.
    pub(super) fn longest_silence(self) -> Duration {
        self.keep_alive_interval + self.keep_alive_timeout + self.keep_alive_timeout
    }
}

const SHORTEST: Duration = Duration::from_millis(1);
/// Longer than any server lives, and short enough to be added to any time: hyper adds without looking.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

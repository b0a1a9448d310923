//! What a subscription sends, told by its shard's id: `flood-0007`, `tick-50-0000`.

use std::fmt;

/// How the server writes the events of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Prepared events, as fast as they are taken.
    Flood,
    /// Prepared events, so many per second.
    Paced(u32),
    /// Events with one small record, so many per second.
    Tick(u32),
    /// Events with one record that carries the time at which it was written, so many per second.
    Stamped(u32),
    /// An empty event every 5 s, as the service does.
    Idle,
}

impl Mode {
    /// The mode of this shard.
    pub(crate) fn of(shard_id: &str) -> Option<Self> {
        shard_id.rsplit_once('-').and_then(|(mode, _)| Self::parse(mode))
    }

    /// The id of the shard with this number.
    pub(crate) fn shard_id(self, number: usize) -> String {
        format!("{self}-{number:04}")
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, rate) = text.split_once('-').unwrap_or((text, "0"));
        let rate = rate.parse().ok()?;
        Some(match name {
            "flood" => Self::Flood,
            "paced" => Self::Paced(rate),
            "tick" => Self::Tick(rate),
            "stamped" => Self::Stamped(rate),
            "idle" => Self::Idle,
            _ => return None,
        })
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flood => f.write_str("flood"),
            Self::Paced(rate) => write!(f, "paced-{rate}"),
            Self::Tick(rate) => write!(f, "tick-{rate}"),
            Self::Stamped(rate) => write!(f, "stamped-{rate}"),
            Self::Idle => f.write_str("idle"),
        }
    }
}

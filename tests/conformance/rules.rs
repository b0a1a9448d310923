//! The rules of the service: one for each thing that AWS documents, or that is known of it, about the operations that a
//! consumer or producer uses. The tests and the generated table are made of the same list.
//!
//! A rule is tried on a server as it is. What AWS does not document is a setting of the emulator: such a rule tries every
//! value, and cannot be observed elsewhere.

mod clients;
mod codecs;
mod delivery;
mod http;
mod listing;
mod managing;
mod polling;
mod positions;
mod registration;
mod resharding;
mod shard_end;
mod subscribing;
mod tagging;
mod writing;

use std::future::Future;
use std::pin::Pin;

use crate::verdict::Verdict;
use crate::world::{Door, World};

pub(crate) struct Rule {
    pub(crate) id: &'static str,
    /// What the service does.
    pub(crate) text: &'static str,
    /// Where that is said: a page of the API reference by its operation, the developer guide, or whoever saw it.
    pub(crate) source: &'static str,
    pub(crate) doors: Doors,
    /// Whether other rules at the same time would disturb it, or it them: it counts calls of the whole account, or sends much.
    pub(crate) alone: bool,
    pub(crate) check: Check,
}

pub(crate) type Check = fn(World) -> Pin<Box<dyn Future<Output = Verdict>>>;

/// Which of the emulator's doors a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doors {
    Every,
    /// All but the port: it is about HTTP, or about what the port has no words for.
    Http,
    /// HTTP/2, plain or under TLS.
    Http2,
    Tls,
}

impl Doors {
    pub(crate) fn contain(self, door: Door) -> bool {
        match self {
            Self::Every => true,
            Self::Http => door != Door::Port,
            Self::Http2 => matches!(door, Door::Http2 | Door::TlsHttp2),
            Self::Tls => door == Door::TlsHttp2,
        }
    }
}

/// All rules, in the order of the table.
pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    groups().into_iter().flat_map(|(_, rules)| rules)
}

/// The rules by what they are about.
pub(crate) fn groups() -> [(&'static str, &'static [Rule]); 14] {
    [
        ("Registered consumers", registration::RULES),
        ("SubscribeToShard", subscribing::RULES),
        ("Where a subscription starts", positions::RULES),
        ("What a subscription delivers", delivery::RULES),
        ("The end of a shard", shard_end::RULES),
        ("ListShards", listing::RULES),
        ("Polling", polling::RULES),
        ("Resharding", resharding::RULES),
        ("Writing", writing::RULES),
        ("Settings of streams and of the account", managing::RULES),
        ("Tags", tagging::RULES),
        ("HTTP", http::RULES),
        ("Codecs", codecs::RULES),
        ("What real clients do", clients::RULES),
    ]
}

/// A table of rules: id, source, text, check; behind it the doors that it is about, if not all, and `alone`.
macro_rules! rules {
    ($($id:ident $source:literal $text:literal $check:ident $($doors:ident)? $(($alone:ident))?;)+) => {
        pub(crate) const RULES: &[$crate::rules::Rule] = &[$(
            $crate::rules::Rule {
                id: stringify!($id),
                text: $text,
                source: $source,
                doors: $crate::rules::rules!(@doors $($doors)?),
                alone: $crate::rules::rules!(@alone $($alone)?),
                check: |world| Box::pin($check(world)),
            },
        )+];
    };
    (@doors) => { $crate::rules::Doors::Every };
    (@doors $doors:ident) => { $crate::rules::Doors::$doors };
    (@alone) => { false };
    (@alone alone) => { true };
}

pub(crate) use rules;

//! Histories of the reading of a stream: the machines of the engine (a `Reader` for each shard, `Lineage`, `Registration`) against
//! the emulator's model of the service, on a clock of their own.
//!
//! There is no port, no async and no real time. What a shell does with the machines' commands is done here, and so is what goes wrong
//! between it and the service. One seed is one history, always the same.
//!
//! ```text
//!   Plan (what a seed chooses) ──> World ── puts, reshards, rivals ──> Service { Model, Ledger }
//!                                    │                                   ^   │
//!                                    ├── Listing ── Lineage ─────────────┤   │ each record stored: in order, once, none left out
//!                                    ├── Registering ── Registration ────┤   v
//!                                    └── Shard ── Reader ── calls, room ─┘ Ledger, Pace, Counts
//! ```
//!
//! `SEEDS=20000 cargo test --release --test simulation seeds` runs so many histories; `SEED=7 cargo test --test simulation one` runs
//! one and prints all that happens in it.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod counts;
mod given_up;
mod ledger;
mod limits;
mod listing;
mod luck;
mod pace;
mod plan;
mod registering;
mod seeds;
mod service;
mod shard;
mod world;
mod writers;

//! The subscription machine, held to its decisions: the table of states and inputs, one scenario per decision, and seeded runs
//! against a model of a shard.

mod any_input;
mod calls;
mod contention;
mod failures;
mod not_found;
mod pin;
mod position;
mod render;
mod rivals;
mod scenario;
mod seeds;
mod service;
mod shard_end;
mod shard_model;
mod shell;
mod silence;
mod start;
mod states;
mod table;
mod values;

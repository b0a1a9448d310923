//! The polling machine, held to its rules: the table of states and inputs, one scenario per rule, and inputs in no sensible order.

mod any_input;
mod failures;
mod iterators;
mod pace;
mod pin;
mod position;
mod render;
mod room;
mod scenario;
mod shard_end;
mod start;
mod states;
mod suspension;
mod table;
mod throttles;
mod values;

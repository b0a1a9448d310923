//! The reader machine, held to its rules: the table of modes and inputs, one scenario per rule, and inputs in no sensible order.

mod alone;
mod any_input;
mod consumer;
mod denied;
mod failing;
mod filter;
mod never;
mod polling_denied;
mod probe;
mod probe_fails;
mod render;
mod scenario;
mod shard_end;
mod shutdown;
mod states;
mod table;
mod values;
mod watch;

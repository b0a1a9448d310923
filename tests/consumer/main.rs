//! The consumer over the emulator's port, in virtual time: no socket, no waiting.

mod breaking;
mod contention;
mod lineage;
mod memory;
mod outages;
mod position;
mod reading;
mod refusals;
mod starting;
mod timing;
mod weighing;
mod world;

//! The consumer over the emulator's port, in virtual time: no socket, no waiting.

mod breaking;
mod contention;
mod lineage;
mod memory;
mod position;
mod reading;
mod starting;
mod timing;
mod weighing;
mod world;

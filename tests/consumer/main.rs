//! The consumer over the emulator's port, in virtual time: no socket, no waiting.

mod memory;
mod reading;
mod timing;
mod weighing;
mod world;

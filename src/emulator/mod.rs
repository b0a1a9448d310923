//! Placeholder of emulator.

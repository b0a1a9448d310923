//! Placeholder of wire.

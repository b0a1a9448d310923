//! Placeholder of consumer.

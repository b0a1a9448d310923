//! Placeholder of kpl.

//! Scenarios and the state x input table.

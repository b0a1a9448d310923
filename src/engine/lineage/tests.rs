//! Scenarios, the state x input table, random histories.

//! The suite finds the faults of stores that are wrong.

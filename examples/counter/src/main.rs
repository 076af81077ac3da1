//! A counter whose state survives refresh, restart and deploy.
fn main() {}

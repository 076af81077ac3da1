//! Guides: one subject each, to be read from beginning to end.

/// State that lasts.
pub mod state {
    #![doc = include_str!("../docs/state.md")]
}

/// The browser client.
pub mod client {
    #![doc = include_str!("../docs/client.md")]
}

/// Life in production.
pub mod production {
    #![doc = include_str!("../docs/production.md")]
}

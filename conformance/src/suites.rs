//! The contracts, a room each.

pub mod bridge;
pub mod plugin;

//! The contracts, a room each.

pub mod plugin;

//! What the benches share: how rivals are measured in turns, what is claimed of them, and who they are.
//!
//! Absolute times belong to the machine and the hour. What is claimed is how two functions stand to each other
//! that one run measured on the same work; README.md has the claims, and what the last run said to them.
//!
//! - [`Bench`] and [`Race`]: rivals on the same work, criterion's mean, percentiles, and a verdict
//! - [`Claim`] and [`judge`]: what is claimed of medians that criterion took one after the other
//! - [`Raw`]: wasmtime and nothing else, the floor of most races
//! - [`guest`]: the plugins that are raced
//! - [`Budgets`]: what the counts of instructions may come to
//! - `extism`, with the feature `peers`: another plugin system

mod budget;
mod claim;
pub mod guest;
mod race;
mod raw;

#[cfg(feature = "peers")]
pub mod extism;

pub use budget::{Budget, Budgets, Counts, Judged, PerBuild};
pub use claim::{Claim, Compare, Measured, criterion_home, judge};
pub use race::{Bench, Race, kept, settle_the_allocator};
pub use raw::{Raw, Started};

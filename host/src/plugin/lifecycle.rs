//! Where a plugin stands in its life.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// Where a plugin stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Made, not started. In the world `tool`, always: each call is a life of its own.
    Ready,
    /// `start` runs.
    Starting,
    /// Started, to be called.
    Running,
    /// `stop` runs.
    Stopping,
    /// Stopped in order.
    Stopped,
    /// Broken: by a fault, or by its own word.
    Failed,
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lifecycle::Ready => "ready",
            Lifecycle::Starting => "starting",
            Lifecycle::Running => "running",
            Lifecycle::Stopping => "stopping",
            Lifecycle::Stopped => "stopped",
            Lifecycle::Failed => "failed",
        })
    }
}

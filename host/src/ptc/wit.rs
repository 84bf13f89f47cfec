//! The world `yoi:ptc/engine` in this host's types. `wit/ptc` is the original.

use wasmtime::component::{ComponentType, Lift, Lower};

/// The interface that an engine imports.
pub(super) const HOST: &str = "yoi:ptc/host@1.0.0";

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub(super) struct Call {
    pub(super) id: u32,
    pub(super) tool: String,
    pub(super) args: String,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub(super) struct WitToolError {
    pub(super) name: String,
    pub(super) message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub(super) struct Answer {
    pub(super) id: u32,
    pub(super) outcome: Result<String, WitToolError>,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub(super) struct WitUncaught {
    pub(super) name: String,
    pub(super) message: String,
    pub(super) trace: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
pub(super) enum WitOutcome {
    #[component(name = "value")]
    Value(String),
    #[component(name = "raised")]
    Raised(WitUncaught),
    #[component(name = "unreadable")]
    Unreadable(WitUncaught),
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub(super) struct Pause {
    pub(super) calls: Vec<Call>,
    #[component(name = "wake-after")]
    pub(super) wake_after: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
pub(super) enum Step {
    #[component(name = "finished")]
    Finished(WitOutcome),
    #[component(name = "paused")]
    Paused(Pause),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "made by lifting alone")]
pub(super) enum Output {
    #[component(name = "stdout")]
    Stdout,
    #[component(name = "stderr")]
    Stderr,
}

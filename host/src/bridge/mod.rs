//! Child agents behind one stream of events.
//!
//! A model may be a program of somebody else's that speaks a dialect of its own. What it says goes through three
//! hands: a [`Dialect`] knows what a line means, a [`Translation`] makes one exchange of it with exactly one end,
//! and a [`Sink`] tells of it as the framework does. All three are functions; the process, the clock and the files
//! are with [`Exchange`], [`Transport`] and [`LinkStore`]. A [`Broker`] decides which child answers for a model.
//!
//! A dialect may also be a component of somebody else's ([`DialectComponent`]): then it has fuel and memory, and
//! nothing to reach.
//!
//! Two modes: `faithful` reads the children as they are, `compat` exactly as the reference does, mistakes included.

mod broker;
mod component;
mod exchange;
mod launch;
mod link;
mod probe;
mod prompt;
mod record;
mod sink;
mod stream;
#[cfg(test)]
mod tests;
mod to_child;
mod translation;
mod transport;

use yoi_dialects::{dialect, event, message, spec};

pub use crate::wire::json::Json;
pub use broker::{Broker, ExchangeOptions, FrameworkStream, Route, RuntimeBridge};
pub use component::{ComponentBridge, DialectComponent, DialectError};
pub use exchange::{Canceller, Exchange, ExchangeReport, ExchangeTimes, Watcher};
pub use launch::{Start, launch};
pub use link::{LinkError, LinkKey, LinkStore, LinksInMemory, LinksOnDisk, RuntimeLink};
pub use probe::{Probe, ProbeError, ProbedWord, probe};
pub use prompt::prompt;
pub use record::Recording;
pub use sink::{MessageSeed, Sink, Snapshot};
pub use stream::{EventStream, FrameworkEvents, Kept, StreamError, StreamEvent, What};
pub use translation::{LineCounts, Translation};
pub use transport::{Processes, Transport, TransportContext, TransportFactory};
pub use yoi_dialects::dialect::{Answer, Dialect, Heard, NotWritten, Opening, Said, dialect};
pub use yoi_dialects::event::{
    Activity, ActivityState, BridgeFailure, FailureCode, FinishReason, NORMALIZED_EVENT_KINDS,
    NormalizedEvent, ToolCall, Voice,
};
pub use yoi_dialects::message::{
    AssistantMessage, Content, Context, Cost, Message, Model, Part, StopReason, Usage,
};
pub use yoi_dialects::spec::{
    Adapter, ExternalRuntimeSpec, Mode, RUNTIME_ENDPOINT_SCHEME, RUNTIME_LINK_ENTRY, RuntimeAuthMode,
    UnknownAdapter,
};

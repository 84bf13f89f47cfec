//! What stands between an exchange and its child: a process, or anything that says lines.

use std::io;

use super::event::{BridgeFailure, FailureCode};
use super::launch::Start;
use super::message::Model;
use super::spec::ExternalRuntimeSpec;
use crate::wire::Line;
use crate::wire::child::{Child, Ending, Farewell, Launch};
use crate::world::Pending;

/// A child, as an exchange sees it.
pub trait Transport: Send {
    /// Say a line to it. It need not arrive before somebody listens.
    fn say(&mut self, line: &str);

    /// Nothing more will be said.
    fn say_no_more(&mut self);

    /// The next line that it says; none when it has said its last. What this gives may be dropped at any time, and
    /// no line is lost by that.
    fn hear(&mut self) -> Pending<'_, io::Result<Option<Line>>>;

    /// Take it down, and say how it ended. Called once, whatever happened.
    fn end(self: Box<Self>, farewell: Farewell) -> Pending<'static, Ending>;
}

/// What is known where a child is wanted.
#[derive(Debug, Clone)]
pub struct TransportContext {
    /// How it is run.
    pub spec: ExternalRuntimeSpec,
    /// The model that is bound to it.
    pub model: Model,
    /// What the exchange is about.
    pub start: Start,
    /// How it would be started as a process.
    pub launch: Launch,
}

/// Gives a child for each exchange, and for each attempt of one.
pub trait TransportFactory: Send + Sync {
    /// A child.
    ///
    /// # Errors
    ///
    /// Where there is none. The exchange fails so.
    fn connect(&self, context: &TransportContext) -> Result<Box<dyn Transport>, BridgeFailure>;
}

/// Children that are processes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Processes;

impl TransportFactory for Processes {
    fn connect(&self, context: &TransportContext) -> Result<Box<dyn Transport>, BridgeFailure> {
        let child = Child::start(&context.launch)
            .map_err(|error| BridgeFailure::new(FailureCode::NotStarted, error.to_string()))?;
        Ok(Box::new(child))
    }
}

impl Transport for Child {
    fn say(&mut self, line: &str) {
        Child::say(self, line);
    }

    fn say_no_more(&mut self) {
        Child::say_no_more(self);
    }

    fn hear(&mut self) -> Pending<'_, io::Result<Option<Line>>> {
        Box::pin(Child::hear(self))
    }

    fn end(self: Box<Self>, farewell: Farewell) -> Pending<'static, Ending> {
        Box::pin(Child::end(*self, farewell))
    }
}

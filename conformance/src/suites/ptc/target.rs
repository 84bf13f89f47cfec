//! What can stand behind the contract of code that calls tools: an engine, or a host that speaks the protocol.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use yoi_host::ptc::{Interpreter, PtcLimits};

use super::peer::Peer;
use crate::context::OnInterrupt;
use crate::{Context, Stop};

/// An engine in a host of this process, or any host in one of its own.
pub struct PtcTarget {
    door: Door,
    /// Hosts that are booted and have nothing under way: a host may take seconds to boot.
    idle: Mutex<Vec<Peer>>,
}

/// What becomes of each line, without its end, on the way to a host that is broken on purpose, and on the way from it.
#[derive(Debug, Clone, Copy)]
pub enum Tamper {
    /// Of what it is told.
    Heard(fn(&str) -> Vec<String>),
    /// Of what it says.
    Said(fn(&str) -> Vec<String>),
}

enum Door {
    Engine(Interpreter, Option<Tamper>),
    Process(Vec<String>),
}

/// A host that a case has for itself.
pub(super) struct Lent<'t> {
    pub(super) peer: Peer,
    target: &'t PtcTarget,
    _hook: Option<OnInterrupt>,
}

impl Tamper {
    /// What is heard instead of these lines.
    pub(super) fn heard(tamper: Option<Self>, bytes: Vec<u8>) -> Vec<u8> {
        match tamper {
            Some(Self::Heard(change)) => through(change, &bytes).concat(),
            _ => bytes,
        }
    }

    /// What is said instead of this line.
    pub(super) fn said(tamper: Option<Self>, line: Vec<u8>) -> Vec<Vec<u8>> {
        match tamper {
            Some(Self::Said(change)) => through(change, &line),
            _ => vec![line],
        }
    }
}

fn through(change: fn(&str) -> Vec<String>, line: &[u8]) -> Vec<Vec<u8>> {
    let line = String::from_utf8_lossy(line);
    let lines = change(line.trim_end()).into_iter();
    lines.map(|line| format!("{line}\n").into_bytes()).collect()
}

impl PtcTarget {
    /// An engine, in a host of this process.
    #[must_use]
    pub fn engine(engine: Interpreter) -> Self {
        Self::new(Door::Engine(engine, None))
    }

    /// An engine in a host that is broken on purpose: what it hears or says goes through `tamper`.
    #[must_use]
    pub fn tampered(engine: Interpreter, tamper: Tamper) -> Self {
        Self::new(Door::Engine(engine, Some(tamper)))
    }

    /// A host that this command starts, which speaks the protocol on standard input and output.
    #[must_use]
    pub fn command(command: &[String]) -> Self {
        Self::new(Door::Process(command.to_vec()))
    }

    fn new(door: Door) -> Self {
        Self {
            door,
            idle: Mutex::default(),
        }
    }

    /// The door that it stands behind.
    #[must_use]
    pub const fn door(&self) -> &'static str {
        match self.door {
            Door::Engine(..) => "component",
            Door::Process(_) => "process",
        }
    }

    /// A host that nobody has spoken to.
    pub(super) fn fresh(&self, context: &Context) -> Result<Lent<'_>, Stop> {
        let (peer, hook) = match &self.door {
            Door::Engine(engine, tamper) => {
                let mut limits = PtcLimits::default();
                // A case is over by then.
                limits.run_time = context.remaining().min(Duration::from_secs(60));
                limits.calls_in_flight = limits.calls;
                (Peer::of_engine(context, engine, limits, *tamper)?, None)
            }
            Door::Process(command) => Peer::spawn(context, command)?,
        };
        Ok(Lent {
            peer,
            target: self,
            _hook: hook,
        })
    }

    /// A host that is booted, and may have served other cases.
    pub(super) fn booted(&self, context: &Context) -> Result<Lent<'_>, Stop> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(peer) = idle {
            return Ok(Lent {
                peer,
                target: self,
                _hook: None,
            });
        }
        let mut lent = self.fresh(context)?;
        lent.peer.learn_language(context)?;
        Ok(lent)
    }
}

impl Lent<'_> {
    /// Nothing is under way: others may have it.
    pub(super) fn give_back(self) {
        let mut idle = self.target.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self.peer);
    }
}

impl std::fmt::Debug for PtcTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PtcTarget")
            .field("door", &self.door())
            .finish_non_exhaustive()
    }
}

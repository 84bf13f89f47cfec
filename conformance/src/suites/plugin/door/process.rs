//! Any host, behind a process that speaks the protocol.

use std::time::Duration;

use super::{Ask, Done, Hello, HostFault, Line, Outcome, PROTOCOL, PluginHost};
use crate::Context;
use crate::limits::{PROCESS_CALL_TIME, PROCESS_HELLO_TIME};
use crate::target::{Child, Ender, Lent, Pool, Worker};

/// How long an adapter may take for one thing that it is asked: what a plugin may take, and as long again for the
/// host's own work on a busy machine.
const PATIENCE: Duration = PROCESS_CALL_TIME.saturating_mul(2);

/// A host behind a process, ended with this.
#[derive(Debug)]
pub struct Process {
    child: Child,
    asked: u64,
    /// Whether it has answered anything but `hello`.
    has_worked: bool,
    /// How it broke.
    broken: Option<HostFault>,
}

/// Processes of one command.
#[derive(Debug, Clone)]
pub(in crate::suites::plugin) struct Processes {
    command: Vec<String>,
    pool: Pool<Process>,
}

impl Process {
    /// Start the command.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub fn spawn(command: &[String]) -> Result<Self, HostFault> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(HostFault("no command was given".to_owned()));
        };
        let child = Child::spawn(program, arguments).map_err(|error| HostFault(error.to_string()))?;
        Ok(Self {
            child,
            asked: 0,
            has_worked: false,
            broken: None,
        })
    }

    /// What ends it from elsewhere.
    #[must_use]
    pub fn ender(&self) -> Ender {
        self.child.ender()
    }

    /// Who stands behind this command. It is asked once, and waited for no longer than that may take: without, every
    /// case would wait for a command that says nothing.
    ///
    /// # Errors
    ///
    /// Why it is no adapter.
    pub fn introduce(command: &[String]) -> Result<Hello, String> {
        let hello = Ask::Hello {
            protocol: PROTOCOL.to_owned(),
        };
        let said = Self::spawn(command).and_then(|mut process| process.exchange(&hello, PROCESS_HELLO_TIME));
        match said {
            Ok(Outcome::Done(Done::Hello(hello))) if hello.protocol == PROTOCOL => Ok(hello),
            Ok(Outcome::Done(Done::Hello(hello))) => {
                Err(format!("the host speaks {}, not {PROTOCOL}", hello.protocol))
            }
            Ok(Outcome::Done(_)) => Err("the host answers `hello` with something else than that".to_owned()),
            Ok(Outcome::Refused(refusal)) => {
                Err(format!("the host does not speak {PROTOCOL}: {}", refusal.message))
            }
            Err(fault) => Err(fault.to_string()),
        }
    }

    fn exchange(&mut self, ask: &Ask, patience: Duration) -> Result<Outcome, HostFault> {
        self.asked += 1;
        let id = self.asked;
        let fault = |error: &dyn std::fmt::Display| {
            HostFault(format!("the host was asked `{}`: {error}", ask.name()))
        };
        self.child
            .send(&Line { id, what: ask })
            .map_err(|error| fault(&error))?;
        let answer = self.child.receive_line(patience);
        let answer = answer.map_err(|error| fault(&error))?;
        let line = Line::<Outcome>::answered(&answer).map_err(|error| fault(&error))?;
        if line.id != id {
            return Err(fault(&format!("it answered under number {}, not {id}", line.id)));
        }
        Ok(line.what)
    }
}

impl PluginHost for Process {
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault> {
        let outcome = self.exchange(ask, PATIENCE);
        match &outcome {
            Ok(_) => self.has_worked |= !matches!(ask, Ask::Hello { .. }),
            Err(fault) => self.broken = Some(fault.clone()),
        }
        outcome
    }
}

impl Worker for Process {
    fn ender(&self) -> Ender {
        self.child.ender()
    }

    fn has_worked(&self) -> bool {
        self.has_worked
    }

    fn broken(&self) -> Option<String> {
        self.broken.as_ref().map(ToString::to_string)
    }
}

impl Processes {
    pub(in crate::suites::plugin) fn of(command: &[String]) -> Self {
        Self {
            command: command.to_vec(),
            pool: Pool::new(),
        }
    }

    pub(in crate::suites::plugin) fn lend(&self, ctx: &Context) -> Result<Box<dyn PluginHost>, HostFault> {
        let spawn = || Process::spawn(&self.command).map_err(|fault| fault.to_string());
        let lent = self.pool.lend(ctx, spawn).map_err(HostFault)?;
        Ok(Box::new(lent))
    }
}

impl PluginHost for Lent<Process> {
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault> {
        (**self).ask(ask)
    }
}

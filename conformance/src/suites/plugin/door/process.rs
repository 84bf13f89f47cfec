//! Any host, behind a process that speaks the protocol.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::{Ask, Done, Hello, HostFault, Line, Outcome, PROTOCOL, PluginHost};
use crate::Context;
use crate::context::OnInterrupt;
use crate::limits::{ADAPTER_BREAKS, CHILD_STDERR_SHOWN_BYTES, PROCESS_CALL_TIME, PROCESS_HELLO_TIME};
use crate::target::{Child, Ender};
use crate::text::bounded;

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

/// Processes of one command: one that a case is done with serves the next, one that broke is replaced.
#[derive(Debug, Clone)]
pub(in crate::suites::plugin) struct Processes {
    command: Vec<String>,
    kept: Arc<Mutex<Kept>>,
}

/// What is known of the processes of a command.
#[derive(Debug, Default)]
struct Kept {
    idle: Vec<Process>,
    /// How many broke in a row before they had answered anything, and how the last did.
    breaks: u32,
    last: Option<HostFault>,
}

/// A process for the length of a case, ended with the time of that.
struct Lent {
    process: Option<Process>,
    kept: Arc<Mutex<Kept>>,
    _ends: OnInterrupt,
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
        let answer = self.child.receive(patience).map_err(|error| fault(&error))?;
        let line: Line<Outcome> = serde_json::from_value(answer.clone())
            .map_err(|error| fault(&not_of_the_protocol(&answer, &error)))?;
        if line.id != id {
            return Err(fault(&format!("it answered under number {}, not {id}", line.id)));
        }
        Ok(line.what)
    }
}

/// What is wrong with a line, with as much of it as tells which one it was.
fn not_of_the_protocol(line: &Value, error: &serde_json::Error) -> String {
    let has = |key: &str| line.get(key).is_some();
    let why = match () {
        () if !has("id") => "it has no `id`".to_owned(),
        () if !has("done") && !has("refused") => "it has neither `done` nor `refused`".to_owned(),
        () => error.to_string(),
    };
    let shown = bounded(&line.to_string(), CHILD_STDERR_SHOWN_BYTES);
    format!("it answered {shown}, which is not of the protocol: {why}")
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

impl Processes {
    pub(in crate::suites::plugin) fn of(command: &[String]) -> Self {
        Self {
            command: command.to_vec(),
            kept: Arc::default(),
        }
    }

    pub(in crate::suites::plugin) fn lend(&self, ctx: &Context) -> Result<Box<dyn PluginHost>, HostFault> {
        let idle = {
            let mut kept = lock(&self.kept);
            if let Some(fault) = kept.last.as_ref().filter(|_| kept.breaks >= ADAPTER_BREAKS) {
                return Err(HostFault(format!(
                    "{fault}; it broke {ADAPTER_BREAKS} times before it answered anything, and is not tried again"
                )));
            }
            kept.idle.pop()
        };
        let process = match idle {
            Some(process) => process,
            None => Process::spawn(&self.command)?,
        };
        let ender = process.ender();
        Ok(Box::new(Lent {
            process: Some(process),
            kept: Arc::clone(&self.kept),
            _ends: ctx.on_interrupt(move || ender.end()),
        }))
    }
}

impl PluginHost for Lent {
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault> {
        match &mut self.process {
            Some(process) => process.ask(ask),
            None => Err(HostFault("the host is gone".to_owned())),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let mut kept = lock(&self.kept);
        if process.has_worked {
            kept.breaks = 0;
        }
        match process.broken.take() {
            None => kept.idle.push(process),
            Some(_) if process.has_worked => {}
            Some(fault) => {
                kept.breaks += 1;
                kept.last = Some(fault);
            }
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // Nothing under the lock can leave it half changed.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

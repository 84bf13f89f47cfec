//! Any host of child agents, behind a process that speaks the protocol.

use tokio::runtime::Builder;

use super::{Hello, Wire};
use crate::limits::{BRIDGE_HOST_LINE_BYTES, LETTING_GO, PROCESS_HELLO_TIME};
use crate::target::{Child, ChildError, Ender, Lent, Pool, Spawning, Worker};
use crate::{Context, Stop};

/// A variable that every adapter has, and no child is to have: it stands for the keys that a host holds for itself.
pub(in crate::suites::bridge) const KEPT: (&str, &str) = ("YOIKIT_HOST_SECRET", "of-the-host-alone");

/// A process that was heard out about who it is.
pub(in crate::suites::bridge) struct Process {
    wire: Wire,
    ender: Ender,
}

/// Processes of one command.
pub(in crate::suites::bridge) struct Adapters {
    command: Vec<String>,
    pool: Pool<Process>,
}

impl Process {
    fn spawn(command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command.split_first().expect("a command has a program");
        let how = Spawning {
            variables: vec![KEPT],
            line_bytes: BRIDGE_HOST_LINE_BYTES,
        };
        let mut child = Child::spawn_as(program, arguments, &how).map_err(|error| error.to_string())?;
        let ender = child.ender();
        let speaker = child.speaker().expect("it was just started");
        // Its input is over when the wire is: then it ends, and is ended where it does not.
        child.send_no_more();
        let speak = move |line| speaker.send_bytes(line).map_err(|error| error.to_string());
        let hear = move || match child.receive_line(LETTING_GO) {
            Ok(line) => Ok(Some(line)),
            Err(ChildError::Silent { .. }) => Ok(None),
            Err(error) => Err(error.to_string()),
        };
        let mut wire = Wire::of(speak, hear);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(wire.greet(PROCESS_HELLO_TIME))?;
        Ok(Self { wire, ender })
    }
}

impl Worker for Process {
    fn ender(&self) -> Ender {
        self.ender.clone()
    }

    fn has_worked(&self) -> bool {
        self.wire.has_worked()
    }

    fn broken(&self) -> Option<String> {
        self.wire.broken()
    }
}

/// Who stands behind this command. It is asked once, and waited for no longer than that may take: without, every case
/// would wait for a command that says nothing.
///
/// # Errors
///
/// Why it is no adapter.
pub fn introduce(command: &[String]) -> Result<Hello, String> {
    use super::ChildHost as _;
    Process::spawn(command).map(|process| process.wire.hello())
}

impl Adapters {
    pub(in crate::suites::bridge) fn of(command: &[String]) -> Self {
        Self {
            command: command.to_vec(),
            pool: Pool::new(),
        }
    }

    /// A wire to one, and what keeps it from others meanwhile.
    pub(in crate::suites::bridge) fn lend(&self, context: &Context) -> Result<(Wire, Loan), Stop> {
        let lent = self.pool.lend(context, || Process::spawn(&self.command));
        let lent = lent.map_err(Stop::CouldNotRun)?;
        Ok((lent.wire.clone(), Loan { _lent: lent }))
    }
}

/// Keeps a process from others while a play has it.
pub(in crate::suites::bridge) struct Loan {
    _lent: Lent<Process>,
}

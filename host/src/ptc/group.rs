//! A local command, run by the shell in a process group of its own, that does not outlive us.

use std::io;
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::wire::child::tie;

/// A command, and whatever it started.
pub(super) struct Group {
    pub(super) child: Child,
    leader: Option<u32>,
}

impl Group {
    pub(super) fn spawn(command: &str) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        shell.process_group(0);
        tie(shell.as_std_mut());
        let child = shell.spawn()?;
        Ok(Self {
            leader: child.id(),
            child,
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A leader that was waited for has no number that is surely its own, and has left nothing that this call
        // waits for.
        if self.child.id().is_none() {
            return;
        }
        #[cfg(unix)]
        if let Some(leader) = self
            .leader
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

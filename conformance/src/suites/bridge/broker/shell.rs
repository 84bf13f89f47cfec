//! Children that are processes: shells that do as they are told.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use yoi_host::wire::child::{Environment, How, Launch};

use super::play::{Role, Step};

/// How many bytes of what is repeated a shell writes at a time: more than a pipe holds.
const AT_A_TIME: usize = 256 * 1024;

/// A shell that plays a role. What it says is in files of the folder.
pub(super) fn launch(folder: &Path, number: usize, role: &Role) -> io::Result<Launch> {
    let mut script = String::new();
    let mut files = 0;
    let mut keep = |bytes: &[u8]| {
        let path = folder.join(format!("child-{number}-{files}"));
        files += 1;
        fs::write(&path, bytes).map(|()| path.display().to_string())
    };
    for step in &role.steps {
        let _ = match step {
            Step::Say(bytes) => writeln!(script, "cat '{}'", keep(bytes)?),
            Step::Repeat { bytes, at_most } => {
                let piece = bytes.repeat(AT_A_TIME.div_ceil(bytes.len().max(1)));
                let times = at_most / piece.len().max(1);
                let file = keep(&piece)?;
                writeln!(
                    script,
                    "i=0; while [ $i -lt {times} ]; do cat '{file}'; i=$((i+1)); done; exec sleep 3600"
                )
            }
            Step::Wait(time) => writeln!(script, "sleep {}", time.as_secs_f64()),
            Step::Hang => writeln!(script, "exec sleep 3600"),
            // No child can have its pipe break and live.
            Step::Break => Ok(()),
        };
    }
    let stderr = keep(role.ending.stderr.as_bytes())?;
    let _ = writeln!(script, "cat '{stderr}' >&2");
    let _ = match role.ending.how {
        How::Exited(status) => writeln!(script, "exit {status}"),
        How::Signalled(signal) => writeln!(script, "kill -{signal} $$"),
        How::Silent => Ok(()),
    };
    Ok(shell(&script))
}

/// A program that is not there.
pub(super) fn absent() -> Launch {
    Launch {
        program: "/no/such/program".into(),
        ..shell("")
    }
}

fn shell(script: &str) -> Launch {
    Launch {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        environment: Environment::listed(&[]),
        cwd: None,
    }
}

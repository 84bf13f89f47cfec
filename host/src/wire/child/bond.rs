//! What ties a child's life to ours, also where we have no time to end it: killed, aborted, out of memory.
//!
//! Every child's environment bears a mark that begins with this process's own name, and its children inherit it. A
//! guard, one for the process, waits for the end of a pipe that only this process holds open; whichever way the
//! process ends, the kernel closes it. Then the guard kills whoever bears such a mark, and the group that one leads,
//! until nobody is left, and ends.
//!
//! The guard is the system's shell, in a group of its own and nobody's child, so that no signal from a terminal
//! reaches it and no program that waits for its children meets it. What the kernel offers for this, a signal at the
//! parent's death, it sends at the death of the *thread* that started the child, and only to the child itself: a
//! runtime's threads come and go, and an agent's commands outlive it. A process that both clears its environment
//! and leaves its group is not found; nor is anything where there is no `/proc`. A machine without `sh` and `grep`
//! has no guard: children are ended by us in order there, or see their input end.

use std::ffi::OsStr;
use std::io;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that bears the mark.
pub(super) const MARK: &str = "YOIKIT_CHILD";

/// What the guard runs; its first argument is the beginning of the marks. One who is started while it looks is seen
/// the next time, which is why nobody has to be found twice.
const GUARD: &str = r#"
exec 3<&0
(
  trap '' HUP INT QUIT TERM
  read -r _
  sweeps=0
  clean=0
  while [ "$clean" -lt 2 ] && [ "$sweeps" -lt 200 ]; do
    sweeps=$((sweeps + 1))
    found=$(grep -lsF "$1" /proc/[0-9]*/environ)
    if [ -z "$found" ]; then clean=$((clean + 1)); else clean=0; fi
    for environ in $found; do
      pid=${environ#/proc/}
      pid=${pid%/environ}
      kill -KILL -"$pid" "$pid"
    done
  done
) <&3 3<&- &
"#;

/// Tie the life of what a command starts to ours: at the latest when this process is gone, it is killed, and with it
/// whatever it started. To end it in time is still its owner's business.
pub fn tie(command: &mut Command) {
    bear(command, &mark());
}

/// As [`tie`], under a mark that is known.
pub(super) fn bear(command: &mut Command, mark: &str) {
    command.env(MARK, mark);
    guarded();
}

/// A mark that no other child has.
pub(super) fn mark() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}{}", *OWN, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// How all marks of this process begin, and of no other, also not of one that has its number later.
static OWN: LazyLock<String> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.as_nanos());
    format!("{}-{nanos:x}-", std::process::id())
});

/// See to it that there is a guard. Where there can be none, that is how it is.
fn guarded() {
    static GUARDED: OnceLock<Option<ChildStdin>> = OnceLock::new();
    if cfg!(target_os = "linux") {
        GUARDED.get_or_init(|| set_guard(&OWN).ok());
    }
}

/// Have the processes killed that bear a mark that begins so, as soon as what is returned is closed.
fn set_guard(marks: &str) -> io::Result<ChildStdin> {
    let mut command = Command::new("sh");
    command
        .args(["-c", GUARD, "sh"])
        .arg(format!("{MARK}={marks}"))
        // Nothing of ours, least of all a mark that we bear ourselves, nor a folder that somebody may want to remove.
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| (OsStr::new("PATH"), path)))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut shell = command.spawn()?;
    let open = shell.stdin.take();
    // It has put the guard into the background and is over.
    shell.wait()?;
    open.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
}

//! All processes that come of a child, also those that left its group or outlived it.
//!
//! A child agent runs commands in sessions of their own, which a signal to its group does not reach. So a child's
//! environment bears a mark, which its children inherit, and whoever bears it or descends from the child is found
//! in `/proc`. A process is signalled through a handle that was made before it was looked at, so that no number
//! that was given to another process in the meantime is ever meant. Where there is no `/proc` the group is all.

use std::collections::HashSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::bond::MARK;
use crate::limits::{CHILD_GONE_TIME, CHILD_SWEEPS};

/// A child and all that comes of it.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    root: Pid,
    mark: String,
}

impl Tree {
    pub(super) const fn new(root: Pid, mark: String) -> Self {
        Self { root, mark }
    }

    /// Ask all of them. `root_lives` as for [`kill`](Self::kill).
    pub(super) fn ask(&self, root_lives: bool) {
        if root_lives {
            let _ = kill_process_group(self.root, Signal::TERM);
        }
        self.signal(Signal::TERM, root_lives);
    }

    /// Kill all of them, which die as soon as the machine gets to it. Only while the child was not waited for is its
    /// number its own: afterwards its group is left alone, where those in it can be found otherwise.
    pub(super) fn kill(&self, root_lives: bool) {
        if root_lives || !cfg!(target_os = "linux") {
            let _ = kill_process_group(self.root, Signal::KILL);
        }
        // One that is killed begins no other any more, but may have just before.
        let mut killed = HashSet::new();
        for _ in 0..CHILD_SWEEPS {
            let before = killed.len();
            killed.extend(self.signal(Signal::KILL, root_lives));
            if killed.len() == before {
                break;
            }
        }
    }

    /// Kill all of them but the child itself, which is over, and wait until they are gone; in vain for as long as the
    /// system does not let one die.
    pub(super) fn clear(&self) {
        let until = Instant::now() + CHILD_GONE_TIME;
        self.kill(false);
        while !self.members(false).is_empty() && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
            self.kill(false);
        }
    }

    /// Signal who is found, and say who that was.
    fn signal(&self, signal: Signal, root_lives: bool) -> Vec<Pid> {
        let mut signalled = Vec::new();
        for pid in self.members(root_lives) {
            // Looked at once more when the handle is there: only then is it sure whom it means.
            let is_ours = || self.is_marked(pid) || (root_lives && self.descends(pid));
            if signal_surely(pid, signal, is_ours) {
                signalled.push(pid);
            }
        }
        signalled
    }

    /// Who bears the mark or, while the child lives, descends from it, those that are dead and not yet waited for
    /// left out.
    fn members(&self, root_lives: bool) -> Vec<Pid> {
        let Ok(all) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let pids = all
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(Pid::from_raw);
        let alive: Vec<(Pid, Pid)> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
        let mut members: Vec<Pid> = alive
            .iter()
            .map(|&(pid, _)| pid)
            .filter(|&pid| (root_lives && pid == self.root) || self.is_marked(pid))
            .collect();
        let mut looked_at = 0;
        while looked_at < members.len() {
            let parent = members[looked_at];
            looked_at += 1;
            for &(pid, its_parent) in &alive {
                if its_parent == parent && !members.contains(&pid) {
                    members.push(pid);
                }
            }
        }
        members
    }

    fn is_marked(&self, pid: Pid) -> bool {
        let wanted = format!("{MARK}={}", self.mark);
        // Others' environments cannot be read, and are not ours.
        fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).is_ok_and(|environ| {
            environ
                .split(|&byte| byte == 0)
                .any(|variable| variable == wanted.as_bytes())
        })
    }

    fn descends(&self, pid: Pid) -> bool {
        let mut at = pid;
        // A chain longer than that was changed while it was walked.
        for _ in 0..64 {
            if at == self.root || self.is_marked(at) {
                return true;
            }
            match parent(at) {
                Some(parent) => at = parent,
                None => return false,
            }
        }
        false
    }
}

/// Signal a process by a handle, if it is still the one that is meant. Whether it was there.
#[cfg(target_os = "linux")]
fn signal_surely(pid: Pid, signal: Signal, is_meant: impl FnOnce() -> bool) -> bool {
    use rustix::io::Errno;
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    is_meant() && !matches!(pidfd_send_signal(&handle, signal), Err(Errno::SRCH))
}

/// Without handles no process but the child's group is signalled.
#[cfg(not(target_os = "linux"))]
fn signal_surely(_: Pid, _: Signal, _: impl FnOnce() -> bool) -> bool {
    false
}

/// The parent of a process; none where the process is gone, or dead.
fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name before may hold anything, also parentheses.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    Pid::from_raw(fields.next()?.parse().ok()?)
}

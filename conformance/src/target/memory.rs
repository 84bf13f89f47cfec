//! How much memory processes hold, as Linux tells it.

use std::fs;

/// Bytes that this process and all that it started hold in memory. What cannot be seen counts as nothing: processes end
/// while they are looked at, and other systems have no such files.
pub(super) fn of(process: i32) -> u64 {
    held(process) + children(process).into_iter().map(of).sum::<u64>()
}

fn held(process: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = resident.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() << 10
}

fn children(process: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let started = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let started: Vec<String> = started.collect();
    let numbers = started.iter().flat_map(|numbers| numbers.split_whitespace());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_process_started_counts_as_its_own() {
        let this = i32::try_from(std::process::id()).unwrap();
        let alone = held(this);
        assert!(alone > 1 << 20, "{alone}");
        let mut child = std::process::Command::new("cat");
        let mut child = child.stdin(std::process::Stdio::piped()).spawn().unwrap();
        let started = i32::try_from(child.id()).unwrap();
        // The tests of this binary share its threads, and start others.
        assert!(children(this).contains(&started));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(of(started), 0);
    }
}

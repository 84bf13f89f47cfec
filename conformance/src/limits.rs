//! Every number that bounds a run, in one place, with the reason for it.

use std::time::Duration;

/// How long a case with fixed steps may take, its target's start included: ten times what a plugin's slowest legal
/// call takes.
pub const CASE_TIME: Duration = Duration::from_secs(10);

/// How much longer a case may take for each input that is generated for it: fifty times what one takes against a
/// component in process.
pub const INPUT_TIME: Duration = Duration::from_millis(50);

/// How much longer for each input where a target is a process, which is started for it: an interpreter takes 30 ms, on
/// a machine that is busy with other things ten times that.
pub const PROCESS_INPUT_TIME: Duration = Duration::from_secs(1);

/// From when on a target that is waited for hangs: as long as a call of a process may take.
pub const HANGS_AFTER: Duration = PROCESS_CALL_TIME;

/// How long a case whose time is over may take to let go, once its target was told to end. Past it the case is left
/// behind, with its thread.
pub const LETTING_GO: Duration = Duration::from_secs(2);

/// How many inputs are generated for a property, unless told otherwise.
pub const PROPERTY_CASES: u32 = 64;

/// Most inputs of a property that can be asked for: an hour's work in process.
pub const PROPERTY_CASES_AT_MOST: u32 = 1_000_000;

/// Most attempts at a smaller counterexample. Those that help come early.
pub const SHRINK_STEPS: u32 = 512;

/// Most attempts where the target is a process that ends at each of them: each costs the start of another. One that ends
/// at whatever it is asked is at its smallest within ten.
pub const LOST_SHRINK_STEPS: u32 = 48;

/// Most attempts where the target does not answer: each costs a call's whole time.
pub const HUNG_SHRINK_STEPS: u32 = 4;

/// How many values a generator may throw away for one that it wants: what proptest takes.
pub const LOCAL_REJECTS: u32 = 65_536;

/// Steps of a transcript that are kept: the first, which show how it began, and as many of the last.
pub const STEPS: usize = 64;

/// Most bytes of a text in a transcript, and of what was expected and seen. The rest is counted.
pub const TEXT_BYTES: usize = 2048;

/// Most bytes of a step of a transcript that are shown to people: four lines of a terminal. Reports for programs, and the
/// page, have all that is kept.
pub const STEP_SHOWN_BYTES: usize = 320;

/// Most bytes of a reason, a message or a panic.
pub const REASON_BYTES: usize = 1024;

/// Bytes of how a target broke that tell one cause from another.
pub const CAUSE_BYTES: usize = 512;

/// How many ids are named beside one that is not known.
pub const SUGGESTIONS: usize = 3;

/// Most inputs that are kept in a folder: each is tried in every run.
pub const REGRESSIONS: usize = 1024;

/// Most bytes of a kept input: sixteen times a tool's.
pub const REGRESSION_BYTES: u64 = 1024 * 1024;

/// Longest line that a child process may write: the largest answer, every byte of it written as an escape of six,
/// and what stands around it.
pub const CHILD_LINE_BYTES: usize = 1024 * 1024;

/// Longest line that an adapter of a host of child agents may write: an event holds a line of a child's at most, every byte
/// of it written as an escape of six, and what stands around it.
pub const BRIDGE_HOST_LINE_BYTES: usize = 6 * yoi_host::limits::CHILD_LINE_BYTES + 4096;

/// Longest line that such an adapter is given: a prompt and what stands around it, all of it made up here.
pub const BRIDGE_HOST_ASK_BYTES: usize = 1024 * 1024;

/// Lines that may wait in such an adapter, in each direction: an exchange has one or two under way.
pub const BRIDGE_HOST_LINES: usize = 16;

/// How long what a child started may stay when its exchange is over, or nobody holds it: more than a child has to go by
/// itself and by being told to, on a machine that is busy.
pub const PLAY_LEFT_TIME: Duration = Duration::from_secs(5);

/// How often it is looked whether something is still there.
pub const PLAY_LOOK: Duration = Duration::from_millis(5);

/// Lines that may wait for a child process, and of it: one call at a time has a handful under way.
pub const CHILD_LINES: usize = 16;

/// Bytes of a child's standard error that are kept: the last.
pub const CHILD_STDERR_BYTES: usize = 4096;

/// Bytes of them that a message shows, and of a line that is not of the protocol.
pub const CHILD_STDERR_SHOWN_BYTES: usize = 300;

/// How long a plugin that is a process may take to say what it is, its interpreter's start included.
pub const PROCESS_HELLO_TIME: Duration = Duration::from_secs(5);

/// How often in a row an adapter of a host may break before it has answered anything but `hello`, and a dialect that is
/// a program before it has answered anything. What breaks so often has nothing to do with the case, and hundreds of
/// cases are not to wait for it.
pub const ADAPTER_BREAKS: u32 = 5;

/// How much memory a plugin that is a process may hold, with all that it started: what an interpreter takes, twenty times
/// over, and what machines that build have left. A component has 2 MiB of its own.
pub const PROCESS_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;

/// From how much memory on it is said of a process that does not answer: it may be why.
pub const PROCESS_MEMORY_TOLD_BYTES: u64 = 128 * 1024 * 1024;

/// How often it is looked how much memory a process holds that is waited for.
pub const PROCESS_MEMORY_PAUSE: Duration = Duration::from_millis(50);

/// How long a call of it may take. A component has a second of its own; a process is scheduled among others.
pub const PROCESS_CALL_TIME: Duration = Duration::from_secs(5);

/// How many instances of a component may live at a time: some of each case that runs, on more cores than most
/// machines have. Each reserves address space only.
pub const INSTANCES: u32 = 256;

/// Most bytes of a baseline: a thousand entries and more. They are written by hand.
pub const BASELINE_BYTES: usize = 256 * 1024;

/// Most bytes of a shard's report: ten thousand cases that fail with their transcripts.
pub const REPORT_BYTES: usize = 256 * 1024 * 1024;

/// Most pages of a server's list of tools. Servers have one; a list without end is none.
pub const MCP_PAGES: usize = 64;

/// How long an event of an exchange may be waited for whose child is played by a clock that jumps: longer than any
/// exchange takes by itself.
pub const SCRIPTED_PLAY_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How long where the child is a shell: far more than one takes on a machine that is busy.
pub const PLAY_TIME: Duration = Duration::from_secs(20);

/// For how long nothing happens until it is said that nothing happens any more.
pub const PLAY_PAUSE: Duration = Duration::from_millis(200);

/// How long a shell may stay when it has closed its output. One that ends is gone at once, but on a busy machine that is
/// not seen at once.
pub const PLAY_LEAVE: Duration = Duration::from_secs(1);

//! What bounds code that calls tools, and the engines that run it.

use std::time::Duration;

use super::Limits;

/// Bytes of stack that an interpreter may use: what wasmtime gives a fiber, and so the most that it gives anyone. An
/// interpreter's own bound on recursion, a thousand calls, is met first and in its own words. With more, QuickJS runs
/// over the stack that it has in its memory, which looks like a fault of its own.
pub const INTERPRETER_STACK_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of memory that a place for a session keeps mapped when its session is over, and writes back to what they were
/// at first, so that the next one there need not have them mapped anew, which takes longer than all that a short run
/// does: Monty's first `1+1` takes a fifth of the time, and QuickJS's three quarters. It is what a run has written to,
/// as far as the system tells; CPython's is too scattered to gain by it.
pub const INTERPRETER_KEPT_BYTES: usize = 16 * 1024 * 1024;

/// Largest engine file that is read: CPython with its whole library has 29 MB.
pub const INTERPRETER_BYTES: u64 = 64 * 1024 * 1024;

/// Most names in the list of tools of one run.
pub const PTC_TOOLS: usize = 1024;

/// Longest line of the protocol. What it carries is bounded by [`PtcLimits`]; the largest of them, every byte of it
/// written as an escape of six, fits.
pub const PTC_LINE_BYTES: usize = 128 * 1024 * 1024;

/// Most requests that may wait for the one under way. A client that sends more waits for none.
pub const PTC_WAITING_REQUESTS: usize = 1024;

/// How deep a tool's answer may be nested: what Monty takes, and far less than what ends any of the others.
pub const PTC_ANSWER_LEVELS: usize = 500;

/// Most bytes of answers that wait for a session which computes. Those past it are dropped, and their calls run into
/// their time: sixteen of the largest, or two million of the smallest.
pub const PTC_WAITING_ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// How long code may still compute when nobody can send a line any more. What computes for an answer is done by
/// then, and an endless loop of a client that died is gone with it.
pub const PTC_FAREWELL: Duration = Duration::from_secs(5);

/// How long a client waits for the answer to one request, unless told otherwise: what the clients of the published
/// runtime wait.
pub const PTC_CLIENT_TIME: Duration = Duration::from_secs(300);

/// Most lines of a host that are no part of the protocol, or answer nothing that was asked. A runtime may print a
/// warning or two.
pub const PTC_CLIENT_STRAY_LINES: usize = 100;

/// How long an MCP server may take until it has listed its tools: some are fetched from a registry first.
pub const MCP_START: Duration = Duration::from_secs(60);

/// How long one may take to go when its input has ended, before it is killed.
pub const MCP_FAREWELL: Duration = Duration::from_secs(3);

/// How long the last words of one that is gone may take.
pub const MCP_LAST_WORDS: Duration = Duration::from_secs(1);

/// Most bytes of a recorded run, which is held in memory to be replayed.
pub const PTC_TRANSCRIPT_BYTES: usize = 256 * 1024 * 1024;

/// Longest line of one: the largest arguments or the largest answer.
pub const PTC_TRANSCRIPT_LINE_BYTES: usize = 20 * 1024 * 1024;

/// Most bytes of one message that are shown of a client's or an engine's text.
pub const PTC_SHOWN_BYTES: usize = 512;

/// What one session may use, and each run in it.
///
/// The sizes are such that whatever was seen to work with the published runtime works here: 5 MB of code, 10 MB of
/// arguments, 20 MB of value, 20,000 calls under one `gather`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PtcLimits {
    /// Bytes of all linear memories of the engine together.
    pub memory_bytes: usize,
    /// Bytes of code.
    pub code_bytes: usize,
    /// Bytes of standard output and standard error of one run together. One that prints more is ended.
    pub output_bytes: usize,
    /// Calls of one run. Those past it fail, each by itself.
    pub calls: usize,
    /// Calls that are with a tool at the same time. The others wait for their turn.
    pub calls_in_flight: usize,
    /// Bytes of one call's arguments, as JSON. A larger call fails.
    pub argument_bytes: usize,
    /// Bytes of one answer, as JSON. A larger one makes its call fail.
    pub answer_bytes: usize,
    /// Bytes of a run's value, as JSON. A run with a larger one fails.
    pub value_bytes: usize,
    /// Time for one call, from when it is handed to its tool. Past it, it fails.
    pub call_time: Duration,
    /// Time for one run, calls included. Past it, it is ended.
    pub run_time: Duration,
}

impl Default for PtcLimits {
    fn default() -> Self {
        Self {
            // CPython takes 15 to start with; what a model's code holds besides is some lists.
            memory_bytes: 256 * 1024 * 1024,
            code_bytes: 8 * 1024 * 1024,
            // A model reads four thousand characters of it, a person some screens.
            output_bytes: 8 * 1024 * 1024,
            calls: 100_000,
            // As many as a process may have files open, which a call usually needs.
            calls_in_flight: 1024,
            argument_bytes: 16 * 1024 * 1024,
            answer_bytes: 16 * 1024 * 1024,
            value_bytes: 20 * 1024 * 1024,
            // What clients of the protocol wait for a whole run, unless told otherwise.
            call_time: Duration::from_secs(300),
            run_time: Duration::from_secs(300),
        }
    }
}

impl Limits {
    /// What the pool holds ready for an interpreter, and what its store refuses. A language runtime of many linked
    /// modules has thirty instances and some thousand functions behind pointers.
    pub(crate) const fn of_interpreter() -> Self {
        Self {
            // Not counted.
            fuel: 0,
            memory_bytes: 256 * 1024 * 1024,
            table_elements: 20_000,
            core_instances: 64,
            tables: 32,
            // Some runtimes bring an adapter to WASI with a memory of its own.
            memories: 2,
            call_timeout: Duration::from_secs(300),
        }
    }
}

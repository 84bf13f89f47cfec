//! What bounds pipes, and what is said over them.

use std::time::Duration;

/// Bytes read from a peer at a time: what a pipe holds.
pub const WIRE_READ_BYTES: usize = 64 * 1024;

/// Longest line of a child. The largest seen hold a whole file that a tool read, or a conversation; the clients of
/// such children stop at 1 MiB and lose turns by it.
pub const CHILD_LINE_BYTES: usize = 16 * 1024 * 1024;

/// Most bytes of a child's standard error that are kept, the last ones: a screen of them.
pub const CHILD_STDERR_BYTES: usize = 8 * 1024;

/// How long the output of a child that has ended is waited for. It lies in the pipe by then; who holds that open
/// besides is a process of the child's that was left behind.
pub const CHILD_DRAIN: Duration = Duration::from_millis(200);

/// How long processes that were killed may take to be gone: a machine that is not out of its wits takes
/// milliseconds.
pub const CHILD_GONE_TIME: Duration = Duration::from_secs(5);

/// How often a child's tree is looked for at most until nothing new is found: a process that begins others faster than
/// they are killed is not to hold us.
pub const CHILD_SWEEPS: usize = 16;

//! What bounds child agents, and what is held of what they say.

use std::time::Duration;

use super::CHILD_LINE_BYTES;

/// Most bytes of text, thoughts and tool calls of one exchange, which are held until it is over. The largest
/// context of a model has a tenth.
pub const BRIDGE_TEXT_BYTES: usize = 64 * 1024 * 1024;

/// Events that wait for a slow reader, at most. The child is not listened to meanwhile. Enough that a reader that
/// is woken finds more than one.
pub const BRIDGE_WAITING_EVENTS: usize = 64;

/// Bytes of events that wait for a slow reader; one larger than that waits alone.
pub const BRIDGE_WAITING_BYTES: usize = 1024 * 1024;

/// Most bytes of a name by which a conversation is taken up again. Those seen have 36.
pub const RESUME_TOKEN_BYTES: usize = 256;

/// How long a child may take until its first line. The slowest seen takes 4 s on a small machine.
pub const BRIDGE_START_TIME: Duration = Duration::from_secs(60);

/// How long a child may say nothing. A command that it runs says nothing while it runs.
pub const BRIDGE_IDLE_TIME: Duration = Duration::from_secs(15 * 60);

/// How long an exchange may take, whatever is said.
pub const BRIDGE_TOTAL_TIME: Duration = Duration::from_secs(6 * 60 * 60);

/// How long a child that is done may take to go by itself: it writes down its conversation then.
pub const BRIDGE_LEAVE_TIME: Duration = Duration::from_secs(5);

/// How long a child that is told to end may take before it is killed.
pub const BRIDGE_SOFT_TIME: Duration = Duration::from_secs(2);

/// Most bytes of a link in the store.
pub const BRIDGE_LINK_BYTES: usize = 4 * 1024;

/// Most bytes of a link store that are read.
pub const BRIDGE_LINK_STORE_BYTES: u64 = 16 * 1024 * 1024;

/// How long another process may hold the file of links. It does so for one line, written to the disk; one that was
/// stopped in the middle holds it until somebody lets it go on.
pub const BRIDGE_LINK_LOCK_TIME: Duration = Duration::from_secs(5);

/// How long a store of links may take to answer: more than the file needs to say that it is held. The exchange goes on
/// without it.
pub const BRIDGE_LINK_TIME: Duration = Duration::from_secs(10);

/// How long a child may take to say its version, or its help. The slowest seen takes 4 s on a small machine.
pub const BRIDGE_PROBE_TIME: Duration = Duration::from_secs(20);

/// Most bytes of a prompt that is read from standard input: what goes into the largest context of a model.
pub const BRIDGE_PROMPT_BYTES: usize = 8 * 1024 * 1024;

/// Instructions that a dialect may use for a line, in wasmtime's fuel, besides those for its length: some
/// milliseconds.
pub const DIALECT_FUEL: u64 = 20_000_000;

/// Instructions for each byte of a line. Parsing JSON into a tree and writing events takes some 50 to 100.
pub const DIALECT_FUEL_PER_BYTE: u64 = 300;

/// Linear memory of a dialect: the longest line twice, as text and as a tree, and its answer.
pub const DIALECT_MEMORY_BYTES: usize = 256 * 1024 * 1024;

/// Most bytes that a dialect may answer with: the longest line as an event, its every byte an escape of two.
pub const DIALECT_ANSWER_BYTES: usize = 2 * CHILD_LINE_BYTES;

/// How long a dialect may take for a line. Its instructions are used up before that, unless the machine stands still.
pub const DIALECT_CALL_TIME: Duration = Duration::from_secs(5);

/// How long whoever reads an exchange may take for the rest of it, when it was ended from outside and its child is
/// gone. A reader that reads takes some milliseconds.
pub const BRIDGE_UNREAD_TIME: Duration = Duration::from_secs(2);

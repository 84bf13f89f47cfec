//! Every number that bounds a dialect.

/// Most bytes of the arguments of tool calls while they come in pieces, of all that are under way together.
pub const ARGUMENTS_BYTES: usize = 8 * 1024 * 1024;

/// Names of one sort that a dialect remembers: of messages that were told, of tools that were called, of texts that may
/// come again. A child speaks of what it said just before; a turn of an hour has some hundreds.
pub const NAMES: usize = 1024;

/// Most bytes of a name that are remembered. Names seen have 40.
pub const NAME_BYTES: usize = 512;

/// Most bytes of somebody else's text in a message of ours: enough to recognise it, short enough for a line.
pub const MESSAGE_BYTES: usize = 512;

/// Questions of either side of a JSON-RPC conversation that may wait for their answers. Peers seen have a handful.
pub const RPC_CALLS: usize = 256;

//! Every number that bounds a dialect.

/// Most bytes of one tool call's arguments while they come in pieces.
pub const ARGUMENTS_BYTES: usize = 8 * 1024 * 1024;

/// Most bytes of somebody else's text in a message of ours: enough to recognise it, short enough for a line.
pub const MESSAGE_BYTES: usize = 512;

/// Questions of either side of a JSON-RPC conversation that may wait for their answers. Peers seen have a handful.
pub const RPC_CALLS: usize = 256;

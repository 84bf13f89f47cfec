//! The sizes that a host holds a plugin to. Everything the kit renders keeps them.

/// The longest JSON text that a host hands to a tool, and the longest event: 64 KiB.
pub const MAX_INPUT_BYTES: usize = 65_536;

/// The longest rendered [`ToolOutput`](crate::ToolOutput): 64 KiB.
pub const MAX_TOOL_OUTPUT_BYTES: usize = 65_536;

/// The longest summary of a [`ToolOutput`](crate::ToolOutput).
pub const MAX_SUMMARY_BYTES: usize = 1024;

/// The longest message of a [`ToolError`](crate::ToolError).
pub const MAX_ERROR_MESSAGE_BYTES: usize = 4096;

/// The longest content of a [`ToolOutput`](crate::ToolOutput): what the output leaves free beside the longest
/// summary and the longest error message. Text that needs many JSON escapes is held to less, since the bound
/// of the whole output counts bytes after escaping.
pub const MAX_CONTENT_BYTES: usize = MAX_TOOL_OUTPUT_BYTES - MAX_SUMMARY_BYTES - MAX_ERROR_MESSAGE_BYTES;

/// The longest answer of `start`, `status`, `stop` and `handle-ingress`: 64 KiB.
pub const MAX_LIFECYCLE_OUTPUT_BYTES: usize = 65_536;

/// How many [`OutputCommand`](crate::OutputCommand)s one event may be answered with.
pub const MAX_OUTPUT_COMMANDS: usize = 16;

/// The longest rendered payload of an [`OutputCommand`](crate::OutputCommand): 16 KiB.
pub const MAX_COMMAND_PAYLOAD_BYTES: usize = 16_384;

/// The longest of each id in an [`OutputCommand`](crate::OutputCommand).
pub const MAX_COMMAND_ID_BYTES: usize = 128;

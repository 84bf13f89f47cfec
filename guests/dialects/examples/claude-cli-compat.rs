//! `claude-cli` as the reference reads it.

dialect_components::export_dialect!(ClaudeCli, Compat);

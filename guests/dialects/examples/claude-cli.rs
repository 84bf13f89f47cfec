//! `claude-cli`, as the child means it.

dialect_components::export_dialect!(ClaudeCli, Faithful);

//! `codex-cli` as the reference reads it.

dialect_components::export_dialect!(CodexCli, Compat);

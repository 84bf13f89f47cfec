//! `codex-app-server`, as the child means it.

dialect_components::export_dialect!(CodexAppServer, Faithful);

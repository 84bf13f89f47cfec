//! `indusagi-cli` as the reference reads it.

dialect_components::export_dialect!(IndusagiCli, Compat);

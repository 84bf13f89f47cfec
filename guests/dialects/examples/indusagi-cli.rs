//! `indusagi-cli`, as the child means it.

dialect_components::export_dialect!(IndusagiCli, Faithful);

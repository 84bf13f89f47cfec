//! `indusagi-wire`, as the child means it.

dialect_components::export_dialect!(IndusagiWire, Faithful);

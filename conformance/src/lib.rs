//! Says whether whoever stands behind a contract keeps it.

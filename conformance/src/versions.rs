//! What took part in a run, by name and version.

use std::collections::BTreeMap;

/// The engine's version: what the lock file has.
pub(crate) const WASMTIME: &str = "48.0.8";

pub(crate) fn all() -> BTreeMap<String, String> {
    let system = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    [
        // The host's and ours are one: they are released together.
        ("yoikit", env!("CARGO_PKG_VERSION").to_owned()),
        ("wasmtime", WASMTIME.to_owned()),
        ("system", system),
    ]
    .map(|(name, version)| (name.to_owned(), version))
    .into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_engines_version_is_that_of_the_lock_file() {
        let lock = include_str!("../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{}\"", super::WASMTIME)));
    }
}

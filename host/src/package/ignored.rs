//! What in a folder is no part of the package.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::Deserialize;

use super::{MANIFEST, PackageFault};

/// What the patterns of an author stand in, at the top of a package's folder.
pub(super) const IGNORE_FILE: &str = ".yoiignore";

/// Which paths are left out, and which never are.
pub(super) struct Ignored {
    patterns: Gitignore,
    /// What the manifest names, and the manifest.
    kept: Vec<String>,
}

impl Ignored {
    /// What a folder with this manifest and this `.yoiignore` leaves out.
    pub(super) fn new(manifest: &[u8], patterns: &[u8]) -> Result<Self, PackageFault> {
        let bad = |line, reason: String| PackageFault::IgnoreLine {
            line,
            reason: crate::text::bounded(&reason, crate::limits::MESSAGE_BYTES).into_owned(),
        };
        let mut builder = GitignoreBuilder::new("");
        let patterns = patterns.strip_prefix(b"\xef\xbb\xbf").unwrap_or(patterns);
        for (index, line) in patterns.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            let line = str::from_utf8(line).map_err(|_| bad(number, "it is not UTF-8".to_owned()))?;
            let line = line.strip_suffix('\r').unwrap_or(line);
            builder
                .add_line(None, line)
                .map_err(|error| bad(number, error.to_string()))?;
        }
        let lines = patterns.split(|byte| *byte == b'\n').count();
        Ok(Self {
            patterns: builder.build().map_err(|error| bad(lines, error.to_string()))?,
            kept: kept(manifest),
        })
    }

    /// Whether a name of a folder, with this path in the package, is left out.
    pub(super) fn covers(&self, path: &str, name: &str, is_folder: bool) -> bool {
        let is_built_in = (is_folder && name == "target")
            || name == ".git"
            || name.ends_with(".yoi-plugin")
            || (name.starts_with(".yoi-") && name.ends_with(".tmp"))
            || (is_folder && path == ".yoi")
            || path == IGNORE_FILE;
        is_built_in || self.patterns.matched(path, is_folder).is_ignore()
    }

    /// Whether it is in the package all the same: a file that the manifest names.
    pub(super) fn keeps(&self, path: &str) -> bool {
        self.kept.iter().any(|kept| kept == path)
    }

    /// Whether a file in this folder is in the package all the same.
    pub(super) fn keeps_within(&self, folder: &str) -> bool {
        let within = |kept: &String| {
            kept.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.kept.iter().any(within)
    }
}

/// The files that a manifest names, as far as it can be read. What is wrong with it is said later, with all the
/// rest.
fn kept(manifest: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Manifest {
        runtime: Option<Runtime>,
        #[serde(default)]
        hooks: Vec<Hook>,
    }
    #[derive(Deserialize)]
    struct Runtime {
        component: Option<String>,
    }
    #[derive(Deserialize)]
    struct Hook {
        file: Option<String>,
    }
    let mut kept = vec![MANIFEST.to_owned()];
    let named = str::from_utf8(manifest)
        .ok()
        .and_then(|text| toml::from_str::<Manifest>(text).ok());
    if let Some(named) = named {
        kept.extend(named.runtime.and_then(|runtime| runtime.component));
        kept.extend(named.hooks.into_iter().filter_map(|hook| hook.file));
    }
    kept
}

//! Inputs that failed, kept in a folder: to be played again without the generator, and to be tried first in every
//! later run.
//!
//! A file holds what was made up and where it is from, and nothing that a target said: it is safe to commit. Its
//! name follows from what it holds, so that the same failure is kept once. It is tried for the target that failed, in
//! whatever form that comes: what another plugin fell over is no regression of this one.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::context::SavedInput;
use crate::limits::{REGRESSION_BYTES, REGRESSIONS};
use crate::runner::Saved;
use crate::verdict::Evidence;
use crate::{About, Case, Seed, Subject};

/// The name and version of the format.
pub const SCHEMA: &str = "yoikit.regression/1";

/// One input that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// `yoikit.regression/1`.
    pub schema: String,
    /// The case that it is for.
    pub case: String,
    /// The suite and its newest set, when it was found.
    pub revision: String,
    /// The profile.
    pub profile: String,
    /// The seed of the run that found it.
    pub seed: Seed,
    /// The version of yoikit.
    pub yoikit: String,
    /// The target that failed: its name, without a path.
    pub target: String,
    /// What the target's content is known by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// What was expected.
    pub expected: String,
    /// The input.
    pub input: Value,
}

/// A folder of inputs that failed.
#[derive(Debug, Clone)]
pub struct Regressions {
    folder: PathBuf,
    kept: Vec<(String, File)>,
}

/// Why a file or folder of regressions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegressionError {
    /// It cannot be read.
    #[error("failed to read {}: {cause}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It cannot be written.
    #[error("failed to write {}: {cause}", path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is none.
    #[error("{} is no kept input: {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There are too many.
    #[error("{} holds more than {REGRESSIONS} kept inputs: each is tried in every run", .0.display())]
    TooMany(PathBuf),
}

impl File {
    /// What is kept of a failure; nothing where no input was made up, or where it was kept already.
    pub(crate) fn of(subject: &dyn Subject, case: &Case, seed: Seed, evidence: &Evidence) -> Option<Self> {
        let about = subject.about();
        Some(Self {
            schema: SCHEMA.to_owned(),
            case: case.id.to_owned(),
            revision: format!("{}/{}", subject.suite(), subject.revision()),
            profile: about.profile.clone(),
            seed,
            yoikit: env!("CARGO_PKG_VERSION").to_owned(),
            target: without_path(&about.name),
            digest: about.digest.clone(),
            expected: evidence.finding.expected.clone(),
            input: evidence.input.clone()?,
        })
    }

    /// Read one.
    ///
    /// # Errors
    ///
    /// [`RegressionError`] where it cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self, RegressionError> {
        let read = |cause| RegressionError::Read {
            path: path.to_owned(),
            cause,
        };
        let form = |reason: String| RegressionError::Form {
            path: path.to_owned(),
            reason,
        };
        let bytes = fs::metadata(path).map_err(read)?.len();
        if bytes > REGRESSION_BYTES {
            return Err(form(format!("it has {bytes} bytes, {REGRESSION_BYTES} are read")));
        }
        let text = fs::read_to_string(path).map_err(read)?;
        let file: Self = serde_json::from_str(&text).map_err(|error| form(error.to_string()))?;
        if file.schema != SCHEMA {
            return Err(form(format!(
                "its schema is `{}`; `{SCHEMA}` is read",
                file.schema
            )));
        }
        Ok(file)
    }

    /// The name that follows from the case, the profile, the target and the input.
    #[must_use]
    pub fn name(&self) -> String {
        let of = format!("{}\0{}", same_in_all_forms(&self.target), self.input);
        let digest = Sha256::digest(of);
        let short: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}.{}.{short}.json", self.case, self.profile)
    }
}

/// A target's name without a path.
fn without_path(name: &str) -> String {
    let last = Path::new(name).file_name();
    last.map_or_else(|| name.to_owned(), |last| last.to_string_lossy().into_owned())
}

/// What a plugin is called as a folder, as a component and as a package.
fn same_in_all_forms(target: &str) -> &str {
    let forms = [".wasm", ".yoi-plugin"].into_iter();
    forms
        .filter_map(|form| target.strip_suffix(form))
        .next()
        .unwrap_or(target)
}

impl Saved {
    /// Whether it is an input for this case of this target.
    pub(crate) fn is_for(&self, case: &str, about: &About) -> bool {
        self.case == case && self.profile == about.profile && is_of(&self.target, &about.name)
    }
}

fn is_of(target: &str, name: &str) -> bool {
    same_in_all_forms(target) == same_in_all_forms(&without_path(name))
}

impl Regressions {
    /// The inputs that are kept in a folder, in order of name. A folder that is not there yet holds none.
    ///
    /// # Errors
    ///
    /// [`RegressionError`] where one cannot be used: it would be tried no longer, unnoticed.
    pub fn open(folder: &Path) -> Result<Self, RegressionError> {
        let read = |cause| RegressionError::Read {
            path: folder.to_owned(),
            cause,
        };
        let mut paths = Vec::new();
        match fs::read_dir(folder) {
            Ok(entries) => {
                for entry in entries {
                    let path = entry.map_err(read)?.path();
                    if path.extension().is_some_and(|extension| extension == "json") {
                        paths.push(path);
                    }
                    if paths.len() > REGRESSIONS {
                        return Err(RegressionError::TooMany(folder.to_owned()));
                    }
                }
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(read(cause)),
        }
        paths.sort();
        let kept = paths.iter().map(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            Ok((name, File::read(path)?))
        });
        Ok(Self {
            folder: folder.to_owned(),
            kept: kept.collect::<Result<_, _>>()?,
        })
    }

    /// Where a file of this name is.
    #[must_use]
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whose inputs are kept, where none is of a target of these names: none is tried then.
    #[must_use]
    pub fn only_of_others(&self, names: &[&str]) -> Vec<&str> {
        let is_here = |file: &File| names.iter().any(|name| is_of(&file.target, name));
        if self.kept.iter().any(|(_, file)| is_here(file)) {
            return Vec::new();
        }
        let others: BTreeSet<&str> = self.kept.iter().map(|(_, file)| file.target.as_str()).collect();
        others.into_iter().collect()
    }

    pub(crate) fn saved(&self) -> impl Iterator<Item = Saved> + '_ {
        self.kept.iter().map(|(name, file)| Saved {
            case: file.case.clone(),
            profile: file.profile.clone(),
            target: file.target.clone(),
            input: SavedInput {
                name: name.clone(),
                input: file.input.clone(),
            },
        })
    }

    /// Keep one, and give its name. What cannot be written is not kept; the report has the input all the same, and says
    /// why.
    pub(crate) fn save(&self, file: &File) -> Result<String, RegressionError> {
        // What earlier versions kept has names that follow from less.
        let earlier = self.kept.iter().find(|(_, kept)| {
            kept.case == file.case
                && kept.profile == file.profile
                && kept.input == file.input
                && is_of(&kept.target, &file.target)
        });
        if let Some((name, _)) = earlier {
            return Ok(name.clone());
        }
        let name = file.name();
        let path = self.path_of(&name);
        if !path.exists() {
            let write = |cause| RegressionError::Write {
                path: path.clone(),
                cause,
            };
            fs::create_dir_all(&self.folder).map_err(write)?;
            let text = serde_json::to_string_pretty(file).map_err(|error| write(error.into()))? + "\n";
            fs::write(&path, text).map_err(write)?;
        }
        Ok(name)
    }
}

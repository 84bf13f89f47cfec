//! From a path that a person gave to targets, one under each profile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use yoi_host::Profile;
use yoi_host::authority::Manifest;
use yoi_host::engine::{CodeCache, EngineError, EngineOptions};
use yoi_host::source::{Source, SourceError, Step};

use super::door::Process;
use super::target::{GuestTarget, ProcessTimes};
use super::{HostTarget, guest, host};
use crate::About;
use crate::limits::{INSTANCES, PROCESS_INPUT_TIME, REASON_BYTES};
use crate::run::Entrant;
use crate::text::{bounded, name_of};

/// Which profiles a target is held to, and with what help.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The profiles; each is judged. None means all, of which the default one is judged.
    pub profiles: Vec<Profile>,
    /// Where machine code is kept, if anywhere.
    pub cache: Option<CodeCache>,
    /// What a plugin asks for, where it is not what its folder or package says.
    pub manifest: Option<Manifest>,
}

/// What a program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// `yoikit.plugin/1`.
    Plugin,
    /// The Model Context Protocol.
    Mcp,
}

/// Why a path gives no targets. What a component does not keep is no such reason: that is what cases say.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It stands for no component.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is no engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What these targets are called in one report: each by the last part of its path, or by all of it where another has the
/// same.
#[must_use]
pub fn names_of(paths: &[PathBuf]) -> Vec<String> {
    let short: Vec<String> = paths.iter().map(|path| name_of(path)).collect();
    let names = paths.iter().zip(&short).map(|(path, name)| {
        let is_shared = paths
            .iter()
            .zip(&short)
            .any(|(other, also)| other != path && also == name);
        match is_shared {
            true => path.display().to_string(),
            false => name.clone(),
        }
    });
    names.collect()
}

impl Opening {
    /// Without anything said: every profile, and the cache that `yoikit` uses, where it can be had.
    #[must_use]
    pub fn usual() -> Self {
        let cache = CodeCache::user_folder().and_then(|folder| CodeCache::open(folder).ok());
        Self {
            cache,
            ..Self::default()
        }
    }

    fn profiles(&self) -> impl Iterator<Item = (Profile, bool)> + '_ {
        let all = Profile::ALL
            .iter()
            .map(|profile| (*profile, *profile == Profile::default()));
        let named = self.profiles.iter().map(|profile| (*profile, true));
        let all = all.filter(|_| self.profiles.is_empty());
        named.chain(all)
    }

    /// What a path stands for: a component, a package, a plugin's folder, a Cargo project. `building` is called
    /// before a project is built, with its folder.
    ///
    /// # Errors
    ///
    /// [`OpenError`] where it stands for no component, or where there is no engine.
    pub fn open(&self, path: &Path, building: impl FnMut(&Path)) -> Result<Vec<Entrant>, OpenError> {
        self.open_as(&name_of(path), path, building)
    }

    /// The same under a name: that of its path, where another target of the run has the same.
    ///
    /// # Errors
    ///
    /// As [`Opening::open`].
    pub fn open_as(
        &self,
        name: &str,
        path: &Path,
        mut building: impl FnMut(&Path),
    ) -> Result<Vec<Entrant>, OpenError> {
        let suite = guest();
        let mut sources: Vec<Source> = Vec::new();
        let mut entrants = Vec::new();
        for (profile, judged) in self.profiles() {
            // A package is read as the profile reads it; a folder is the same for all, and takes long to build.
            if sources.is_empty() || path.is_file() {
                sources = vec![Source::open(path, profile, &mut building)?];
            }
            let source = &sources[0];
            let mut options = EngineOptions::new(profile).instances(INSTANCES);
            if let Some(cache) = &self.cache {
                options = options.cache(cache.clone());
            }
            let own = source.manifest.as_ref().map(|file| file.manifest.clone());
            let manifest = self.manifest.clone().or(own);
            let target =
                GuestTarget::component_of(name, source.component.clone(), manifest, &options.build()?);
            let mut about = target.about().clone();
            let remarks = [about.remark.take(), remark_of(&source.steps)];
            about.remark = remarks
                .into_iter()
                .flatten()
                .reduce(|one, other| format!("{one}; {other}"));
            entrants.push(Entrant {
                subject: suite.bind(target.into(), about),
                judged,
                words: vec![path.display().to_string()],
            });
        }
        Ok(entrants)
    }

    /// A program: a plugin that speaks `yoikit.plugin/1`, or a server that speaks MCP.
    #[must_use]
    pub fn command(&self, command: &[String], speaks: Speaks) -> Vec<Entrant> {
        let name = command
            .iter()
            .map(|word| name_of(Path::new(word)))
            .collect::<Vec<_>>()
            .join(" ");
        let suite = guest();
        let entrants = self.profiles().map(|(profile, judged)| {
            let times = ProcessTimes::default();
            let target = match speaks {
                Speaks::Plugin => GuestTarget::process_of(&name, command, profile, times),
                Speaks::Mcp => GuestTarget::mcp_of(&name, command, profile, times),
            };
            let about = target.about().clone();
            let mut words = match speaks {
                Speaks::Plugin => vec!["--".to_owned()],
                Speaks::Mcp => vec!["--mcp".to_owned(), "--".to_owned()],
            };
            words.extend_from_slice(command);
            Entrant {
                subject: suite.bind_paced(target.into(), about, PROCESS_INPUT_TIME),
                judged,
                words,
            }
        });
        entrants.collect()
    }

    /// A host: ours, or any behind an adapter that speaks `yoikit.host/1`.
    #[must_use]
    pub fn hosts(&self, command: &[String]) -> Vec<Entrant> {
        let suite = host();
        // The host's name and version are its own words; of ours every report has the version.
        let (remark, trouble) = match command {
            [] => (None, None),
            command => match Process::introduce(command) {
                Ok(hello) => (
                    Some(format!("it says that it is {} {}", hello.host, hello.version)),
                    None,
                ),
                Err(trouble) => (None, Some(trouble)),
            },
        };
        let entrants = self.profiles().map(|(profile, judged)| {
            let name = command.iter().map(|word| name_of(Path::new(word)));
            let (name, door, target) = match command {
                [] => ("yoikit".to_owned(), "in-process", HostTarget::in_process()),
                command => {
                    let name = name.collect::<Vec<_>>().join(" ");
                    let target = match &trouble {
                        None => HostTarget::process(command),
                        Some(trouble) => HostTarget::in_trouble(trouble),
                    };
                    (name, "process", target)
                }
            };
            let about = About {
                name,
                door: door.to_owned(),
                profile: profile.name().to_owned(),
                digest: None,
                remark: remark.as_deref().map(|remark| bounded(remark, REASON_BYTES)),
                trouble: trouble.clone(),
            };
            let mut words = vec!["--side".to_owned(), "host".to_owned()];
            if !command.is_empty() {
                words.push("--".to_owned());
                words.extend_from_slice(command);
            }
            Entrant {
                subject: suite.bind_paced(Arc::new(target), about, PROCESS_INPUT_TIME),
                judged,
                words,
            }
        });
        entrants.collect()
    }
}

/// What was done to what was named that its author has to know: what is tested is then not what lies there.
fn remark_of(steps: &[Step]) -> Option<String> {
    steps.iter().find_map(|step| match step {
        Step::WasiDenied { imports } => {
            let what = match imports.as_slice() {
                [one] => format!("`{one}` was"),
                many => format!("{} imports of WASI were", many.len()),
            };
            Some(format!(
                "{what} replaced by local functions in what is tested: every host refuses the file as cargo left it; \
                 `yoikit componentize` writes what is tested"
            ))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_brings_wasi_is_told_that_another_component_is_tested() {
        let denied = |imports: &[&str]| {
            let imports = imports.iter().map(|name| (*name).to_owned()).collect();
            remark_of(&[Step::Componentized, Step::WasiDenied { imports }]).unwrap()
        };
        insta::assert_snapshot!(denied(&["wasi:clocks/wall-clock@0.2.6"]), @"`wasi:clocks/wall-clock@0.2.6` was replaced by local functions in what is tested: every host refuses the file as cargo left it; `yoikit componentize` writes what is tested");
        insta::assert_snapshot!(denied(&["wasi:a", "wasi:b"]), @"2 imports of WASI were replaced by local functions in what is tested: every host refuses the file as cargo left it; `yoikit componentize` writes what is tested");
        assert_eq!(remark_of(&[Step::Componentized]), None);
    }
}

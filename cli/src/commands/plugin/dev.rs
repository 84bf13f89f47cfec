//! `yoikit plugin dev`: build and call, and again whenever something changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use yoi_host::Profile;
use yoi_host::authority::{Grants, Manifest};
use yoi_host::build::{self, Mode};
use yoi_host::engine::{Cancel, Engine};
use yoi_host::package::{self, Package, PackageFaults};
use yoi_host::plugin::Plugin;
use yoi_host::source::{ManifestFile, Source};
use yoi_host::watch::{Stop, Watch, WatchError};

use super::build::{component_file, make};
use super::saved::{Plan, Words};
use crate::args::PluginDev;
use crate::commands::call::{self, Wanted};
use crate::commands::signals::Asked;
use crate::commands::{engine, grants, plugin_report};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::dev::{DevOutcome, DevPackage, DevReport, Difference};
use crate::report::{CallReport, FailureReport, LimitsReport};
use crate::screen;

pub(super) fn run(args: &PluginDev) -> Result<Exit, Failure> {
    if args.folder.exists() && !args.folder.is_dir() {
        return Err(Failure::Usage(format!(
            "{} is not a folder: name the plugin's folder",
            args.folder.display()
        )));
    }
    let plan = Plan::of(args)?;
    if args.save {
        let file = plan.save()?;
        screen::progress(&format!("saved the call in {}", file.display()));
    }
    let mut work = Work {
        args,
        engine: engine(&args.run)?,
        running: Running::default(),
        round: 0,
        key: None,
        called: None,
    };
    if args.once {
        let round = work.round(Vec::new());
        work.tell(&round)?;
        return Ok(match (&round.failure, round.report.outcome) {
            (Some(failure), _) => failure.exit(),
            (None, DevOutcome::CallFailed) => Exit::PluginFailed,
            (None, _) => Exit::Ok,
        });
    }
    // What is there before the first build is what a change is told from: one made meanwhile is seen.
    let mut watch = Watch::over(&args.folder, work.files()).map_err(not_watched)?;
    work.running.end_when_asked(watch.stop())?;
    let mut changed = Vec::new();
    loop {
        let round = work.round(changed);
        if work.running.is_stopped() {
            // What failed, failed because of that.
            break;
        }
        work.tell(&round)?;
        for file in work.built() {
            watch.accept(&file);
        }
        watch.also(work.files());
        let how = if watch.is_told() {
            "watching"
        } else {
            "looking twice a second at"
        };
        screen::progress(&format!("{how} {}; Ctrl-C ends it", args.folder.display()));
        match watch.changes().map_err(not_watched)? {
            Some(files) => changed = files,
            None => break,
        }
    }
    Ok(Exit::Ok)
}

fn not_watched(error: WatchError) -> Failure {
    Failure::Other(error.to_string())
}

/// What goes on from one change to the next.
struct Work<'a> {
    args: &'a PluginDev,
    engine: Engine,
    running: Running,
    round: u64,
    /// What decided the latest call, if nothing went wrong since.
    key: Option<Key>,
    /// The latest call.
    called: Option<(DevPackage, CallReport)>,
}

/// What decides what a call is: where it is the same, so is the call.
#[derive(PartialEq)]
struct Key {
    package: DevPackage,
    words: Words,
    grants: Grants,
    limits: LimitsReport,
}

/// What came of one time.
struct Round {
    report: DevReport,
    /// Why there was nothing to run.
    failure: Option<Failure>,
}

impl Work<'_> {
    fn round(&mut self, changed: Vec<PathBuf>) -> Round {
        self.round += 1;
        let folder = &self.args.folder;
        let shown = |path: PathBuf| path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let mut report = DevReport {
            schema: "yoikit.plugin-dev/1",
            round: self.round,
            changed: changed.into_iter().map(shown).collect(),
            outcome: DevOutcome::Failed,
            package: None,
            failure: None,
            call: None,
            differences: Vec::new(),
        };
        if !self.args.json {
            // Before the build, whose output follows.
            let _ = screen::dev_begins(&report);
        }
        let failure = match self.built_and_called(&mut report) {
            Ok(outcome) => {
                report.outcome = outcome;
                None
            }
            Err(failure) => {
                report.failure = Some(FailureReport::of(&failure));
                // Whoever mends it wants to see that it is.
                self.key = None;
                Some(failure)
            }
        };
        Round { report, failure }
    }

    fn built_and_called(&mut self, report: &mut DevReport) -> Result<DevOutcome, Failure> {
        let args = self.args;
        let plan = Plan::of(args)?;
        let manifest = grants::manifest_in(&args.folder.join("plugin.toml"))?;
        let limits = plan.budget.limits(args.run.profile);
        let is_due = component_file(&args.folder, &manifest)
            .is_none_or(|(_, component)| !build::is_up_to_date(&args.folder, &component));
        if build::is_project(&args.folder) && is_due {
            make(&args.folder, &manifest, args.run.profile, &limits, Mode::Release)?;
        }
        let (package, source) = package_in(&args.folder, &manifest, args.run.profile)?;
        report.package = Some(package.clone());
        let grants = grants::read(plan.grants().as_deref())?;
        let words = plan.words()?;

        let plugin = Plugin::load_with(&self.engine, &source.component, limits)?;
        let Some(words) = words else {
            return Ok(DevOutcome::NoCall);
        };
        let key = Key {
            package: package.clone(),
            words,
            grants: grants.clone(),
            limits: LimitsReport::of(plugin.limits()),
        };
        if self.key.as_ref() == Some(&key) {
            return Ok(DevOutcome::Unchanged);
        }
        let about = plugin_report(&source, Some(plugin.world()));
        let binding = grants::binding(&grants, Some(&manifest), source.digest);
        let access = grants::access(grants, Some(&manifest), &binding);
        let wanted = Wanted {
            tool: &key.words.tool,
            input: &key.words.input,
            config: &key.words.config,
        };
        let called = call::life(&plugin, about, &wanted, access, |cancel| self.running.now(cancel))?;
        let ok = called.ok;
        report.call = Some(called.clone());
        let called = (package, called);
        if let Some(before) = &self.called {
            report.differences = Difference::between(before, &called);
        }
        self.called = Some(called);
        self.key = Some(key);
        Ok(if ok {
            DevOutcome::Ok
        } else {
            DevOutcome::CallFailed
        })
    }

    fn tell(&self, round: &Round) -> Result<(), Failure> {
        if let Some(failure) = &round.failure {
            screen::failure(failure);
        }
        if self.args.json {
            screen::json_line(&round.report)?;
        } else {
            screen::dev(&round.report, self.args.run.profile)?;
        }
        Ok(())
    }

    /// Files beside the folder's own that decide what is called, and those that git is told to ignore.
    fn files(&self) -> Vec<PathBuf> {
        let folder = &self.args.folder;
        let mut files = Plan::of(self.args).map_or_else(|_| vec![Plan::file(folder)], |plan| plan.files());
        files.extend(self.component());
        files
    }

    /// Files that a build writes.
    fn built(&self) -> Vec<PathBuf> {
        let folder = &self.args.folder;
        if !build::is_project(folder) {
            return Vec::new();
        }
        let lock = folder.join("Cargo.lock");
        self.component().into_iter().chain([lock]).collect()
    }

    fn component(&self) -> Option<PathBuf> {
        let file = self.args.folder.join("plugin.toml");
        let manifest = ManifestFile::open(&file).ok()?.manifest;
        component_file(&self.args.folder, &manifest).map(|(_, file)| file)
    }
}

/// The package that a folder is, and its component. One that is too large for a package is called all the same.
fn package_in(folder: &Path, manifest: &Manifest, profile: Profile) -> Result<(DevPackage, Source), Failure> {
    let Some((_, file)) = component_file(folder, manifest) else {
        return Err(Failure::Other(format!(
            "{} names no component under `[runtime]`, so there is nothing to call",
            folder.join("plugin.toml").display()
        )));
    };
    let (digest, not_a_package) = match Package::open(folder, profile) {
        Ok(package) => (Some(package.digest), None),
        Err(PackageFaults::Manifest(faults)) => {
            let manifest = folder.join("plugin.toml");
            let error = package::PackError::Package(PackageFaults::Manifest(faults));
            return Err(Failure::Pack { manifest, error });
        }
        Err(faults) => (None, Some(faults.to_string())),
    };
    let mut source = Source::component(&file)?;
    source.digest = digest;
    let declared = manifest.declared();
    let package = DevPackage {
        id: declared.id.clone(),
        version: declared.version.clone(),
        digest: digest.map(|digest| digest.to_string()),
        not_a_package,
        component_sha256: Sha256::digest(&source.component)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        component_bytes: source.component.len(),
    };
    Ok((package, source))
}

/// What a signal has to end.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_stopped: bool,
    cancel: Option<Cancel>,
}

impl Running {
    /// A signal ends the wait, and what runs.
    fn end_when_asked(&self, stop: Stop) -> Result<Asked, Failure> {
        let running = self.clone();
        let end = move |_| {
            let mut state = running.state();
            state.is_stopped = true;
            if let Some(cancel) = &state.cancel {
                cancel.cancel();
            }
            stop.stop();
        };
        Asked::listen(end, || {})
    }

    fn now(&self, cancel: Cancel) {
        let mut state = self.state();
        if state.is_stopped {
            cancel.cancel();
        }
        state.cancel = Some(cancel);
    }

    fn is_stopped(&self) -> bool {
        self.state().is_stopped
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

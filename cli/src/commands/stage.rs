//! How a run's host calls are recorded, answered from a file, or broken: what `--record`, `--replay` and `--fault`
//! make of it.

use std::path::PathBuf;

use yoi_host::authority::Manifest;
use yoi_host::imports::Access;
use yoi_host::imports::faults::Faults;
use yoi_host::imports::transcript::{Header, Recorder, Replay, ReplayFault, Transcript};
use yoi_host::plugin::Entry;

use super::{faults, transcript};
use crate::args::Call;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{ErrorReport, ReplayReport};

/// The files that were named, read as far as they are to be read.
pub(super) struct Stage {
    record: Option<PathBuf>,
    replay: Option<(PathBuf, Transcript)>,
    faults: Option<Faults>,
}

/// A run on a stage.
pub(super) struct Staged {
    recorder: Option<Recorder>,
    replay: Option<Replay>,
    faults: Option<Faults>,
    /// What is told of a replay.
    pub(super) replayed: Option<ReplayReport>,
}

impl Stage {
    pub(super) fn of(args: &Call) -> Result<Self, Failure> {
        let read = |file: &PathBuf| Ok::<_, Failure>((file.clone(), transcript::read(file)?));
        Ok(Self {
            record: args.record.clone(),
            replay: args.replay.as_ref().map(read).transpose()?,
            faults: args.fault.as_deref().map(faults::read).transpose()?,
        })
    }

    /// Set the stage for a run; `live` gives what it reaches where nothing is replayed.
    pub(super) fn set(
        self,
        run: &Header,
        live: impl FnOnce() -> Result<Access, Failure>,
    ) -> Result<(Access, Staged), Failure> {
        let mut staged = Staged {
            recorder: None,
            replay: None,
            faults: self.faults,
            replayed: None,
        };
        let mut access = match self.replay {
            None => live()?,
            Some((file, recorded)) => {
                staged.replayed = Some(ReplayReport {
                    file: file.display().to_string(),
                    differs: transcript::differences(&recorded.header, run),
                });
                let replay = transcript::replay(&file, recorded)?;
                staged.replay = Some(replay.clone());
                Access::replayed(replay)
            }
        };
        if let Some(faults) = &staged.faults {
            access = access.breaking(faults.clone());
        }
        if let Some(file) = self.record.as_deref() {
            let recorder = transcript::record(file, run)?;
            access = access.recorded(recorder.clone());
            staged.recorder = Some(recorder);
        }
        Ok((access, staged))
    }
}

impl Staged {
    /// The run is over, its last entry being this: what is left, and the exit status of what is the host's own
    /// failure.
    pub(super) fn close(&self, entry: Entry) -> (Vec<ErrorReport>, Option<Exit>) {
        let mut errors = Vec::new();
        let mut add = |code, message| errors.push(ErrorReport::of_host(entry, code, message));
        // A difference has ended the guest, and is told as what ended it.
        if let Some(Err(fault @ ReplayFault::Leftover { .. })) = self.replay.as_ref().map(Replay::finish) {
            add("replay.leftover", fault.to_string());
        }
        for fault in self.faults.iter().flat_map(Faults::unused) {
            add("plan.unused", fault.to_string());
        }
        let mut exit = None;
        if let Some(Err(error)) = self.recorder.as_ref().map(Recorder::finish) {
            add(
                "recording.incomplete",
                format!("the recording is not complete: {error}"),
            );
            exit = Some(Exit::CouldNotRun);
        }
        (errors, exit)
    }
}

/// What is run, for a recording's first line.
pub(super) fn header(args: &Call, sha256: &str, manifest: Option<&Manifest>) -> Header {
    Header {
        profile: args.given.run.profile,
        component: format!("sha256:{sha256}"),
        plugin: manifest.map(|manifest| manifest.declared().id.clone()),
        tool: Some(args.tool.clone()),
    }
}

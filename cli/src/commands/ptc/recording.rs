//! `--record` and `--replay`: a run's calls on file.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use yoi_host::ptc::PtcLimits;
use yoi_host::ptc::transcript::{Header, Recorder, Replay, SCHEMA, Transcript, TranscriptError};

use super::super::transcript;
use super::load;
use super::ran::{Ran, cancel_when_asked};
use crate::args::ptc::Interpreter;
use crate::failure::Failure;
use crate::report::ReplayReport;

/// Begin to record a run.
pub(super) fn begin(file: &Path, header: &Header) -> Result<Recorder, Failure> {
    Ok(Recorder::new(transcript::begin(file, SCHEMA)?, header))
}

/// Run code with its calls answered from a file.
pub(super) fn replay(
    file: &Path,
    code: &str,
    interpreter: &Interpreter,
    limits: PtcLimits,
) -> Result<Ran, Failure> {
    let recorded = File::open(file)
        .map_err(TranscriptError::Read)
        .and_then(|from| Transcript::read(BufReader::new(from)))
        .map_err(|error| unusable(file, error))?;
    let replayed = ReplayReport {
        file: file.display().to_string(),
        differs: differences(&recorded.header, &interpreter.engine, code),
    };
    let replay = Replay::new(recorded);
    let mut session = replay.session(&load(interpreter)?, limits);
    let asked = cancel_when_asked(session.canceller())?;
    let (envelope, fault) = replay
        .run(&mut session, code)
        .map_err(|refused| Failure::Usage(refused.to_string()))?;
    // One that ended the run is told as what ended it.
    let told = envelope.error().map(|(_, message)| message);
    let fault = fault.map(|fault| fault.to_string());
    let troubles = fault.filter(|fault| !told.is_some_and(|told| told.contains(fault.as_str())));
    Ok(Ran {
        memory_bytes: session.memory_bytes(),
        envelope,
        wall: None,
        replayed: Some(replayed),
        troubles: troubles.into_iter().collect(),
        asked: asked.signal(),
        host_failed: None,
    })
}

/// What speaks against a recording being one of this run.
fn differences(recorded: &Header, engine: &str, code: &str) -> Vec<String> {
    let mut told = Vec::new();
    if recorded.code != Header::digest(code.as_bytes()) {
        told.push("other code".to_owned());
    }
    if recorded.engine != engine {
        told.push(format!("the engine {}", recorded.engine));
    }
    told
}

fn unusable(file: &Path, error: TranscriptError) -> Failure {
    match error {
        TranscriptError::Read(cause) => Failure::File {
            path: file.to_owned(),
            doing: "read the recorded calls in",
            cause,
        },
        error => Failure::Usage(format!(
            "the recording {} cannot be used: {error}",
            file.display()
        )),
    }
}

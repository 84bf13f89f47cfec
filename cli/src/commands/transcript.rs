//! Host calls on file: recorded by one run, answered in another.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use yoi_host::imports::transcript::{Header, Recorder, Replay, Transcript, TranscriptError};

use crate::failure::Failure;

/// Begin to record a run in a file. What was in it is gone then.
pub(super) fn record(file: &Path, header: &Header) -> Result<Recorder, Failure> {
    File::create(file)
        .and_then(|out| Recorder::new(out, header))
        .map_err(|cause| Failure::File {
            path: file.to_owned(),
            doing: "record the host calls in",
            cause,
        })
}

/// The transcript in a file, broken off or not.
pub(super) fn read(file: &Path) -> Result<Transcript, Failure> {
    File::open(file)
        .map_err(TranscriptError::Read)
        .and_then(|from| Transcript::read(BufReader::new(from)))
        .map_err(|error| unusable(file, error))
}

/// Answers from the transcript in a file.
pub(super) fn replay(file: &Path) -> Result<Replay, Failure> {
    Replay::new(read(file)?).map_err(|error| unusable(file, error))
}

fn unusable(file: &Path, error: TranscriptError) -> Failure {
    match error {
        TranscriptError::Read(cause) => Failure::File {
            path: file.to_owned(),
            doing: "read the recorded host calls in",
            cause,
        },
        error => Failure::Usage(format!(
            "the recording {} cannot be used: {error}",
            file.display()
        )),
    }
}

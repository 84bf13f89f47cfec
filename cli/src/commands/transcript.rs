//! Host calls on file: recorded by one run, answered in another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use yoi_host::imports::transcript::{self, Header, Recorder, Replay, Transcript, TranscriptError};

use crate::failure::Failure;

/// Begin to record a run in a file.
pub(super) fn record(file: &Path, header: &Header) -> Result<Recorder, Failure> {
    Ok(Recorder::new(begin(file, transcript::SCHEMA)?, header))
}

/// The file of a recording whose first line names this schema. What is in it is replaced when the first line is written: a
/// run that does not begin leaves it as it was. What is no recording is never replaced.
pub(super) fn begin(file: &Path, schema: &str) -> Result<Recording, Failure> {
    let failed = |cause| Failure::File {
        path: file.to_owned(),
        doing: "record the host calls in",
        cause,
    };
    let is_new = !file.exists();
    if !is_new && !may_be_replaced(file, schema).map_err(failed)? {
        return Err(Failure::Usage(format!(
            "{} is there and is no recording: remove it, or name another file",
            file.display()
        )));
    }
    let mut options = OpenOptions::new();
    // It holds what the plugin was given: that is the user's own.
    options.write(true).create(true).truncate(false).mode(0o600);
    let out = options.open(file).map_err(failed)?;
    Ok(Recording {
        out,
        created: is_new.then(|| file.to_owned()),
        begun: false,
    })
}

/// Whether a file is empty, a recording, or none that keeps anything.
fn may_be_replaced(file: &Path, schema: &str) -> io::Result<bool> {
    let found = fs::metadata(file)?;
    if !found.is_file() || found.len() == 0 {
        return Ok(!found.is_dir());
    }
    let mut beginning = Vec::new();
    File::open(file)?.take(256).read_to_end(&mut beginning)?;
    let name = schema.split('/').next().unwrap_or(schema);
    Ok(String::from_utf8_lossy(&beginning).contains(&format!("\"{name}/")))
}

/// A file that is emptied when the first line comes, and goes if none does and it was not there before.
pub(super) struct Recording {
    out: File,
    created: Option<PathBuf>,
    begun: bool,
}

impl Write for Recording {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.begun {
            self.begun = true;
            if self.out.metadata()?.is_file() {
                self.out.set_len(0)?;
            }
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(file) = self.created.take().filter(|_| !self.begun) {
            // It is empty, and nobody's.
            let _ = fs::remove_file(file);
        }
    }
}

/// What speaks against a recording being one of this run, for whoever answers from it.
pub(super) fn differences(recorded: &Header, run: &Header) -> Vec<String> {
    let mut told = Vec::new();
    if recorded.component != run.component {
        told.push("another build of the plugin".to_owned());
    }
    if recorded.tool != run.tool {
        let tool = recorded.tool.as_deref().unwrap_or("none");
        told.push(format!("a call of the tool `{tool}`"));
    }
    if recorded.profile != run.profile {
        told.push(format!("the profile {}", recorded.profile));
    }
    told
}

/// The transcript in a file, broken off or not.
pub(super) fn read(file: &Path) -> Result<Transcript, Failure> {
    File::open(file)
        .map_err(TranscriptError::Read)
        .and_then(|from| Transcript::read(BufReader::new(from)))
        .map_err(|error| unusable(file, error))
}

/// Answers from a transcript, which came from this file.
pub(super) fn replay(file: &Path, transcript: Transcript) -> Result<Replay, Failure> {
    Replay::new(transcript).map_err(|error| unusable(file, error))
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

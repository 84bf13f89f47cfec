//! Tool calls, written down as they are made and answered.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::super::call::{CallId, ToolError};
use super::super::surroundings::{Machine, Surroundings};
use super::{Clockwork, Header, line};
use crate::limits::{PTC_TRANSCRIPT_BYTES, PTC_TRANSCRIPT_LINE_BYTES};

/// Writes down the tool calls of one run. Clones write into the same transcript.
///
/// Each line is written at once, so that a run that is killed leaves what it did. Where writing fails the run goes on,
/// and [`Recorder::finish`] says so.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Mutex<Writing>>,
    clockwork: Arc<Clockwork>,
}

struct Writing {
    out: Box<dyn Write + Send>,
    /// The first line, until it is written.
    header: Option<String>,
    began: u64,
    /// When that was, for the time since.
    since: Instant,
    /// When the code last got something. Each time is later than the one before.
    last: u64,
    calls: u64,
    bytes: usize,
    failed: Option<io::Error>,
    over: bool,
}

impl Header {
    /// What is run now, by an engine of this name.
    #[must_use]
    pub fn of_run(engine: &str, code: &str, tools: &[String]) -> Self {
        let machine = Machine::default();
        Self {
            engine: engine.to_owned(),
            code: Self::digest(code.as_bytes()),
            tools: tools.to_vec(),
            began: machine.now(),
            seed: machine.random(),
        }
    }

    /// What bytes are known by.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> String {
        format!("sha256:{:x}", Sha256::digest(bytes))
    }
}

impl Recorder {
    /// Begin a transcript of a run. Nothing is written before the first call is made, or the run is over.
    #[must_use]
    pub fn new(out: impl Write + Send + 'static, header: &Header) -> Self {
        let writing = Writing {
            out: Box::new(out),
            header: Some(line::header(header)),
            began: header.began,
            since: Instant::now(),
            last: 0,
            calls: 0,
            bytes: 0,
            failed: None,
            over: false,
        };
        Self {
            shared: Arc::new(Mutex::new(writing)),
            clockwork: Arc::new(Clockwork::new(header.began, header.seed)),
        }
    }

    /// What the recorded code sees of the machine.
    pub(in super::super) fn surroundings(&self) -> Arc<dyn Surroundings> {
        Arc::clone(&self.clockwork) as Arc<dyn Surroundings>
    }

    /// The code called a tool.
    pub(in super::super) fn called(&self, call: CallId, tool: &str, args: &RawValue) {
        let mut writing = self.lock();
        if writing.put(&line::called(call, tool, args)) {
            writing.calls += 1;
        }
    }

    /// The code goes on, with these answers or because a timer of its own is due.
    pub(in super::super) fn goes_on<'a>(
        &self,
        answers: impl Iterator<Item = (CallId, Result<&'a str, ToolError>)>,
    ) {
        let mut writing = self.lock();
        let elapsed = u64::try_from(writing.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let at = elapsed.max(writing.last + 1);
        writing.last = at;
        self.clockwork.set(writing.began.saturating_add(at));
        let mut woken = true;
        for (call, outcome) in answers {
            woken = false;
            // It was JSON when it came.
            let outcome =
                outcome.map(|value| serde_json::from_str::<&RawValue>(value).unwrap_or(RawValue::NULL));
            writing.put(&line::answered(at, call, outcome));
        }
        if woken {
            writing.put(&line::woken(at));
        }
    }

    /// The run is over; by the host, where `ended` says why.
    pub(in super::super) fn over(&self, ended: Option<&str>) {
        let mut writing = self.lock();
        let end = line::end(writing.calls, ended);
        writing.put(&end);
        writing.over = true;
    }

    /// Tell how many calls the transcript holds. It was ended when the run was over.
    ///
    /// # Errors
    ///
    /// Where a line could not be written, or where there was more to write than a transcript may hold. What is there
    /// is a transcript that was broken off.
    pub fn finish(&self) -> io::Result<u64> {
        let mut writing = self.lock();
        if let Some(error) = writing.failed.take() {
            return Err(error);
        }
        writing.out.flush()?;
        Ok(writing.calls)
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing {
    /// Write a line. Whether it is there.
    fn put(&mut self, line: &str) -> bool {
        if self.failed.is_some() || self.over {
            return false;
        }
        let written = self.write(line);
        let there = written.is_ok();
        self.failed = written.err();
        there
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let too_much = |what, most| Err(io::Error::other(format!("{what} has no more than {most} bytes")));
        if line.len() > PTC_TRANSCRIPT_LINE_BYTES {
            return too_much("a line of a transcript", PTC_TRANSCRIPT_LINE_BYTES);
        }
        if self.bytes + line.len() > PTC_TRANSCRIPT_BYTES {
            return too_much("a transcript", PTC_TRANSCRIPT_BYTES);
        }
        if let Some(header) = self.header.take() {
            self.out.write_all(header.as_bytes())?;
            self.bytes += header.len();
        }
        self.out.write_all(line.as_bytes())?;
        self.bytes += line.len();
        Ok(())
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

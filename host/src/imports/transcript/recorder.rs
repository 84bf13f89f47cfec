//! Host calls, written down as they are made.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::exchange::{Exchange, Header};
use super::line;
use crate::limits::{TRANSCRIPT_BYTES, TRANSCRIPT_LINE_BYTES};

/// Writes down the host calls of a run. Clones write into the same transcript.
///
/// Each line is written when its call is done, so that a run that is killed leaves what it did. Where writing
/// fails the run goes on, and [`Recorder::finish`] says so.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Mutex<Writing>>,
}

struct Writing {
    out: Box<dyn Write + Send>,
    /// The first line, until it is written.
    header: Option<String>,
    calls: u64,
    bytes: usize,
    failed: Option<io::Error>,
}

impl Recorder {
    /// Begin a transcript of a run. Nothing is written before the first call is done, or the run.
    #[must_use]
    pub fn new(out: impl Write + Send + 'static, header: &Header) -> Self {
        let writing = Writing {
            out: Box::new(out),
            header: Some(line::header(header)),
            calls: 0,
            bytes: 0,
            failed: None,
        };
        Self {
            shared: Arc::new(Mutex::new(writing)),
        }
    }

    pub(in super::super) fn note(&self, exchange: &Exchange) {
        let mut writing = self.lock();
        if writing.failed.is_some() {
            return;
        }
        let line = line::call(writing.calls + 1, exchange);
        // The line that ends it still fits.
        let put = if writing.bytes + line.len() > TRANSCRIPT_BYTES - TRANSCRIPT_LINE_BYTES {
            let message = format!("a transcript holds no more than {TRANSCRIPT_BYTES} bytes");
            Err(io::Error::other(message))
        } else {
            writing.put(&line)
        };
        match put {
            Ok(()) => writing.calls += 1,
            Err(error) => writing.failed = Some(error),
        }
    }

    /// End the transcript, and tell how many calls it holds. What is called later is not recorded.
    ///
    /// # Errors
    ///
    /// Where a line could not be written, now or before; or where there was more to write than a transcript
    /// may hold. What is there is a transcript that was broken off.
    pub fn finish(&self) -> io::Result<u64> {
        let mut writing = self.lock();
        let over = io::Error::other("the transcript was ended before");
        if let Some(error) = writing.failed.replace(over) {
            return Err(error);
        }
        let end = line::end(writing.calls);
        writing.put(&end)?;
        writing.out.flush()?;
        Ok(writing.calls)
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing {
    fn put(&mut self, line: &str) -> io::Result<()> {
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

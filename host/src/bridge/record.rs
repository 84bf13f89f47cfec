//! Children whose output is kept, line by line and as it is, so that it can be read again without them.

use std::fs::File;
use std::io::{self, Seek as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::event::{BridgeFailure, FailureCode};
use super::transport::{Transport, TransportContext, TransportFactory};
use crate::wire::Line;
use crate::wire::child::{Ending, Farewell};
use crate::world::Pending;

/// Children of another factory, and a file for what they say.
///
/// A line goes into the file when it is heard. Where it cannot be written the exchange fails: half a recording that
/// passes for a whole one is worse than none.
///
/// The file is one exchange's, and holds what one child says: where a conversation is refused and the turn is tried
/// again, that is the second. Lines of both would be those of no child, and not come to the same events again.
pub struct Recording {
    of: Arc<dyn TransportFactory>,
    file: Arc<Mutex<File>>,
}

impl Recording {
    /// Keep what children of `of` say.
    #[must_use]
    pub fn of(of: Arc<dyn TransportFactory>, file: File) -> Self {
        Self {
            of,
            file: Arc::new(Mutex::new(file)),
        }
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").finish_non_exhaustive()
    }
}

impl TransportFactory for Recording {
    fn connect(&self, context: &TransportContext) -> Result<Box<dyn Transport>, BridgeFailure> {
        let of = self.of.connect(context)?;
        begin_anew(&self.file).map_err(|error| {
            let message = format!("the recording cannot be written: {error}");
            BridgeFailure::new(FailureCode::Transport, message)
        })?;
        Ok(Box::new(Recorded {
            of,
            file: Arc::clone(&self.file),
        }))
    }
}

struct Recorded {
    of: Box<dyn Transport>,
    file: Arc<Mutex<File>>,
}

fn begin_anew(file: &Mutex<File>) -> io::Result<()> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    // What is no file, a pipe, holds nothing that could be taken back.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
        file.rewind()?;
    }
    Ok(())
}

/// In one piece and at once, so that whoever is killed leaves every line that was heard.
fn write(file: &Mutex<File>, line: &Line) -> io::Result<()> {
    match line {
        Line::Text(text) => {
            let line = format!("{text}\n");
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line.as_bytes())
        }
        // Of a line that was not held nothing is left to be written.
        Line::TooLong { .. } | Line::NotText { .. } => Ok(()),
    }
}

impl Transport for Recorded {
    fn say(&mut self, line: &str) {
        self.of.say(line);
    }

    fn say_no_more(&mut self) {
        self.of.say_no_more();
    }

    fn hear(&mut self) -> Pending<'_, io::Result<Option<Line>>> {
        Box::pin(async {
            let heard = self.of.hear().await?;
            if let Some(line) = &heard {
                write(&self.file, line).map_err(|cause| {
                    io::Error::new(cause.kind(), format!("the recording cannot be written: {cause}"))
                })?;
            }
            Ok(heard)
        })
    }

    fn end(self: Box<Self>, farewell: Farewell) -> Pending<'static, Ending> {
        self.of.end(farewell)
    }
}

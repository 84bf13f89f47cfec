//! What the code prints, handed to the host in pieces.

use std::borrow::Cow;
use std::mem;

use monty_types::{MontyException, PrintWriter, PrintWriterCallback};

use crate::bindings::yoi::ptc::host::{self, Output};

/// What is collected before it is handed over: a call to the host costs as much as copying this.
const PIECE_BYTES: usize = 8 * 1024;

/// The code's standard output. Its end hands over what is left.
#[derive(Default)]
pub(crate) struct Console {
    waiting: String,
}

impl Console {
    pub(crate) fn writer(&mut self) -> PrintWriter<'_> {
        PrintWriter::Callback(self)
    }

    fn hand_over(&mut self) {
        if !self.waiting.is_empty() {
            host::write(Output::Stdout, &mem::take(&mut self.waiting));
        }
    }
}

/// Tell the code's author something that no line of the code printed.
pub(crate) fn warn(text: &str) {
    host::write(Output::Stderr, text);
}

impl PrintWriterCallback for Console {
    fn stdout_write(&mut self, output: Cow<'_, str>) -> Result<(), MontyException> {
        self.waiting.push_str(&output);
        if self.waiting.len() >= PIECE_BYTES {
            self.hand_over();
        }
        Ok(())
    }

    fn stdout_push(&mut self, end: char) -> Result<(), MontyException> {
        self.waiting.push(end);
        Ok(())
    }

    /// From time to time, while code computes: if it never ends, what it printed is known all the same.
    fn poll_flush(&mut self) -> Result<(), MontyException> {
        self.hand_over();
        Ok(())
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.hand_over();
    }
}

//! A file that can be disturbed.

use std::io::{self, Read, Write};

use super::{Read as Allowed, Switch};

/// A file, read or written as the switch lets it be.
#[derive(Debug)]
pub(crate) struct DisturbedFile<F> {
    file: F,
    switch: Switch,
    written: u64,
}

impl Switch {
    /// The same file, disturbed by this.
    pub(crate) fn file<F>(&self, file: F) -> DisturbedFile<F> {
        DisturbedFile {
            file,
            switch: self.clone(),
            written: 0,
        }
    }
}

impl<F: Read> Read for DisturbedFile<F> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.switch.disk()?;
        let most = match self.switch.read(None) {
            Allowed::AtMost(most) => most.min(to.len()),
            // Those are for connections.
            _ => to.len(),
        };
        let read = self.file.read(&mut to[..most])?;
        self.switch.received(read);
        self.switch.spoil(&mut to[..read]);
        Ok(read)
    }
}

impl<F: Write> Write for DisturbedFile<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.switch.room(self.written, bytes.len())?;
        let written = self.file.write(&bytes[..room])?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.switch.disk()?;
        self.file.flush()
    }
}

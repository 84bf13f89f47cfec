//! Lines of something that is read.

use std::io::{self, Read};

use super::lines::{Line, Lines};
use crate::limits::WIRE_READ_BYTES;

/// Reads lines of at most so many bytes. Reading blocks: whoever waits for a peer has a thread for it.
#[derive(Debug)]
pub struct LineReader<R> {
    from: R,
    lines: Lines,
    over: bool,
}

impl<R: Read> LineReader<R> {
    /// Lines of `from`, of at most `limit` bytes.
    pub fn new(from: R, limit: usize) -> Self {
        Self {
            from,
            lines: Lines::new(limit),
            over: false,
        }
    }

    /// The next line; none after the last.
    ///
    /// # Errors
    ///
    /// What the reading gives. An interrupted one is tried again.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = [0; WIRE_READ_BYTES];
        loop {
            if let Some(line) = self.lines.next() {
                return Ok(Some(line));
            }
            if self.over {
                return Ok(None);
            }
            match self.from.read(&mut bytes) {
                Ok(0) => {
                    self.over = true;
                    self.lines.finish();
                }
                Ok(read) => self.lines.push(&bytes[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_until_there_are_none() {
        let mut reader = LineReader::new("a\n\nb".as_bytes(), 9);
        let mut read = || reader.next_line().unwrap();
        assert_eq!(read(), Some(Line::Text("a".to_owned())));
        assert_eq!(read(), Some(Line::Text("b".to_owned())));
        assert_eq!(read(), None);
        assert_eq!(read(), None);
    }
}

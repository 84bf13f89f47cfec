//! The world, broken on purpose for the length of one call.
//!
//! A [`Switch`] is shared by everything that one instance holds open. While a [`Disturbance`] is on, the
//! connections and files that carry the switch behave as it says, and the switch keeps whether they had to.
//! This room knows bytes, and of protocols only where an answer's head, a frame and a text end; what is called,
//! and why it is to fail, it does not know.
//!
//! - `stream`: a connection that can be disturbed, above TLS
//! - `framing`: where in a connection's bytes a reader is
//! - `file`: a file that can be disturbed

mod file;
mod framing;
mod stream;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;

pub(crate) use framing::Wire;
pub(super) use stream::Disturbed;

use crate::limits::SLOW_READ_BYTES;

/// What is wrong with the world. Bytes are counted from when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    /// The time for it is over before anything is done.
    Late,
    /// Names have no address.
    Unresolved,
    /// Addresses refuse connections.
    Refused,
    /// After so many bytes received, nothing more is. What was sent in the meantime is there when it ends.
    Silence { after: u64 },
    /// Nothing can be sent. It can when it ends.
    Stuck,
    /// After so many bytes received, the connection is reset. It stays so.
    Reset { after: u64 },
    /// The connection is reset when something is sent. It stays so.
    ResetBySending,
    /// After so many bytes received, the other side has ended its half of the connection. It stays so.
    Cut { after: u64 },
    /// Every read gives one byte at most.
    OneByte,
    /// After so many bytes of an answer's body, a pause comes before every read, and reads are short.
    Slow { after: u64, pause: Duration },
    /// This byte of the content is 0xFF, which is nowhere in UTF-8.
    BadByte { at: u64 },
    /// After so many bytes written, the disk is full.
    Full { after: u64 },
    /// The disk fails.
    Io,
}

/// What is wrong just now, and whether anything came of it. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switch {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    on: Option<Disturbance>,
    /// Bytes received since it was switched on.
    received: u64,
    /// Bytes of content, text or body since then.
    content: u64,
    struck: bool,
}

/// What a read may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    /// Give at most so many bytes.
    AtMost(usize),
    /// Give at most so many bytes, after a pause.
    After(Duration, usize),
    /// Wait for what does not come.
    Wait,
    Reset,
    End,
}

/// What a write may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Free,
    /// Wait for room that does not come.
    Wait,
    Reset,
}

impl Switch {
    /// From now on, this is wrong.
    pub(crate) fn on(&self, disturbance: Disturbance) {
        *self.lock() = State {
            on: Some(disturbance),
            ..State::default()
        };
    }

    /// From now on, nothing is wrong. Whether anything came of what was.
    pub(crate) fn off(&self) -> bool {
        std::mem::take(&mut *self.lock()).struck
    }

    pub(super) fn late(&self) -> bool {
        self.lock().strikes(Disturbance::Late)
    }

    /// In the words of the system's resolver.
    pub(super) fn unresolved(&self) -> Option<io::Error> {
        let strikes = self.lock().strikes(Disturbance::Unresolved);
        strikes.then(|| io::Error::other("failed to lookup address information: Name or service not known"))
    }

    pub(super) fn refused(&self) -> Option<io::Error> {
        let strikes = self.lock().strikes(Disturbance::Refused);
        strikes.then(|| Errno::CONNREFUSED.into())
    }

    /// The disk's failure, where it fails.
    pub(crate) fn disk(&self) -> io::Result<()> {
        match self.lock().strikes(Disturbance::Io) {
            true => Err(Errno::IO.into()),
            false => Ok(()),
        }
    }

    /// Make the byte that is to be bad so, if it is among these, the next ones of the content.
    pub(crate) fn spoil(&self, content: &mut [u8]) {
        let mut state = self.lock();
        let before = state.content;
        state.content += content.len() as u64;
        let Some(Disturbance::BadByte { at }) = state.on else {
            return;
        };
        let bad = at
            .checked_sub(before)
            .and_then(|at| content.get_mut(usize::try_from(at).ok()?));
        if let Some(bad) = bad {
            *bad = 0xFF;
            state.struck = true;
        }
    }

    /// What a read may do; `body` is how much of an answer's body was received, where it is one.
    fn read(&self, body: Option<u64>) -> Read {
        let mut state = self.lock();
        let (seen, after, then) = match (state.on, body) {
            (Some(Disturbance::Silence { after }), _) => (state.received, after, Read::Wait),
            (Some(Disturbance::Reset { after }), _) => (state.received, after, Read::Reset),
            (Some(Disturbance::Cut { after }), _) => (state.received, after, Read::End),
            (Some(Disturbance::Slow { after, pause }), Some(body)) => {
                (body, after, Read::After(pause, SLOW_READ_BYTES))
            }
            (Some(Disturbance::OneByte), _) => return Read::AtMost(1),
            _ => return Read::AtMost(usize::MAX),
        };
        match after.saturating_sub(seen) {
            0 => {
                state.struck = true;
                then
            }
            left => Read::AtMost(usize::try_from(left).unwrap_or(usize::MAX)),
        }
    }

    fn received(&self, bytes: usize) {
        let mut state = self.lock();
        state.received += bytes as u64;
        if bytes > 0 {
            state.strikes(Disturbance::OneByte);
        }
    }

    fn write(&self) -> Write {
        let mut state = self.lock();
        if state.strikes(Disturbance::Stuck) {
            Write::Wait
        } else if state.strikes(Disturbance::ResetBySending) {
            Write::Reset
        } else {
            Write::Free
        }
    }

    /// How many of `wanted` bytes fit on the disk, of which `written` are there.
    ///
    /// # Errors
    ///
    /// That it is full, or fails.
    fn room(&self, written: u64, wanted: usize) -> io::Result<usize> {
        self.disk()?;
        let mut state = self.lock();
        let Some(Disturbance::Full { after }) = state.on else {
            return Ok(wanted);
        };
        match after.saturating_sub(written) {
            0 => {
                state.struck = true;
                Err(Errno::NOSPC.into())
            }
            left => Ok(usize::try_from(left).map_or(wanted, |left| left.min(wanted))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether just this is wrong. If so, something came of it.
    fn strikes(&mut self, disturbance: Disturbance) -> bool {
        let strikes = self.on == Some(disturbance);
        self.struck |= strikes;
        strikes
    }
}

//! A run's host calls on file: kept by a [`Recorder`], answered again by a [`Replay`].
//!
//! A transcript is JSON Lines: a line that says what was run, a line for each host call, and a line that says
//! how many there were. Credentials do not get in: what stands where one would stand is taken out of both
//! texts of a call, and a call that is held against a transcript is held against it in the same state.
//!
//! ```text
//! {"schema":"yoikit.transcript/1","profile":"documented","component":"sha256:…","plugin":"a.b","tool":"get"}
//! {"call":1,"import":"request.request","given":{"method":"GET","url":"https://a.test/"},"answer":{"status":200,…}}
//! {"call":2,"import":"fs.read","given":{"path":"a"},"error":{"code":"not_found","message":"…"},"root":"/srv"}
//! {"end":2}
//! ```
//!
//! What was handed over is `given` where it is JSON, byte for byte, and `text` where it is not; an answer is
//! JSON always. This room knows what a host call is made of, and nothing of how one is carried out.
//!
//! - [`Transcript`], [`Header`], [`Exchange`]: what is on file
//! - `line`: how it is written
//! - [`Recorder`], [`Replay`]: the two that stand between a guest and its host calls

mod exchange;
mod line;
mod recorder;
mod replay;

#[cfg(test)]
mod tests;

pub(super) use exchange::Came;
pub use exchange::{Exchange, Header, Refusal, Transcript};
pub use line::{SCHEMA, TranscriptError};
pub use recorder::Recorder;
pub use replay::{Replay, ReplayFault};

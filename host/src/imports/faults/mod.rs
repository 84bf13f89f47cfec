//! Host calls broken on purpose: which call, and how, as data.
//!
//! A *fault plan* is a TOML file. Each fault names a call by its number, counted from 1 over the whole run,
//! instances and guest calls included: the nth host call or, where it names an import, the nth call of that.
//! A call that is refused counts as well.
//!
//! ```toml
//! schema = "yoikit.faults/1"
//!
//! [[fault]]
//! call = 2
//! import = "request.request"  # optional
//! kind = "reset"
//! after_bytes = 100           # optional, where the kind has a use for it: 0
//!
//! [[fault]]
//! call = 7
//! kind = "slow_body"
//! pause_ms = 200              # optional, `slow_body` only: 100, at most 10000
//! ```
//!
//! | kind | imports | what happens | `after_bytes` |
//! |---|---|---|---|
//! | `timeout` | all but those of `fs` | nothing is sent, and the call is answered at once as if its own time were over | |
//! | `silence` | `request.request`, `websocket.open`, `websocket.recv` | the other side says nothing more, until the call's time is over, or that of the guest's call; what it said meanwhile is there for the next call | received |
//! | | `websocket.send-text` | the other side takes nothing; the text goes out with the next call | |
//! | `refuse` | `request.request`, `websocket.open` | every address refuses the connection | |
//! | `unresolved` | `request.request`, `websocket.open` | the name cannot be resolved; an address has none | |
//! | `reset` | `request.request`, `websocket.open`, `websocket.recv` | the connection is reset, and stays so | received |
//! | | `websocket.send-text`, `websocket.close` | the same when something is sent | |
//! | `cut` | `request.request`, `websocket.open`, `websocket.recv` | the other side has ended the connection | received |
//! | `short_read` | `request.request`, `websocket.open`, `websocket.recv`, `fs.read` | every read gives one byte at most; a guest is to notice nothing. Of a WebSocket's handshake only the first 32 bytes come so: its library takes more pieces for an attack | |
//! | `slow_body` | `request.request` | a pause before every read of the body, none of which gives more than 1 KiB | of the body, as sent |
//! | `bad_utf8` | `request.request`, `websocket.recv`, `fs.read` | one byte is 0xFF: of the body, of the next text, of the content | which byte, from 0 |
//! | `disk_full` | `fs.write` | there is no room for more; the old file stays | written |
//! | `io` | `fs.read`, `fs.list`, `fs.write` | the disk fails | |
//!
//! Bytes received are those above TLS, of this call only, heads of answers and frames included.
//!
//! What runs is the real code, down to the connection or file that is disturbed; a call that is denied stays
//! denied. So a fault may come to nothing, and a plan of which anything did tests less than it says:
//! [`Faults::unused`] tells, after the run.
//!
//! - `kind`: what can be done to a call
//! - `plan`: a plan as it is written, and all that may be wrong with it
//! - `run`: a plan in a run, call by call

mod kind;
mod plan;
mod run;

#[cfg(test)]
mod tests;

pub use kind::FaultKind;
pub use plan::{FaultPlan, FaultPlanError, Mistake, PlannedFault};
pub use run::{Faults, Unused, UnusedFault};

pub(super) use run::{Breaking, Broken};

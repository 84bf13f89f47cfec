//! A plugin that lives as long as its host: it is started, given events, asked how it is, and stopped; what it
//! answers is carried out; when it breaks it is started anew.
//!
//! [`Service`] is the handle. Behind it one thread owns the [`Instance`](super::Instance) and gives it one thing
//! after the other. Events are checked and queued on the thread that sends them ([`Service::send`]), so that the
//! bounds are exact; what becomes of one is told by its [`Ticket`].
//!
//! - **Order.** Events of one source are delivered in the order in which they were accepted, also while the first
//!   of them waits to be tried again. Other sources do not wait for that.
//! - **Bounds.** The queue is bounded in events and bytes; what happens to one more is [`WhenFull`]. Everything
//!   else that could grow is bounded too, by numbers in [`limits`](crate::limits).
//! - **Duplicates.** An event with an id that is known is not delivered again; its ticket tells what becomes of the
//!   first.
//! - **Failures.** What fails is tried again after a pause, and given up after the last attempt ([`Retry`]). A
//!   plugin that broke is restarted, within limits ([`Restart`]); then the service is [`State::Failed`], and says
//!   why it takes no more events.
//! - **Sources.** A WebSocket that an ingress names as its source is held by the host: it connects where manifest
//!   and grants allow it, hands on what comes as events, and connects again when it is lost ([`SocketStatus`]).
//! - **Commands.** What an answer asks for is matched to its event, held against the grants, and carried out:
//!   all of it, or none ([`CommandResult`]).
//! - **Time and chance** come from the plugin's [`Net`](crate::world::Net): a scripted clock makes every pause
//!   pass at once, and a seed makes every jitter the same.
//!
//! In profile `yoi` a service does what the yoi host does: one delivery for each event, no restart, an answer with
//! an error in it counts as taken, commands are carried out before an answer is found to be late, its queue is
//! emptied before it stops, and when the host ends nobody calls `stop`; a source is dialled whether its ingress was
//! granted or not, the last of two with the same URL hides the other, and one that is lost stays lost. Two things
//! are better there as well: the diagnostics are bounded, and nothing of a service outlives it. The tools of a plugin
//! that was stopped are called there all the same, and here where that is wanted
//! ([`calls_stopped`](ServiceOptions::calls_stopped)).
//!
//! Where events must outlive the host, a [`Journal`] keeps them: [`disk`] has one. Where several hosts share the work,
//! they take from a stream of NATS JetStream: `nats`, with the feature of that name.

mod admission;
mod backoff;
mod charter;
mod commands;
mod desk;
pub mod disk;
mod handle;
mod happening;
mod journal;
mod known;
mod letter;
#[cfg(feature = "nats")]
pub mod nats;
mod options;
mod queue;
mod refusal;
mod reply;
mod shared;
mod sockets;
mod status;
mod supervisor;
mod ticket;
mod time;

pub use backoff::Backoff;
pub use charter::Event;
pub use commands::{CommandResult, CommandStatus};
pub use desk::DeadLetter;
pub use handle::{Ending, Plan, Service, StartError};
pub use happening::{Happening, Observed, Observer, What};
pub use journal::{InMemory, Journal, JournalError, Kept, Recovered, Seq, Written};
pub use letter::{Letter, LetterError};
pub use options::{Restart, Retry, ServiceOptions, StopTimes, WhenFull};
pub use refusal::{Refusal, ToolFailure};
pub use reply::Reply;
pub use sockets::{SocketState, SocketStatus};
pub use status::{
    CommandCounts, Diagnostic, DiagnosticKind, DispatchCounters, LATENCY_BOUNDS, Latencies, Metrics,
    ServiceStatus, State,
};
pub use ticket::{Failure, Outcome, Report, Settlement, Ticket};
pub use time::now;

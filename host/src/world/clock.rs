//! The time that a network goes by.

/// The clock by which everything on a network is bounded: requests, sockets, pauses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    #[default]
    Real,
    /// One that stands still while anything can go on, and jumps to the next bound when everything waits: a
    /// time-out of an hour is over at once, and always at the same moment.
    ///
    /// It is for scripted peers. To this clock whatever lies outside waits: a real server that does not answer
    /// at once is one that never does.
    Scripted,
}

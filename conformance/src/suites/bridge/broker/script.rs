//! Children that are played in this process: bytes, cut into lines as those of a pipe are.

use std::collections::VecDeque;
use std::future::pending;
use std::io;

use yoi_host::bridge::Transport;
use yoi_host::limits::CHILD_LINE_BYTES;
use yoi_host::wire::child::{Ending, Farewell};
use yoi_host::wire::{Line, Lines};
use yoi_host::world::Pending;

use super::play::{Role, Step};

/// What makes lines of bytes.
pub trait Framing: Send {
    /// Take what was read.
    fn push(&mut self, bytes: &[u8]);

    /// Nothing more is to be read.
    fn finish(&mut self);

    /// The next line that is whole.
    fn next(&mut self) -> Option<Line>;
}

/// The host's own.
impl Framing for Lines {
    fn push(&mut self, bytes: &[u8]) {
        Lines::push(self, bytes);
    }

    fn finish(&mut self) {
        Lines::finish(self);
    }

    fn next(&mut self) -> Option<Line> {
        Lines::next(self)
    }
}

/// The host's own, with the bound that it has for children.
#[must_use]
pub fn own_framing() -> Box<dyn Framing> {
    Box::new(Lines::new(CHILD_LINE_BYTES))
}

/// A child that is played.
pub(super) struct Scripted {
    steps: VecDeque<Step>,
    ending: Ending,
    framing: Box<dyn Framing>,
    over: bool,
}

impl Scripted {
    pub(super) fn new(role: Role, framing: Box<dyn Framing>) -> Self {
        Self {
            steps: role.steps.into(),
            ending: role.ending,
            framing,
            over: false,
        }
    }
}

impl Transport for Scripted {
    fn say(&mut self, _: &str) {}

    fn say_no_more(&mut self) {}

    fn hear(&mut self) -> Pending<'_, io::Result<Option<Line>>> {
        Box::pin(async {
            loop {
                if let Some(line) = self.framing.next() {
                    return Ok(Some(line));
                }
                match self.steps.front_mut() {
                    None if self.over => return Ok(None),
                    None => {
                        self.over = true;
                        self.framing.finish();
                    }
                    Some(Step::Say(bytes)) => {
                        self.framing.push(bytes);
                        self.steps.pop_front();
                    }
                    Some(Step::Repeat { bytes, at_most }) if *at_most >= bytes.len() => {
                        *at_most -= bytes.len();
                        self.framing.push(bytes);
                    }
                    Some(Step::Repeat { .. } | Step::Hang) => pending().await,
                    Some(Step::Wait(time)) => {
                        let time = *time;
                        tokio::time::sleep(time).await;
                        self.steps.pop_front();
                    }
                    Some(Step::Break) => return Err(io::Error::other("the pipe broke")),
                }
            }
        })
    }

    fn end(self: Box<Self>, _: Farewell) -> Pending<'static, Ending> {
        Box::pin(async move { self.ending })
    }
}

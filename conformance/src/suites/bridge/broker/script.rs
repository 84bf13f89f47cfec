//! Children that are played in this process: bytes, cut into lines as those of a pipe are.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;
use yoi_host::bridge::{BridgeFailure, FailureCode, Transport, TransportContext, TransportFactory};
use yoi_host::limits::CHILD_LINE_BYTES;
use yoi_host::wire::child::{Ending, Farewell};
use yoi_host::wire::{Line, Lines};
use yoi_host::world::Pending;

use super::play::{ChildSeen, Play, Role, Step, TOLD};
use super::player::{Cast, Run};

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

/// Children that are played in this process, and what is seen of them.
pub(super) struct Script {
    roles: Vec<Role>,
    framing: fn() -> Box<dyn Framing>,
    between: fn(Box<dyn Transport>) -> Box<dyn Transport>,
    started: AtomicUsize,
    seen: Arc<Mutex<Vec<Watch>>>,
}

/// What is seen of a child, and how much of it was heard.
#[derive(Default)]
struct Watch {
    child: ChildSeen,
    heard: usize,
}

impl Script {
    pub(super) fn of(
        play: &Play,
        framing: fn() -> Box<dyn Framing>,
        between: fn(Box<dyn Transport>) -> Box<dyn Transport>,
    ) -> Self {
        Self {
            roles: play.children.clone(),
            framing,
            between,
            started: AtomicUsize::new(0),
            seen: Arc::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Watch>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cast for Script {
    fn run(&self) -> Run {
        Run::default()
    }

    fn children(&self) -> Vec<ChildSeen> {
        self.seen().iter().map(|watch| watch.child.clone()).collect()
    }

    fn heard(&self) -> usize {
        self.seen().iter().map(|watch| watch.heard).sum()
    }

    fn pause(&self) -> Pending<'_, ()> {
        // The clock moves when there is nothing else to do.
        Box::pin(sleep(Duration::from_millis(1)))
    }

    fn settle(&self) -> Pending<'_, ()> {
        let is_there = self.seen().iter().any(|watch| watch.child.ended == 0);
        Box::pin(async move {
            // Who was let go of takes its child down by itself.
            if is_there {
                self.pause().await;
            }
        })
    }
}

impl TransportFactory for Script {
    fn connect(&self, context: &TransportContext) -> Result<Box<dyn Transport>, BridgeFailure> {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        let Some(role) = self.roles.get(number) else {
            return Err(BridgeFailure::new(
                FailureCode::NotStarted,
                "there is no other child",
            ));
        };
        let words = context.launch.args.iter();
        let mut variables = context.launch.environment.iter();
        let told = variables.find(|(name, _)| *name == TOLD);
        let place = {
            let mut seen = self.seen();
            seen.push(Watch {
                child: ChildSeen {
                    resumed: context.start.resume.clone(),
                    words: words.map(|word| word.to_string_lossy().into_owned()).collect(),
                    told: told.map(|(_, value)| value.to_string_lossy().into_owned()),
                    ..ChildSeen::default()
                },
                heard: 0,
            });
            seen.len() - 1
        };
        let watched = Watched {
            child: Scripted::new(role.clone(), (self.framing)()),
            place,
            seen: Arc::clone(&self.seen),
        };
        Ok((self.between)(Box::new(watched)))
    }
}

/// A child that is watched.
struct Watched {
    child: Scripted,
    place: usize,
    seen: Arc<Mutex<Vec<Watch>>>,
}

impl Watched {
    fn see(&self, see: impl FnOnce(&mut Watch)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        see(&mut seen[self.place]);
    }
}

impl Transport for Watched {
    fn say(&mut self, line: &str) {
        self.child.say(line);
    }

    fn say_no_more(&mut self) {
        self.child.say_no_more();
    }

    fn hear(&mut self) -> Pending<'_, io::Result<Option<Line>>> {
        Box::pin(async {
            let line = self.child.hear().await?;
            let bytes = match &line {
                Some(Line::Text(text)) => text.len() + 1,
                _ => 0,
            };
            self.see(|seen| seen.heard += bytes);
            Ok(line)
        })
    }

    fn end(self: Box<Self>, farewell: Farewell) -> Pending<'static, Ending> {
        self.see(|seen| seen.child.ended += 1);
        Box::new(self.child).end(farewell)
    }
}

/// A child that is played.
struct Scripted {
    steps: VecDeque<Step>,
    ending: Ending,
    framing: Box<dyn Framing>,
    over: bool,
}

impl Scripted {
    fn new(role: Role, framing: Box<dyn Framing>) -> Self {
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
                        sleep(time).await;
                        self.steps.pop_front();
                    }
                    // Nothing stays in this process.
                    Some(Step::Leave) => {
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

//! Children that are scripts: what they say and when, and a record of what was said to them.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::bridge::{BridgeFailure, FailureCode, Model, Transport, TransportContext, TransportFactory};
use crate::wire::Line;
use crate::wire::child::{Ending, Farewell, How};
use crate::world::Pending;

/// What a scripted child does next.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Say(String),
    /// Say lines without end.
    Chatter(String),
    Wait(Duration),
    /// Say nothing any more, and do not end.
    Hang,
    /// Fail to be read.
    Break,
}

#[derive(Debug, Default)]
pub(super) struct Record {
    /// What each child was told, and whether that was all.
    pub(super) told: Vec<(Vec<String>, bool)>,
    pub(super) resumed: Vec<Option<String>>,
    pub(super) ended: usize,
    /// Lines that were heard of all of them.
    pub(super) heard: usize,
}

/// What a scripted child does, and how it ends.
pub(super) type Play = (Vec<Step>, Ending);

/// Gives one child after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Scripts {
    scripts: Arc<Mutex<VecDeque<Play>>>,
    pub(super) record: Arc<Mutex<Record>>,
}

impl Scripts {
    pub(super) fn of(scripts: impl IntoIterator<Item = Play>) -> Arc<Self> {
        Arc::new(Self {
            scripts: Arc::new(Mutex::new(scripts.into_iter().collect())),
            record: Arc::default(),
        })
    }

    /// One child that says these lines and ends well.
    pub(super) fn saying(lines: &str) -> Arc<Self> {
        Self::of([(says(lines), exited(0))])
    }
}

pub(super) fn says(lines: &str) -> Vec<Step> {
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines.map(|line| Step::Say(line.to_owned())).collect()
}

pub(super) fn exited(code: i32) -> Ending {
    Ending::itself(How::Exited(code), String::new())
}

pub(super) fn model(adapter: &str) -> Model {
    Model {
        id: "m".to_owned(),
        api: "messages".to_owned(),
        provider: "p".to_owned(),
        base_url: format!("bridge:{adapter}"),
    }
}

impl TransportFactory for Scripts {
    fn connect(&self, context: &TransportContext) -> Result<Box<dyn Transport>, BridgeFailure> {
        let mut record = self.record.lock().unwrap();
        record.told.push((Vec::new(), false));
        record.resumed.push(context.start.resume.clone());
        let (steps, ending) = self
            .scripts
            .lock()
            .unwrap()
            .pop_front()
            .ok_or_else(|| BridgeFailure::new(FailureCode::NotStarted, "there is no other child"))?;
        Ok(Box::new(Script {
            steps: steps.into(),
            ending,
            record: Arc::clone(&self.record),
        }))
    }
}

struct Script {
    steps: VecDeque<Step>,
    ending: Ending,
    record: Arc<Mutex<Record>>,
}

impl Transport for Script {
    fn say(&mut self, line: &str) {
        self.record
            .lock()
            .unwrap()
            .told
            .last_mut()
            .unwrap()
            .0
            .push(line.to_owned());
    }

    fn say_no_more(&mut self) {
        self.record.lock().unwrap().told.last_mut().unwrap().1 = true;
    }

    fn hear(&mut self) -> Pending<'_, io::Result<Option<Line>>> {
        Box::pin(async {
            loop {
                match self.steps.front().cloned() {
                    None => return Ok(None),
                    Some(Step::Say(line)) => {
                        self.steps.pop_front();
                        self.record.lock().unwrap().heard += 1;
                        return Ok(Some(Line::Text(line)));
                    }
                    Some(Step::Chatter(line)) => {
                        self.record.lock().unwrap().heard += 1;
                        return Ok(Some(Line::Text(line)));
                    }
                    Some(Step::Wait(time)) => {
                        tokio::time::sleep(time).await;
                        self.steps.pop_front();
                    }
                    Some(Step::Hang) => pending().await,
                    Some(Step::Break) => return Err(io::Error::other("the pipe broke")),
                }
            }
        })
    }

    fn end(self: Box<Self>, _: Farewell) -> Pending<'static, Ending> {
        self.record.lock().unwrap().ended += 1;
        Box::pin(async move { self.ending })
    }
}

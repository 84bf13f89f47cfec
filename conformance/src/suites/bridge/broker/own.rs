//! Yoikit's own host, made of parts of which each can be broken on purpose.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};
use yoi_host::bridge::{
    BridgeFailure, Broker, Context, EventStream, Exchange, ExchangeOptions, ExchangeTimes, FailureCode,
    FinishReason, FrameworkStream, LinkKey, LinkStore, LinksInMemory, MessageSeed, Model, NormalizedEvent,
    Processes, RuntimeLink, Sink, Transport, TransportContext, TransportFactory,
};
use yoi_host::wire::Line;
use yoi_host::wire::child::{Ending, Farewell};
use yoi_host::world::Pending;

use super::play::{Act, ChildSeen, Play, Role, Seen, Turn};
use super::script::{Framing, Scripted, own_framing};
use super::shell;
use crate::Stop;
use crate::limits::{PLAY_LEAVE, PLAY_PAUSE, PLAY_TIME, SCRIPTED_PLAY_TIME};

/// What children are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Children {
    /// Played in this process, by a clock that jumps to whatever comes next.
    Scripted,
    /// Shells.
    Processes,
}

/// The host, and what can be broken of it.
#[derive(Clone)]
pub struct Own {
    /// What its children are.
    pub children: Children,
    /// What makes lines of what scripted children say.
    pub framing: fn() -> Box<dyn Framing>,
    /// What stands between an exchange and its child.
    pub between: fn(Box<dyn Transport>) -> Box<dyn Transport>,
    /// Where conversations are remembered.
    pub links: fn() -> Arc<dyn LinkStore>,
    /// Whether one broker has all exchanges.
    pub is_one_broker: bool,
    /// What it makes of what it is asked.
    pub asked: fn(Play) -> Play,
    /// What it makes of what it saw.
    pub told: fn(&Play, Seen) -> Seen,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own")
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}

impl Own {
    /// The host as it is.
    #[must_use]
    pub fn new(children: Children) -> Self {
        Self {
            children,
            framing: own_framing,
            between: |child| child,
            links: || Arc::new(LinksInMemory::new()),
            is_one_broker: true,
            asked: |play| play,
            told: |_, seen| seen,
        }
    }

    pub(super) fn play(&self, play: &Play) -> Result<Seen, Stop> {
        let harness = |error: io::Error| Stop::Harness(format!("failed to play: {error}"));
        let asked = (self.asked)(play.clone());
        let runtime = self.runtime().map_err(harness)?;
        let stage = Arc::new(Stage {
            children: self.children,
            framing: self.framing,
            between: self.between,
            roles: asked.children.clone(),
            started: AtomicUsize::new(0),
            seen: Arc::default(),
            folder: tempfile::tempdir().map_err(harness)?,
        });
        let seen = runtime.block_on(self.played(&asked, &stage));
        // Children of exchanges that did not end are taken down with it.
        drop(runtime);
        Ok((self.told)(play, seen))
    }

    fn runtime(&self) -> io::Result<Runtime> {
        let mut builder = Builder::new_current_thread();
        builder
            .enable_all()
            .start_paused(self.children == Children::Scripted);
        builder.build()
    }

    async fn played(&self, play: &Play, stage: &Arc<Stage>) -> Seen {
        let model = Model {
            id: "m".to_owned(),
            api: "a".to_owned(),
            provider: "p".to_owned(),
            base_url: play
                .address
                .clone()
                .unwrap_or_else(|| format!("bridge:{}", play.adapter)),
        };
        let key = LinkKey::of(&model, play.adapter.name());
        let links = play.remembered.is_some().then(self.links);
        if let (Some(links), Some(Some(token))) = (&links, &play.remembered) {
            // A store that does not take it is seen by what follows.
            let _ = links.save(link(&key, token)).await;
        }
        let broker = || {
            let mut broker = Broker::new().with_factory(Some(stage.clone()));
            if let Some(answer) = &play.framework {
                broker = broker.with_framework(framework(answer.clone()));
            }
            match &links {
                Some(links) => broker.with_links(Arc::clone(links)),
                None => broker,
            }
        };
        let first = broker();
        let one = || async {
            let own;
            let broker = match self.is_one_broker {
                true => &first,
                false => {
                    own = broker();
                    &own
                }
            };
            self.turn(broker, &model, play, stage).await
        };
        let mut turns = Vec::new();
        if play.at_once {
            turns = futures_util::future::join_all((0..play.turns).map(|_| one())).await;
        } else {
            for _ in 0..play.turns {
                turns.push(one().await);
            }
        }
        // Who was let go of takes its child down by itself.
        if stage.seen().iter().any(|child| child.ended == 0) {
            self.pause(stage).await;
        }
        let remembered = match &links {
            Some(links) => links.find(&key).await.ok().flatten(),
            None => None,
        };
        Seen {
            turns,
            children: stage.seen().clone(),
            remembered: remembered.map(|link| link.resume_token),
        }
    }

    async fn turn(&self, broker: &Broker, model: &Model, play: &Play, stage: &Stage) -> Turn {
        let context = Context::of_prompt("hello");
        let options = ExchangeOptions {
            resume: play.resume.clone(),
            times: self.times(play.times),
            ..ExchangeOptions::default()
        };
        if play.as_framework {
            return self
                .told_as_framework(broker.exchange(model, &context, &options))
                .await;
        }
        let mut turn = Turn::default();
        let Some(mut exchange) = broker.begin(model, &context, &options) else {
            return turn;
        };
        for act in &play.acts {
            match act {
                Act::Read(count) => read(&mut exchange, &mut turn, *count, self.time()).await,
                Act::ReadSome(count) => read(&mut exchange, &mut turn, *count, PLAY_PAUSE).await,
                Act::ReadAll => read(&mut exchange, &mut turn, usize::MAX, self.time()).await,
                Act::Pause => self.pause(stage).await,
                Act::Cancel => exchange.cancel(),
                Act::Drop => return turn,
            }
        }
        if turn.over {
            turn.report = timeout(self.time(), exchange.ended()).await.ok();
        }
        turn
    }

    async fn told_as_framework(&self, mut stream: EventStream) -> Turn {
        let mut turn = Turn::default();
        while let Ok(next) = timeout(self.time(), stream.next()).await {
            match next {
                Some(event) => turn.stream.push(serde_json::to_value(&event).unwrap_or_default()),
                None => {
                    turn.over = true;
                    break;
                }
            }
        }
        turn
    }

    /// Until nothing happens any more.
    async fn pause(&self, stage: &Stage) {
        match self.children {
            // The clock moves when there is nothing else to do.
            Children::Scripted => sleep(Duration::from_millis(1)).await,
            Children::Processes => {
                let mut before = None;
                while before.as_ref() != Some(&*stage.seen()) {
                    before = Some(stage.seen().clone());
                    sleep(PLAY_PAUSE).await;
                }
            }
        }
    }

    /// Nobody waits long for shells that would stay when they are done.
    fn times(&self, times: ExchangeTimes) -> ExchangeTimes {
        match self.children {
            Children::Scripted => times,
            Children::Processes => ExchangeTimes {
                leave: PLAY_LEAVE,
                ..times
            },
        }
    }

    const fn time(&self) -> Duration {
        match self.children {
            Children::Scripted => SCRIPTED_PLAY_TIME,
            Children::Processes => PLAY_TIME,
        }
    }
}

async fn read(exchange: &mut Exchange, turn: &mut Turn, count: usize, within: Duration) {
    for _ in 0..count {
        match timeout(within, exchange.next()).await {
            Ok(Some(event)) => turn.events.push(event),
            Ok(None) => {
                turn.over = true;
                return;
            }
            // Where the last event does not come either, the stream is not over, and that is seen.
            Err(_) => return,
        }
    }
}

/// A framework that answers by itself, always this.
fn framework(answer: String) -> Arc<FrameworkStream> {
    Arc::new(move |model, _, _| {
        let mut sink = Sink::new(MessageSeed::of(model, 0));
        let mut events = Vec::new();
        let delta = answer.clone();
        sink.take(NormalizedEvent::Text { delta }, &mut events);
        let reason = FinishReason::Stop;
        sink.take(NormalizedEvent::Finish { reason }, &mut events);
        Box::pin(futures_util::stream::iter(events))
    })
}

fn link(key: &LinkKey, token: &str) -> RuntimeLink {
    RuntimeLink {
        source: key.source.clone(),
        model: key.model.clone(),
        bridge: key.bridge.clone(),
        resume_token: token.to_owned(),
        at: String::new(),
        used: None,
    }
}

/// Gives the children, and sees what is done with them.
struct Stage {
    children: Children,
    framing: fn() -> Box<dyn Framing>,
    between: fn(Box<dyn Transport>) -> Box<dyn Transport>,
    roles: Vec<Role>,
    started: AtomicUsize,
    seen: Arc<Mutex<Vec<ChildSeen>>>,
    folder: TempDir,
}

impl Stage {
    fn seen(&self) -> MutexGuard<'_, Vec<ChildSeen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TransportFactory for Stage {
    fn connect(&self, context: &TransportContext) -> Result<Box<dyn Transport>, BridgeFailure> {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        let role = self.roles.get(number);
        let not_started = |why: String| BridgeFailure::new(FailureCode::NotStarted, why);
        let child: Box<dyn Transport> = match (self.children, role) {
            (Children::Scripted, Some(role)) => Box::new(Scripted::new(role.clone(), (self.framing)())),
            (Children::Scripted, None) => return Err(not_started("there is no other child".to_owned())),
            (Children::Processes, role) => {
                let launch = match role {
                    Some(role) => shell::launch(self.folder.path(), number, role)
                        .map_err(|error| not_started(error.to_string()))?,
                    None => shell::absent(),
                };
                let context = TransportContext {
                    launch,
                    ..context.clone()
                };
                Processes.connect(&context)?
            }
        };
        let place = {
            let mut seen = self.seen();
            seen.push(ChildSeen {
                resumed: context.start.resume.clone(),
                ..ChildSeen::default()
            });
            seen.len() - 1
        };
        let watched = Watched {
            child,
            place,
            seen: Arc::clone(&self.seen),
        };
        Ok((self.between)(Box::new(watched)))
    }
}

/// A child that is watched.
struct Watched {
    child: Box<dyn Transport>,
    place: usize,
    seen: Arc<Mutex<Vec<ChildSeen>>>,
}

impl Watched {
    fn see(&self, see: impl FnOnce(&mut ChildSeen)) {
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
        self.see(|seen| seen.ended += 1);
        self.child.end(farewell)
    }
}

//! Playing a play: what whoever reads does, with whatever host, and whatever its children are.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use yoi_host::bridge::{ExchangeTimes, ExternalRuntimeSpec, Mode, Model};
use yoi_host::world::Pending;

use super::super::door::{Begin, ChildHost, Exchange, NotDone, Telling, Told};
use super::play::{Act, ChildSeen, Play, Seen, Turn};
use crate::limits::{PLAY_LEAVE, PLAY_PAUSE, PLAY_TIME, SCRIPTED_PLAY_TIME};
use crate::{Context, Stop};

/// The children of a play, and what is seen of them.
pub(super) trait Cast: Send + Sync {
    /// How one is run.
    fn run(&self) -> Run;

    /// Those that were started, in order.
    fn children(&self) -> Vec<ChildSeen>;

    /// Bytes that they have got rid of, all together.
    fn heard(&self) -> usize;

    /// Until nothing happens any more.
    fn pause(&self) -> Pending<'_, ()>;

    /// Until nothing is left of them, or it is plain that something stays.
    fn settle(&self) -> Pending<'_, ()>;
}

/// How a child is run.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// The program, where it is one.
    pub(super) program: Option<String>,
    /// What it is told before all else.
    pub(super) args: Vec<String>,
}

/// A host with the children of a play.
pub(super) struct Set {
    pub(super) host: Arc<dyn ChildHost>,
    pub(super) cast: Arc<dyn Cast>,
    /// Whether the clock jumps to whatever comes next.
    pub(super) jumps: bool,
    /// A number that no other play with this host has.
    pub(super) number: u64,
}

/// Play it.
pub(super) fn play(set: &Set, context: &Context, play: &Play) -> Result<Seen, Stop> {
    let runtime = runtime(set.jumps);
    let runtime = runtime.map_err(|error| Stop::Harness(format!("failed to play: {error}")))?;
    let player = Player {
        set,
        context,
        play,
        model: Model {
            id: "m".to_owned(),
            api: "a".to_owned(),
            provider: format!("p{}", set.number),
            base_url: play
                .address
                .clone()
                .unwrap_or_else(|| format!("bridge:{}", play.adapter)),
        },
    };
    runtime.block_on(player.play())
}

/// Whether a key has to be there for a child that is run so.
pub(super) fn requires_credential(host: &dyn ChildHost, spec: &ExternalRuntimeSpec) -> Result<bool, Stop> {
    let runtime = runtime(false);
    let runtime = runtime.map_err(|error| Stop::Harness(format!("failed to ask: {error}")))?;
    runtime
        .block_on(host.requires_credential(spec))
        .map_err(NotDone::stop)
}

fn runtime(jumps: bool) -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(jumps)
        .build()
}

/// More exchanges than a play has: numbers of plays do not meet.
const EXCHANGES: u64 = 256;

struct Player<'p> {
    set: &'p Set,
    context: &'p Context,
    play: &'p Play,
    model: Model,
}

impl Player<'_> {
    async fn play(&self) -> Result<Seen, Stop> {
        let (host, cast) = (&self.set.host, &self.set.cast);
        if let Some(Some(token)) = &self.play.remembered {
            let remembered = host.remember(&self.model, token).await;
            remembered.map_err(NotDone::stop)?;
        }
        let mut turns = Vec::new();
        if self.play.at_once {
            let all = (0..self.play.turns).map(|turn| self.turn(turn));
            for turn in futures_util::future::join_all(all).await {
                turns.push(turn?);
            }
        } else {
            for turn in 0..self.play.turns {
                turns.push(self.turn(turn).await?);
            }
        }
        cast.settle().await;
        let children = cast.children();
        if children.iter().any(|child| child.ended == 0) {
            self.waited_long();
        }
        let remembered = match self.play.remembered {
            Some(_) => host.recall(&self.model).await.map_err(NotDone::stop)?,
            None => None,
        };
        Ok(Seen {
            turns,
            children,
            remembered,
        })
    }

    fn begin(&self, turn: usize) -> Begin {
        let play = self.play;
        let run = self.set.cast.run();
        let own = play.adapter.spec();
        let times = ExchangeTimes {
            // Nobody waits long for programs that would stay when they are done.
            leave: match self.set.jumps {
                true => play.times.leave,
                false => PLAY_LEAVE,
            },
            ..play.times
        };
        Begin {
            exchange: self.set.number * EXCHANGES + turn as u64,
            model: self.model.clone(),
            spec: ExternalRuntimeSpec {
                binary_path: run.program.or(own.binary_path),
                args: [run.args, play.args.clone()].concat(),
                env: play.env.clone(),
                ..play.adapter.spec()
            },
            prompt: "hello".to_owned(),
            resume: play.resume.clone(),
            times: times.into(),
            mode: Mode::Faithful,
            telling: match play.as_framework {
                true => Telling::Framework,
                false => Telling::Events,
            },
            framework: play.framework.clone(),
        }
    }

    async fn turn(&self, number: usize) -> Result<Turn, Stop> {
        let mut turn = Turn::default();
        let mut exchange = match self.set.host.begin(&self.begin(number)).await {
            Ok(exchange) => exchange,
            Err(NotDone::Refused(refusal)) => {
                turn.refused = Some(refusal.to_string());
                return Ok(turn);
            }
            Err(gone) => return Err(gone.stop()),
        };
        for act in &self.play.acts {
            let (count, within) = match act {
                Act::Read(count) => (*count, self.time()),
                Act::ReadSome(count) => (*count, PLAY_PAUSE),
                Act::ReadAll => (usize::MAX, self.time()),
                Act::Pause => {
                    self.set.cast.pause().await;
                    continue;
                }
                Act::Cancel => {
                    exchange.abort().await.map_err(NotDone::stop)?;
                    continue;
                }
                Act::Drop => break,
            };
            self.read(exchange.as_mut(), &mut turn, count, within).await?;
        }
        turn.heard = self.set.cast.heard();
        Ok(turn)
    }

    async fn read(
        &self,
        exchange: &mut dyn Exchange,
        turn: &mut Turn,
        count: usize,
        within: Duration,
    ) -> Result<(), Stop> {
        for _ in 0..count {
            if turn.over {
                return Ok(());
            }
            match timeout(within, exchange.next()).await {
                Ok(Ok(Some(Told::Event(event)))) => turn.events.push(event),
                Ok(Ok(Some(Told::Framework(event)))) => turn.stream.push(event),
                Ok(Ok(None)) => turn.over = true,
                // It threw in the middle: there is no end, and that is seen.
                Ok(Err(NotDone::Refused(refusal))) => {
                    turn.refused = Some(refusal.to_string());
                    return Ok(());
                }
                Ok(Err(gone)) => return Err(gone.stop()),
                // Where the last event does not come either, the stream is not over, and that is seen.
                Err(_) => {
                    if within >= PLAY_TIME {
                        self.waited_long();
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The host kept somebody waiting for as long as anybody waits: no other input is tried lightly.
    fn waited_long(&self) {
        if !self.set.jumps {
            self.context.hung();
        }
    }

    const fn time(&self) -> Duration {
        match self.set.jumps {
            true => SCRIPTED_PLAY_TIME,
            false => PLAY_TIME,
        }
    }
}

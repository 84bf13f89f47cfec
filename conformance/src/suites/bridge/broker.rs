//! What the contract promises of a host that runs child agents, and how it is seen from outside.
//!
//! - [`BrokerTarget`] is a host to be held to it. It plays what a case has its children and its reader do ([`play`]), and
//!   what is seen of that is all that a case knows.
//! - `player`: plays it, with whatever host, and whatever its children are: `script`, played in this process by a clock that
//!   jumps, or `shell`, programs that are real
//! - `talk`: what children say, made up
//! - The cases stand by what they are about. What a clause says is in `conformance/contracts/bridge.md`, in the section
//!   that the case names.
//!
//! Which door a host stands behind ([`super::door`]) is known here and nowhere below.

mod cancel;
mod child;
mod conversations;
mod credentials;
mod ends;
mod lines;
pub mod play;
mod player;
mod reader;
mod route;
pub mod script;
mod shell;
mod stream;
mod talk;

use std::io;
use std::sync::Arc;
use std::thread;

use yoi_host::bridge::{Adapter, ExternalRuntimeSpec, FailureCode, NormalizedEvent};

use super::door::own::{Children, hello};
use super::door::{Ability, Adapters, Hello, Own, Wire, serve};
use crate::limits::PROCESS_HELLO_TIME;
use crate::verdict::expect;
use crate::{Checked, Context, Excuse, Stop, Test};

use play::{Play, Seen, Turn};
use player::Set;
use script::Script;
use shell::Shells;
use talk::Words;

/// A host to be held to the contract.
#[derive(Debug)]
pub struct BrokerTarget {
    door: Door,
    adapters: Vec<Adapter>,
    words: Option<Words>,
    abilities: Vec<Ability>,
}

/// Where a host stands.
enum Door {
    /// In this process.
    Own(Own),
    /// At the other end of a pipe, in this process still: both ends of the wire are ours.
    Piped(Own),
    /// Behind a process.
    Process(Adapters),
    /// Nowhere: nothing can be done with it, for this reason.
    Nowhere(String),
}

type BrokerTest = Test<BrokerTarget>;

/// All cases for hosts.
pub(super) fn tests() -> Vec<BrokerTest> {
    let parts = [
        lines::tests(),
        ends::tests(),
        cancel::tests(),
        reader::tests(),
        stream::tests(),
        conversations::tests(),
        route::tests(),
        child::tests(),
        credentials::tests(),
    ];
    parts.into_iter().flatten().collect()
}

impl BrokerTarget {
    /// Our own host with children that are played in this process.
    #[must_use]
    pub fn scripted() -> Self {
        Self::of(Own::new(Children::Scripted))
    }

    /// Our own host with children that are programs.
    #[must_use]
    pub fn processes() -> Self {
        Self::of(Own::new(Children::Processes))
    }

    /// Our own host, or one that was broken on purpose.
    #[must_use]
    pub fn of(host: Own) -> Self {
        Self::behind(Door::Own(host), &hello())
    }

    /// The same at the other end of a wire. Its children are programs.
    #[must_use]
    pub fn piped(host: Own) -> Self {
        Self::behind(Door::Piped(host), &hello())
    }

    /// Any host, behind a program that speaks `yoikit.bridge-host/1` and says that it is this one.
    #[must_use]
    pub fn process(command: &[String], hello: &Hello) -> Self {
        Self::behind(Door::Process(Adapters::of(command)), hello)
    }

    /// A host with which nothing can be done, for this reason.
    #[must_use]
    pub fn in_trouble(trouble: &str) -> Self {
        let reason = format!("the target will not run: {trouble}");
        Self::behind(Door::Nowhere(reason), &hello())
    }

    fn behind(door: Door, hello: &Hello) -> Self {
        let adapters = hello.adapters.iter().filter_map(|name| name.parse().ok());
        let adapters: Vec<Adapter> = adapters.collect();
        Self {
            door,
            words: Words::of_any(&adapters),
            adapters,
            abilities: hello.abilities.clone(),
        }
    }

    /// Why no case can be asked of a host that says this of itself, if none can.
    #[must_use]
    pub fn trouble(hello: &Hello) -> Option<String> {
        let target = Self::behind(Door::Nowhere(String::new()), hello);
        let names = Words::ADAPTERS.map(|adapter| format!("`{adapter}`")).join(", ");
        let why = format!("the host has none of the dialects that the cases are spoken in: {names}");
        target.words.is_none().then_some(why)
    }

    /// The door that it stands behind, and what its children are.
    #[must_use]
    pub const fn door(&self) -> &'static str {
        match &self.door {
            Door::Own(own) => match own.children {
                Children::Scripted => "in-process",
                Children::Processes => "process",
            },
            Door::Piped(_) => "wire",
            Door::Process(_) | Door::Nowhere(_) => "adapter",
        }
    }

    /// Whether its children are programs, of which something may stay.
    const fn has_programs(&self) -> bool {
        !matches!(&self.door, Door::Own(own) if matches!(own.children, Children::Scripted))
    }

    /// Why a case is not asked that needs an ability, if the host lacks it.
    fn lacks(&self, ability: Ability) -> Option<Excuse> {
        let lacks = !self.abilities.contains(&ability);
        lacks.then_some(Excuse::Unseen(match ability {
            Ability::Conversations => "the host has not the ability `conversations`",
            Ability::Framework => "the host has not the ability `framework`",
            Ability::Credentials => "the host has not the ability `credentials`",
        }))
    }

    /// The same of a dialect.
    fn lacks_codex(&self) -> Option<Excuse> {
        let lacks = !self.adapters.contains(&Adapter::CodexCli);
        lacks.then_some(Excuse::Unseen("the host has not the dialect `codex-cli`"))
    }

    /// In which words a case speaks that is of no dialect in particular.
    fn words(&self) -> Words {
        self.words.unwrap_or_default()
    }

    fn play(&self, context: &Context, play: &Play) -> Result<Seen, Stop> {
        context.sent("play", &format!("{play:?}"));
        let seen = match &self.door {
            Door::Own(own) => {
                let asked = (own.asked)(play.clone());
                let seen = player::play(&set_of(own, &asked)?, context, &asked)?;
                (own.told)(play, seen)
            }
            Door::Piped(own) => {
                let wire = piped(own).map_err(Stop::Harness)?;
                over(wire, context, play)?
            }
            Door::Process(adapters) => {
                let (wire, loan) = adapters.lend(context)?;
                let seen = over(wire, context, play)?;
                drop(loan);
                seen
            }
            Door::Nowhere(reason) => return Err(Stop::CouldNotRun(reason.clone())),
        };
        context.got("seen", &format!("{seen:?}"));
        Ok(seen)
    }

    /// A play of one exchange that comes to its end.
    fn turn(&self, context: &Context, play: &Play) -> Result<(Turn, Seen), Stop> {
        let mut seen = self.play(context, play)?;
        let turn = seen.turns.pop();
        let turn = turn.ok_or_else(|| Stop::Harness("an exchange that was not played".to_owned()))?;
        Ok((turn, seen))
    }

    /// Whether a key has to be there for a child that is run so.
    fn requires_credential(&self, context: &Context, spec: &ExternalRuntimeSpec) -> Result<bool, Stop> {
        context.sent("credential", &format!("{spec:?}"));
        let required = match &self.door {
            Door::Own(own) => player::requires_credential(own.host().as_ref(), spec),
            Door::Piped(own) => {
                let wire = piped(own).map_err(Stop::Harness)?;
                player::requires_credential(&wire, spec)
            }
            Door::Process(adapters) => {
                let (wire, loan) = adapters.lend(context)?;
                let required = player::requires_credential(&wire, spec);
                drop(loan);
                required
            }
            Door::Nowhere(reason) => Err(Stop::CouldNotRun(reason.clone())),
        }?;
        context.got("required", &required.to_string());
        Ok(required)
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Own(_) => "Own",
            Self::Piped(_) => "Piped",
            Self::Process(_) => "Process",
            Self::Nowhere(_) => "Nowhere",
        })
    }
}

fn shells(play: &Play) -> Result<Arc<Shells>, Stop> {
    let shells = Shells::of(play);
    let shells = shells.map_err(|error| Stop::Harness(format!("failed to play: {error}")))?;
    Ok(Arc::new(shells))
}

fn set_of(own: &Own, play: &Play) -> Result<Set, Stop> {
    Ok(match own.children {
        Children::Scripted => {
            let script = Arc::new(Script::of(play, own.framing, own.between));
            Set {
                host: own.with(script.clone()),
                cast: script,
                jumps: true,
                number: 0,
            }
        }
        Children::Processes => Set {
            host: own.host(),
            cast: shells(play)?,
            jumps: false,
            number: 0,
        },
    })
}

/// Play with a host at the other end of a wire.
fn over(wire: Wire, context: &Context, play: &Play) -> Result<Seen, Stop> {
    let number = wire.number();
    let set = Set {
        host: Arc::new(wire),
        cast: shells(play)?,
        jumps: false,
        number,
    };
    player::play(&set, context, play)
}

/// A wire to a host in this process, served as an adapter serves it.
fn piped(own: &Own) -> Result<Wire, String> {
    let failed = |error: io::Error| error.to_string();
    let (asks, ask) = io::pipe().map_err(failed)?;
    let (answers, answer) = io::pipe().map_err(failed)?;
    let host = own.host();
    // It ends when the near end is closed.
    thread::spawn(move || serve(host, io::BufReader::new(asks), answer));
    let mut wire = Wire::piped(io::BufReader::new(answers), ask);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .map_err(failed)?
        .block_on(wire.greet(PROCESS_HELLO_TIME))?;
    Ok(wire)
}

/// Exactly one last event, and nothing after it.
fn has_one_end(turn: &Turn) -> Checked {
    let ends = turn.events.iter().filter(|event| event.is_terminal()).count();
    let is_last = turn.events.last().is_some_and(NormalizedEvent::is_terminal);
    expect(
        turn.over && ends == 1 && is_last,
        || "exactly one last event, and the end of the stream after it".to_owned(),
        || {
            let over = if turn.over { "ends" } else { "does not end" };
            let refused = turn.refused.iter().map(|words| format!("; {words}"));
            format!(
                "{ends} last events in a stream that {over}: {}{}",
                kinds(&turn.events),
                refused.collect::<String>()
            )
        },
    )
}

fn kinds(events: &[NormalizedEvent]) -> String {
    let kinds: Vec<&str> = events.iter().map(NormalizedEvent::kind).collect();
    kinds.join(" ")
}

/// The failure that it ended with.
fn failure(turn: &Turn) -> Option<(Option<FailureCode>, &str)> {
    match turn.events.last() {
        Some(NormalizedEvent::Failed { error }) => Some((error.code, &error.message)),
        _ => None,
    }
}

/// It failed so. A host that says of no failure which it is has said nothing wrong.
fn failed_by(turn: &Turn, code: FailureCode) -> Checked {
    has_one_end(turn)?;
    let failed = failure(turn);
    let aborted = matches!(turn.events.last(), Some(NormalizedEvent::Failed { error }) if error.aborted);
    expect(
        failed.is_some_and(|(is, _)| is.is_none_or(|is| is == code))
            && aborted == (code == FailureCode::Aborted),
        || format!("a failure of the sort {code:?}"),
        || format!("{:?}", turn.events.last()),
    )
}

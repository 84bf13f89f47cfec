//! Broken hosts: our own, but for one rule.
//!
//! Most alter what it is asked and answers: how that is done stands here, and a file for each part of the contract has
//! them. Those in `peers` alter what goes between it and whom it dials: `middleman` does it to sockets, `credulous` to
//! certificates.

use std::fs;

use serde_json::Value;
use yoi_host::package::{Files, Package, archive};
use yoi_host::{Limits, Profile};

use super::{Kind, Mutant};
use crate::suites::plugin::HostTarget;
use crate::suites::plugin::door::{
    Ask, Done, HostFault, InProcess, Load, Outcome, PackageFound, PluginHost, Refusal, RefusalKind, Service,
    Status, Tool,
};

/// A host that is broken on purpose.
pub(super) struct Broken {
    /// It.
    pub(super) target: HostTarget,
    /// By name what it has to be asked for that to show; anything, where none is named. Asked for nothing of that it is
    /// the good host: it is not by its own word, but because what breaks it is given nothing else.
    pub(super) shows_in: Option<Asks>,
}

type Asks = &'static [&'static str];

/// Our own host, and what is done to what it is asked and answers.
struct Altered {
    host: InProcess,
    shows_in: Option<Asks>,
    alter: Box<Alter>,
    memory: Value,
}

type Alter = dyn Fn(&mut dyn FnMut(&Ask) -> Outcome, Ask, &mut Value) -> Outcome + Send;

/// One that goes by nothing but that.
type Fixed = fn(&mut dyn FnMut(&Ask) -> Outcome, Ask, &mut Value) -> Outcome;

impl Altered {
    fn new(
        shows_in: Option<Asks>,
        alter: impl Fn(&mut dyn FnMut(&Ask) -> Outcome, Ask, &mut Value) -> Outcome + Send + 'static,
    ) -> Self {
        Self {
            host: InProcess::new(),
            shows_in,
            alter: Box::new(alter),
            memory: Value::Null,
        }
    }
}

impl PluginHost for Altered {
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault> {
        if self.shows_in.is_some_and(|asks| !asks.contains(&ask.name())) {
            return self.host.ask(ask);
        }
        let mut fault = None;
        let host = &mut self.host;
        let mut inner = |ask: &Ask| match host.ask(ask) {
            Ok(outcome) => outcome,
            Err(broken) => {
                fault = Some(broken.clone());
                Outcome::Refused(Refusal::new(RefusalKind::Unsupported, broken.0))
            }
        };
        let outcome = (self.alter)(&mut inner, ask.clone(), &mut self.memory);
        match fault {
            Some(fault) => Err(fault),
            None => Ok(outcome),
        }
    }
}

impl Broken {
    /// One that may be broken wherever it is asked anything.
    fn anywhere(target: HostTarget) -> Self {
        Self {
            target,
            shows_in: None,
        }
    }
}

/// One that is altered in what it is asked by these names, and in nothing else.
fn altered_in(asks: Asks, alter: Fixed) -> Broken {
    Broken {
        target: HostTarget::new(move |_| Ok(Box::new(Altered::new(Some(asks), alter)))),
        shows_in: Some(asks),
    }
}

fn limited(limits: fn(Limits) -> Limits) -> Broken {
    Broken::anywhere(HostTarget::new(move |_| {
        Ok(Box::new(
            InProcess::new().limits(limits(Limits::of(Profile::Documented))),
        ))
    }))
}

const fn mutant(name: &'static str, caught_by: &'static str, make: fn() -> Broken) -> Mutant {
    Mutant {
        name,
        caught_by,
        seen_by: &[],
        because: "",
        kind: Kind::Host(make),
    }
}

const fn also(mut mutant: Mutant, seen_by: &'static [&'static str], because: &'static str) -> Mutant {
    mutant.seen_by = seen_by;
    mutant.because = because;
    mutant
}

/// What a host takes that it should refuse.
fn pardoned(outcome: Outcome, pardons: impl Fn(&Refusal) -> bool, done: Done) -> Outcome {
    match outcome {
        Outcome::Refused(refusal) if pardons(&refusal) => Outcome::Done(done),
        other => other,
    }
}

fn some_tool() -> Done {
    Done::Tool(Tool {
        summary: "s".to_owned(),
        content: None,
    })
}

fn some_status() -> Done {
    Done::Status(Status {
        state: Some("running".to_owned()),
        data: Value::Null,
    })
}

fn some_service() -> Done {
    Done::Service(Service {
        accepted: true,
        data: Value::Null,
        commands: Vec::new(),
    })
}

fn some_package() -> Done {
    Done::Package(PackageFound {
        id: "a".to_owned(),
        version: "1".to_owned(),
        digest: String::new(),
        files: Vec::new(),
    })
}

fn says(refusal: &Refusal, words: &str) -> bool {
    refusal.message.contains(words)
}

fn has_code(refusal: &Refusal, code: &str) -> bool {
    refusal.code.as_deref() == Some(code)
}

macro_rules! takes_tool {
    ($pardons:expr) => {
        || {
            altered_in(&["call"], |host, ask, _| {
                let is_call = matches!(ask, Ask::Call { .. });
                let outcome = host(&ask);
                let pardons: fn(&Refusal) -> bool = $pardons;
                if is_call {
                    pardoned(outcome, pardons, some_tool())
                } else {
                    outcome
                }
            })
        }
    };
}

macro_rules! takes_status {
    ($pardons:expr) => {
        || {
            altered_in(&["start", "status", "stop"], |host, ask, _| {
                let is_life = matches!(ask, Ask::Start | Ask::Status | Ask::Stop);
                let outcome = host(&ask);
                let pardons: fn(&Refusal) -> bool = $pardons;
                if is_life {
                    pardoned(outcome, pardons, some_status())
                } else {
                    outcome
                }
            })
        }
    };
}

macro_rules! takes_service {
    ($pardons:expr) => {
        || {
            altered_in(&["deliver"], |host, ask, _| {
                let is_event = matches!(ask, Ask::Deliver { .. });
                let outcome = host(&ask);
                let pardons: fn(&Refusal) -> bool = $pardons;
                if is_event {
                    pardoned(outcome, pardons, some_service())
                } else {
                    outcome
                }
            })
        }
    };
}

macro_rules! takes_package {
    ($words:literal) => {
        || {
            altered_in(&["inspect"], |host, ask, _| {
                let is_inspect = matches!(ask, Ask::Inspect { .. });
                let outcome = host(&ask);
                if is_inspect {
                    pardoned(outcome, |refusal| says(refusal, $words), some_package())
                } else {
                    outcome
                }
            })
        }
    };
}

macro_rules! changes_load {
    ($change:expr) => {
        || {
            altered_in(&["load"], |host, ask, _| match ask {
                Ask::Load(mut load) => {
                    let change: fn(&mut Load) = $change;
                    change(&mut load);
                    host(&Ask::Load(load))
                }
                ask => host(&ask),
            })
        }
    };
}

macro_rules! changes_input {
    ($change:expr) => {
        || {
            altered_in(&["call"], |host, ask, _| match ask {
                Ask::Call { tool, input } => {
                    let change: fn(String) -> String = $change;
                    host(&Ask::Call {
                        tool,
                        input: change(input),
                    })
                }
                ask => host(&ask),
            })
        }
    };
}

macro_rules! changes_event {
    ($change:expr) => {
        || {
            altered_in(&["deliver"], |host, ask, _| match ask {
                Ask::Deliver { ingress, mut event } => {
                    let change: fn(&mut Value) = $change;
                    change(&mut event);
                    host(&Ask::Deliver { ingress, event })
                }
                ask => host(&ask),
            })
        }
    };
}

/// Grants with this line in place of what they say of `key`.
fn bound(grants: &str, key: &str, value: &str) -> String {
    let beginning = format!("{key} = ");
    let rest = grants.lines().filter(|line| !line.starts_with(&beginning));
    let rest: String = rest.map(|line| format!("{line}\n")).collect();
    format!("{key} = \"{value}\"\n{rest}")
}

fn digest_of(load: &Load) -> Option<String> {
    Package::open(&load.package, load.profile)
        .ok()
        .map(|package| package.digest.to_string())
}

/// Manifest and grants with this text in place of that, bound as they were.
fn rewritten(load: &mut Load, from: &str, to: &str) {
    let Ok(package) = Package::open(&load.package, load.profile) else {
        return;
    };
    let mut files = Files::new();
    for (path, content) in package.files.iter() {
        let content = match path {
            "plugin.toml" => String::from_utf8_lossy(content).replace(from, to).into_bytes(),
            _ => content.to_vec(),
        };
        // As many files as there were, and hardly larger.
        if files.insert(path, content).is_err() {
            return;
        }
    }
    let path = load.package.with_extension("altered");
    if fs::write(&path, archive::write(&files)).is_err() {
        return;
    }
    load.package = path;
    let before = package.digest.to_string();
    load.grants = load
        .grants
        .replace(from, to)
        .replace(&before, &files.digest().to_string());
}

// After the macros, which they use.
mod answers;
mod catalogue;
mod credulous;
mod life;
mod limits;
mod loads;
mod middleman;
mod peers;
mod queue;

pub(super) fn all() -> Vec<Mutant> {
    let all = [
        answers::all(),
        life::all(),
        loads::all(),
        limits::all(),
        peers::all(),
        queue::all(),
        catalogue::all(),
    ];
    all.into_iter().flatten().collect()
}

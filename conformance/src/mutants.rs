//! Who tests the tester: plugins, dialects, and hosts of plugins and of child agents, that are broken on purpose, each in
//! one way.
//!
//! A mutant says beforehand which case catches it. Where that cannot be the only one it names the others, and why.
//! [`judge`] holds a mutant to all cases and compares with the good one it was made of: no other verdict may
//! differ. Of hosts that are altered in one thing that they may be asked, those cases are left out that do not ask it:
//! there they are the good one.

mod broker;
mod dialects;
mod guests;
mod hosts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use yoi_host::Profile;
use yoi_host::authority::Manifest;
use yoi_host::bridge::{Adapter, Mode};
use yoi_host::engine::{Engine, EngineError, EngineOptions};

use crate::limits::INSTANCES;
use crate::plan::{Plan, Planned, Selection};
use crate::runner::{self, Options};
use crate::suites::Contract;
use crate::suites::bridge::door::Own;
use crate::suites::bridge::door::own::Children;
use crate::suites::bridge::target::Alter;
use crate::suites::bridge::{self, BrokerTarget, DialectTarget};
use crate::suites::plugin::door::{Ask, HostFault, Outcome, PluginHost};
use crate::suites::plugin::host::Shelves;
use crate::suites::plugin::{self, GuestTarget, HostTarget};
use crate::{About, Side, Subject};

/// Inputs of a property that are tried of each mutant: what a mutant breaks is broken for many.
const INPUTS: u32 = 16;

/// Cases that run at a time, on each core: most mutants of hosts have somebody wait, a second and longer.
const AT_A_TIME: NonZeroUsize = NonZeroUsize::new(3).unwrap();

/// Whose place a mutant takes.
type Place = (Contract, Side);

/// Whom a mutant was made of: a good one in its place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Origin {
    place: Place,
    /// Of dialects that of the same child.
    child: Option<Adapter>,
    /// Whether it stands at the other end of a wire.
    is_far: bool,
}

/// All of them, in the order in which they are told.
const PLACES: [Place; 4] = [
    (Contract::Plugin, Side::Guest),
    (Contract::Plugin, Side::Host),
    (Contract::Bridge, Side::Guest),
    (Contract::Bridge, Side::Host),
];

/// How each case ended.
type Verdicts = BTreeMap<&'static str, &'static str>;

/// Who is broken on purpose.
pub struct Mutant {
    /// What it is called.
    pub name: &'static str,
    /// The case that catches it.
    pub caught_by: &'static str,
    /// Cases that see it as well: ids, or their beginnings with `.*`.
    pub seen_by: &'static [&'static str],
    /// Why they cannot but see it.
    pub because: &'static str,
    kind: Kind,
}

enum Kind {
    Guest(fn() -> guests::Guest),
    Host(fn() -> hosts::Broken),
    /// What is made of our own dialect of a child agent.
    Dialect(Adapter, Alter),
    /// What is done to our own host of child agents.
    Broker(fn(&mut Own)),
    /// The same at the other end of a wire, its children programs.
    Wire(fn(&mut Own)),
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Judged {
    /// The mutant.
    pub name: &'static str,
    /// The contract that it breaks.
    pub contract: &'static str,
    /// Whose place it takes.
    pub side: Side,
    /// The case that was to catch it.
    pub caught_by: &'static str,
    /// Whether it did.
    pub caught: bool,
    /// Cases whose verdict is another than with the good one, and that it does not name.
    pub surprises: Vec<String>,
    /// Cases that it names and that see nothing.
    pub blind: Vec<String>,
    /// How many more see it, as it says.
    pub further: usize,
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Mutant> {
    let parts = [guests::all(), hosts::all(), dialects::all(), broker::all()];
    parts.into_iter().flatten().collect()
}

/// Hold these mutants to all cases.
///
/// # Errors
///
/// Where there is no engine.
pub fn judge(mutants: &[Mutant]) -> Result<Vec<Judged>, EngineError> {
    let engine = EngineOptions::new(Profile::Documented)
        .instances(INSTANCES)
        .build()?;
    // First the good ones that they were made of, and what that host is asked in each case.
    let asked = Asked::default();
    let shelves = Arc::new(Shelves::default());
    let mut origins: Vec<Origin> = Vec::new();
    for mutant in mutants {
        if !origins.contains(&mutant.origin()) {
            origins.push(mutant.origin());
        }
    }
    let good = origins.iter().map(|origin| match (origin.place, origin.child) {
        (_, Some(adapter)) => dialect("good", adapter, |own| own),
        _ if origin.is_far => far_child_host("good", broker::good()),
        ((Contract::Bridge, _), None) => child_host("good", broker::good()),
        ((_, Side::Guest), None) => guest("good", guests::good(), &engine),
        ((_, Side::Host), None) => host("good", asked.recorded().laid_out_on(&shelves)),
    });
    // What stands at the other end of a wire has programs to wait for: it is asked what is to be seen there alone.
    let of_far = |case: &str| {
        let mut far = mutants.iter().filter(|mutant| mutant.origin().is_far);
        far.any(|mutant| mutant.caught_by == case)
    };
    let good = verdicts(&good.collect::<Vec<_>>(), |subject, case| {
        !origins[subject].is_far || of_far(case)
    });
    let good: Vec<(Origin, Verdicts)> = origins.into_iter().zip(good).collect();

    let made = mutants.iter().map(|mutant| match mutant.kind {
        Kind::Guest(make) => (guest(mutant.name, make(), &engine), None),
        Kind::Host(make) => {
            let broken = make();
            let target = broken.target.laid_out_on(&shelves);
            (host(mutant.name, target), broken.shows_in)
        }
        Kind::Dialect(adapter, alter) => (dialect(mutant.name, adapter, alter), None),
        Kind::Broker(breaks) => {
            let mut own = broker::good();
            breaks(&mut own);
            (child_host(mutant.name, own), None)
        }
        Kind::Wire(breaks) => {
            let mut own = broker::good();
            breaks(&mut own);
            (far_child_host(mutant.name, own), None)
        }
    });
    let (subjects, shows_in): (Vec<_>, Vec<_>) = made.unzip();
    let seen = verdicts(&subjects, |subject, case| {
        let mutant = &mutants[subject];
        (!mutant.origin().is_far || mutant.caught_by == case)
            && shows_in[subject].is_none_or(|asks| asked.any_of(case, asks))
    });
    let seen = seen.into_iter().zip(&shows_in);
    let judged = mutants
        .iter()
        .zip(seen)
        .filter_map(|(mutant, (mut seen, shows_in))| {
            let (_, good) = good.iter().find(|(origin, _)| *origin == mutant.origin())?;
            if let Some(asks) = shows_in {
                // Where it is asked for nothing that is altered it is the good one.
                let same = good.iter().filter(|(case, _)| !asked.any_of(case, asks));
                seen.extend(same.map(|(case, verdict)| (*case, *verdict)));
            }
            if mutant.origin().is_far {
                let others = good.iter().filter(|(case, _)| **case != mutant.caught_by);
                seen.extend(others.map(|(case, verdict)| (*case, *verdict)));
            }
            Some(mutant.compared(good, &seen))
        });
    Ok(judged.collect())
}

/// What the good host is asked, by name, in each case.
#[derive(Clone, Default)]
struct Asked {
    cases: Arc<Mutex<BTreeMap<&'static str, BTreeSet<&'static str>>>>,
}

/// The good host, and where it is written down what it is asked.
struct Recorded {
    host: Box<dyn PluginHost>,
    case: &'static str,
    asked: Asked,
}

impl Asked {
    fn recorded(&self) -> HostTarget {
        let (asked, good) = (self.clone(), HostTarget::in_process());
        HostTarget::new(move |ctx| {
            Ok(Box::new(Recorded {
                host: good.session(ctx)?,
                case: ctx.case().id,
                asked: asked.clone(),
            }))
        })
    }

    /// Whether a case asks for any of these.
    fn any_of(&self, case: &str, asks: &[&str]) -> bool {
        let cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        cases
            .get(case)
            .is_none_or(|asked| asks.iter().any(|ask| asked.contains(ask)))
    }
}

impl PluginHost for Recorded {
    fn ask(&mut self, ask: &Ask) -> Result<Outcome, HostFault> {
        let mut cases = self.asked.cases.lock().unwrap_or_else(PoisonError::into_inner);
        cases.entry(self.case).or_default().insert(ask.name());
        drop(cases);
        self.host.ask(ask)
    }
}

/// What became of them, as a table.
#[must_use]
pub fn table(judged: &[Judged]) -> String {
    let mut out = String::new();
    for (contract, side) in PLACES {
        let is_here = |row: &&Judged| row.contract == contract.name() && row.side == side;
        let mut rows = judged.iter().filter(is_here).peekable();
        if rows.peek().is_some() {
            let _ = writeln!(out, "{} {side}", contract.name());
        }
        for row in rows {
            let verdict = if row.is_as_it_should_be() {
                "caught"
            } else {
                "MISSED"
            };
            let _ = write!(out, "  {verdict}  {:<34}  {}", row.name, row.caught_by);
            if row.further > 0 {
                let _ = write!(out, " and {} more", row.further);
            }
            for (what, cases) in [("not named", &row.surprises), ("blind", &row.blind)] {
                if !cases.is_empty() {
                    let _ = write!(out, "\n          {what}: {}", cases.join(", "));
                }
            }
            out.push('\n');
        }
    }
    out
}

impl Judged {
    /// Whether it was caught, and nothing else happened than it says.
    #[must_use]
    pub fn is_as_it_should_be(&self) -> bool {
        self.caught && self.surprises.is_empty() && self.blind.is_empty()
    }
}

impl Mutant {
    /// The contract that it breaks.
    #[must_use]
    pub fn contract(&self) -> Contract {
        self.place().0
    }

    fn place(&self) -> Place {
        match self.kind {
            Kind::Guest(_) => (Contract::Plugin, Side::Guest),
            Kind::Host(_) => (Contract::Plugin, Side::Host),
            Kind::Dialect(..) => (Contract::Bridge, Side::Guest),
            Kind::Broker(_) | Kind::Wire(_) => (Contract::Bridge, Side::Host),
        }
    }

    fn origin(&self) -> Origin {
        let child = match self.kind {
            Kind::Dialect(adapter, _) => Some(adapter),
            _ => None,
        };
        Origin {
            place: self.place(),
            child,
            is_far: matches!(self.kind, Kind::Wire(_)),
        }
    }

    fn compared(&self, good: &Verdicts, seen: &Verdicts) -> Judged {
        let (contract, side) = self.place();
        let named = |id: &str| {
            self.seen_by
                .iter()
                .any(|pattern| match pattern.strip_suffix(".*") {
                    Some(beginning) => id.starts_with(beginning),
                    None => id == *pattern,
                })
        };
        // What is not asked of the mutant any more has changed too.
        let ids = good
            .keys()
            .chain(seen.keys().filter(|id| !good.contains_key(*id)));
        let changed: Vec<&str> = ids.copied().filter(|id| good.get(id) != seen.get(id)).collect();
        let others = changed.iter().filter(|id| **id != self.caught_by);
        let blind = self
            .seen_by
            .iter()
            .filter(|pattern| match pattern.strip_suffix(".*") {
                Some(beginning) => !changed.iter().any(|id| id.starts_with(beginning)),
                None => !changed.contains(*pattern),
            });
        Judged {
            name: self.name,
            contract: contract.name(),
            side,
            caught_by: self.caught_by,
            caught: seen.get(self.caught_by) == Some(&"fail") && good.get(self.caught_by) == Some(&"pass"),
            surprises: others
                .clone()
                .filter(|id| !named(id))
                .map(|id| (*id).to_owned())
                .collect(),
            blind: blind.map(|pattern| (*pattern).to_owned()).collect(),
            further: others.count(),
        }
    }
}

fn guest(name: &str, guest: guests::Guest, engine: &Engine) -> Arc<dyn Subject> {
    let manifest = Manifest::parse(&guest.manifest).expect("a mutant's manifest can be read");
    let target = GuestTarget::component_of(name, guest.component, Some(manifest), engine);
    let about = target.about().clone();
    plugin::guest().bind(Arc::new(target), about)
}

fn host(name: &str, target: HostTarget) -> Arc<dyn Subject> {
    let about = About {
        name: name.to_owned(),
        door: "in-process".to_owned(),
        profile: Profile::Documented.name().to_owned(),
        digest: None,
        remark: None,
        trouble: None,
    };
    plugin::host().bind(Arc::new(target), about)
}

fn dialect(name: &str, adapter: Adapter, alter: Alter) -> Arc<dyn Subject> {
    let target = DialectTarget::altered(adapter, alter);
    let about = About {
        name: name.to_owned(),
        door: target.door().to_owned(),
        profile: target.mode().name().to_owned(),
        digest: None,
        remark: None,
        trouble: None,
    };
    bridge::dialect().bind(Arc::new(target), about)
}

fn child_host(name: &str, own: Own) -> Arc<dyn Subject> {
    host_of_children(name, BrokerTarget::of(own))
}

fn far_child_host(name: &str, own: Own) -> Arc<dyn Subject> {
    let children = Children::Processes;
    host_of_children(name, BrokerTarget::piped(Own { children, ..own }))
}

fn host_of_children(name: &str, target: BrokerTarget) -> Arc<dyn Subject> {
    let about = About {
        name: name.to_owned(),
        door: target.door().to_owned(),
        profile: Mode::default().name().to_owned(),
        digest: None,
        remark: None,
        trouble: None,
    };
    bridge::broker().bind(Arc::new(target), about)
}

/// The word for how each case ended, of every subject. They are run all at once, so that nobody waits for those who
/// wait.
fn verdicts(subjects: &[Arc<dyn Subject>], is_held: impl Fn(usize, &'static str) -> bool) -> Vec<Verdicts> {
    let selection = Selection {
        next: true,
        ..Selection::default()
    };
    let mut verdicts = vec![Verdicts::new(); subjects.len()];
    let Ok(mut plan) = Plan::of(subjects, &selection, None) else {
        return verdicts;
    };
    plan.whole
        .retain(|planned| is_held(planned.subject, subjects[planned.subject].case(planned.case).id));
    let usual = Options::default();
    let options = Options {
        property_cases: INPUTS,
        // Nobody looks at the inputs.
        shrink_steps: 0,
        jobs: usual.jobs.saturating_mul(AT_A_TIME),
        ..usual
    };
    for outcome in runner::run(subjects, &plan, &options, |_| {}) {
        let Planned { subject, case } = outcome.planned;
        verdicts[subject].insert(subjects[subject].case(case).id, outcome.verdict.name());
    }
    verdicts
}

//! What the contract promises of a host, and how it is seen from outside.
//!
//! - [`HostTarget`] is a host to be held to it; a case opens a session of its own.
//! - `stage` is where a case meets the host, and `shelf` where it lays packages out; `plugin` and `puppet` are what it has the host load; `peer` is whom that
//!   reaches, `zip` is what it comes in.
//! - The cases stand by what they are about. One clause each: what it says is in `conformance/contracts/plugin.md`,
//!   in the section that the case names.

mod answers;
mod certificates;
mod commands;
mod enablement;
mod events;
mod files;
mod gate;
mod grants;
mod inputs;
mod inspection;
mod life;
mod limits;
mod manifests;
mod packages;
pub(crate) mod peer;
pub(crate) mod plugin;
pub(crate) mod puppet;
mod queue;
mod requests;
mod shelf;
mod sockets;
mod sources;
pub(crate) mod stage;
mod stores;
mod targets;
pub(crate) mod zip;

use std::sync::Arc;

use super::door::{HostFault, InProcess, Outcome, PluginHost, Processes};
use crate::context::OnInterrupt;
use crate::{Case, Checked, Clause, Context, Side, Stop, Test};
pub(crate) use shelf::Shelves;
use stage::Stage;

/// A host to be held to the contract.
pub struct HostTarget {
    open: Box<Open>,
    shelves: Arc<Shelves>,
}

type Open = dyn Fn(&Context) -> Result<Box<dyn PluginHost>, Stop> + Send + Sync;

impl HostTarget {
    /// A host that is opened anew for every case.
    pub fn new(open: impl Fn(&Context) -> Result<Box<dyn PluginHost>, Stop> + Send + Sync + 'static) -> Self {
        Self {
            open: Box::new(open),
            shelves: Arc::default(),
        }
    }

    /// Our own host, in this process.
    #[must_use]
    pub fn in_process() -> Self {
        Self::new(|ctx| {
            let host = InProcess::new();
            let ender = host.ender();
            Ok(Box::new(Timed {
                host,
                _ends: ctx.on_interrupt(move || ender.end()),
            }))
        })
    }

    /// A host behind a process that speaks `yoikit.host/1`.
    #[must_use]
    pub fn process(command: &[String]) -> Self {
        let processes = Processes::of(command);
        Self::new(move |ctx| {
            processes
                .lend(ctx)
                .map_err(|fault| Stop::CouldNotRun(fault.to_string()))
        })
    }

    /// A host with which nothing can be done, for this reason.
    #[must_use]
    pub fn in_trouble(trouble: &str) -> Self {
        let reason = format!("the target will not run: {trouble}");
        Self::new(move |_| Err(Stop::CouldNotRun(reason.clone())))
    }

    /// The same, whose packages are laid out where those of others are.
    pub(crate) fn laid_out_on(mut self, shelves: &Arc<Shelves>) -> Self {
        self.shelves = Arc::clone(shelves);
        self
    }

    /// The host for one case.
    pub(crate) fn session(&self, ctx: &Context) -> Result<Box<dyn PluginHost>, Stop> {
        (self.open)(ctx)
    }
}

/// A host that is ended with the time of its case.
struct Timed<H> {
    host: H,
    _ends: OnInterrupt,
}

impl<H: PluginHost> PluginHost for Timed<H> {
    fn ask(&mut self, ask: &super::door::Ask) -> Result<Outcome, HostFault> {
        self.host.ask(ask)
    }
}

type HostTest = Test<HostTarget>;

/// All cases for hosts: of each set those that came with it.
pub(super) fn tests() -> Vec<HostTest> {
    let first = [
        gate::tests(),
        inputs::tests(),
        answers::tests(),
        limits::tests(),
        life::tests(),
        events::tests(),
        commands::tests(),
        packages::tests(),
        manifests::tests(),
        grants::tests(),
        targets::tests(),
        files::tests(),
        requests::tests(),
        sockets::tests(),
    ];
    let second = [certificates::tests(), sources::tests(), queue::tests()];
    let second = second.into_iter().flatten().map(|test| test.since(2));
    let third = [
        stores::tests(),
        enablement::tests(),
        inspection::tests(),
        limits::third(),
        manifests::third(),
        sources::third(),
        targets::third(),
    ];
    let third = third.into_iter().flatten().map(|test| test.since(3));
    first.into_iter().flatten().chain(second).chain(third).collect()
}

/// A clause that every host has to keep, in every profile.
fn must(
    id: &'static str,
    section: &'static str,
    text: &'static str,
    steps: impl Fn(&mut Stage<'_>) -> Checked + Send + Sync + 'static,
) -> HostTest {
    judged(Case::must(id, Clause::new(section, text)), steps)
}

/// One that is promised by the documents, and that the yoi host does not keep.
fn documented(
    id: &'static str,
    section: &'static str,
    text: &'static str,
    steps: impl Fn(&mut Stage<'_>) -> Checked + Send + Sync + 'static,
) -> HostTest {
    judged(
        Case::must(id, Clause::new(section, text)).profiles(&["documented"]),
        steps,
    )
}

/// One that is true of the yoi host only.
fn yoi(
    id: &'static str,
    section: &'static str,
    text: &'static str,
    steps: impl Fn(&mut Stage<'_>) -> Checked + Send + Sync + 'static,
) -> HostTest {
    judged(
        Case::must(id, Clause::new(section, text)).profiles(&["yoi"]),
        steps,
    )
}

fn judged(case: Case, steps: impl Fn(&mut Stage<'_>) -> Checked + Send + Sync + 'static) -> HostTest {
    case.side(Side::Host).example(move |target: &HostTarget, ctx| {
        let mut stage = Stage::new(target, ctx)?;
        steps(&mut stage).map_err(|stop| stage.shown_stop(stop))
    })
}

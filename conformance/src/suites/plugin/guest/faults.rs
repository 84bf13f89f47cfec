//! What a plugin does where its host calls work, and where they fail.

use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize};
use yoi_host::authority::HostApi;
use yoi_host::imports::faults::{FaultKind, FaultPlan, Faults};

use super::GuestTest;
use super::authority::imported;
use super::excuses::{any, no_imports, no_manifest, no_tools};
use super::tools::{Call, fitting_calls};
use super::world::World;
use crate::Excuse;
use crate::suites::plugin::target::{GuestTarget, Setup};
use crate::{Case, Checked, Clause, Context, Kind, Stop};

const HOST: &str = "contracts/plugin.md#host-calls";

/// A call of a tool, and a host call of it that is broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Broken {
    call: Call,
    /// Which host call, from 1.
    number: u64,
    kind: FaultKind,
}

pub(super) fn tests() -> Vec<GuestTest> {
    let mut tests = vec![
        Case::must(
            "plugin.host-calls.granted",
            Clause::new(
                HOST,
                "A plugin to which all that it asks for is granted answers, whatever the host answers it.",
            ),
        )
        .profiles(&["documented"])
        .property(fitting_calls, |target: &GuestTarget, ctx, call: &Call| {
            answers_in_its_world(target, ctx, call, None)
        })
        .excused(no_host_calls),
    ];
    for (id, says, kinds) in [
        (
            "plugin.faults.nobody-there",
            "A host call that reaches nobody is answered with an error; the plugin answers, and lives on.",
            &[FaultKind::Refuse, FaultKind::Unresolved] as &[FaultKind],
        ),
        (
            "plugin.faults.broken-off",
            "So is one that breaks off.",
            &[FaultKind::Reset, FaultKind::Cut],
        ),
        (
            "plugin.faults.too-late",
            "So is one whose time is over.",
            &[FaultKind::Timeout, FaultKind::Silence, FaultKind::SlowBody],
        ),
        (
            "plugin.faults.in-pieces",
            "What comes in pieces is as what comes at once.",
            &[FaultKind::ShortRead],
        ),
        (
            "plugin.faults.not-text",
            "What comes and is no text does no harm.",
            &[FaultKind::BadUtf8],
        ),
        (
            "plugin.faults.disk",
            "A disk that is full, or fails, is answered with an error; the plugin answers, and lives on.",
            &[FaultKind::DiskFull, FaultKind::Io],
        ),
    ] {
        tests.push(
            Case::must(id, Clause::new(HOST, says))
                .profiles(&["documented"])
                .property(
                    move |target: &GuestTarget| {
                        (fitting_calls(target), 1_u64..4, select(kinds.to_vec()))
                            .prop_map(|(call, number, kind)| Broken { call, number, kind })
                    },
                    |target: &GuestTarget, ctx, broken: &Broken| {
                        let plan = format!(
                            "schema = \"yoikit.faults/1\"\n[[fault]]\ncall = {}\nkind = \"{}\"\n",
                            broken.number, broken.kind
                        );
                        let plan =
                            FaultPlan::parse(&plan).map_err(|error| Stop::Harness(error.to_string()))?;
                        ctx.note(&format!("`{}` in host call {}", broken.kind, broken.number));
                        answers_in_its_world(target, ctx, &broken.call, Some(Faults::new(plan)))
                    },
                )
                .of_kind(Kind::Fault)
                .excused(move |target| {
                    let breaks = |api: &HostApi| {
                        kinds
                            .iter()
                            .any(|kind| kind.imports().iter().any(|import| import.api() == api.name()))
                    };
                    let spared = !imported(target).iter().any(breaks);
                    no_host_calls(target)
                        .or_else(|| spared.then_some(Excuse::Optional("it makes no call that this breaks")))
                }),
        );
    }
    tests
}

fn no_host_calls(target: &GuestTarget) -> Option<Excuse> {
    any([no_imports(target), no_tools(target), no_manifest(target)])
}

/// That the call is answered, and so is the same call afterwards.
fn answers_in_its_world(target: &GuestTarget, ctx: &Context, call: &Call, faults: Option<Faults>) -> Checked {
    let world = World::new()?;
    let Some(access) = world.access(target, faults) else {
        return Ok(());
    };
    let setup = Setup {
        access,
        ..Setup::default()
    };
    let mut session = target.started(ctx, setup)?;
    for _ in 0..2 {
        if let Err(failure) = session.handle_tool(&call.tool, &call.input.to_string()) {
            return Err(Stop::fail(
                format!("a ToolOutput from `{}`", call.tool),
                failure.message,
            ));
        }
    }
    Ok(())
}

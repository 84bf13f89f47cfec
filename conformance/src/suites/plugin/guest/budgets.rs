//! How far a plugin stays from its limits.

use yoi_host::Limits;

use super::GuestTest;
use super::excuses::{any, no_life, no_measures, no_tools};
use super::tools::{Call, fitting_calls};
use crate::suites::plugin::target::{GuestTarget, Setup};
use crate::{Case, Clause, Stop, expect};

const BUDGETS: &str = "contracts/plugin.md#budgets";

/// Hundredths of a limit that an ordinary call may use and still leave room for a larger one.
const ROOM: u64 = 80;

pub(super) fn tests() -> Vec<GuestTest> {
    vec![
        Case::should(
            "plugin.budgets.instructions",
            Clause::new(BUDGETS, "An ordinary call leaves a fifth of its instructions."),
        )
        .property(fitting_calls, |target: &GuestTarget, ctx, call: &Call| {
            measured(
                target,
                ctx,
                call,
                "instructions",
                |limits| limits.fuel,
                |used| used.fuel,
            )
        })
        .excused(no_measures),
        Case::should(
            "plugin.budgets.memory",
            Clause::new(BUDGETS, "An ordinary call leaves a fifth of the memory."),
        )
        .property(fitting_calls, |target: &GuestTarget, ctx, call: &Call| {
            measured(
                target,
                ctx,
                call,
                "bytes of memory",
                |limits| limits.memory_bytes as u64,
                |used| used.memory_bytes as u64,
            )
        })
        .excused(no_measures),
        Case::should(
            "plugin.budgets.start",
            Clause::new(BUDGETS, "To start leaves a fifth of the instructions."),
        )
        .example(|target: &GuestTarget, ctx| {
            let session = target.started(ctx, Setup::default())?;
            let used = session.measures().map_or(0, |measures| measures.fuel);
            within("instructions", used, limits(target)?.fuel)
        })
        .excused(|target| any([no_life(target), no_measures(target)])),
        Case::should(
            "plugin.budgets.output",
            Clause::new(
                BUDGETS,
                "An ordinary answer leaves a fifth of the bytes that it may have.",
            ),
        )
        .property(fitting_calls, |target: &GuestTarget, ctx, call: &Call| {
            let output = super::tools::answers(target, ctx, &call.tool, &call.input.to_string())?;
            let bytes = serde_json::to_string(&output).map_or(0, |json| json.len());
            within(
                "bytes of an answer",
                bytes as u64,
                yoi_host::limits::TOOL_OUTPUT_BYTES as u64,
            )
        })
        .excused(no_tools),
    ]
}

fn limits(target: &GuestTarget) -> Result<&Limits, Stop> {
    let plugin = target.component().and_then(|door| door.plugin().ok());
    plugin
        .map(|plugin| plugin.limits())
        .ok_or_else(|| Stop::CouldNotRun("nothing is measured of this target".to_owned()))
}

fn measured(
    target: &GuestTarget,
    ctx: &crate::Context,
    call: &Call,
    what: &str,
    limit: impl Fn(&Limits) -> u64,
    used: impl Fn(&yoi_host::plugin::Measures) -> u64,
) -> crate::Checked {
    let mut session = target.started(ctx, Setup::default())?;
    session
        .handle_tool(&call.tool, &call.input.to_string())
        .map_err(|failure| Stop::fail(format!("a ToolOutput from `{}`", call.tool), failure.message))?;
    let used = session.measures().map_or(0, |measures| used(&measures));
    within(what, used, limit(limits(target)?))
}

fn within(what: &str, used: u64, limit: u64) -> crate::Checked {
    expect(
        used <= limit / 100 * ROOM,
        || format!("at most {ROOM} hundredths of the {limit} {what}"),
        || format!("{used}"),
    )
}

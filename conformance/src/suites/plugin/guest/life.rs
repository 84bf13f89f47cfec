//! The life of a plugin with a state.

use serde_json::{Value, json};

use super::excuses::no_life;
use super::schema::any_json;
use super::{GuestTest, refused_well};
use crate::suites::plugin::target::{GuestTarget, Setup};
use crate::{Case, Clause, Stop, expect, expect_eq, shown};

const START: &str = "wit/plugin/instance.wit#start";
const STATUS: &str = "wit/plugin/instance.wit#status";
const STOP: &str = "wit/plugin/instance.wit#stop";

pub(super) fn tests() -> Vec<GuestTest> {
    vec![
        Case::must(
            "plugin.start.any-configuration",
            Clause::new(
                START,
                "`config-json` is any JSON. One that is no use is answered with an error.",
            ),
        )
        .property(
            |_| any_json(),
            |target: &GuestTarget, ctx, config: &Value| {
                let mut session = target.open(ctx, Setup::config(config.to_string()))?;
                match session.start() {
                    Ok(_) => Ok(()),
                    Err(failure) => refused_well("a PluginStatus, or an error", &failure),
                }
            },
        )
        .excused(no_life),
        Case::should(
            "plugin.start.same-every-time",
            Clause::new(
                START,
                "A plugin that is started begins from its configuration and nothing else.",
            ),
        )
        .example(|target: &GuestTarget, ctx| {
            let mut seen = Vec::new();
            for _ in 0..2 {
                let mut session = target.started(ctx, Setup::default())?;
                let status = session
                    .status()
                    .map_err(|failure| Stop::fail("a PluginStatus", failure.message))?;
                seen.push(status);
                // What happens in one life is not to be seen in the next.
                for tool in target.tools() {
                    let _ = session.handle_tool(&tool.name, "{}");
                }
            }
            expect_eq("the first status of another life", &seen[0], &seen[1])
        })
        .excused(no_life),
        Case::must(
            "plugin.status.answers-a-status",
            Clause::new(STATUS, "How the plugin is. Answers a PluginStatus."),
        )
        .example(|target: &GuestTarget, ctx| {
            let mut session = target.started(ctx, Setup::default())?;
            match session.status() {
                Ok(_) => Ok(()),
                Err(failure) => Err(Stop::fail("a PluginStatus", failure.message)),
            }
        })
        .excused(no_life),
        Case::should(
            "plugin.status.changes-nothing",
            Clause::new(
                STATUS,
                "To ask how a plugin is changes nothing: it may be asked at any time, any number of times.",
            ),
        )
        .example(|target: &GuestTarget, ctx| {
            let mut session = target.started(ctx, Setup::default())?;
            let mut seen = Vec::new();
            for _ in 0..3 {
                let status = session
                    .status()
                    .map_err(|failure| Stop::fail("a PluginStatus", failure.message))?;
                seen.push((status.state, status.data));
            }
            expect(
                seen.iter().all(|status| *status == seen[0]),
                || format!("the same status three times: {}", shown(&seen[0])),
                || seen.iter().map(shown).collect::<Vec<_>>().join(", then "),
            )
        })
        .excused(no_life),
        Case::must(
            "plugin.stop.answers-a-status",
            Clause::new(STOP, "End, and say how it ended. Answers a PluginStatus."),
        )
        .example(|target: &GuestTarget, ctx| {
            let mut session = target.started(ctx, Setup::default())?;
            match session.stop() {
                Ok(_) => Ok(()),
                Err(failure) => Err(Stop::fail("a PluginStatus", failure.message)),
            }
        })
        .excused(no_life),
        Case::must(
            "plugin.stop.after-work",
            Clause::new(
                STOP,
                "A plugin that has worked is stopped as well as one that has not.",
            ),
        )
        .example(|target: &GuestTarget, ctx| {
            let mut session = target.started(ctx, Setup::default())?;
            for tool in target.tools() {
                let _ = session.handle_tool(&tool.name, "{}");
            }
            let _ = session.status();
            match session.stop() {
                Ok(_) => Ok(()),
                Err(failure) => Err(Stop::fail("a PluginStatus", failure.message)),
            }
        })
        .excused(no_life),
        Case::should(
            "plugin.stop.says-stopped",
            Clause::new(STOP, "A plugin that is stopped says so: its state is `stopped`."),
        )
        .example(|target: &GuestTarget, ctx| {
            let mut session = target.started(ctx, Setup::default())?;
            let status = session
                .stop()
                .map_err(|failure| Stop::fail("a PluginStatus", failure.message))?;
            expect_eq("the state", &json!("stopped"), &json!(status.state))
        })
        .excused(no_life),
    ]
}

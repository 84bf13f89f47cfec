//! That a plugin does no harm: every budget, met from within, and what becomes of the plugin then.

use yoi_host::Profile;

use super::super::door::Lifecycle;
use super::super::door::RefusalKind::{Component, Fault, Late, NotRunning, Reported};
use super::peer::{Peer, Turn};
use super::plugin::Plugin;
use super::puppet::{Condition, HostCall, HostFunction, Part, Puppet, Realloc, calling, echo, text};
use super::stage::Stage;
use super::{HostTest, documented, must, yoi};
use crate::{Checked, expect_eq};

const HARM: &str = "contracts/plugin.md#containment";
const BUDGETS: &str = "contracts/plugin.md#budgets";

/// Pages of memory that a plugin may have.
const PAGES: u32 = 32;

/// Elements that a table of it may have.
const fn elements(profile: Profile) -> u32 {
    match profile {
        Profile::Documented => 8192,
        Profile::Yoi => 256,
    }
}

/// What came with the third set.
pub(super) fn third() -> Vec<HostTest> {
    vec![documented(
        "plugin.host.budgets.time",
        BUDGETS,
        "A call may take a second, and it does not matter whether a plugin works or waits.",
        |stage| {
            let peer = Peer::websocket(vec![Turn::Linger])?;
            stage.reach(peer.port, "PORT");
            let url = format!(r#"{{"url":"ws://127.0.0.1:{}/"}}"#, peer.port);
            let open = HostCall::of(HostFunction::Open, url);
            let wait = HostCall::of(HostFunction::Recv, "").on(1).within(5000);
            let plugin = Plugin::of(Puppet::tool(calling([open, wait])))
                .host_api("websocket")
                .targets("[[websocket]]\nscheme = \"ws\"\nhost = \"127.0.0.1\"\npath_prefixes = [\"/\"]");
            stage.run(&plugin)?;
            let tool = stage.call("null")?;
            stage.refused(&[Fault, Late], tool)?;
            unharmed(stage)
        },
    )]
}

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = Vec::new();
    for (id_of_tool, id_of_instance, says, harm) in HARMS {
        tests.push(must(id_of_tool, HARM, says, move |stage| {
            stage.run(&Plugin::of(Puppet::tool(harm())))?;
            let tool = stage.call("null")?;
            stage.refused(&[Fault], tool)?;
            unharmed(stage)
        }));
        tests.push(must(id_of_instance, HARM, says, move |stage| {
            stage.run(&Plugin::of(Puppet::instance().doing("handle-tool", harm())))?;
            let tool = stage.call("null")?;
            stage.refused(&[Fault], tool)?;
            unharmed(stage)
        }));
    }
    for (id, says, export) in [
        (
            "plugin.host.containment.in-start",
            "A trap in `start` fails the plugin.",
            "start",
        ),
        (
            "plugin.host.containment.in-status",
            "A trap in `status` fails the plugin.",
            "status",
        ),
        (
            "plugin.host.containment.in-stop",
            "A trap in `stop` fails the plugin.",
            "stop",
        ),
        (
            "plugin.host.containment.in-handle-ingress",
            "A trap in `handle-ingress` fails the plugin.",
            "handle-ingress",
        ),
    ] {
        tests.push(must(id, HARM, says, move |stage| {
            for harm in [Part::Trap, Part::Spin] {
                let plugin = Plugin::of(Puppet::instance().doing(export, [harm]));
                stage.load(&plugin)?;
                let started = stage.start()?;
                let came = match export {
                    "start" => started.map(|_| ()),
                    _ => {
                        stage.done("the plugin to start", started)?;
                        match export {
                            "status" => stage.status()?.map(|_| ()),
                            "stop" => stage.stop()?.map(|_| ()),
                            _ => stage.deliver()?.map(|_| ()),
                        }
                    }
                };
                stage.refused(&[Fault], came)?;
                stage.expect_lifecycle(Lifecycle::Failed)?;
            }
            unharmed(stage)
        }));
    }
    tests.extend([
        must("plugin.host.containment.while-instantiated", HARM, "A plugin that traps while it is instantiated does not come to life.", |stage| {
            let plugin = Plugin::of(Puppet::instance().at_instantiation([Part::Trap]));
            let answer = stage.bring_to_life(&plugin)?;
            stage.refused(&[Fault, Component], answer)?;
            unharmed(stage)
        }),
        must("plugin.host.containment.spinning-while-instantiated", HARM, "A plugin that never ends to be instantiated does not come to life.", |stage| {
            let plugin = Plugin::of(Puppet::instance().at_instantiation([Part::Spin]));
            let answer = stage.bring_to_life(&plugin)?;
            stage.refused(&[Fault, Component], answer)?;
            unharmed(stage)
        }),
        must("plugin.host.containment.tool-goes-on", HARM, "In the world `tool` a trap costs its own call only.", |stage| {
            // Traps for the tool of one name only.
            let plugin = Plugin::of(Puppet::tool([Part::If(Condition::NameIs("x"), vec![Part::Trap], vec![]), text(r#"{"summary":"s"}"#)])).tool("x");
            stage.run(&plugin)?;
            let tool = stage.call_tool("x", "null")?;
            stage.refused(&[Fault], tool)?;
            let tool = stage.call("null")?;
            stage.done("the next call to be answered", tool).map(|_| ())
        }),
        documented("plugin.host.containment.dead-is-dead", HARM, "A plugin that trapped is not entered again: it has failed, and says why.", |stage| {
            stage.run(&Plugin::of(Puppet::instance().doing("handle-tool", [Part::Trap])))?;
            let tool = stage.call("null")?;
            stage.refused(&[Fault], tool)?;
            stage.expect_lifecycle(Lifecycle::Failed)?;
            let report = stage.report()?;
            expect_eq("whether there is a last error", &true, &report.last_error.is_some())?;
            let tool = stage.call("null")?;
            stage.refused(&[NotRunning], tool)?;
            let service = stage.deliver()?;
            stage.refused(&[NotRunning], service)?;
            let status = stage.status()?;
            stage.refused(&[NotRunning], status).map(|_| ())
        }),
        yoi("plugin.host.containment.yoi-notices-late", HARM, "The yoi host notices a trap in a tool when it next asks for the status; until then tools are called, and fail.", |stage| {
            stage.run(&Plugin::of(Puppet::instance().doing("handle-tool", [Part::Trap])))?;
            for _ in 0..2 {
                let tool = stage.call("null")?;
                stage.refused(&[Fault], tool)?;
                stage.expect_lifecycle(Lifecycle::Running)?;
            }
            let status = stage.status()?;
            stage.refused(&[Fault], status)?;
            stage.expect_lifecycle(Lifecycle::Failed)
        }),
        must("plugin.host.containment.failed-may-stop", HARM, "A plugin that says that it failed, and did not trap, is stopped in order.", |stage| {
            stage.run(&Plugin::of(Puppet::instance().answering("status", r#"{"state":"failed"}"#)))?;
            let status = stage.status()?;
            stage.refused(&[Reported], status)?;
            let stopped = stage.stop()?;
            stage.done("the plugin to be stopped", stopped)?;
            stage.expect_lifecycle(Lifecycle::Stopped)
        }),
    ]);
    tests.extend(budgets());
    tests
}

type Harm = fn() -> Vec<Part>;

/// What a plugin may try, in each of the worlds.
const HARMS: &[(&str, &str, &str, Harm)] = &[
    (
        "plugin.host.containment.tool-trap",
        "plugin.host.containment.instance-trap",
        "A trap ends the call.",
        || vec![Part::Trap],
    ),
    (
        "plugin.host.containment.tool-loop",
        "plugin.host.containment.instance-loop",
        "An endless loop ends.",
        || vec![Part::Spin],
    ),
    (
        "plugin.host.containment.tool-recursion",
        "plugin.host.containment.instance-recursion",
        "An endless recursion ends.",
        || vec![Part::Recurse],
    ),
    (
        "plugin.host.containment.tool-memory",
        "plugin.host.containment.instance-memory",
        "Memory ends where it is bounded.",
        || {
            let mut parts = vec![Part::GrowMemory(1); 64];
            parts.extend(echo());
            parts
        },
    ),
    (
        "plugin.host.containment.tool-table",
        "plugin.host.containment.instance-table",
        "A table ends where it is bounded.",
        || {
            let mut parts = vec![Part::GrowTable(4096); 4];
            parts.extend(echo());
            parts
        },
    ),
];

/// That the host is as it was: the next plugin lives.
fn unharmed(stage: &mut Stage<'_>) -> Checked {
    let answer = stage.bring_to_life(&Plugin::of(Puppet::tool(echo())))?;
    stage.done("the host to go on with another plugin", answer)
}

fn budgets() -> Vec<HostTest> {
    // Six instructions a round: 4.2 million are within the budget of 5 million, 7.8 million are not.
    const WITHIN: u32 = 700_000;
    const BEYOND: u32 = 1_300_000;
    let burning = |rounds| {
        let mut parts = vec![Part::Burn(rounds)];
        parts.extend(echo());
        parts
    };
    let growing = |part: Part| {
        let mut parts = vec![part];
        parts.extend(echo());
        parts
    };
    vec![
        must(
            "plugin.host.budgets.instructions-enough",
            BUDGETS,
            "A call has 5000000 instructions: four million are there.",
            move |stage| calls_are(stage, &Plugin::of(Puppet::tool(burning(WITHIN))), true),
        ),
        must(
            "plugin.host.budgets.instructions-no-more",
            BUDGETS,
            "A call has 5000000 instructions: eight million are not there.",
            move |stage| calls_are(stage, &Plugin::of(Puppet::tool(burning(BEYOND))), false),
        ),
        must(
            "plugin.host.budgets.instructions-every-call",
            BUDGETS,
            "In the world `instance` every call has instructions of its own.",
            move |stage| {
                stage.run(&Plugin::of(
                    Puppet::instance().doing("handle-tool", burning(WITHIN)),
                ))?;
                for _ in 0..3 {
                    let tool = stage.call("null")?;
                    stage.done("every call to have its instructions", tool)?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.budgets.instructions-shared-with-instantiation",
            BUDGETS,
            "In the world `tool` the instantiation is of the call's budget.",
            move |stage| {
                let puppet = Puppet::tool(burning(WITHIN)).at_instantiation([Part::Burn(WITHIN)]);
                calls_are(stage, &Plugin::of(puppet), false)
            },
        ),
        must(
            "plugin.host.budgets.instructions-of-instantiation",
            BUDGETS,
            "In the world `instance` the instantiation has a budget of its own.",
            move |stage| {
                let puppet = Puppet::instance()
                    .at_instantiation([Part::Burn(WITHIN)])
                    .doing("start", [Part::Burn(WITHIN), text(r#"{"state":"running"}"#)]);
                stage.run(&Plugin::of(puppet))
            },
        ),
        must(
            "plugin.host.budgets.memory-at-first",
            BUDGETS,
            "A plugin may begin with 2 MiB of memory.",
            |stage| calls_are(stage, &Plugin::of(Puppet::tool(echo()).pages(PAGES)), true),
        ),
        must(
            "plugin.host.budgets.memory-too-much-at-first",
            BUDGETS,
            "A plugin that would begin with more than 2 MiB of memory does not begin.",
            |stage| {
                let answer = stage.bring_to_life(&Plugin::of(Puppet::tool(echo()).pages(PAGES + 1)))?;
                stage.refused(&[Component, Fault], answer).map(|_| ())
            },
        ),
        must(
            "plugin.host.budgets.memory-to-the-last-page",
            BUDGETS,
            "Memory grows to 2 MiB.",
            move |stage| {
                let puppet = Puppet::tool(growing(Part::GrowMemory(8))).pages(PAGES - 8);
                calls_are(stage, &Plugin::of(puppet), true)
            },
        ),
        must(
            "plugin.host.budgets.memory-no-page-more",
            BUDGETS,
            "Memory does not grow past 2 MiB: the plugin is ended.",
            move |stage| {
                let puppet = Puppet::tool(growing(Part::GrowMemory(9))).pages(PAGES - 8);
                calls_are(stage, &Plugin::of(puppet), false)
            },
        ),
        must(
            "plugin.host.budgets.table-at-first",
            BUDGETS,
            "A table may begin with 8192 elements; under the yoi host, with 256.",
            |stage| {
                calls_are(
                    stage,
                    &Plugin::of(Puppet::tool(echo()).table(elements(stage.profile()))),
                    true,
                )
            },
        ),
        must(
            "plugin.host.budgets.table-too-much-at-first",
            BUDGETS,
            "A plugin whose table would begin with more does not begin.",
            |stage| {
                let answer = stage.bring_to_life(&Plugin::of(
                    Puppet::tool(echo()).table(elements(stage.profile()) + 1),
                ))?;
                stage.refused(&[Component, Fault], answer).map(|_| ())
            },
        ),
        must(
            "plugin.host.budgets.table-to-the-last-element",
            BUDGETS,
            "A table grows to 8192 elements; under the yoi host, to 256.",
            move |stage| {
                let puppet = Puppet::tool(growing(Part::GrowTable(elements(stage.profile()) - 1))).table(1);
                calls_are(stage, &Plugin::of(puppet), true)
            },
        ),
        must(
            "plugin.host.budgets.table-no-element-more",
            BUDGETS,
            "A table does not grow past that: the plugin is ended.",
            move |stage| {
                let puppet = Puppet::tool(growing(Part::GrowTable(elements(stage.profile())))).table(1);
                calls_are(stage, &Plugin::of(puppet), false)
            },
        ),
        documented(
            "plugin.host.budgets.core-instances",
            BUDGETS,
            "A component may have several core instances.",
            |stage| calls_are(stage, &Plugin::of(Puppet::tool(echo()).idle_instances(5)), true),
        ),
        yoi(
            "plugin.host.budgets.yoi-one-core-instance",
            BUDGETS,
            "The yoi host takes a component of one core instance.",
            |stage| {
                let answer = stage.bring_to_life(&Plugin::of(Puppet::tool(echo()).idle_instances(1)))?;
                stage.refused(&[Component, Fault], answer).map(|_| ())
            },
        ),
        must(
            "plugin.host.containment.room-outside-memory",
            HARM,
            "A plugin that offers room outside its memory is ended.",
            |stage| {
                let answer =
                    stage.bring_to_life(&Plugin::of(Puppet::tool(echo()).realloc(Realloc::Outside)))?;
                stage.refused(&[Fault], answer)?;
                unharmed(stage)
            },
        ),
        must(
            "plugin.host.containment.no-room",
            HARM,
            "A plugin that traps when it is asked for room is ended.",
            |stage| {
                let answer =
                    stage.bring_to_life(&Plugin::of(Puppet::tool(echo()).realloc(Realloc::Traps)))?;
                stage.refused(&[Fault], answer)?;
                unharmed(stage)
            },
        ),
    ]
}

/// Whether a call is answered, or ended as a fault.
fn calls_are(stage: &mut Stage<'_>, plugin: &Plugin, answered: bool) -> Checked {
    stage.run(plugin)?;
    let tool = stage.call("null")?;
    if answered {
        stage.done("the call to be answered", tool).map(|_| ())
    } else {
        stage.refused(&[Fault], tool).map(|_| ())
    }
}

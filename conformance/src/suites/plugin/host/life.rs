//! The life of a plugin: what may be asked when, and what lasts.

use serde_json::json;

use super::super::door::RefusalKind::{Fault, NotRunning, Unsupported};
use super::super::door::{Ability, Lifecycle};
use super::inputs::expect_calls;
use super::plugin::Plugin;
use super::puppet::{Condition, Part, Puppet, echo};
use super::stage::{Stage, expect_text};
use super::{HostTest, documented, must, yoi};
use crate::{Case, Checked, Clause, Side, Stop, expect_eq};

const LIFE: &str = "contracts/plugin.md#life";
const TOOL: &str = "contracts/plugin.md#world-tool";

pub(super) fn tests() -> Vec<HostTest> {
    vec![
        must(
            "plugin.host.life.from-start-to-stop",
            LIFE,
            "A plugin is started, called, asked and stopped, and is one and the same all the while.",
            |stage| {
                stage.load(&Plugin::of(Puppet::instance()))?;
                stage.expect_lifecycle(Lifecycle::Ready)?;
                let started = stage.start()?;
                let started = stage.done("the plugin to start", started)?;
                expect_text("the state", "running", started.state.as_deref())?;
                stage.expect_lifecycle(Lifecycle::Running)?;
                let tool = stage.call("null")?;
                stage.done("the tool to answer", tool)?;
                let service = stage.deliver()?;
                stage.done("the event to be taken", service)?;
                expect_calls(stage, 4)?;
                let stopped = stage.stop()?;
                let stopped = stage.done("the plugin to stop", stopped)?;
                expect_eq("the last word", &json!("00000005"), &stopped.data["calls"])?;
                stage.expect_lifecycle(Lifecycle::Stopped)
            },
        ),
        must(
            "plugin.host.life.not-entered-before-start",
            LIFE,
            "Nothing of a plugin runs before it is started.",
            |stage| {
                stage.load(&Plugin::of(Puppet::instance().at_instantiation([Part::Trap])))?;
                stage.expect_lifecycle(Lifecycle::Ready)
            },
        ),
        must(
            "plugin.host.life.nothing-before-start",
            LIFE,
            "A plugin that is not started is called for nothing.",
            |stage| {
                stage.load(&Plugin::of(Puppet::instance()))?;
                let tool = stage.call("null")?;
                stage.refused(&[NotRunning], tool)?;
                let service = stage.deliver()?;
                stage.refused(&[NotRunning], service)?;
                let status = stage.status()?;
                stage.refused(&[NotRunning], status)?;
                let started = stage.start()?;
                let started = stage.done("the plugin to start", started)?;
                expect_eq(
                    "how often the plugin was entered",
                    &json!("00000001"),
                    &started.data["calls"],
                )
            },
        ),
        must(
            "plugin.host.life.start-once",
            LIFE,
            "A plugin that runs is not started again.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                let again = stage.start()?;
                stage.refused(&[NotRunning], again)?;
                expect_calls(stage, 2)
            },
        ),
        must(
            "plugin.host.life.stop-once",
            LIFE,
            "A plugin that is stopped is not stopped again: the second `stop` does not enter it.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                let first = stage.stop()?;
                let first = stage.done("the plugin to stop", first)?;
                expect_eq(
                    "how often the plugin was entered",
                    &json!("00000002"),
                    &first.data["calls"],
                )?;
                if let Ok(second) = stage.stop()? {
                    // The host may answer for it, or say once more what the plugin said.
                    let calls = &second.data["calls"];
                    if !calls.is_null() && *calls != json!("00000002") {
                        return Err(Stop::fail(
                            "`stop` to be called once",
                            format!("it was entered {calls} times"),
                        ));
                    }
                }
                stage.expect_lifecycle(Lifecycle::Stopped)
            },
        ),
        must(
            "plugin.host.life.stop-without-start",
            LIFE,
            "A plugin that never started is stopped without being entered.",
            |stage| {
                stage.load(&Plugin::of(Puppet::instance().doing("stop", [Part::Trap])))?;
                let stopped = stage.stop()?;
                stage.done("the plugin to be stopped", stopped)?;
                stage.expect_lifecycle(Lifecycle::Stopped)
            },
        ),
        documented(
            "plugin.host.life.stop-is-final",
            LIFE,
            "A plugin that is stopped is called for nothing.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                let stopped = stage.stop()?;
                stage.done("the plugin to stop", stopped)?;
                let tool = stage.call("null")?;
                stage.refused(&[NotRunning], tool)?;
                let service = stage.deliver()?;
                stage.refused(&[NotRunning], service)?;
                let status = stage.status()?;
                stage.refused(&[NotRunning], status)?;
                let again = stage.start()?;
                stage.refused(&[NotRunning], again).map(|_| ())
            },
        ),
        yoi(
            "plugin.host.life.yoi-calls-stopped",
            LIFE,
            "The yoi host calls tools without a look at the life cycle; events it refuses.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                let stopped = stage.stop()?;
                stage.done("the plugin to stop", stopped)?;
                let tool = stage.call("null")?;
                stage.done("the tool to be called all the same", tool)?;
                let service = stage.deliver()?;
                stage.refused(&[NotRunning], service).map(|_| ())
            },
        ),
        must(
            "plugin.host.life.failed-stop",
            LIFE,
            "A plugin whose `stop` fails has failed.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance().doing("stop", [Part::Trap])))?;
                let stopped = stage.stop()?;
                stage.refused(&[Fault], stopped)?;
                stage.expect_lifecycle(Lifecycle::Failed)
            },
        ),
        documented(
            "plugin.host.life.restart-is-fresh",
            LIFE,
            "A restarted plugin is a new one with the same configuration.",
            |stage| {
                stage.needs(Ability::Restart)?;
                stage.run(&Plugin::of(Puppet::instance()).config("[7]"))?;
                let tool = stage.call("null")?;
                stage.done("the tool to answer", tool)?;
                let again = stage.restart()?;
                let again = stage.done("the plugin to start anew", again)?;
                expect_eq(
                    "how often the plugin was entered",
                    &json!("00000001"),
                    &again.data["calls"],
                )?;
                expect_eq("its configuration", &json!("[7]"), &again.data["config"])?;
                stage.expect_lifecycle(Lifecycle::Running)
            },
        ),
        documented(
            "plugin.host.life.restart-after-trap",
            LIFE,
            "A plugin that trapped can be restarted.",
            |stage| {
                stage.needs(Ability::Restart)?;
                let plugin = Plugin::of(Puppet::instance().doing("handle-tool", [Part::Trap]));
                stage.run(&plugin)?;
                let tool = stage.call("null")?;
                stage.refused(&[Fault], tool)?;
                let again = stage.restart()?;
                stage.done("the plugin to start anew", again)?;
                expect_calls(stage, 2)
            },
        ),
        documented(
            "plugin.host.life.restart-after-stop",
            LIFE,
            "A plugin that was stopped can be restarted.",
            |stage| {
                stage.needs(Ability::Restart)?;
                stage.run(&Plugin::of(Puppet::instance()))?;
                let stopped = stage.stop()?;
                stage.done("the plugin to stop", stopped)?;
                let again = stage.restart()?;
                stage.done("the plugin to start anew", again)?;
                stage.expect_lifecycle(Lifecycle::Running)
            },
        ),
        yoi(
            "plugin.host.life.yoi-never-restarts",
            LIFE,
            "The yoi host restarts nothing.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                let again = stage.restart()?;
                stage.refused(&[Unsupported], again).map(|_| ())
            },
        ),
        must(
            "plugin.host.life.order",
            LIFE,
            "Calls are made one at a time, in the order in which they come.",
            |stage| {
                stage.run(&Plugin::of(Puppet::instance()))?;
                for n in 2..12 {
                    let tool = stage.call(&n.to_string())?;
                    let tool = stage.done("the tool to answer", tool)?;
                    expect_eq("the answer", &format!("call {n:08}"), &tool.summary)?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.life.apart",
            LIFE,
            "A plugin knows nothing of the one that was loaded before it.",
            |stage| {
                let plugin = Plugin::of(Puppet::instance());
                for _ in 0..3 {
                    stage.run(&plugin)?;
                    expect_calls(stage, 2)?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.tool.fresh-every-call",
            TOOL,
            "In the world `tool` no call knows of another.",
            |stage| {
                stage.run(&Plugin::of(Puppet::tool(echo())))?;
                for _ in 0..4 {
                    let tool = stage.call("null")?;
                    let tool = stage.done("the tool to answer", tool)?;
                    expect_eq("the answer", "call 00000001", tool.summary.as_str())?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.tool.needs-no-start",
            TOOL,
            "In the world `tool` nothing has to be started, and stopping ends nothing.",
            |stage| {
                stage.load(&Plugin::of(Puppet::tool(echo())))?;
                let tool = stage.call("null")?;
                stage.done("the tool to answer", tool)?;
                let stopped = stage.stop()?;
                stage.done("`stop` to do nothing", stopped)?;
                let tool = stage.call("null")?;
                stage.done("the tool to answer", tool)?;
                stage.expect_lifecycle(Lifecycle::Ready)
            },
        ),
        must(
            "plugin.host.tool.no-events",
            TOOL,
            "In the world `tool` there are no events.",
            |stage| {
                use super::super::door::RefusalKind::{Component, Denied, NoExport, Package};
                let plugin = Plugin::of(Puppet::tool(echo())).ingress(super::plugin::INGRESS, &[]);
                match stage.try_load(&plugin)? {
                    Err(refusal) => stage
                        .refused::<()>(&[Package, Component], Err(refusal))
                        .map(|_| ()),
                    Ok(_) => {
                        let service = stage.deliver()?;
                        stage
                            .refused(&[NoExport, Denied, NotRunning], service)
                            .map(|_| ())
                    }
                }
            },
        ),
        Case::must(
            "plugin.host.life.any-sequence",
            Clause::new(
                LIFE,
                "Whatever is asked in whatever order, the host answers as the life cycle has it.",
            ),
        )
        .profiles(&["documented"])
        .side(Side::Host)
        .property(
            |_: &super::HostTarget| steps(),
            |target, ctx, steps: &Vec<Step>| agrees(&mut Stage::new(target, ctx)?, steps),
        ),
    ]
}

/// One thing asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Start,
    Call,
    Trap,
    BadInput,
    Deliver,
    Status,
    Stop,
    Restart,
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
    use proptest::prelude::*;
    let step = prop_oneof![
        3 => Just(Step::Start),
        3 => Just(Step::Call),
        1 => Just(Step::Trap),
        1 => Just(Step::BadInput),
        2 => Just(Step::Deliver),
        2 => Just(Step::Status),
        1 => Just(Step::Stop),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..16)
}

/// The life cycle as a table: where the plugin stands, and how often it was entered since it was instantiated.
struct Model {
    stands: Lifecycle,
    entered: u32,
}

impl Model {
    /// Whether the host does it, and where the plugin stands then.
    fn takes(&mut self, step: Step) -> bool {
        let running = self.stands == Lifecycle::Running;
        match step {
            Step::Start if self.stands == Lifecycle::Ready => self.begin(),
            Step::Restart => self.begin(),
            Step::Call | Step::Deliver | Step::Status if running => {
                self.entered += 1;
                true
            }
            Step::Trap if running => {
                self.stands = Lifecycle::Failed;
                false
            }
            Step::Stop => match self.stands {
                Lifecycle::Ready | Lifecycle::Stopped => {
                    self.stands = Lifecycle::Stopped;
                    true
                }
                Lifecycle::Running => {
                    self.entered += 1;
                    self.stands = Lifecycle::Stopped;
                    true
                }
                // It trapped: there is nothing left to stop.
                _ => false,
            },
            _ => false,
        }
    }

    fn begin(&mut self) -> bool {
        self.stands = Lifecycle::Running;
        self.entered = 1;
        true
    }
}

fn agrees(stage: &mut Stage<'_>, steps: &[Step]) -> Checked {
    stage.needs(Ability::Restart)?;
    let mut parts = vec![Part::If(Condition::NameIs("x"), vec![Part::Trap], vec![])];
    parts.extend(echo());
    let puppet = Puppet::instance().doing("handle-tool", parts);
    stage.load(&Plugin::of(puppet).tool("x"))?;
    let mut model = Model {
        stands: Lifecycle::Ready,
        entered: 0,
    };
    for step in steps {
        let taken = match step {
            Step::Start => stage.start()?.is_ok(),
            Step::Call => stage.call("null")?.is_ok(),
            Step::Trap => stage.call_tool("x", "null")?.is_ok(),
            Step::BadInput => stage.call("{")?.is_ok(),
            Step::Deliver => stage.deliver()?.is_ok(),
            Step::Status => stage.status()?.is_ok(),
            Step::Stop => stage.stop()?.is_ok(),
            Step::Restart => stage.restart()?.is_ok(),
        };
        let wanted = model.takes(*step);
        expect_eq(
            &format!("whether `{}` is done", crate::verdict::word(step)),
            &wanted,
            &taken,
        )?;
        stage.expect_lifecycle(model.stands)?;
    }
    if model.stands == Lifecycle::Running {
        expect_calls(stage, model.entered + 1)?;
    }
    Ok(())
}

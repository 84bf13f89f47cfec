//! What has to be asked for and granted before a plugin's tools, ingresses and host calls can be used.

use super::super::door::RefusalKind::{Component, Denied};
use super::inputs::expect_calls;
use super::plugin::{Binding, Digest, FULL_ID, INGRESS, Plugin, TOOL, VERSION};
use super::puppet::{HostCall, HostFunction, Puppet, calling};
use super::stage::{Answered, Stage};
use super::{HostTest, documented, must};
use crate::{Checked, Stop, expect_eq};

const TOOLS: &str = "contracts/plugin.md#permissions";
const BINDING: &str = "contracts/plugin.md#grant-binding";
const HOST: &str = "contracts/plugin.md#host-calls";

const SURFACE_TOOL: &str = "{ kind = \"surface\", surface = \"tool\" }";
const SURFACE_INGRESS: &str = "{ kind = \"surface\", surface = \"ingress\" }";
const TOOL_DO: &str = "{ kind = \"tool\", name = \"do\" }";
const INGRESS_EVENTS: &str = "{ kind = \"ingress\", name = \"events\" }";
const WRITE: &str = "{ kind = \"external_write\" }";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.permissions.all",
            TOOLS,
            "What is asked for and granted is offered, and can be used.",
            |stage| {
                let loaded = stage.load(&instance())?;
                expect_eq("the tools offered", &vec![TOOL.to_owned()], &loaded.tools)?;
                expect_eq(
                    "the ingresses offered",
                    &vec![INGRESS.to_owned()],
                    &loaded.ingresses,
                )?;
                let started = stage.start()?;
                stage.done("the plugin to start", started)?;
                let tool = stage.call("null")?;
                stage.done("the tool to answer", tool)?;
                let service = stage.deliver()?;
                stage.done("the event to be taken", service).map(|_| ())
            },
        ),
        must(
            "plugin.host.permissions.one-tool-only",
            TOOLS,
            "A grant for one tool gives that one and no other.",
            |stage| {
                let other = "{ kind = \"tool\", name = \"other\" }";
                let plugin = instance().tool("other").not_granted(other);
                let loaded = stage.load(&plugin)?;
                expect_eq("the tools offered", &vec![TOOL.to_owned()], &loaded.tools)?;
                let started = stage.start()?;
                stage.done("the plugin to start", started)?;
                let tool = stage.call("null")?;
                stage.done("the tool that is granted to answer", tool)?;
                let tool = stage.call_tool("other", "null")?;
                stage.refused(&[Denied], tool).map(|_| ())
            },
        ),
        must(
            "plugin.host.permissions.namespace",
            TOOLS,
            "A namespace gives every tool whose name begins with it.",
            |stage| {
                let plugin = instance()
                    .undeclared_permission_tool("notes_read")
                    .undeclared_permission_tool("other")
                    .permission("{ kind = \"tool_namespace\", namespace = \"notes_\" }");
                let loaded = stage.load(&plugin)?;
                expect_eq(
                    "the tools offered",
                    &vec![TOOL.to_owned(), "notes_read".to_owned()],
                    &loaded.tools,
                )
            },
        ),
        must(
            "plugin.host.permissions.empty-namespace",
            TOOLS,
            "An empty namespace gives nothing.",
            |stage| {
                let plugin = instance()
                    .undeclared_permission_tool("other")
                    .permission("{ kind = \"tool_namespace\", namespace = \"\" }");
                // A host may refuse such grants as a whole.
                match stage.try_load(&plugin)? {
                    Ok(loaded) => expect_eq("the tools offered", &vec![TOOL.to_owned()], &loaded.tools),
                    Err(_) => Ok(()),
                }
            },
        ),
        must(
            "plugin.host.permissions.writing-tool",
            TOOLS,
            "A tool that changes something outside needs `external_write` on both sides.",
            |stage| {
                let name = "{ kind = \"tool\", name = \"write\" }";
                let plugin = || instance().writing_tool("write").permission(name);
                for (plugin, offered) in [
                    (plugin(), false),
                    (plugin().asks(WRITE), false),
                    (plugin().granted(WRITE), false),
                    (plugin().permission(WRITE), true),
                ] {
                    let loaded = stage.load(&plugin)?;
                    expect_eq(
                        "whether `write` is offered",
                        &offered,
                        &loaded.tools.contains(&"write".to_owned()),
                    )?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.permissions.denied-is-not-entered",
            TOOLS,
            "A tool that is denied is not called.",
            |stage| {
                stage.load(&instance().not_granted(TOOL_DO))?;
                let started = stage.start()?;
                stage.done("the plugin to start", started)?;
                let tool = stage.call("null")?;
                stage.refused(&[Denied], tool)?;
                expect_calls(stage, 2)
            },
        ),
        must(
            "plugin.host.grant-binding.exact",
            BINDING,
            "Grants bound to a package are worth something for it.",
            |stage| offers(stage, &instance(), true),
        ),
        documented(
            "plugin.host.host-calls.not-granted",
            HOST,
            "A host API that is not granted is denied, and the plugin goes on.",
            |stage| {
                for function in ALL {
                    let plugin = calling_one(function).asks(&api(function));
                    denied(stage, &plugin)?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.host-calls.not-asked",
            HOST,
            "A host API that the manifest does not ask for is denied, whatever is granted.",
            |stage| {
                for function in ALL {
                    let folder = stage.folder().display().to_string();
                    let plugin = calling_one(function)
                        .granted(&api(function))
                        .granted_targets(&targets_of(function, &folder));
                    denied(stage, &plugin)?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.host-calls.one-is-not-all",
            HOST,
            "A host API that is granted gives no other.",
            |stage| {
                let folder = stage.folder().display().to_string();
                for (function, other) in [
                    (HostFunction::Request, HostFunction::Read),
                    (HostFunction::Open, HostFunction::Request),
                    (HostFunction::Read, HostFunction::Open),
                ] {
                    let targets = targets_of(other, &folder);
                    let plugin = calling_one(function).permission(&api(other));
                    let plugin = match other {
                        HostFunction::Read => plugin.granted_targets(&targets),
                        _ => plugin.targets(&targets),
                    };
                    denied(stage, &plugin)?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.host-calls.without-targets",
            HOST,
            "`request` and `websocket` need a target on both sides, `fs` a folder.",
            |stage| {
                for function in ALL {
                    let plugin = calling_one(function).permission(&api(function));
                    denied(stage, &plugin)?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.host-calls.denied-again",
            HOST,
            "A host call that is denied is denied every time.",
            |stage| {
                let call = || {
                    HostCall::of(
                        HostFunction::Request,
                        r#"{"method":"GET","url":"http://a.test/"}"#,
                    )
                };
                stage.run(&Plugin::of(Puppet::tool(calling([call(), call(), call()]))))?;
                for answer in stage.host_answers("null", 3)? {
                    expect_code(&answer, "denied")?;
                }
                Ok(())
            },
        ),
    ];
    for (id, says, plugin) in LACKING_TOOLS {
        tests.push(must(id, TOOLS, says, move |stage| {
            offers(stage, &plugin(), false)
        }));
    }
    for (id, says, plugin) in LACKING_INGRESSES {
        tests.push(must(id, TOOLS, says, move |stage| {
            if !usable(stage, &plugin())? {
                return Ok(());
            }
            let service = stage.deliver()?;
            stage.refused(&[Denied], service)?;
            expect_calls(stage, 2)
        }));
    }
    for (id, says, binding) in UNBOUND {
        tests.push(must(id, BINDING, says, move |stage| {
            offers(stage, &instance().bound(binding.clone()), false)
        }));
    }
    tests
}

type Make = fn() -> Plugin;

const LACKING_TOOLS: &[(&str, &str, Make)] = &[
    (
        "plugin.host.permissions.no-grants",
        "Without grants no tool is offered.",
        || instance().without_grants(),
    ),
    (
        "plugin.host.permissions.tool-not-granted",
        "A tool has to be granted.",
        || instance().not_granted(TOOL_DO),
    ),
    (
        "plugin.host.permissions.tool-not-asked",
        "A tool has to be asked for.",
        || instance().not_asking(TOOL_DO),
    ),
    (
        "plugin.host.permissions.surface-not-granted",
        "The surface `tool` has to be granted.",
        || instance().not_granted(SURFACE_TOOL),
    ),
    (
        "plugin.host.permissions.surface-not-asked",
        "The surface `tool` has to be asked for.",
        || instance().not_asking(SURFACE_TOOL),
    ),
    (
        "plugin.host.permissions.tool-of-other-name",
        "A tool is granted by its whole name.",
        || {
            instance()
                .not_granted(TOOL_DO)
                .granted("{ kind = \"tool\", name = \"d\" }")
                .granted("{ kind = \"tool\", name = \"DO\" }")
        },
    ),
    (
        "plugin.host.permissions.service-is-no-tool",
        "A service of that name is no tool.",
        || {
            instance()
                .not_granted(TOOL_DO)
                .granted("{ kind = \"service\", name = \"do\" }")
        },
    ),
];

const LACKING_INGRESSES: &[(&str, &str, Make)] = &[
    (
        "plugin.host.permissions.ingress-not-granted",
        "An ingress has to be granted.",
        || instance().not_granted(INGRESS_EVENTS),
    ),
    (
        "plugin.host.permissions.ingress-not-asked",
        "An ingress has to be asked for.",
        || instance().not_asking(INGRESS_EVENTS),
    ),
    (
        "plugin.host.permissions.ingress-surface-not-granted",
        "The surface `ingress` has to be granted.",
        || instance().not_granted(SURFACE_INGRESS),
    ),
    (
        "plugin.host.permissions.ingress-surface-not-asked",
        "The surface `ingress` has to be asked for.",
        || instance().not_asking(SURFACE_INGRESS),
    ),
];

const BOUND: Binding = Binding {
    id: Some(FULL_ID),
    version: Some(VERSION),
    digest: Digest::OfThePackage,
};

const UNBOUND: &[(&str, &str, Binding)] = &[
    (
        "plugin.host.grant-binding.no-id",
        "Grants without an id are worth nothing.",
        Binding { id: None, ..BOUND },
    ),
    (
        "plugin.host.grant-binding.other-id",
        "Grants for another plugin are worth nothing.",
        Binding {
            id: Some("project:suite.other"),
            ..BOUND
        },
    ),
    (
        "plugin.host.grant-binding.other-source",
        "Grants for the same id of another source are worth nothing.",
        Binding {
            id: Some("user:suite.puppet"),
            ..BOUND
        },
    ),
    (
        "plugin.host.grant-binding.id-without-source",
        "Grants whose id has no source are worth nothing.",
        Binding {
            id: Some("suite.puppet"),
            ..BOUND
        },
    ),
    (
        "plugin.host.grant-binding.no-version",
        "Grants without a version are worth nothing.",
        Binding {
            version: None,
            ..BOUND
        },
    ),
    (
        "plugin.host.grant-binding.other-version",
        "Grants for another version are worth nothing.",
        Binding {
            version: Some("1.0.1"),
            ..BOUND
        },
    ),
    (
        "plugin.host.grant-binding.version-is-text",
        "Versions are compared as text.",
        Binding {
            version: Some("1.0"),
            ..BOUND
        },
    ),
    (
        "plugin.host.grant-binding.no-digest",
        "Grants without a digest are worth nothing.",
        Binding {
            digest: Digest::Missing,
            ..BOUND
        },
    ),
    (
        "plugin.host.grant-binding.other-digest",
        "Grants for other content are worth nothing.",
        Binding {
            digest: Digest::Other("sha256:0000000000000000000000000000000000000000000000000000000000000000"),
            ..BOUND
        },
    ),
];

const ALL: [HostFunction; 8] = [
    HostFunction::Request,
    HostFunction::Open,
    HostFunction::SendText,
    HostFunction::Recv,
    HostFunction::Close,
    HostFunction::Read,
    HostFunction::List,
    HostFunction::Write,
];

/// A plugin with a state, a tool and an ingress, all of it asked for and granted.
fn instance() -> Plugin {
    Plugin::of(Puppet::instance())
}

/// A plugin that makes one sound call of the host.
fn calling_one(function: HostFunction) -> Plugin {
    let description = match function {
        HostFunction::Request => r#"{"method":"GET","url":"http://127.0.0.1:9/"}"#,
        HostFunction::Open => r#"{"url":"ws://127.0.0.1:9/"}"#,
        HostFunction::SendText => "hello",
        HostFunction::Write => r#"{"path":"a","content":"b"}"#,
        _ => r#"{"path":"a"}"#,
    };
    let call = HostCall::of(function, description).on(1).within(1);
    Plugin::of(Puppet::tool(calling([call])))
}

fn api_name(function: HostFunction) -> &'static str {
    match function {
        HostFunction::Request => "request",
        HostFunction::Read | HostFunction::List | HostFunction::Write => "fs",
        _ => "websocket",
    }
}

fn api(function: HostFunction) -> String {
    format!("{{ kind = \"host_api\", api = \"{}\" }}", api_name(function))
}

fn targets_of(function: HostFunction, folder: &str) -> String {
    match api_name(function) {
        "request" => "[[request]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nmethods = [\"GET\"]\npath_prefixes = [\"/\"]".to_owned(),
        "websocket" => "[[websocket]]\nscheme = \"ws\"\nhost = \"127.0.0.1\"\npath_prefixes = [\"/\"]".to_owned(),
        _ => format!("[[fs]]\nroot = \"{folder}\"\noperations = [\"read\", \"list\", \"write\"]"),
    }
}

/// That a call of the host is denied, and that the plugin gets to say so.
fn denied(stage: &mut Stage<'_>, plugin: &Plugin) -> Checked {
    stage.run(plugin)?;
    expect_code(&stage.host_answer("null")?, "denied")
}

/// That the host answered a call with an error of this code.
pub(super) fn expect_code(answer: &str, code: &str) -> Checked {
    let value: serde_json::Value = serde_json::from_str(answer).unwrap_or_default();
    crate::expect(
        value["error"]["code"] == code && value["error"]["message"].is_string(),
        || format!("an error with the code {code}"),
        || answer.to_owned(),
    )
}

/// Whether the plugin came to life. A host may refuse one of which nothing can be used.
fn usable(stage: &mut Stage<'_>, plugin: &Plugin) -> Result<bool, Stop> {
    let loaded: Answered<_> = stage.try_load(plugin)?;
    if let Err(refusal) = loaded {
        stage.refused::<()>(&[Denied, Component], Err(refusal))?;
        return Ok(false);
    }
    let started = stage.start()?;
    stage.done("the plugin to start", started)?;
    Ok(true)
}

/// Whether the tool is offered, and answers.
fn offers(stage: &mut Stage<'_>, plugin: &Plugin, offered: bool) -> Checked {
    if !usable(stage, plugin)? {
        return match offered {
            true => Err(Stop::fail("the plugin to be loaded", "it was refused")),
            false => Ok(()),
        };
    }
    let tool = stage.call("null")?;
    if offered {
        stage.done("the tool to answer", tool).map(|_| ())
    } else {
        stage.refused(&[Denied], tool)?;
        let loaded = stage.load(plugin)?;
        expect_eq(
            "whether the tool is offered",
            &false,
            &loaded.tools.contains(&TOOL.to_owned()),
        )
    }
}

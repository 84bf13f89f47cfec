//! Inspection: what of a package could be used under given grants, said before anything of it runs.

use super::super::door::{Ability, Row, Rows};
use super::plugin::{INGRESS, Plugin, TOOL};
use super::puppet::{Part, Puppet, echo};
use super::stage::Stage;
use super::{HostTest, must};
use crate::{Checked, Stop, expect, expect_eq, shown};

const INSPECTION: &str = "contracts/plugin.md#inspection";

type Made = fn() -> Plugin;

/// Whether something is asked for, granted, and could be used.
type Facts = (bool, bool, bool);

const USABLE: Facts = (true, true, true);
const NOT_GRANTED: Facts = (true, false, false);
const NOT_ASKED: Facts = (false, true, false);

const TOOL_DO: &str = "{ kind = \"tool\", name = \"do\" }";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.inspection.items",
            INSPECTION,
            "Each tool, service and ingress has a row under the name of its permission.",
            |stage| {
                let rows = examine(stage, &plugin().service("worker"))?;
                expect_eq("whether there is code", &true, &rows.runtime)?;
                row(&rows.tools, &format!("tool.{TOOL}"), USABLE)?;
                row(&rows.services, "service.worker", USABLE)?;
                row(&rows.ingresses, &format!("ingress.{INGRESS}"), USABLE)
            },
        ),
        must(
            "plugin.host.inspection.tool-not-granted",
            INSPECTION,
            "A tool that is asked for and not granted is shown so.",
            |stage| {
                let rows = examine(stage, &plugin().not_granted(TOOL_DO))?;
                row(&rows.tools, "tool.do", NOT_GRANTED)
            },
        ),
        must(
            "plugin.host.inspection.tool-not-asked",
            INSPECTION,
            "A tool that is granted and not asked for is shown so.",
            |stage| {
                let rows = examine(stage, &plugin().not_asking(TOOL_DO))?;
                row(&rows.tools, "tool.do", NOT_ASKED)
            },
        ),
        must(
            "plugin.host.inspection.namespace",
            INSPECTION,
            "A tool in a namespace that is asked for and granted could be used.",
            |stage| {
                let namespace = "{ kind = \"tool_namespace\", namespace = \"d\" }";
                let plugin = plugin()
                    .not_asking(TOOL_DO)
                    .not_granted(TOOL_DO)
                    .permission(namespace);
                let rows = examine(stage, &plugin)?;
                let tool = find(&rows.tools, "tool.do")?;
                expect(
                    tool.eligible,
                    || "a tool that could be used".to_owned(),
                    || shown(tool),
                )
            },
        ),
        must(
            "plugin.host.inspection.tool-breaks-a-rule",
            INSPECTION,
            "A tool whose schema breaks a rule, or whose name another has, could not be used, whatever is granted.",
            |stage| {
                let twice = plugin().undeclared_permission_tool(TOOL);
                let manifest = plugin().manifest_text();
                let schema = manifest.replace("type = \"object\"", "type = \"object\", minimum = 1");
                for plugin in [twice, plugin().manifest(schema)] {
                    let rows = examine(stage, &plugin)?;
                    for tool in &rows.tools {
                        expect_eq("whether the tool could be used", &false, &tool.eligible)?;
                    }
                    expect(
                        !rows.tools.is_empty(),
                        || "a row for the tool".to_owned(),
                        || "none".to_owned(),
                    )?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.inspection.nothing-granted",
            INSPECTION,
            "Where nothing is granted nothing could be used.",
            |stage| {
                let plugin = plugin().service("worker").host_api("fs").without_grants();
                let rows = examine(stage, &plugin)?;
                row(&rows.tools, "tool.do", NOT_GRANTED)?;
                row(&rows.services, "service.worker", NOT_GRANTED)?;
                row(&rows.ingresses, &format!("ingress.{INGRESS}"), NOT_GRANTED)?;
                row(&rows.host_apis, "host_api.fs", NOT_GRANTED)
            },
        ),
        must(
            "plugin.host.inspection.grants-for-another-plugin",
            INSPECTION,
            "Grants for another plugin let nothing be used.",
            |stage| {
                let binding = super::plugin::Binding {
                    id: Some("project:suite.other"),
                    version: Some(super::plugin::VERSION),
                    digest: super::plugin::Digest::OfThePackage,
                };
                let rows = examine(stage, &plugin().bound(binding))?;
                let tool = find(&rows.tools, "tool.do")?;
                expect_eq("whether the tool could be used", &false, &tool.eligible)
            },
        ),
        must(
            "plugin.host.inspection.without-code",
            INSPECTION,
            "A plugin without code is shown so.",
            |stage| {
                let manifest =
                    "schema_version = 1\nid = \"suite.puppet\"\nname = \"Puppet\"\nversion = \"1\"\n";
                let rows = examine(stage, &plugin().manifest(manifest))?;
                expect_eq("whether there is code", &false, &rows.runtime)
            },
        ),
        must(
            "plugin.host.inspection.nothing-runs",
            INSPECTION,
            "Nothing of a package is run for being looked at, and none of its code is looked at.",
            |stage| {
                let traps = Plugin::of(Puppet::tool(echo()).at_instantiation([Part::Trap]));
                let no_code = Plugin::bare(b"no component".as_slice(), "yoi:plugin/tool@1.0.0").tool(TOOL);
                for plugin in [traps, no_code] {
                    let rows = examine(stage, &plugin)?;
                    row(&rows.tools, "tool.do", USABLE)?;
                }
                Ok(())
            },
        ),
    ];
    for (id, says, plugin, permission, facts) in HOST_APIS {
        tests.push(must(id, INSPECTION, says, move |stage| {
            let rows = examine(stage, &plugin())?;
            row(&rows.host_apis, permission, *facts)
        }));
    }
    tests
}

const ASKED: &str =
    "[[request]]\nscheme = \"https\"\nhost = \"a.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1\"]";
const WIDER: &str = "[[request]]\nscheme = \"https\"\nhost = \"a.test\"\nmethods = [\"GET\", \"POST\"]\npath_prefixes = [\"/\"]";
const NARROWER: &str = "[[request]]\nscheme = \"https\"\nhost = \"a.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1/users\"]";
const OTHER: &str =
    "[[request]]\nscheme = \"https\"\nhost = \"b.test\"\nmethods = [\"GET\"]\npath_prefixes = [\"/v1\"]";
const SOCKET: &str = "[[websocket]]\nscheme = \"wss\"\nhost = \"a.test\"\npath_prefixes = [\"/live\"]";

/// Host APIs and their targets, and the facts of each.
const HOST_APIS: &[(&str, &str, Made, &str, Facts)] = &[
    (
        "plugin.host.inspection.host-api",
        "A host API that is asked for and granted could be used.",
        || requesting(ASKED, ASKED),
        "host_api.request",
        USABLE,
    ),
    (
        "plugin.host.inspection.host-api-not-granted",
        "A host API that is asked for and not granted is shown so.",
        || plugin().asks("{ kind = \"host_api\", api = \"request\" }"),
        "host_api.request",
        NOT_GRANTED,
    ),
    (
        "plugin.host.inspection.host-api-not-asked",
        "A host API that is granted and not asked for is shown so.",
        || plugin().granted("{ kind = \"host_api\", api = \"fs\" }"),
        "host_api.fs",
        NOT_ASKED,
    ),
    (
        "plugin.host.inspection.target-covered",
        "A target that a grant covers could be used.",
        || requesting(ASKED, WIDER),
        "host_api.request target https://a.test GET /v1",
        USABLE,
    ),
    (
        "plugin.host.inspection.target-met",
        "A target that a grant meets in part could be used.",
        || requesting(ASKED, NARROWER),
        "host_api.request target https://a.test GET /v1",
        USABLE,
    ),
    (
        "plugin.host.inspection.target-not-granted",
        "A target that no grant meets could not be used.",
        || requesting(ASKED, OTHER),
        "host_api.request target https://a.test GET /v1",
        NOT_GRANTED,
    ),
    (
        "plugin.host.inspection.grant-only",
        "A grant that nothing asks for gives nothing.",
        || requesting(ASKED, OTHER),
        "host_api.request grant-only https://b.test GET /v1",
        NOT_ASKED,
    ),
    (
        "plugin.host.inspection.grant-met",
        "A grant that meets what is asked for has its row.",
        || requesting(ASKED, WIDER),
        "host_api.request grant https://a.test GET,POST /",
        USABLE,
    ),
    (
        "plugin.host.inspection.websocket-target",
        "Targets of WebSockets have their rows as those of requests have.",
        || plugin().host_api("websocket").targets(SOCKET),
        "host_api.websocket target wss://a.test /live",
        USABLE,
    ),
];

/// A plugin with a tool and an ingress.
fn plugin() -> Plugin {
    Plugin::of(Puppet::instance())
}

fn requesting(asked: &str, granted: &str) -> Plugin {
    plugin()
        .host_api("request")
        .asks_for_targets(asked)
        .granted_targets(granted)
}

fn examine(stage: &mut Stage<'_>, plugin: &Plugin) -> Result<Rows, Stop> {
    stage.needs(Ability::Inspection)?;
    let rows = stage.examine(plugin)?;
    stage.done("the package to be looked at", rows)
}

fn find<'r>(rows: &'r [Row], permission: &str) -> Result<&'r Row, Stop> {
    let row = rows.iter().find(|row| row.permission == permission);
    row.ok_or_else(|| {
        let all: Vec<&str> = rows.iter().map(|row| row.permission.as_str()).collect();
        Stop::fail(format!("a row `{permission}`"), shown(&all))
    })
}

/// That the row of a permission says so.
fn row(rows: &[Row], permission: &str, wanted: Facts) -> Checked {
    let row = find(rows, permission)?;
    expect_eq(
        &format!("whether `{permission}` is asked for, granted, and could be used"),
        &wanted,
        &(row.requested, row.granted, row.eligible),
    )
}

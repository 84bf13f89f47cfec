//! Hosts that show something else of a package than what is in it.

use super::super::super::Mutant;
use super::super::{Broken, Fixed, also, altered_in, bound, mutant};
use super::without_component;
use crate::suites::plugin::door::{Ask, Done, Examine, Outcome, Refusal, RefusalKind, Row, Rows};
use crate::suites::plugin::host::plugin::FULL_ID;

pub(super) fn all() -> Vec<Mutant> {
    vec![
        also(
            mutant(
                "shows-no-services",
                "plugin.host.inspection.items",
                shows!(|_examine, rows| rows.services.clear()),
            ),
            &["plugin.host.inspection.nothing-granted"],
            "it has a service as well",
        ),
        also(
            mutant(
                "shows-what-is-asked-as-granted",
                "plugin.host.inspection.tool-not-granted",
                shows!(|_examine, rows| each(&mut rows.tools, |tool| tool.granted |= tool.requested)),
            ),
            &["plugin.host.inspection.nothing-granted"],
            "its tool is not granted either",
        ),
        mutant(
            "shows-what-is-granted-as-asked",
            "plugin.host.inspection.tool-not-asked",
            shows!(|_examine, rows| each(&mut rows.tools, |tool| tool.requested |= tool.granted)),
        ),
        mutant(
            "knows-no-namespaces",
            "plugin.host.inspection.namespace",
            shows!(|examine, rows| {
                if examine.grants.contains("tool_namespace") {
                    each(&mut rows.tools, |tool| tool.eligible = false);
                }
            }),
        ),
        mutant(
            "shows-any-schema-as-sound",
            "plugin.host.inspection.tool-breaks-a-rule",
            shows!(|examine, rows| {
                if examine.grants.contains(&format!("\"{FULL_ID}\"")) {
                    each(&mut rows.tools, |tool| {
                        tool.eligible = tool.requested && tool.granted;
                    });
                }
            }),
        ),
        mutant(
            "grants-itself-the-files",
            "plugin.host.inspection.nothing-granted",
            shows!(|_examine, rows| {
                grant(rows, |row| row.permission == "host_api.fs" && row.requested);
            }),
        ),
        mutant(
            "shows-grants-for-others",
            "plugin.host.inspection.grants-for-another-plugin",
            || {
                altered_in(&["examine"], |host, ask, _| match ask {
                    Ask::Examine(mut examine) => {
                        examine.grants = bound(&examine.grants, "id", FULL_ID);
                        host(&Ask::Examine(examine))
                    }
                    ask => host(&ask),
                })
            },
        ),
        mutant(
            "shows-code-where-there-is-none",
            "plugin.host.inspection.without-code",
            shows!(|_examine, rows| rows.runtime = true),
        ),
        mutant("looks-at-code", "plugin.host.inspection.nothing-runs", || {
            altered_in(&["examine"], |host, ask, _| match &ask {
                Ask::Examine(examine) if without_component(&examine.package).is_some() => {
                    Outcome::Refused(Refusal::new(RefusalKind::Component, "it is no component"))
                }
                ask => host(ask),
            })
        }),
        mutant(
            "uses-no-host-api",
            "plugin.host.inspection.host-api",
            shows!(|_examine, rows| {
                each(&mut rows.host_apis, |row| {
                    row.eligible &= row.permission != "host_api.request";
                });
            }),
        ),
        mutant(
            "grants-itself-requests",
            "plugin.host.inspection.host-api-not-granted",
            shows!(|_examine, rows| grant(rows, |row| row.permission == "host_api.request")),
        ),
        mutant(
            "hides-what-is-not-asked-for",
            "plugin.host.inspection.host-api-not-asked",
            shows!(|_examine, rows| {
                rows.host_apis
                    .retain(|row| row.requested || row.permission.contains(" grant-only "));
            }),
        ),
        mutant(
            "wants-grants-to-be-equal",
            "plugin.host.inspection.target-covered",
            shows!(|examine, rows| {
                if examine.grants.contains("\"POST\"") {
                    deny_targets(rows);
                }
            }),
        ),
        mutant(
            "wants-targets-to-be-covered",
            "plugin.host.inspection.target-met",
            shows!(|examine, rows| {
                if examine.grants.contains("/v1/") {
                    deny_targets(rows);
                }
            }),
        ),
        mutant(
            "shows-any-target-as-granted",
            "plugin.host.inspection.target-not-granted",
            shows!(|_examine, rows| grant(rows, |row| row.permission.contains(" target "))),
        ),
        mutant(
            "takes-any-grant-for-one",
            "plugin.host.inspection.grant-only",
            shows!(|_examine, rows| {
                each(&mut rows.host_apis, |row| {
                    row.permission = row.permission.replace(" grant-only ", " grant ");
                });
            }),
        ),
        mutant(
            "shows-no-grants",
            "plugin.host.inspection.grant-met",
            shows!(|_examine, rows| rows.host_apis.retain(|row| !row.permission.contains(" grant "))),
        ),
        mutant(
            "shows-no-sockets",
            "plugin.host.inspection.websocket-target",
            shows!(|_examine, rows| {
                rows.host_apis
                    .retain(|row| !row.permission.starts_with("host_api.websocket target"));
            }),
        ),
    ]
}

fn each(rows: &mut [Row], change: impl Fn(&mut Row)) {
    rows.iter_mut().for_each(change);
}

fn grant(rows: &mut Rows, which: impl Fn(&Row) -> bool) {
    for row in rows.host_apis.iter_mut().filter(|row| which(row)) {
        row.granted = true;
        row.eligible = true;
    }
}

fn deny_targets(rows: &mut Rows) {
    let targets = rows.host_apis.iter_mut();
    for row in targets.filter(|row| row.permission.contains(" target ")) {
        row.granted = false;
        row.eligible = false;
    }
}

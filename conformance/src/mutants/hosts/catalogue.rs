//! Hosts that are broken in what they say of plugins that they do not run.

use std::fs;
use std::path::Path;

use super::super::Mutant;
use super::{Broken, Fixed, also, altered_in, bound, mutant};
use crate::suites::plugin::door::{
    Ask, Done, Examine, Listed, Outcome, Plugins, Refusal, RefusalKind, Row, Rows, Standing, Survey, Trouble,
};
use crate::suites::plugin::host::plugin::FULL_ID;
use yoi_host::Profile;
use yoi_host::authority::Surface;
use yoi_host::package::Package;

/// One that tells something else of plugins than it should.
macro_rules! tells {
    (|$survey:ident, $told:ident| $change:expr) => {
        || -> Broken {
            let alter: Fixed = |host, ask, _| {
                let Ask::Survey($survey) = &ask else {
                    return host(&ask);
                };
                let mut outcome = host(&ask);
                if let Outcome::Done(Done::Plugins($told)) = &mut outcome {
                    let _: &Survey = $survey;
                    $change;
                }
                outcome
            };
            altered_in(&["survey"], alter)
        }
    };
}

/// One that shows something else of a package than it should.
macro_rules! shows {
    (|$examine:ident, $rows:ident| $change:expr) => {
        || -> Broken {
            let alter: Fixed = |host, ask, _| {
                let Ask::Examine($examine) = &ask else {
                    return host(&ask);
                };
                let mut outcome = host(&ask);
                if let Outcome::Done(Done::Rows($rows)) = &mut outcome {
                    let _: &Examine = $examine;
                    $change;
                }
                outcome
            };
            altered_in(&["examine"], alter)
        }
    };
}

pub(super) fn all() -> Vec<Mutant> {
    let mut all = stores();
    all.extend(enablement());
    all.extend(inspection());
    all
}

fn stores() -> Vec<Mutant> {
    vec![
        mutant(
            "knows-no-user",
            "plugin.host.stores.both",
            tells!(|_survey, told| {
                told.plugins
                    .retain(|plugin| plugin.digest.is_none() || !plugin.reference.starts_with("user:"));
            }),
        ),
        mutant(
            "digests-archives",
            "plugin.host.stores.digest",
            tells!(|survey, told| {
                for plugin in told.plugins.iter_mut().filter(|plugin| plugin.digest.is_some()) {
                    plugin.digest = Some(format!("sha256:{}", packages(survey).len()));
                }
            }),
        ),
        also(
            mutant(
                "turns-on-what-lies-there",
                "plugin.host.stores.off",
                tells!(|_survey, told| replace(told, Standing::Disabled, Standing::Active)),
            ),
            &[
                "plugin.host.stores.nothing-runs",
                "plugin.host.enablement.other-source",
            ],
            "what lies there is off there too",
        ),
        mutant(
            "misses-a-store",
            "plugin.host.stores.not-there",
            tells!(|survey, told| {
                if !survey.project.exists() && survey.enablement.is_empty() {
                    told.plugins.push(made_up("<global>", None));
                }
            }),
        ),
        mutant(
            "goes-by-file-names",
            "plugin.host.stores.another-file-name",
            tells!(|survey, told| {
                if let [only] = &packages(survey)[..]
                    && only.matches('.').count() > 1
                    && let Some(plugin) = told.plugins.first_mut()
                {
                    plugin.reference = format!("project:{}", only.trim_end_matches(".yoi-plugin"));
                }
            }),
        ),
        mutant(
            "takes-any-file",
            "plugin.host.stores.packages-only",
            tells!(|survey, told| {
                if survey.project.join("a.zip").exists() {
                    told.plugins.push(made_up(FULL_ID, Some("sha256:00")));
                }
            }),
        ),
        mutant(
            "gives-up-at-what-is-bad",
            "plugin.host.stores.bad-hides-none",
            tells!(|_survey, told| {
                if told.plugins.iter().any(is_bad_package) {
                    told.plugins.retain(is_bad_package);
                }
            }),
        ),
        mutant(
            "overlooks-folders",
            "plugin.host.stores.folder",
            tells!(|survey, told| {
                if survey.project.join("a.yoi-plugin").is_dir() {
                    told.plugins.clear();
                }
            }),
        ),
        mutant(
            "follows-links",
            "plugin.host.stores.link-out",
            tells!(|survey, told| {
                if survey.project.join("a.yoi-plugin").is_symlink() {
                    told.plugins.push(made_up(FULL_ID, Some("sha256:00")));
                }
            }),
        ),
        mutant(
            "takes-the-first",
            "plugin.host.stores.twice",
            tells!(|_survey, told| pardon(told, Trouble::Duplicate)),
        ),
        mutant(
            "reads-all-packages",
            "plugin.host.stores.as-many-as-allowed",
            tells!(|survey, told| {
                if packages(survey).len() > 128 {
                    told.plugins.push(made_up("project:many.n128", Some("sha256:00")));
                }
            }),
        ),
        mutant(
            "lists-components-only",
            "plugin.host.stores.nothing-runs",
            tells!(|survey, told| {
                for name in packages(survey) {
                    if let Some(id) = without_component(&survey.project.join(name)) {
                        told.plugins
                            .retain(|plugin| plugin.reference != format!("project:{id}"));
                    }
                }
            }),
        ),
    ]
}

fn enablement() -> Vec<Mutant> {
    vec![
        mutant(
            "leaves-ingresses-out",
            "plugin.host.enablement.active",
            tells!(|_survey, told| {
                for plugin in &mut told.plugins {
                    plugin.surfaces.retain(|surface| *surface != Surface::Ingress);
                }
            }),
        ),
        mutant(
            "turns-all-surfaces-on",
            "plugin.host.enablement.some-surfaces",
            tells!(|_survey, told| {
                for plugin in &mut told.plugins {
                    if plugin.surfaces == [Surface::Tool] {
                        plugin.surfaces.push(Surface::Ingress);
                    }
                }
            }),
        ),
        mutant(
            "wants-all-granted",
            "plugin.host.enablement.other-surface-needs-no-grant",
            tells!(|survey, told| {
                if !survey.enablement.contains("kind = \"ingress\"") {
                    replace(told, Standing::Active, Standing::Partial);
                }
            }),
        ),
        mutant(
            "fits-no-pin",
            "plugin.host.enablement.pinned",
            tells!(|survey, told| {
                if pins(survey).contains("digest = ") {
                    replace(told, Standing::Active, Standing::Rejected);
                }
            }),
        ),
        mutant(
            "uses-what-is-not-granted",
            "plugin.host.enablement.nothing-granted",
            tells!(|survey, told| {
                if !survey.enablement.contains("grants") {
                    pardon(told, Trouble::StaticEligibility);
                }
            }),
        ),
        mutant(
            "takes-some-for-all",
            "plugin.host.enablement.partial",
            tells!(|_survey, told| replace(told, Standing::Partial, Standing::Active)),
        ),
        also(
            mutant(
                "refuses-what-is-not-there",
                "plugin.host.enablement.not-there",
                tells!(|_survey, told| replace(told, Standing::Missing, Standing::Rejected)),
            ),
            &["plugin.host.enablement.other-source"],
            "there it is missing as well",
        ),
        mutant(
            "turns-on-any-source",
            "plugin.host.enablement.other-source",
            tells!(|survey, told| {
                if survey.enablement.contains("id = \"user:suite.puppet\"") {
                    replace(told, Standing::Disabled, Standing::Active);
                }
            }),
        ),
        mutant(
            "looks-at-surfaces-first",
            "plugin.host.enablement.digest-comes-first",
            tells!(|survey, told| {
                if pins(survey).contains("surfaces = [\"hook\"]") {
                    for plugin in &mut told.plugins {
                        plugin.troubles = vec![Trouble::Surface];
                    }
                }
            }),
        ),
        mutant(
            "uses-all-or-nothing",
            "plugin.host.enablement.one-does-not-hinder-another",
            tells!(|_survey, told| {
                let is_refused = |plugin: &Listed| plugin.standing == Standing::Rejected;
                if told.plugins.iter().any(is_refused) {
                    replace(told, Standing::Active, Standing::Rejected);
                }
            }),
        ),
        mutant(
            "is-always-on",
            "plugin.host.enablement.off-unless-said",
            tells!(|_survey, told| told.on = true),
        ),
        also(
            mutant(
                "overlooks-pinned-digests",
                "plugin.host.enablement.other-digest",
                tells!(|_survey, told| pardon(told, Trouble::Digest)),
            ),
            &["plugin.host.enablement.digest-comes-first"],
            "it pins a digest as well",
        ),
        mutant(
            "overlooks-pinned-versions",
            "plugin.host.enablement.other-version",
            tells!(|_survey, told| pardon(told, Trouble::Version)),
        ),
        mutant(
            "turns-on-any-surface",
            "plugin.host.enablement.undeclared-surface",
            tells!(|_survey, told| pardon(told, Trouble::Surface)),
        ),
        mutant(
            "guesses-sources",
            "plugin.host.enablement.no-source",
            tells!(|_survey, told| pardon(told, Trouble::Ambiguous)),
        ),
        mutant(
            "knows-any-source",
            "plugin.host.enablement.unknown-source",
            tells!(|survey, told| {
                if survey.enablement.contains("elsewhere:") {
                    replace(told, Standing::Rejected, Standing::Missing);
                }
            }),
        ),
        mutant(
            "takes-any-id",
            "plugin.host.enablement.unsafe-id",
            tells!(|survey, told| {
                if survey.enablement.contains("../") {
                    replace(told, Standing::Rejected, Standing::Missing);
                }
            }),
        ),
        also(
            mutant(
                "overlooks-what-grants-are-for",
                "plugin.host.enablement.grants-for-another-plugin",
                tells!(|_survey, told| pardon(told, Trouble::Grant)),
            ),
            &[
                "plugin.host.enablement.grants-for-another-version",
                "plugin.host.enablement.grants-for-another-content",
                "plugin.host.enablement.grants-for-nothing",
            ],
            "their grants are for something else as well",
        ),
        also(
            mutant("reads-what-it-can", "plugin.host.enablement.not-toml", || {
                altered_in(&["survey"], |host, ask, _| match host(&ask) {
                    Outcome::Refused(_) => Outcome::Done(Done::Plugins(Plugins {
                        on: false,
                        plugins: Vec::new(),
                    })),
                    other => other,
                })
            }),
            &[
                "plugin.host.enablement.unknown-field",
                "plugin.host.enablement.unknown-operation",
            ],
            "they cannot be read either",
        ),
        mutant(
            "overlooks-unknown-fields",
            "plugin.host.enablement.unknown-field",
            || {
                altered_in(&["survey"], |host, ask, _| match ask {
                    Ask::Survey(mut survey) => {
                        survey.enablement = survey.enablement.replace("priority = 1\n", "");
                        host(&Ask::Survey(survey))
                    }
                    ask => host(&ask),
                })
            },
        ),
        mutant(
            "grants-unknown-operations",
            "plugin.host.enablement.unknown-operation",
            || {
                altered_in(&["survey"], |host, ask, _| match ask {
                    Ask::Survey(mut survey) => {
                        survey.enablement = survey.enablement.replace("\"execute\"", "\"read\"");
                        host(&Ask::Survey(survey))
                    }
                    ask => host(&ask),
                })
            },
        ),
    ]
}

fn inspection() -> Vec<Mutant> {
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

fn replace(told: &mut Plugins, from: Standing, to: Standing) {
    let plugins = told.plugins.iter_mut();
    plugins
        .filter(|plugin| plugin.standing == from)
        .for_each(|plugin| plugin.standing = to);
}

/// Plugins with this trouble, as if there were none.
fn pardon(told: &mut Plugins, trouble: Trouble) {
    let plugins = told.plugins.iter_mut();
    for plugin in plugins.filter(|plugin| plugin.troubles.contains(&trouble)) {
        plugin.standing = Standing::Active;
        plugin.troubles.clear();
    }
}

/// What an enablement says before its grants.
fn pins(survey: &Survey) -> &str {
    let text = survey.enablement.as_str();
    text.split("[plugins.enabled.grants]").next().unwrap_or(text)
}

/// The names in the store of the project, sorted.
fn packages(survey: &Survey) -> Vec<String> {
    let entries = fs::read_dir(&survey.project).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn is_bad_package(plugin: &Listed) -> bool {
    plugin.digest.is_none()
        && plugin.reference.starts_with("project:")
        && plugin.troubles.contains(&Trouble::Malformed)
}

fn made_up(reference: &str, digest: Option<&str>) -> Listed {
    Listed {
        reference: reference.to_owned(),
        standing: Standing::Disabled,
        version: None,
        digest: digest.map(str::to_owned),
        surfaces: Vec::new(),
        tools: Vec::new(),
        troubles: Vec::new(),
    }
}

/// The id of a package whose component is none.
fn without_component(path: &Path) -> Option<String> {
    let package = Package::open(path, Profile::Documented).ok()?;
    let component = package.component()?;
    (!component.starts_with(b"\0asm")).then(|| package.manifest.declared().id.clone())
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

//! Hosts that turn on what nobody turned on, or not what somebody did.

use yoi_host::authority::Surface;

use super::super::super::Mutant;
use super::super::{Broken, Fixed, also, altered_in, mutant};
use super::{pardon, replace};
use crate::suites::plugin::door::{Ask, Done, Listed, Outcome, Plugins, Standing, Survey, Trouble};

pub(super) fn all() -> Vec<Mutant> {
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

/// What an enablement says before its grants.
fn pins(survey: &Survey) -> &str {
    let text = survey.enablement.as_str();
    text.split("[plugins.enabled.grants]").next().unwrap_or(text)
}

//! Enablement: what a person turns on, whether a package is the one meant, and what becomes of it.

use super::super::door::{Plugins, RefusalKind, Standing, Trouble};
use super::plugin::{Binding, Digest, FULL_ID, INGRESS, Plugin, TOOL, VERSION};
use super::puppet::{Puppet, echo};
use super::stage::Stage;
use super::stores::{listed, stands, survey, troubled};
use super::{HostTest, must};
use crate::{Stop, expect, expect_eq, shown};

const ENABLEMENT: &str = "contracts/plugin.md#enablement";

/// A digest that no package has.
const OTHER_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.enablement.active",
            ENABLEMENT,
            "A plugin that is turned on, and granted what it declares, is active with all its surfaces.",
            |stage| {
                let found = enabled(stage, &plugin(), FULL_ID, "")?;
                let plugin = listed(&found, FULL_ID)?;
                stands(plugin, Standing::Active)?;
                let surfaces: Vec<&str> = plugin.surfaces.iter().map(|surface| surface.name()).collect();
                for surface in ["tool", "ingress"] {
                    expect(
                        surfaces.contains(&surface),
                        || format!("the surface `{surface}`"),
                        || shown(&surfaces),
                    )?;
                }
                expect_eq("its tools", &vec![TOOL.to_owned()], &plugin.tools)
            },
        ),
        must(
            "plugin.host.enablement.some-surfaces",
            ENABLEMENT,
            "A plugin takes part with the surfaces that are named, where any are.",
            |stage| {
                let found = enabled(stage, &plugin(), FULL_ID, "surfaces = [\"tool\"]\n")?;
                let plugin = listed(&found, FULL_ID)?;
                stands(plugin, Standing::Active)?;
                let surfaces: Vec<&str> = plugin.surfaces.iter().map(|surface| surface.name()).collect();
                expect_eq("its surfaces", &vec!["tool"], &surfaces)
            },
        ),
        must(
            "plugin.host.enablement.other-surface-needs-no-grant",
            ENABLEMENT,
            "What is not turned on of a plugin needs no grant.",
            |stage| {
                let ungranted = plugin()
                    .not_granted(&format!("{{ kind = \"ingress\", name = \"{INGRESS}\" }}"))
                    .not_granted("{ kind = \"surface\", surface = \"ingress\" }");
                let found = enabled(stage, &ungranted, FULL_ID, "surfaces = [\"tool\"]\n")?;
                stands(listed(&found, FULL_ID)?, Standing::Active)
            },
        ),
        must(
            "plugin.host.enablement.pinned",
            ENABLEMENT,
            "A digest and a version that are wanted are those of the package, exactly.",
            |stage| {
                let packed = plugin().package(&[]);
                let package = stage.inspect(&packed.archive)?;
                let package = stage.done("the package to be read", package)?;
                let pins = format!("version = \"{VERSION}\"\ndigest = \"{}\"\n", package.digest);
                let found = enabled(stage, &plugin(), FULL_ID, &pins)?;
                stands(listed(&found, FULL_ID)?, Standing::Active)
            },
        ),
        must(
            "plugin.host.enablement.nothing-granted",
            ENABLEMENT,
            "A plugin to which nothing is granted is not used.",
            |stage| {
                let found = survey(
                    stage,
                    &[("project/a.yoi-plugin", &plugin().package(&[]).archive)],
                    &entry(FULL_ID, ""),
                )?;
                let plugin = listed(&found, FULL_ID)?;
                stands(plugin, Standing::Rejected)?;
                expect_eq("its tools", &Vec::<String>::new(), &plugin.tools)
            },
        ),
        must(
            "plugin.host.enablement.partial",
            ENABLEMENT,
            "Of a plugin of which some tools are granted, those are used.",
            |stage| {
                let more = plugin()
                    .undeclared_permission_tool("more")
                    .asks("{ kind = \"tool\", name = \"more\" }");
                let found = enabled(stage, &more, FULL_ID, "")?;
                let plugin = listed(&found, FULL_ID)?;
                stands(plugin, Standing::Partial)?;
                expect_eq("its tools", &vec![TOOL.to_owned()], &plugin.tools)
            },
        ),
        must(
            "plugin.host.enablement.not-there",
            ENABLEMENT,
            "A plugin that is turned on and not there is missing.",
            |stage| {
                for reference in ["user:no.such", "project:no.such", "builtin:no.such"] {
                    let found = survey(stage, &[], &entry(reference, ""))?;
                    let plugin = listed(&found, reference)?;
                    stands(plugin, Standing::Missing)?;
                    troubled(plugin, Trouble::Missing)?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.enablement.other-source",
            ENABLEMENT,
            "A plugin of another source is not the one that is turned on.",
            |stage| {
                let found = enabled(stage, &plugin(), "user:suite.puppet", "")?;
                stands(listed(&found, "user:suite.puppet")?, Standing::Missing)?;
                stands(listed(&found, FULL_ID)?, Standing::Disabled)
            },
        ),
        must(
            "plugin.host.enablement.digest-comes-first",
            ENABLEMENT,
            "Content that is not meant is refused as such, whatever else does not fit.",
            |stage| {
                let pins = format!("version = \"9\"\ndigest = \"{OTHER_DIGEST}\"\nsurfaces = [\"hook\"]\n");
                let found = enabled(stage, &plugin(), FULL_ID, &pins)?;
                let plugin = listed(&found, FULL_ID)?;
                stands(plugin, Standing::Rejected)?;
                troubled(plugin, Trouble::Digest)
            },
        ),
        must(
            "plugin.host.enablement.one-does-not-hinder-another",
            ENABLEMENT,
            "What is wrong with one entry keeps no other from being used.",
            |stage| {
                let packed = plugin().package(&[]);
                let enablement = format!(
                    "{}\n{}\n{}",
                    entry("suite.puppet", ""),
                    entry(FULL_ID, &grants(&packed.grants)),
                    entry("user:no.such", ""),
                );
                let found = survey(stage, &[("project/a.yoi-plugin", &packed.archive)], &enablement)?;
                stands(listed(&found, FULL_ID)?, Standing::Active)
            },
        ),
        must(
            "plugin.host.enablement.off-unless-said",
            ENABLEMENT,
            "Plugins run where `feature.plugins.enabled` says so, and not otherwise.",
            |stage| {
                for (enablement, on) in [
                    ("", false),
                    ("[feature.plugins]\nenabled = false\n", false),
                    ("[feature.plugins]\nenabled = true\n", true),
                ] {
                    let found = survey(stage, &[], enablement)?;
                    expect_eq("whether plugins run", &on, &found.on)?;
                }
                Ok(())
            },
        ),
    ];
    for (id, says, lines, trouble) in REFUSED {
        tests.push(must(id, ENABLEMENT, says, move |stage| {
            let found = enabled(stage, &plugin(), FULL_ID, lines)?;
            let plugin = listed(&found, FULL_ID)?;
            stands(plugin, Standing::Rejected)?;
            troubled(plugin, *trouble)
        }));
    }
    for (id, says, reference, trouble) in NO_IDS {
        tests.push(must(id, ENABLEMENT, says, move |stage| {
            let found = survey(stage, &[], &entry(reference, ""))?;
            let plugin = listed(&found, reference)?;
            stands(plugin, Standing::Rejected)?;
            troubled(plugin, *trouble)
        }));
    }
    for (id, says, binding) in UNBOUND {
        tests.push(must(id, ENABLEMENT, says, move |stage| {
            let found = enabled(stage, &plugin().bound(binding.clone()), FULL_ID, "")?;
            let plugin = listed(&found, FULL_ID)?;
            stands(plugin, Standing::Rejected)?;
            troubled(plugin, Trouble::Grant)
        }));
    }
    for (id, says, text) in UNREADABLE {
        tests.push(must(id, ENABLEMENT, says, move |stage| {
            stage.needs(super::super::door::Ability::Stores)?;
            let found = stage.survey(text)?;
            stage.refused(&[RefusalKind::Input], found).map(|_| ())
        }));
    }
    tests
}

/// What a package is not, or does not have.
const REFUSED: &[(&str, &str, &str, Trouble)] = &[
    (
        "plugin.host.enablement.other-digest",
        "Content of another digest than the one that is wanted is not used.",
        "digest = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"\n",
        Trouble::Digest,
    ),
    (
        "plugin.host.enablement.other-version",
        "A version other than the one that is wanted is not used.",
        "version = \"1.0\"\n",
        Trouble::Version,
    ),
    (
        "plugin.host.enablement.undeclared-surface",
        "A surface that the plugin does not declare cannot be turned on.",
        "surfaces = [\"tool\", \"hook\"]\n",
        Trouble::Surface,
    ),
];

/// What names no plugin.
const NO_IDS: &[(&str, &str, &str, Trouble)] = &[
    (
        "plugin.host.enablement.no-source",
        "An id without its source turns nothing on.",
        "suite.puppet",
        Trouble::Ambiguous,
    ),
    (
        "plugin.host.enablement.unknown-source",
        "There are three sources and no others.",
        "elsewhere:suite.puppet",
        Trouble::Malformed,
    ),
    (
        "plugin.host.enablement.unsafe-id",
        "An id has no parts but those of a safe one.",
        "project:../suite",
        Trouble::Malformed,
    ),
];

/// Grants that are for something else.
const UNBOUND: &[(&str, &str, Binding)] = &[
    (
        "plugin.host.enablement.grants-for-another-plugin",
        "A plugin with grants for another one is not used.",
        Binding {
            id: Some("project:suite.other"),
            version: Some(VERSION),
            digest: Digest::OfThePackage,
        },
    ),
    (
        "plugin.host.enablement.grants-for-another-version",
        "A plugin with grants for another version is not used.",
        Binding {
            id: Some(FULL_ID),
            version: Some("0.9"),
            digest: Digest::OfThePackage,
        },
    ),
    (
        "plugin.host.enablement.grants-for-another-content",
        "A plugin with grants for other content is not used.",
        Binding {
            id: Some(FULL_ID),
            version: Some(VERSION),
            digest: Digest::Other(OTHER_DIGEST),
        },
    ),
    (
        "plugin.host.enablement.grants-for-nothing",
        "Grants that do not say what they are for are worth nothing.",
        Binding {
            id: None,
            version: Some(VERSION),
            digest: Digest::OfThePackage,
        },
    ),
];

/// What is no enablement at all.
const UNREADABLE: &[(&str, &str, &str)] = &[
    (
        "plugin.host.enablement.not-toml",
        "What cannot be read turns nothing on, and is refused.",
        "[[plugins.enabled]\nid = ",
    ),
    (
        "plugin.host.enablement.unknown-field",
        "An entry has the fields of the contract and no others.",
        "[[plugins.enabled]]\nid = \"project:suite.puppet\"\npriority = 1\n",
    ),
    (
        "plugin.host.enablement.unknown-operation",
        "A grant has the words of the contract and no others.",
        "[[plugins.enabled]]\nid = \"project:suite.puppet\"\n[[plugins.enabled.grants.fs]]\nroot = \"/\"\noperations = [\"execute\"]\n",
    ),
];

/// A plugin with a tool and an ingress.
fn plugin() -> Plugin {
    Plugin::of(Puppet::instance().doing("handle-tool", echo()))
}

/// What becomes of this plugin, which lies in the store of the project, where that id is turned on with its grants.
fn enabled(stage: &mut Stage<'_>, plugin: &Plugin, id: &str, lines: &str) -> Result<Plugins, Stop> {
    let packed = plugin.package(&[]);
    let enablement = entry(id, &format!("{lines}{}", grants(&packed.grants)));
    survey(stage, &[("project/a.yoi-plugin", &packed.archive)], &enablement)
}

/// An entry that turns a plugin on, with these lines in it.
pub(super) fn entry(id: &str, lines: &str) -> String {
    format!("[[plugins.enabled]]\nid = \"{id}\"\n{lines}")
}

/// The content of a grants file as the grants of an entry.
fn grants(file: &str) -> String {
    let tables = file.replace("[[", "[[plugins.enabled.grants.");
    format!("[plugins.enabled.grants]\n{tables}")
}

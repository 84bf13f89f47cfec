//! The stores: which packages lie there, and that nothing of them is run for it.

use std::fs;
use std::os::unix::fs::symlink;

use super::super::door::{Ability, Listed, Plugins, Standing, Trouble};
use super::plugin::{FULL_ID, Plugin, VERSION};
use super::puppet::{Part, Puppet, echo};
use super::stage::{Stage, expect_text};
use super::zip::{Entry, Zip};
use super::{HostTest, must};
use crate::verdict::word;
use crate::{Checked, Stop, expect, expect_eq, shown};

const STORES: &str = "contracts/plugin.md#stores";

/// Packages of one store that are looked at.
const PACKAGES: usize = 128;

pub(super) fn tests() -> Vec<HostTest> {
    vec![
        must(
            "plugin.host.stores.both",
            STORES,
            "Packages of the user and of the project are found, each under the source of its store.",
            |stage| {
                let archive = sound();
                let found = look(
                    stage,
                    &[
                        ("user/a.yoi-plugin", &archive),
                        ("project/b.yoi-plugin", &archive),
                    ],
                )?;
                for reference in ["user:suite.puppet", FULL_ID] {
                    let plugin = listed(&found, reference)?;
                    expect_text("its version", VERSION, plugin.version.as_deref())?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.stores.digest",
            STORES,
            "What is found is known by its content.",
            |stage| {
                let archive = sound();
                let package = stage.inspect(&archive)?;
                let package = stage.done("the package to be read", package)?;
                let found = look(stage, &[("project/a.yoi-plugin", &archive)])?;
                let plugin = listed(&found, FULL_ID)?;
                expect_text("its digest", &package.digest, plugin.digest.as_deref())
            },
        ),
        must(
            "plugin.host.stores.off",
            STORES,
            "That a package lies there turns nothing on.",
            |stage| {
                let found = look(stage, &[("project/a.yoi-plugin", &sound())])?;
                let plugin = listed(&found, FULL_ID)?;
                stands(plugin, Standing::Disabled)?;
                expect_eq("its tools", &Vec::<String>::new(), &plugin.tools)
            },
        ),
        must(
            "plugin.host.stores.not-there",
            STORES,
            "A store that is not there is empty.",
            |stage| {
                let found = look(stage, &[])?;
                expect_eq("what was found", &Vec::new(), &found.plugins)
            },
        ),
        must(
            "plugin.host.stores.another-file-name",
            STORES,
            "A package is known by its manifest, whatever its file is called.",
            |stage| {
                let found = look(stage, &[("project/other.name.yoi-plugin", &sound())])?;
                listed(&found, FULL_ID).map(|_| ())
            },
        ),
        must(
            "plugin.host.stores.packages-only",
            STORES,
            "The packages of a store are the files directly in it that are called `*.yoi-plugin`.",
            |stage| {
                let archive = sound();
                fs::create_dir_all(stage.folder().join("project/below")).map_err(harness)?;
                let found = look(
                    stage,
                    &[
                        ("project/a.zip", &archive),
                        ("project/yoi-plugin", &archive),
                        ("project/a.yoi-plugin.bak", &archive),
                        ("project/below/a.yoi-plugin", &archive),
                    ],
                )?;
                absent(&found, FULL_ID)
            },
        ),
        must(
            "plugin.host.stores.bad-hides-none",
            STORES,
            "What is no package is refused, and hides nothing beside it.",
            |stage| {
                let found = look(
                    stage,
                    &[
                        ("project/a.yoi-plugin", b"no archive"),
                        ("project/b.yoi-plugin", &sound()),
                        ("project/c.yoi-plugin", b""),
                    ],
                )?;
                listed(&found, FULL_ID)?;
                for reference in ["project:a", "project:c"] {
                    let bad = listed(&found, reference)?;
                    stands(bad, Standing::Rejected)?;
                    troubled(bad, Trouble::Malformed)?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.stores.folder",
            STORES,
            "A folder is no package, whatever it is called.",
            |stage| {
                fs::create_dir_all(stage.folder().join("project/a.yoi-plugin")).map_err(harness)?;
                let found = look(stage, &[])?;
                let bad = listed(&found, "project:a")?;
                stands(bad, Standing::Rejected)?;
                troubled(bad, Trouble::Malformed)
            },
        ),
        must(
            "plugin.host.stores.link-out",
            STORES,
            "A link out of the store is not followed.",
            |stage| {
                let folder = stage.folder();
                fs::create_dir_all(folder.join("project")).map_err(harness)?;
                fs::write(folder.join("outside.yoi-plugin"), sound()).map_err(harness)?;
                symlink(
                    folder.join("outside.yoi-plugin"),
                    folder.join("project/a.yoi-plugin"),
                )
                .map_err(harness)?;
                let found = look(stage, &[])?;
                absent(&found, FULL_ID)?;
                troubled(listed(&found, "project:a")?, Trouble::Traversal)
            },
        ),
        must(
            "plugin.host.stores.twice",
            STORES,
            "Of two packages of one plugin in a store neither is taken.",
            |stage| {
                let archive = sound();
                let packages = [
                    ("project/a.yoi-plugin", archive.as_slice()),
                    ("project/b.yoi-plugin", &archive),
                ];
                let found = survey(stage, &packages, &super::enablement::entry(FULL_ID, ""))?;
                let plugin = listed(&found, FULL_ID)?;
                stands(plugin, Standing::Rejected)?;
                troubled(plugin, Trouble::Duplicate)
            },
        ),
        must(
            "plugin.host.stores.as-many-as-allowed",
            STORES,
            "Of a store 128 packages are read, the first by name, and it is said that there are more.",
            |stage| {
                let archives: Vec<(String, Vec<u8>)> = (0..=PACKAGES)
                    .map(|n| {
                        (
                            format!("project/{n:03}.yoi-plugin"),
                            named(&format!("many.n{n:03}")),
                        )
                    })
                    .collect();
                let packages: Vec<(&str, &[u8])> = archives
                    .iter()
                    .map(|(path, archive)| (path.as_str(), archive.as_slice()))
                    .collect();
                let found = look(stage, &packages)?;
                listed(&found, "project:many.n000")?;
                listed(&found, "project:many.n127")?;
                absent(&found, "project:many.n128")?;
                expect(
                    found
                        .plugins
                        .iter()
                        .any(|plugin| plugin.troubles.contains(&Trouble::Bounds)),
                    || "to be told that there are too many".to_owned(),
                    || "nothing of that".to_owned(),
                )
            },
        ),
        must(
            "plugin.host.stores.nothing-runs",
            STORES,
            "Nothing of a package is run for being found, and none of its code is looked at.",
            |stage| {
                let traps = Plugin::of(Puppet::tool(echo()).at_instantiation([Part::Trap]));
                let no_code = Plugin::bare(b"no component".as_slice(), "yoi:plugin/tool@1.0.0")
                    .manifest(manifest_of("no.code", "component = \"puppet.wasm\""));
                let found = look(
                    stage,
                    &[
                        ("project/a.yoi-plugin", &traps.package(&[]).archive),
                        ("project/b.yoi-plugin", &no_code.package(&[]).archive),
                    ],
                )?;
                stands(listed(&found, FULL_ID)?, Standing::Disabled)?;
                stands(listed(&found, "project:no.code")?, Standing::Disabled)
            },
        ),
    ]
}

/// The package of a sound plugin.
fn sound() -> Vec<u8> {
    Plugin::of(Puppet::tool(echo())).package(&[]).archive
}

/// A small package without code.
fn named(id: &str) -> Vec<u8> {
    let manifest = format!("schema_version = 1\nid = \"{id}\"\nname = \"One of many\"\nversion = \"1\"\n");
    Zip::new([Entry::new("plugin.toml", manifest)]).build()
}

fn manifest_of(id: &str, component: &str) -> String {
    format!(
        "schema_version = 1\nid = \"{id}\"\nname = \"Puppet\"\nversion = \"1\"\n\n[runtime]\nkind = \"wasm-component\"\n{component}\nworld = \"yoi:plugin/tool@1.0.0\"\n"
    )
}

/// What the host finds where these packages lie and nothing is turned on.
fn look(stage: &mut Stage<'_>, packages: &[(&str, &[u8])]) -> Result<Plugins, Stop> {
    survey(stage, packages, "")
}

/// What becomes of these packages where this is turned on.
pub(super) fn survey(
    stage: &mut Stage<'_>,
    packages: &[(&str, &[u8])],
    enablement: &str,
) -> Result<Plugins, Stop> {
    stage.needs(Ability::Stores)?;
    let folder = stage.folder();
    for (path, archive) in packages {
        let path = folder.join(path);
        if let Some(store) = path.parent() {
            fs::create_dir_all(store).map_err(harness)?;
        }
        fs::write(path, archive).map_err(harness)?;
    }
    let found = stage.survey(enablement)?;
    stage.done("to be told of the plugins", found)
}

/// The plugin of this reference.
pub(super) fn listed<'p>(found: &'p Plugins, reference: &str) -> Result<&'p Listed, Stop> {
    let plugin = found.plugins.iter().find(|plugin| plugin.reference == reference);
    plugin.ok_or_else(|| {
        let all: Vec<&str> = found
            .plugins
            .iter()
            .map(|plugin| plugin.reference.as_str())
            .collect();
        Stop::fail(format!("`{reference}` among the plugins"), shown(&all))
    })
}

/// That there is no usable package of this reference.
fn absent(found: &Plugins, reference: &str) -> Checked {
    let plugin = found.plugins.iter().find(|plugin| plugin.reference == reference);
    expect(
        plugin.is_none_or(|plugin| plugin.digest.is_none()),
        || format!("no package of `{reference}`"),
        || shown(&plugin),
    )
}

pub(super) fn stands(plugin: &Listed, wanted: Standing) -> Checked {
    expect(
        plugin.standing == wanted,
        || format!("`{}` to be {}", plugin.reference, word(&wanted)),
        || format!("{} ({})", word(&plugin.standing), shown(&plugin.troubles)),
    )
}

pub(super) fn troubled(plugin: &Listed, wanted: Trouble) -> Checked {
    expect(
        plugin.troubles.contains(&wanted),
        || {
            format!(
                "`{}` among what is wrong with `{}`",
                word(&wanted),
                plugin.reference
            )
        },
        || shown(&plugin.troubles),
    )
}

fn harness(error: std::io::Error) -> Stop {
    Stop::Harness(format!("a store cannot be laid out: {error}"))
}

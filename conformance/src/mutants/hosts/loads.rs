//! Hosts that are broken in what they load: packages, grants, targets and manifests.

use std::fs;

use super::super::Mutant;
use super::{Broken, also, altered_in, bound, digest_of, mutant, pardoned, rewritten, says, some_package};
use crate::suites::plugin::HostTarget;
use crate::suites::plugin::door::{Ask, Done, InProcess, Load, Outcome, Refusal, RefusalKind};
use crate::suites::plugin::host::plugin::{FULL_ID, VERSION};

pub(super) fn all() -> Vec<Mutant> {
    vec![
        // Packages.
        also(
            mutant("writes-digests-large", "plugin.host.digest.golden", || {
                altered_in(&["inspect"], |host, ask, _| match host(&ask) {
                    Outcome::Done(Done::Package(mut package)) => {
                        package.digest = package.digest.to_uppercase();
                        Outcome::Done(Done::Package(package))
                    }
                    other => other,
                })
            }),
            &[
                "plugin.host.digest.order",
                "plugin.host.digest.metadata",
                "plugin.host.stores.digest",
                "plugin.host.enablement.pinned",
            ],
            "they compare with the same digest",
        ),
        mutant("digests-nothing", "plugin.host.digest.every-file", || {
            altered_in(&["inspect"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Package(mut package)) if package.id == "suite.package" => {
                    package.digest = "sha256:00".to_owned();
                    Outcome::Done(Done::Package(package))
                }
                other => other,
            })
        }),
        mutant(
            "takes-a-path-twice",
            "plugin.host.packages.duplicate",
            takes_package!("twice"),
        ),
        mutant(
            "takes-encrypted-entries",
            "plugin.host.packages.encrypted",
            takes_package!("encrypted"),
        ),
        mutant("takes-links", "plugin.host.packages.link", takes_package!("link")),
        // Grants.
        also(
            mutant(
                "overlooks-the-version",
                "plugin.host.grant-binding.other-version",
                changes_load!(|load| {
                    if load.grants.contains("digest = ") {
                        load.grants = bound(&load.grants, "version", VERSION);
                    }
                }),
            ),
            &[
                "plugin.host.grant-binding.no-version",
                "plugin.host.grant-binding.version-is-text",
            ],
            "they are about the version as well",
        ),
        also(
            mutant(
                "overlooks-the-id",
                "plugin.host.grant-binding.other-id",
                changes_load!(|load| {
                    if load.grants.contains("digest = ") {
                        load.grants = bound(&load.grants, "id", FULL_ID);
                    }
                }),
            ),
            &[
                "plugin.host.grant-binding.no-id",
                "plugin.host.grant-binding.other-source",
                "plugin.host.grant-binding.id-without-source",
            ],
            "they are about the id as well",
        ),
        also(
            mutant(
                "overlooks-the-digest",
                "plugin.host.grant-binding.other-digest",
                changes_load!(|load| {
                    if let Some(digest) = digest_of(load)
                        && load.grants.contains("version = ")
                    {
                        load.grants = bound(&load.grants, "digest", &digest);
                    }
                }),
            ),
            &["plugin.host.grant-binding.no-digest"],
            "it is about the digest as well",
        ),
        also(
            mutant(
                "grants-the-tool-unasked",
                "plugin.host.permissions.tool-not-granted",
                changes_load!(|load| {
                    load.grants = load.grants.replacen(
                        "permissions = [",
                        "permissions = [{ kind = \"tool\", name = \"do\" }, ",
                        1,
                    );
                }),
            ),
            &[
                "plugin.host.permissions.tool-of-other-name",
                "plugin.host.permissions.service-is-no-tool",
                "plugin.host.permissions.denied-is-not-entered",
            ],
            "they do not grant it either",
        ),
        mutant(
            "grants-the-surface-unasked",
            "plugin.host.permissions.surface-not-granted",
            changes_load!(|load| {
                load.grants = load.grants.replacen(
                    "permissions = [",
                    "permissions = [{ kind = \"surface\", surface = \"tool\" }, ",
                    1,
                );
            }),
        ),
        // Targets.
        also(
            mutant(
                "overlooks-prefixes",
                "plugin.host.targets.prefix",
                changes_load!(|load| {
                    rewritten(load, "path_prefixes = [\"/v1", "path_prefixes = [\"/\", \"/v1");
                }),
            ),
            &[
                "plugin.host.targets.*",
                "plugin.host.request.nothing-sent-when-denied",
                "plugin.host.commands.request-other-path",
            ],
            "they go to other paths as well",
        ),
        mutant(
            "overlooks-ports",
            "plugin.host.targets.port",
            changes_load!(|load| {
                rewritten(load, "\nport = 443\n", "\n");
            }),
        ),
        mutant(
            "overlooks-schemes",
            "plugin.host.targets.scheme",
            changes_load!(|load| {
                rewritten(load, "scheme = \"http\"", "scheme = \"*\"");
            }),
        ),
        mutant(
            "forgets-the-grants",
            "plugin.host.targets.both-sides",
            changes_load!(|load| {
                if load.grants.contains("[[request]]") {
                    load.grants.push_str("\n[[request]]\nscheme = \"*\"\nhost = \"*\"\nmethods = [\"GET\", \"POST\", \"PUT\", \"DELETE\"]\n");
                }
            }),
        ),
        mutant(
            "grants-every-operation",
            "plugin.host.fs.operations-apart",
            changes_load!(|load| {
                for one in ["[\"read\"]", "[\"list\"]", "[\"write\"]"] {
                    let all = "[\"read\", \"list\", \"write\"]";
                    load.grants = load
                        .grants
                        .replace(&format!("operations = {one}"), &format!("operations = {all}"));
                }
            }),
        ),
        also(
            mutant(
                "knows-no-names",
                "plugin.host.addresses.name-to-loopback",
                changes_load!(|load| load.names.clear()),
            ),
            &["plugin.host.addresses.*", "plugin.host.tls.trusted"],
            "they are about names as well",
        ),
        also(
            mutant(
                "leads-no-name-into-the-machine",
                "plugin.host.addresses.name-to-loopback",
                || {
                    Broken::anywhere(HostTarget::new(|_| {
                        Ok(Box::new(
                            InProcess::new().net(|options, _| options.public_only(true)),
                        ))
                    }))
                },
            ),
            &["plugin.host.tls.trusted"],
            "its server has a name, and is in the machine",
        ),
        mutant(
            "takes-no-methods-for-all",
            "plugin.host.targets.without-methods",
            changes_load!(|load| {
                rewritten(
                    load,
                    "host = \"m.test\"",
                    "host = \"m.test\"\nmethods = [\"GET\"]",
                );
            }),
        ),
        mutant(
            "takes-no-scheme-for-any",
            "plugin.host.targets.without-scheme",
            changes_load!(|load| {
                rewritten(load, "host = \"s.test\"", "host = \"s.test\"\nscheme = \"*\"");
            }),
        ),
        mutant(
            "takes-no-host-for-any",
            "plugin.host.targets.without-host",
            changes_load!(|load| {
                let prefixes = "path_prefixes = [\"/h\"]";
                rewritten(load, prefixes, &format!("{prefixes}\nhost = \"*\""));
            }),
        ),
        // Manifests.
        mutant("takes-no-long-id", "plugin.host.manifest.longest-id", || {
            altered_in(&["inspect"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Package(package)) if package.id.len() > 127 => {
                    Outcome::Refused(Refusal::new(RefusalKind::Package, "its id is too long"))
                }
                other => other,
            })
        }),
        mutant(
            "takes-any-length-of-id",
            "plugin.host.manifest.too-long-id",
            || {
                altered_in(&["inspect"], |host, ask, _| {
                    let is_long = matches!(&ask, Ask::Inspect { package, .. } if fs::read(package)
                        .is_ok_and(|archive| String::from_utf8_lossy(&archive).contains(&"a".repeat(129))));
                    let outcome = host(&ask);
                    pardoned(outcome, |_| is_long, some_package())
                })
            },
        ),
        mutant(
            "offers-no-long-name",
            "plugin.host.manifest.longest-tool-name",
            || {
                altered_in(&["load"], |host, ask, _| match host(&ask) {
                    Outcome::Done(Done::Loaded(mut loaded)) => {
                        loaded.tools.retain(|tool| tool.len() < 128);
                        Outcome::Done(Done::Loaded(loaded))
                    }
                    other => other,
                })
            },
        ),
        mutant(
            "offers-any-length-of-name",
            "plugin.host.manifest.too-long-tool-name",
            || {
                altered_in(&["load"], |host, ask, _| {
                    let long = "t".repeat(129);
                    let declares = matches!(&ask, Ask::Load(load) if load.grants.contains(&long));
                    match host(&ask) {
                        Outcome::Done(Done::Loaded(mut loaded)) if declares => {
                            loaded.tools.push(long);
                            Outcome::Done(Done::Loaded(loaded))
                        }
                        other => other,
                    }
                })
            },
        ),
    ]
}

//! What plugins are made of, and what is said of one that does not run.

use super::{Area, TOOL, elsewhere, shown};

pub(super) const PACKAGES: Area = Area {
    name: "Packages and manifests",
    behaviours: &[
        elsewhere(
            "A new tool project has the files of a plugin and a manifest that keeps every rule.",
            TOOL,
        ),
        shown(
            "A manifest and its grants both name the API `request` and its targets.",
            &["plugin.host.targets.both-sides", "plugin.host.manifest.targets"],
        ),
        shown(
            "An API or a table of grants under an older name is no part of either.",
            &[
                "plugin.host.manifest.unknown-host-api",
                "plugin.host.manifest.unknown-field",
            ],
        ),
        elsewhere(
            "A new service project declares its world, a service, an ingress and their surfaces.",
            TOOL,
        ),
        shown(
            "Services and ingresses stand in the world `instance` only.",
            &[
                "plugin.host.manifest.service-in-tool-world",
                "plugin.host.manifest.ingress-in-tool-world",
                "plugin.host.manifest.service",
            ],
        ),
        shown(
            "The runtime that was retired is refused by the manifest alone.",
            &["plugin.host.manifest.retired-runtime"],
        ),
        shown(
            "Packages of the user and of the workspace are both found.",
            &["plugin.host.stores.both"],
        ),
        shown(
            "That a package lies there turns nothing on.",
            &["plugin.host.stores.off"],
        ),
        shown(
            "A plugin that is turned on is offered with what it declares.",
            &["plugin.host.permissions.all", "plugin.host.manifest.smallest"],
        ),
        shown(
            "An id that is not unique, or without its source, turns nothing on, each for its own reason.",
            &["plugin.host.stores.twice", "plugin.host.enablement.no-source"],
        ),
        shown(
            "Content of another digest than the pinned one is not used.",
            &["plugin.host.grant-binding.other-digest"],
        ),
        shown(
            "Content of another version than the pinned one is not used.",
            &[
                "plugin.host.grant-binding.other-version",
                "plugin.host.grant-binding.version-is-text",
            ],
        ),
        elsewhere(
            "A plan that was resolved once keeps its content though the store has changed.",
            "what a host keeps of one run for the next is not asked of it: the tests of yoikit's enablement have it",
        ),
        shown(
            "A manifest of hooks alone is one.",
            &["plugin.host.manifest.hook-only"],
        ),
        shown(
            "Tools that are declared imply their surface, and their schema is kept as it is.",
            &["plugin.host.manifest.tool-surface-follows"],
        ),
        shown(
            "What is said of a manifest that cannot be read is bounded and repeats none of it.",
            &["plugin.host.manifest.not-toml"],
        ),
        shown(
            "A path that leaves the package is refused.",
            &[
                "plugin.host.packages.path-parent",
                "plugin.host.packages.path-parent-within",
            ],
        ),
        shown(
            "A link that leads out of a store is not followed.",
            &["plugin.host.stores.link-out"],
        ),
        shown(
            "A manifest of another schema, or that is no TOML, is refused.",
            &[
                "plugin.host.manifest.other-schema",
                "plugin.host.manifest.not-toml",
            ],
        ),
        shown(
            "Grants for another plugin, version or content are worth nothing.",
            &[
                "plugin.host.grant-binding.other-id",
                "plugin.host.grant-binding.other-version",
                "plugin.host.grant-binding.other-digest",
                "plugin.host.grant-binding.exact",
            ],
        ),
        shown(
            "A permission of an unknown kind is refused with the manifest.",
            &["plugin.host.manifest.unknown-permission"],
        ),
        shown(
            "Surfaces that are not declared, and grants that are not bound, give nothing.",
            &[
                "plugin.host.grant-binding.no-id",
                "plugin.host.grant-binding.no-digest",
                "plugin.host.grant-binding.no-version",
                "plugin.host.manifest.unknown-surface",
            ],
        ),
        shown(
            "WebSockets are asked for and granted apart from requests.",
            &[
                "plugin.host.host-calls.one-is-not-all",
                "plugin.host.targets.websocket",
            ],
        ),
    ],
};

pub(super) const COMPONENTS: Area = Area {
    name: "Components",
    behaviours: &[
        shown(
            "A tool is called, and its answer taken.",
            &[
                "plugin.host.tool-input.name",
                "plugin.host.tool-output.content-text",
            ],
        ),
        shown(
            "More memory than there may be ends the call.",
            &[
                "plugin.host.budgets.memory-no-page-more",
                "plugin.host.budgets.memory-too-much-at-first",
                "plugin.host.containment.tool-memory",
            ],
        ),
        shown(
            "More of a table than there may be ends the call.",
            &[
                "plugin.host.budgets.table-no-element-more",
                "plugin.host.containment.tool-table",
            ],
        ),
        shown(
            "An answer that is too large is none.",
            &["plugin.host.tool-output.too-large"],
        ),
        shown(
            "An import that is not granted is denied.",
            &["plugin.host.host-calls.not-granted"],
        ),
        shown(
            "An export that is not there is missed when it is wanted.",
            &[
                "plugin.host.exports.missing-handle-tool",
                "plugin.host.exports.missing-handle-ingress",
                "plugin.host.exports.nothing",
            ],
        ),
        shown(
            "A core module is no component.",
            &["plugin.host.exports.core-module"],
        ),
        shown(
            "A world that there is not is refused with the manifest.",
            &[
                "plugin.host.manifest.unknown-world",
                "plugin.host.manifest.no-world",
                "plugin.host.exports.other-world",
            ],
        ),
        shown(
            "A tool of a component is offered like any other.",
            &["plugin.host.permissions.all"],
        ),
    ],
};

pub(super) const NOT_RUN: Area = Area {
    name: "What is said of a plugin that is not run",
    behaviours: &[
        shown(
            "Grants that cover what is asked for make it usable.",
            &["plugin.host.targets.both-sides", "plugin.host.targets.any"],
        ),
        shown(
            "Grants that cover a part of it make that part usable.",
            &["plugin.host.targets.apart", "plugin.host.targets.any-of-several"],
        ),
        shown(
            "The runtime that was retired is refused and not run as another.",
            &["plugin.host.manifest.retired-runtime"],
        ),
        shown(
            "A component is described without being run.",
            &["plugin.host.inspection.nothing-runs"],
        ),
        shown(
            "What is loaded is not entered for it.",
            &["plugin.host.life.not-entered-before-start"],
        ),
        shown(
            "A tool that lacks its grant is not among those offered.",
            &[
                "plugin.host.permissions.tool-not-granted",
                "plugin.host.inspection.tool-not-granted",
            ],
        ),
        shown(
            "A tool whose definition breaks a rule is not among those offered.",
            &[
                "plugin.host.manifest.tool-name-blank",
                "plugin.host.manifest.tool-name-control",
                "plugin.host.manifest.schema-root",
            ],
        ),
        shown(
            "A tool without a name, or with one that is there already, is not among those offered.",
            &[
                "plugin.host.manifest.tool-name-empty",
                "plugin.host.manifest.tool-twice",
            ],
        ),
    ],
};

//! What helps to write plugins: no host has a part in it, but for what it shows.

use super::{Area, KIT, TOOL, elsewhere, shown};

pub(super) const KIT_FOR_PLUGINS: Area = Area {
    name: "The kit for plugins",
    behaviours: &[
        elsewhere("A tool's input is parsed, and its answer written.", KIT),
        elsewhere("An error of a tool has the form of an answer.", KIT),
        elsewhere("An answer of the kit that would be too large is none.", KIT),
        elsewhere(
            "The message of an error is bounded and has no control characters.",
            KIT,
        ),
        elsewhere("An answer to an event holds its commands.", KIT),
        elsewhere("The worlds that the kit names are those of the contract.", KIT),
        elsewhere("A new tool project has the files that it should.", TOOL),
        elsewhere("A new service project answers an event with commands.", TOOL),
        elsewhere("The sample in the documentation is one for the kit.", TOOL),
        elsewhere("A new tool project can be built.", TOOL),
        elsewhere("A new service project can be built.", TOOL),
        elsewhere("What a plugin links of the kit is for plugins only.", TOOL),
        elsewhere("What is generated from the world can be called.", KIT),
    ],
};

pub(super) const COMMANDS: Area = Area {
    name: "Commands for authors",
    behaviours: &[
        shown(
            "What is listed and shown is JSON of one shape, and nothing is run for it.",
            &[
                "plugin.host.stores.nothing-runs",
                "plugin.host.inspection.nothing-runs",
            ],
        ),
        shown(
            "Targets are shown by how far they are granted, and whether they are broad.",
            &[
                "plugin.host.inspection.target-covered",
                "plugin.host.inspection.target-met",
                "plugin.host.inspection.target-not-granted",
                "plugin.host.inspection.grant-only",
                "plugin.host.inspection.grant-met",
            ],
        ),
        shown(
            "Grants of tools do not count where a service alone is turned on.",
            &["plugin.host.enablement.other-surface-needs-no-grant"],
        ),
        shown(
            "A list for people uses the words for how a plugin stands.",
            &[
                "plugin.host.enablement.active",
                "plugin.host.enablement.partial",
                "plugin.host.enablement.not-there",
                "plugin.host.enablement.nothing-granted",
                "plugin.host.stores.off",
            ],
        ),
        elsewhere("A plugin that there is not is named as such, briefly.", TOOL),
        shown(
            "Grants for something else can be looked at.",
            &[
                "plugin.host.enablement.grants-for-another-plugin",
                "plugin.host.inspection.grants-for-another-plugin",
            ],
        ),
        shown(
            "Of several tools some may be usable.",
            &["plugin.host.enablement.partial"],
        ),
        shown(
            "A manifest that cannot be read and another digest are told apart.",
            &[
                "plugin.host.stores.bad-hides-none",
                "plugin.host.enablement.other-digest",
            ],
        ),
        elsewhere("A runtime that was retired is never shown as usable.", TOOL),
        shown(
            "What is turned on and unsound is refused, and not missing.",
            &["plugin.host.stores.bad-hides-none", "plugin.host.stores.twice"],
        ),
        elsewhere(
            "What is turned on and lacks files of its own is refused, and not missing.",
            TOOL,
        ),
        shown(
            "A tool's schema or name that breaks a rule is shown, to people and programs.",
            &["plugin.host.inspection.tool-breaks-a-rule"],
        ),
        elsewhere("A new project is never written over something.", TOOL),
        elsewhere("A new project is not written through a link.", TOOL),
        elsewhere("A folder can be checked.", TOOL),
        elsewhere("The check refuses a runtime that was retired.", TOOL),
        elsewhere(
            "The check refuses a manifest that is unsound, and a component that is not there.",
            TOOL,
        ),
        elsewhere("The check refuses an archive that is not safe.", TOOL),
        elsewhere("Two packages of one folder are equal, and are found.", TOOL),
        elsewhere("A name that several plugins have is told of, briefly.", TOOL),
    ],
};

//! What a plugin does while it lives, and how it is spoken to.

use super::{Area, elsewhere, shown};

pub(super) const LIFE: Area = Area {
    name: "Life, events and services",
    behaviours: &[
        elsewhere(
            "A socket is let go of wherever its plugin is dropped, an asynchronous task included.",
            "it is about one library inside of a host: a case outside cannot see it",
        ),
        shown(
            "A start that answers with an error starts nothing.",
            &["plugin.host.status.error-key", "plugin.host.status.state-failed"],
        ),
        shown(
            "What `status` and `stop` answer is handed on, and a stopped plugin is one.",
            &[
                "plugin.host.status.state-and-data",
                "plugin.host.life.from-start-to-stop",
            ],
        ),
        shown(
            "Who uses the service of a plugin needs no grant for its tools.",
            &["plugin.host.permissions.service-is-no-tool"],
        ),
        shown(
            "Who uses the tools of a plugin gets none of its events.",
            &[
                "plugin.host.permissions.ingress-surface-not-granted",
                "plugin.host.permissions.ingress-not-granted",
            ],
        ),
        shown(
            "A plugin with a service alone is kept alive by its host, with an empty queue of 32.",
            &[
                "plugin.host.sources.service-alone",
                "plugin.host.queue.thirty-two",
            ],
        ),
        shown(
            "Events are delivered one by one, in order, and counted.",
            &["plugin.host.events.order", "plugin.host.queue.in-order"],
        ),
        shown(
            "A queue that is full refuses one event more, and says so.",
            &["plugin.host.queue.thirty-three"],
        ),
        shown(
            "A plugin that breaks in an event has failed, and gets no more.",
            &[
                "plugin.host.events.trap-fails",
                "plugin.host.containment.in-handle-ingress",
            ],
        ),
        shown(
            "A plugin that takes too long for an event is ended, and that is told as what it is.",
            &[
                "plugin.host.containment.instance-loop",
                "plugin.host.queue.too-late",
            ],
        ),
        shown(
            "A plugin that stopped gets no events.",
            &[
                "plugin.host.life.stop-is-final",
                "plugin.host.life.yoi-calls-stopped",
            ],
        ),
        shown(
            "An event without an id is refused, and the plugin not entered.",
            &["plugin.host.events.blank-id"],
        ),
        shown(
            "An answer may set the status of its plugin, apart from what a tool answers.",
            &["plugin.host.commands.status-update"],
        ),
        shown(
            "A command that is not granted keeps every command beside it from being carried out.",
            &[
                "plugin.host.commands.all-or-nothing",
                "plugin.host.commands.request-not-granted",
            ],
        ),
        shown(
            "A request by command is held against the grants and never sent; a text finds no socket where none is held.",
            &[
                "plugin.host.commands.request-unsupported",
                "plugin.host.commands.socket-not-open",
            ],
        ),
        shown(
            "What comes on a socket that the host holds is an event, and so is its end.",
            &["plugin.host.sources.text", "plugin.host.sources.close"],
        ),
        shown(
            "A command sends a text on a socket that the host holds.",
            &["plugin.host.sources.reply"],
        ),
        shown(
            "A text that cannot be sent is told of.",
            &[
                "plugin.host.sources.reply-elsewhere",
                "plugin.host.commands.socket-not-open",
            ],
        ),
        shown(
            "A text to a target that is not granted is not sent.",
            &[
                "plugin.host.commands.socket-not-granted",
                "plugin.host.commands.socket-http",
            ],
        ),
        shown(
            "A socket that breaks is an event, and told of.",
            &["plugin.host.sources.broken-off", "plugin.host.sources.binary"],
        ),
        shown(
            "A command that has not the shape of one is refused.",
            &[
                "plugin.host.commands.missing-field",
                "plugin.host.commands.unknown-field",
                "plugin.host.commands.unknown-kind",
                "plugin.host.commands.not-an-array",
            ],
        ),
        shown(
            "Tools and events of a plugin are those of one instance.",
            &["plugin.host.life.from-start-to-stop", "plugin.host.life.order"],
        ),
        shown(
            "An event reaches the instance that was started before.",
            &[
                "plugin.host.events.as-given",
                "plugin.host.life.from-start-to-stop",
            ],
        ),
    ],
};

pub(super) const SCHEMAS: Area = Area {
    name: "Schemas of tools",
    behaviours: &[
        shown(
            "The root of a schema is an object.",
            &[
                "plugin.host.manifest.schema-root",
                "plugin.host.manifest.schema-no-type",
            ],
        ),
        shown(
            "A keyword beyond the contract's is refused.",
            &["plugin.host.manifest.schema-keyword"],
        ),
        shown(
            "A schema below the root keeps the same rules.",
            &["plugin.host.manifest.schema-empty-enum"],
        ),
        shown(
            "Lists of required names, items and further properties keep theirs.",
            &[
                "plugin.host.manifest.schema-required-twice",
                "plugin.host.manifest.schema-required-unknown",
                "plugin.host.manifest.schema-items",
                "plugin.host.manifest.schema-additional",
            ],
        ),
        shown(
            "A schema of an object is taken.",
            &["plugin.host.manifest.smallest", "plugin.host.permissions.all"],
        ),
    ],
};

//! What a plugin may reach outside, and who lets it.

use super::{Area, elsewhere, shown};

pub(super) const FILES: Area = Area {
    name: "Files",
    behaviours: &[
        shown(
            "What is granted of files can be done, within its folder.",
            &[
                "plugin.host.fs.read",
                "plugin.host.fs.list",
                "plugin.host.fs.write",
            ],
        ),
        shown(
            "Files that are not granted are denied, whatever the manifest asks.",
            &[
                "plugin.host.host-calls.not-granted",
                "plugin.host.host-calls.without-targets",
            ],
        ),
        shown(
            "A plugin has no folder that was not granted, the workspace included.",
            &["plugin.host.host-calls.not-granted"],
        ),
        shown(
            "Absolute paths and `..` are refused.",
            &[
                "plugin.host.fs.absolute",
                "plugin.host.fs.parent",
                "plugin.host.fs.parent-within",
                "plugin.host.fs.parent-behind",
            ],
        ),
        shown(
            "No link is followed.",
            &[
                "plugin.host.fs.link-out",
                "plugin.host.fs.through-a-link",
                "plugin.host.fs.root-is-a-link",
            ],
        ),
        shown(
            "Reading, writing and listing are bounded.",
            &[
                "plugin.host.fs.large-file",
                "plugin.host.fs.largest-file",
                "plugin.host.fs.many-names",
                "plugin.host.fs.too-large-description",
            ],
        ),
        shown(
            "No error repeats what stands in a file.",
            &["plugin.host.fs.no-content-in-errors"],
        ),
        elsewhere(
            "Two writes of one file at a time are done one after the other.",
            "a plugin makes one call at a time, so that no case can make two: the tests of yoikit's `fs` have it",
        ),
    ],
};

pub(super) const REQUESTS: Area = Area {
    name: "Requests",
    behaviours: &[
        elsewhere(
            "A tool comes with the plugin, version and digest that it is from.",
            "whom a host tells of a tool, and what, is no part of what a plugin sees: the tests of yoikit's inspection have it",
        ),
        shown(
            "What is no target is refused before anything is sent.",
            &[
                "plugin.host.request.nothing-sent-when-denied",
                "plugin.host.request.trace",
                "plugin.host.request.file-url",
                "plugin.host.request.websocket-url",
                "plugin.host.targets.scheme",
                "plugin.host.targets.host",
            ],
        ),
        shown(
            "The machine itself is reached only where it is granted by name.",
            &[
                "plugin.host.addresses.name-to-loopback",
                "plugin.host.addresses.wildcard-to-loopback",
                "plugin.host.targets.address",
            ],
        ),
        shown(
            "Upgrades and streams of events are refused.",
            &[
                "plugin.host.request.upgrade",
                "plugin.host.request.connection-upgrade",
                "plugin.host.request.event-stream",
                "plugin.host.request.event-stream-with-parameter",
            ],
        ),
        shown(
            "A name is looked up once, and what was judged is dialled.",
            &[
                "plugin.host.addresses.metadata",
                "plugin.host.addresses.link-local",
                "plugin.host.addresses.multicast",
                "plugin.host.addresses.unspecified",
            ],
        ),
        shown(
            "A private address that is granted itself can be reached.",
            &[
                "plugin.host.targets.address",
                "plugin.host.targets.address-of-version-6",
            ],
        ),
        shown(
            "Errors of a request are bounded, and repeat no credential.",
            &[
                "plugin.host.request.no-secrets-in-errors",
                "plugin.host.request.nobody-there",
            ],
        ),
        shown(
            "An answer that is too large is cut and says so.",
            &[
                "plugin.host.request.large-body",
                "plugin.host.request.largest-body",
            ],
        ),
    ],
};

pub(super) const PERMISSIONS: Area = Area {
    name: "Permissions",
    behaviours: &[
        shown(
            "A tool that is asked for and granted is offered.",
            &["plugin.host.permissions.all"],
        ),
        shown(
            "A tool without any grant is neither offered nor called.",
            &[
                "plugin.host.permissions.no-grants",
                "plugin.host.permissions.denied-is-not-entered",
            ],
        ),
        shown(
            "A grant for one tool gives that one.",
            &[
                "plugin.host.permissions.one-tool-only",
                "plugin.host.permissions.tool-of-other-name",
            ],
        ),
        shown(
            "Grants that name another package give no tool.",
            &[
                "plugin.host.grant-binding.other-id",
                "plugin.host.grant-binding.other-source",
                "plugin.host.grant-binding.other-version",
                "plugin.host.grant-binding.other-digest",
            ],
        ),
        shown(
            "Surface, tool and what writes outside are each needed on both sides.",
            &[
                "plugin.host.permissions.surface-not-asked",
                "plugin.host.permissions.surface-not-granted",
                "plugin.host.permissions.tool-not-asked",
                "plugin.host.permissions.tool-not-granted",
                "plugin.host.permissions.writing-tool",
            ],
        ),
        shown(
            "A host API is held against manifest and grants in every call.",
            &[
                "plugin.host.host-calls.not-asked",
                "plugin.host.host-calls.not-granted",
                "plugin.host.host-calls.denied-again",
            ],
        ),
        shown(
            "Without the surface `tool` no tool is offered.",
            &[
                "plugin.host.permissions.surface-not-asked",
                "plugin.host.permissions.surface-not-granted",
            ],
        ),
        elsewhere(
            "Where plugins are turned off as a whole, none is offered.",
            "how a host is set up is not asked of it: the tests of `yoikit plugin list` have it",
        ),
        elsewhere(
            "Two plugins with a tool of one name are told of.",
            "the protocol for hosts holds one plugin at a time; a name twice in one plugin is `plugin.host.manifest.tool-twice`",
        ),
        elsewhere(
            "A plugin's tool with the name of one of the agent's own is told of.",
            "tools of the agent's own are no part of the contract",
        ),
        shown(
            "A tool with a schema that breaks a rule is not offered.",
            &[
                "plugin.host.manifest.schema-keyword",
                "plugin.host.manifest.schema-as-text",
            ],
        ),
        shown(
            "Neither is one whose schema breaks it further down.",
            &[
                "plugin.host.manifest.schema-items",
                "plugin.host.manifest.schema-additional",
            ],
        ),
        shown(
            "An answer as the kit writes it is taken.",
            &[
                "plugin.host.tool-output.content-text",
                "plugin.host.tool-output.content-absent",
            ],
        ),
    ],
};

pub(super) const WEBSOCKETS: Area = Area {
    name: "WebSockets",
    behaviours: &[
        shown(
            "A fifth socket is refused before it is dialled.",
            &["plugin.host.websocket.four"],
        ),
        shown(
            "One that could not be opened leaves its place free, and takes no handle.",
            &["plugin.host.websocket.failed-open-makes-room"],
        ),
        elsewhere(
            "A client that cannot bound its dialling dials nothing.",
            "it is about one library inside of a host: that dialling is bounded is `plugin.host.websocket.no-websocket`",
        ),
        shown(
            "Opening, sending, receiving and closing answer as the contract has it.",
            &["plugin.host.websocket.conversation"],
        ),
        shown(
            "A socket is asked for and granted.",
            &[
                "plugin.host.websocket.denied",
                "plugin.host.host-calls.one-is-not-all",
            ],
        ),
        shown(
            "One into the machine itself is granted by name only.",
            &[
                "plugin.host.addresses.name-to-loopback",
                "plugin.host.addresses.wildcard-to-loopback",
            ],
        ),
        shown(
            "A plugin sets no headers, and sends no bytes.",
            &[
                "plugin.host.websocket.headers",
                "plugin.host.websocket.protocols",
                "plugin.host.websocket.binary",
            ],
        ),
        shown(
            "Whether a socket's grant is there, missing or broad is shown.",
            &[
                "plugin.host.inspection.websocket-target",
                "plugin.host.inspection.host-api-not-granted",
            ],
        ),
        shown(
            "A request does not go to a socket.",
            &["plugin.host.request.websocket-url"],
        ),
    ],
};

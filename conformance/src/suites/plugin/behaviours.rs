//! What a plugin and its host owe each other, behaviour by behaviour, and the cases that prove it.
//!
//! The behaviours are those that the tests of the yoi host look at. Where one has no case its reason stands there: it
//! is none that shows at the boundary. A test keeps the table true: every id is that of a case.

/// What is promised in one respect.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    /// What it is about.
    pub name: &'static str,
    /// What is promised.
    pub behaviours: &'static [Behaviour],
}

/// Something that is promised.
#[derive(Debug, Clone, Copy)]
pub struct Behaviour {
    /// In a sentence.
    pub says: &'static str,
    /// Who proves it.
    pub proof: Proof,
}

/// Who proves a behaviour.
#[derive(Debug, Clone, Copy)]
pub enum Proof {
    /// These cases.
    Cases(&'static [&'static str]),
    /// No case, for this reason.
    Elsewhere(&'static str),
}

const fn shown(says: &'static str, cases: &'static [&'static str]) -> Behaviour {
    let proof = Proof::Cases(cases);
    Behaviour { says, proof }
}

const fn elsewhere(says: &'static str, why: &'static str) -> Behaviour {
    let proof = Proof::Elsewhere(why);
    Behaviour { says, proof }
}

const KIT: &str = "the kit for plugins promises it, not the contract: the tests of `yoi-pdk` have it";
const TOOL: &str = "a command for authors does it, no host: the tests of `yoikit plugin` have it";

/// All of them.
pub const AREAS: &[Area] = &[
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
    Area {
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
    },
];

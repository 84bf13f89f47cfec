//! The table of the contract, and what a list says of stores and enablements.

use std::fs;

use super::draft::fs_label;
use super::item::Facts;
use super::*;
use crate::authority::FsGrant;
use crate::package::Stores;
use crate::package::fixtures::{MANIFEST, files};
use crate::package::{Files, archive, discover};

const TOOL: &str = "[[tools]]\nname = 'search'\ndescription = ''\ninput_schema.type = 'object'\n";
const WRITE: &str = "[[tools]]\nname = 'write'\ndescription = ''\ninput_schema.type = 'object'\n";
const ASKS: &str =
    "permissions = [{ kind = 'surface', surface = 'tool' }, { kind = 'tool', name = 'search' }]";
const SERVICE_ASKS: &str =
    "permissions = [{ kind = 'surface', surface = 'service' }, { kind = 'service', name = 'feed' }]";
const SERVICE: &str = "[[services]]\nname = 'feed'\ndescription = ''\n";

/// A package with this id, these permissions and this rest.
fn of(id: &str, permissions: &str, rest: &str) -> Files {
    let head = MANIFEST.replace("id = \"notes\"", &format!("id = \"{id}\"\n{permissions}"));
    let manifest = format!("{head}{rest}").replace(
        "plugin/tool@",
        if rest.contains("services") {
            "plugin/instance@"
        } else {
            "plugin/tool@"
        },
    );
    files(&[("plugin.toml", manifest.as_bytes()), ("plugin.wasm", b"\0asm")])
}

fn project(packages: &[(&str, &Files)]) -> (tempfile::TempDir, Stores) {
    let place = tempfile::tempdir().unwrap();
    let stores = Stores::of(None, None, Some(place.path()), Profile::Documented);
    let store = stores.project.clone().unwrap();
    fs::create_dir_all(&store).unwrap();
    for (name, files) in packages {
        fs::write(store.join(name), archive::write(files)).unwrap();
    }
    (place, stores)
}

fn inventory(stores: &Stores, profile_text: &str, profile: Profile) -> Inventory {
    let enablements = Enablements::parse(profile_text).unwrap();
    Inventory::of(discover(stores, profile), &enablements, profile)
}

/// An enablement with grants that are bound to these files.
fn enable(id: &str, files: &Files, permissions: &str, rest: &str) -> String {
    format!(
        "[[plugins.enabled]]\nid = 'project:{id}'\n[plugins.enabled.grants]\nid = 'project:{id}'\n\
             version = '1.0.0'\ndigest = '{}'\n{permissions}\n{rest}",
        files.digest()
    )
}

/// Each item: its status, and what is wrong.
fn shown(inventory: &Inventory) -> String {
    let items = inventory.items.iter().map(|item| {
        let wrong = item.diagnostics.iter().map(|found| {
            let advice = found
                .advice
                .as_deref()
                .map(|advice| format!(" [{advice}]"))
                .unwrap_or_default();
            format!("\n  {}: {}{advice}", found.kind, found.message)
        });
        format!("{} {}{}", item.reference, item.status, wrong.collect::<String>())
    });
    items.collect::<Vec<_>>().join("\n")
}

fn both(stores: &Stores, text: &str) -> String {
    let all = Profile::ALL.map(|profile| format!("{profile}\n{}", shown(&inventory(stores, text, profile))));
    all.join("\n")
}

#[test]
fn a_status_follows_from_the_facts_by_the_table_of_the_contract() {
    let mut table = String::new();
    for bits in 0..128_u32 {
        let bit = |at: u32| bits & 1 << at != 0;
        let facts = Facts {
            resolved: bit(0),
            has_usable_tool: bit(1),
            has_diagnostic: bit(2),
            is_eligible: bit(3),
            configured: bit(4),
            discovered: bit(5),
            is_present: bit(6),
        };
        // The rows of the table, one after the other; the first that fits counts.
        let rows = [
            (
                facts.resolved && facts.has_usable_tool && facts.has_diagnostic,
                Status::Partial,
            ),
            (facts.resolved && facts.has_usable_tool, Status::Active),
            (facts.resolved && facts.is_eligible, Status::Active),
            (facts.resolved, Status::Rejected),
            (facts.discovered && !facts.configured, Status::Disabled),
            (
                facts.configured && !facts.discovered && facts.is_present,
                Status::Rejected,
            ),
            (facts.configured && !facts.discovered, Status::Missing),
            (true, Status::Rejected),
        ];
        let (_, wanted) = rows.into_iter().find(|(fits, _)| *fits).unwrap();
        assert_eq!(Status::of(&facts), wanted, "{bits:07b}");
        table.push_str(wanted.name());
    }
    assert!(Status::ALL.iter().all(|status| table.contains(status.name())));
}

#[test]
fn every_row_of_the_table_is_met_in_a_store() {
    let good = of("good", ASKS, TOOL);
    let mixed = of("mixed", ASKS, &format!("{TOOL}{WRITE}"));
    let service = of("service", SERVICE_ASKS, SERVICE);
    let denied = of("denied", ASKS, TOOL);
    let other = of("other", ASKS, TOOL);
    let (place, stores) = project(&[
        ("good.yoi-plugin", &good),
        ("mixed.yoi-plugin", &mixed),
        ("service.yoi-plugin", &service),
        ("denied.yoi-plugin", &denied),
        ("other.yoi-plugin", &other),
        ("spare.yoi-plugin", &of("spare", ASKS, TOOL)),
        // All that is wrong with it is that something is missing, and still it is there.
        ("bare.yoi-plugin", &files(&[("a", b"")])),
    ]);
    let store = place.path().join(".yoi/plugins");
    for name in ["broken", "stray"] {
        fs::write(store.join(format!("{name}.yoi-plugin")), "no archive").unwrap();
    }
    let text = [
        enable("good", &good, ASKS, ""),
        enable("mixed", &mixed, ASKS, ""),
        enable("service", &service, SERVICE_ASKS, ""),
        "[[plugins.enabled]]\nid = 'project:denied'\n".to_owned(),
        "[[plugins.enabled]]\nid = 'project:other'\nversion = '2.0.0'\n".to_owned(),
        "[[plugins.enabled]]\nid = 'project:broken'\n".to_owned(),
        "[[plugins.enabled]]\nid = 'project:bare'\n".to_owned(),
        "[[plugins.enabled]]\nid = 'project:nowhere'\n".to_owned(),
        "[[plugins.enabled]]\nid = 'builtin:x'\n".to_owned(),
        "[[plugins.enabled]]\nid = 'good'\n".to_owned(),
        "[[plugins.enabled]]\nid = 'store:good'\n".to_owned(),
    ];
    insta::assert_snapshot!(both(&stores, &text.concat()), @"
        documented
        builtin:x missing
          missing: enabled plugin package was not discovered
        good rejected
          ambiguous: plugin enablement id must be source-qualified as user:<id>, project:<id>, or builtin:<id>
        project:bare rejected
          missing: enabled plugin package was not discovered
          missing: plugin package is missing root plugin.toml
        project:broken rejected
          malformed: this is no zip archive, or its end is missing: 10 bytes hold no end record
          missing: enabled plugin package was not discovered
        project:denied rejected
          static_eligibility: granted surfaces.tool permission is missing
        project:good active
        project:mixed partial
          static_eligibility: requested tool permission for `write` is missing
        project:nowhere missing
          missing: enabled plugin package was not discovered
        project:other rejected
          version: enabled plugin exact version requirement does not match discovered package version
        project:service active
        project:spare disabled
        project:stray rejected
          malformed: this is no zip archive, or its end is missing: 10 bytes hold no end record
        store:good rejected
          malformed: plugin enablement id is not a valid source-qualified plugin id
        yoi
        builtin:x missing
          missing: enabled plugin package was not discovered
        good rejected
          ambiguous: plugin enablement id must be source-qualified as user:<id>, project:<id>, or builtin:<id>
        project:bare rejected
          missing: enabled plugin package was not discovered
          missing: plugin package is missing root plugin.toml
        project:broken rejected
          malformed: zip end-of-central-directory was not found
          missing: enabled plugin package was not discovered
        project:denied rejected
          static_eligibility: granted surfaces.tool permission is missing
        project:good active
        project:mixed partial
          static_eligibility: requested tool permission for `write` is missing
        project:nowhere missing
          missing: enabled plugin package was not discovered
        project:other rejected
          version: enabled plugin exact version requirement does not match discovered package version
        project:service active
        project:spare disabled
        project:stray rejected
          malformed: zip end-of-central-directory was not found
        store:good rejected
          malformed: plugin enablement id is not a valid source-qualified plugin id
        ");
}

#[test]
fn an_enablement_that_does_not_fit_says_why() {
    let notes = of("notes", ASKS, TOOL);
    let (_place, stores) = project(&[("a.yoi-plugin", &notes)]);
    let digest = notes.digest();
    let head = "[[plugins.enabled]]\nid = 'project:notes'\n";
    let grants = |fields: &str| format!("{head}[plugins.enabled.grants]\n{fields}{ASKS}\n");
    let texts = [
        format!("{head}digest = 'sha256:00'\n"),
        // A digest is compared as text.
        format!("{head}digest = '{}'\n", digest.to_string().to_uppercase()),
        format!("{head}version = '1.0'\n"),
        grants(""),
        grants("id = 'notes'\n"),
        grants("id = 'user:notes'\n"),
        grants("id = 'project:notes'\n"),
        grants("id = 'project:notes'\ndigest = 'sha256:00'\n"),
        grants(&format!("id = 'project:notes'\ndigest = '{digest}'\n")),
        grants(&format!(
            "id = 'project:notes'\ndigest = '{digest}'\nversion = '2'\n"
        )),
        format!("{head}surfaces = ['tool', 'service']\n"),
        format!("{head}digest = '{digest}'\nversion = '1.0.0'\nsurfaces = ['tool']\n"),
    ];
    let shown = texts.map(|text| {
        let all = Profile::ALL.map(|profile| shown(&inventory(&stores, &text, profile)));
        assert_eq!(all[0], all[1]);
        all[0].clone()
    });
    insta::assert_snapshot!(shown.join("\n"), @"
        project:notes rejected
          digest: enabled plugin digest pin does not match discovered package digest
        project:notes rejected
          digest: enabled plugin digest pin does not match discovered package digest
        project:notes rejected
          version: enabled plugin exact version requirement does not match discovered package version
        project:notes rejected
          grant: plugin grant is missing a source-qualified package id binding
        project:notes rejected
          grant: plugin grant package id binding is not a valid source-qualified plugin id
        project:notes rejected
          grant: plugin grant package id binding does not match enabled package
        project:notes rejected
          grant: plugin grant is missing a deterministic digest binding
        project:notes rejected
          grant: plugin grant digest binding does not match enabled package digest
        project:notes rejected
          grant: plugin grant is missing an exact package version binding
        project:notes rejected
          grant: plugin grant version binding does not match enabled package version
        project:notes rejected
          surface: enabled plugin requested undeclared surface `service`
        project:notes rejected
          static_eligibility: granted surfaces.tool permission is missing
        ");
}

#[test]
fn an_enablement_without_grants_comes_with_the_lines_for_them() {
    let notes = of("notes", ASKS, TOOL);
    let (_place, stores) = project(&[("a.yoi-plugin", &notes)]);
    let text = "[[plugins.enabled]]\nid = 'project:notes'\n";
    let item = |profile| inventory(&stores, text, profile).items.remove(0);
    let lines = |item: &Item| {
        let lines = item.static_runtime.as_ref().unwrap().tools[0].lines.iter();
        lines.map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let documented = item(Profile::Documented);
    insta::assert_snapshot!(lines(&documented), @r#"
        add at the top of the grants (`plugins.enabled.grants`):

            [plugins.enabled.grants]
            id = "project:notes"
            version = "1.0.0"
            digest = "sha256:e121f540de1b7daf8c50b077d70a171d44610dbc4430b8978a1f727646cbda39"
            permissions = [
                { kind = "surface", surface = "tool" },
                { kind = "tool", name = "search" },
            ]
        "#);
    assert_eq!(documented.tools[0].lines, []);
    assert_eq!(lines(&item(Profile::Yoi)), "");
}

#[test]
fn a_wide_grant_makes_partial_only_where_the_yoi_host_says_so() {
    let api = "{ kind = 'host_api', api = 'request' }]";
    let asks = ASKS.replace(']', &format!(", {api}"));
    let target = "[[request]]\nscheme = 'https'\nhost = '*'\nmethods = ['GET']\n";
    let package = of("wide", &asks, &format!("{TOOL}{target}"));
    let (_place, stores) = project(&[("a.yoi-plugin", &package)]);
    let granted = target.replace("[[request", "[[plugins.enabled.grants.request");
    insta::assert_snapshot!(both(&stores, &enable("wide", &package, &asks, &granted)), @"
        documented
        project:wide active
        yoi
        project:wide partial
          static_eligibility: broad/arbitrary enabled request grant is constrained by manifest declarations
          static_eligibility: covered by broad/arbitrary enabled request grant
        ");
    // One that is asked for and not granted at all does so in both.
    insta::assert_snapshot!(both(&stores, &enable("wide", &package, ASKS, "")), @"
        documented
        project:wide partial
          static_eligibility: granted host_api.request permission is missing
          static_eligibility: missing enabled request grant for manifest target; broad/arbitrary target
        yoi
        project:wide partial
          static_eligibility: granted host_api.request permission is missing
          static_eligibility: missing enabled request grant for manifest target; broad/arbitrary target
        ");
}

#[test]
fn packages_of_one_plugin_come_to_nothing() {
    let (one, other) = (of("notes", ASKS, TOOL), of("notes", ASKS, WRITE));
    let (_place, stores) = project(&[("a.yoi-plugin", &one), ("b.yoi-plugin", &other)]);
    insta::assert_snapshot!(both(&stores, ""), @"
        documented
        project:notes disabled
          duplicate: 2 packages are the plugin `project:notes`: a.yoi-plugin, b.yoi-plugin [leave one of them in the store]
        yoi
        project:notes disabled
          duplicate: duplicate plugin package identity in one source store
        ");
    insta::assert_snapshot!(both(&stores, &enable("notes", &one, ASKS, "")), @"
        documented
        project:notes rejected
          duplicate: 2 packages are the plugin `project:notes`: a.yoi-plugin, b.yoi-plugin [leave one of them in the store]
          duplicate: enabled plugin package identity resolved to multiple discovered packages
        yoi
        project:notes rejected
          duplicate: duplicate plugin package identity in one source store
          duplicate: enabled plugin package identity resolved to multiple discovered packages
        ");
}

#[test]
fn a_plugin_that_is_enabled_twice_is_said() {
    let notes = of("notes", ASKS, TOOL);
    let (_place, stores) = project(&[("a.yoi-plugin", &notes)]);
    let text = enable("notes", &notes, ASKS, "");
    insta::assert_snapshot!(both(&stores, &format!("{text}{text}")), @"
        documented
        project:notes partial
          duplicate: plugin is enabled more than once: an install fails [leave one entry for it]
        yoi
        project:notes active
        ");
}

#[test]
fn what_is_about_a_store_has_an_item_of_its_own() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    let stores = Stores {
        user: None,
        project: Some(place.path().join("file")),
    };
    let shown = both(&stores, "").replace(&place.path().display().to_string(), "PLACE");
    insta::assert_snapshot!(shown, @"
        documented
        <global> rejected
          io: failed to list the store PLACE/file: Not a directory (os error 20)
        yoi
        <global> rejected
          io: plugin store could not be listed: I/O error
        ");
}

#[test]
fn everything_that_is_wrong_with_a_manifest_is_said_of_its_plugin() {
    let manifest = "schema_version = 2\nid = 'notes'\nname = ''\nversion = '1'\n";
    let (_place, stores) = project(&[("a.yoi-plugin", &files(&[("plugin.toml", manifest.as_bytes())]))]);
    insta::assert_snapshot!(both(&stores, "[[plugins.enabled]]\nid = 'project:notes'\n"), @"
        documented
        project:notes rejected
          api: plugin schema/API version is unsupported [write `schema_version = 1`]
          malformed: plugin manifest name and version are required
          missing: enabled plugin package was not discovered
        yoi
        project:notes rejected
          api: plugin schema/API version is unsupported
          missing: enabled plugin package was not discovered
        ");
}

#[test]
fn an_item_has_the_shape_of_the_contract() {
    let asks = ASKS.replace(']', ", { kind = 'host_api', api = 'fs' }]");
    let notes = of("notes", &format!("surfaces = ['tool']\n{asks}"), TOOL);
    let (place, stores) = project(&[("any.yoi-plugin", &notes)]);
    let fs = "[[plugins.enabled.grants.fs]]\nroot = '/home/me'\noperations = ['read', 'list']\n";
    let text = format!(
        "feature.plugins.enabled = true\n{}",
        enable("notes", &notes, &asks, fs)
    );
    let whole = place.path().canonicalize().unwrap().display().to_string();
    let json = serde_json::to_string_pretty(&inventory(&stores, &text, Profile::Yoi)).unwrap();
    insta::assert_snapshot!(json.replace(&whole, "PLACE"), @r#"
        {
          "feature": true,
          "items": [
            {
              "reference": "project:notes",
              "local_ref": "notes",
              "status": "active",
              "source": "project",
              "package": "any.yoi-plugin",
              "package_path": "PLACE/.yoi/plugins/any.yoi-plugin",
              "version": "1.0.0",
              "schema_version": 1,
              "api_version": 1,
              "digest": "sha256:d605e30b974806d26387644e8d9113fbbd3d9ad23612873fe204317f457b3fc3",
              "configured": true,
              "discovered": true,
              "resolved": true,
              "static_eligible": true,
              "declared_surfaces": [
                "tool"
              ],
              "enabled_surfaces": [
                "tool",
                "wasm"
              ],
              "requested_permissions": [
                "host_api.fs",
                "surfaces.tool",
                "tool.search"
              ],
              "configured_grants": [
                "host_api.fs",
                "surfaces.tool",
                "tool.search"
              ],
              "configured_request_grants": [],
              "configured_websocket_grants": [],
              "configured_fs_grants": [
                "/home/me read,list"
              ],
              "tools": [
                {
                  "name": "search",
                  "permission": "tool.search",
                  "requested": true,
                  "granted": true,
                  "eligible": true,
                  "external_write": false,
                  "diagnostic": null
                }
              ],
              "static_runtime": {
                "runtime": {
                  "eligible": true,
                  "status": "wasm-component/yoi:plugin/tool@1.0.0",
                  "diagnostic": null
                },
                "host_apis": [
                  {
                    "permission": "host_api.fs",
                    "requested": true,
                    "granted": true,
                    "eligible": true,
                    "diagnostic": null
                  }
                ],
                "tools": [
                  {
                    "name": "search",
                    "permission": "tool.search",
                    "requested": true,
                    "granted": true,
                    "eligible": true,
                    "external_write": false,
                    "diagnostic": null
                  }
                ],
                "services": [],
                "ingresses": []
              },
              "diagnostics": []
            }
          ]
        }
        "#);
    // In the other profile, what is declared has the words of what takes part; all else is the same.
    let item = &inventory(&stores, &text, Profile::Documented).items[0];
    assert_eq!(item.declared_surfaces, [Surface::Tool, Surface::Wasm]);
    assert_eq!(item.declared_surfaces, item.enabled_surfaces);
    let yoi = &inventory(&stores, &text, Profile::Yoi).items[0];
    let declared_surfaces = yoi.declared_surfaces.clone();
    assert_eq!(
        *yoi,
        Item {
            declared_surfaces,
            ..item.clone()
        }
    );
}

#[test]
fn an_item_that_is_not_resolved_shows_what_there_is() {
    let notes = of("notes", ASKS, TOOL);
    let (place, stores) = project(&[("any.yoi-plugin", &notes)]);
    let text = "[[plugins.enabled]]\nid = 'project:notes'\nversion = '2'\nsurfaces = ['wasm', 'tool', 'tool']\n\
            [[plugins.enabled]]\nid = 'user:gone'\n[[plugins.enabled]]\nid = 'builtin:x'\n[[plugins.enabled]]\nid = 'gone'\n";
    let whole = place.path().canonicalize().unwrap().display().to_string();
    let facts = |profile| {
        let inventory = inventory(&stores, text, profile);
        let items = inventory.items.iter().map(|item| {
            let path = item
                .package_path
                .as_ref()
                .map(|path| path.display().to_string().replace(&whole, "PLACE"));
            let tools = item
                .tools
                .iter()
                .map(|tool| tool.diagnostic.clone().unwrap())
                .collect::<String>();
            format!(
                "{} {:?} {:?} {path:?} {:?} {tools:?}",
                item.reference, item.local_ref, item.source, item.enabled_surfaces
            )
        });
        format!("{profile}\n{}", items.collect::<Vec<_>>().join("\n"))
    };
    insta::assert_snapshot!(Profile::ALL.map(facts).join("\n"), @r#"
        documented
        builtin:x Some("x") Some(Builtin) None [] ""
        gone None None None [] ""
        project:notes Some("notes") Some(Project) Some("PLACE/.yoi/plugins/any.yoi-plugin") [Tool, Wasm] "plugin is enabled and not resolved"
        user:gone Some("gone") Some(User) None [] ""
        yoi
        builtin:x Some("x") Some(Builtin) Some("<builtin>/x.yoi-plugin") [] ""
        gone None None None [] ""
        project:notes Some("notes") Some(Project) Some("PLACE/.yoi/plugins/any.yoi-plugin") [Tool, Wasm] "plugin is discovered but not enabled"
        user:gone Some("gone") Some(User) Some("<unavailable-user-data-dir>/yoi/plugins/gone.yoi-plugin") [] ""
        "#);
}

#[test]
fn a_plugin_is_found_by_its_reference_or_by_an_id_that_one_has() {
    let notes = of("notes", ASKS, TOOL);
    let (_place, stores) = project(&[
        ("a.yoi-plugin", &notes),
        ("b.yoi-plugin", &of("other", ASKS, TOOL)),
    ]);
    let text = "[[plugins.enabled]]\nid = 'user:notes'\n";
    let inventory = inventory(&stores, text, Profile::Documented);
    assert_eq!(inventory.find("user:notes").unwrap().status, Status::Missing);
    assert_eq!(inventory.find("project:notes").unwrap().status, Status::Disabled);
    assert_eq!(inventory.find("other").unwrap().reference, "project:other");
    let error = inventory.find("notes").unwrap_err();
    insta::assert_snapshot!(error, @"plugin package reference `notes` is ambiguous; use a source-qualified ref");
    let candidates = ["project:notes", "user:notes"].map(str::to_owned).to_vec();
    let reference = "notes".to_owned();
    assert_eq!(
        error,
        FindError::Ambiguous {
            reference,
            candidates
        }
    );
    insta::assert_snapshot!(inventory.find("user:other").unwrap_err(), @"plugin package `user:other` was not found");
    insta::assert_snapshot!(inventory.find("a\nb").unwrap_err(), @"plugin package `a b` was not found");
    assert!(inventory.find(&"x".repeat(999)).unwrap_err().to_string().len() < 300);
}

#[test]
fn the_yoi_host_lists_so_many_and_no_more() {
    let text: String = (0..200)
        .map(|number| format!("[[plugins.enabled]]\nid = 'user:n{number:03}'\n"))
        .collect();
    let count = |profile| inventory(&Stores::default(), &text, profile).items.len();
    assert_eq!(count(Profile::Yoi), YOI_LISTED_ITEMS);
    assert_eq!(count(Profile::Documented), 200);
}

#[test]
fn a_message_is_one_line_and_has_an_end() {
    assert_eq!(one_line("a\nb\tc"), "a b c");
    let most = "é".repeat(ITEM_MESSAGE_CHARS);
    assert_eq!(one_line(&most), most);
    assert_eq!(one_line(&format!("{most}x")), format!("{most}…"));
}

#[test]
fn a_path_that_is_no_text_is_written_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let (place, stores) = project(&[]);
    let name = std::ffi::OsStr::from_bytes(b"\xff.yoi-plugin");
    let bytes = archive::write(&of("notes", ASKS, TOOL));
    fs::write(place.path().join(".yoi/plugins").join(name), bytes).unwrap();
    let json = serde_json::to_string(&inventory(&stores, "", Profile::Documented)).unwrap();
    assert!(json.contains("/.yoi/plugins/\u{fffd}.yoi-plugin\""), "{json}");
}

#[test]
fn folders_are_granted_under_a_label() {
    let label = |root: &str, operations: &[crate::authority::FsOperation]| {
        fs_label(&FsGrant {
            root: root.to_owned(),
            operations: operations.to_vec(),
        })
    };
    assert_eq!(
        label(" /a b ", &crate::authority::FsOperation::ALL),
        "/a b read,list,write"
    );
    assert_eq!(label("", &[]), "<no-root> <no-operations>");
}

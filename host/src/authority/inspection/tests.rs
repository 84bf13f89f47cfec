//! Rows of both profiles, for manifests and grants that differ in one thing.

use super::*;
use crate::authority::{BoundPackage, Side};
use crate::limits::MESSAGE_BYTES;

const HEAD: &str = r#"schema_version = 1
id = "notes"
name = "Notes"
version = "1.0.0"
"#;

const RUNTIME: &str = r#"
[runtime]
kind = "wasm-component"
component = "plugin.wasm"
world = "yoi:plugin/instance@1.0.0"
"#;

/// The permissions first: they stand above the tables.
fn manifest(permissions: &str, rest: &str) -> Manifest {
    Manifest::parse(&format!("{HEAD}permissions = [{permissions}]\n{RUNTIME}{rest}")).unwrap()
}

fn grants(permissions: &str, rest: &str) -> Grants {
    Grants::parse(&format!("permissions = [{permissions}]\n{rest}")).unwrap()
}

fn flags(row: (bool, bool, bool)) -> String {
    let flag = |letter: char, is: bool| if is { letter } else { '-' };
    [flag('r', row.0), flag('g', row.1), flag('e', row.2)]
        .iter()
        .collect()
}

/// Each row of host APIs: asked for, granted, eligible, and what is said of it, remarks in brackets.
fn host_apis(inspection: &Inspection) -> String {
    let rows = inspection.host_apis.iter().map(|row| {
        let flags = flags((row.requested, row.granted, row.eligible));
        let said = match (&row.diagnostic, &row.remark) {
            (None, None) => String::new(),
            (Some(wrong), None) => format!(": {wrong}"),
            (None, Some(remark)) => format!(": ({remark})"),
            (Some(_), Some(_)) => panic!("{row:?}"),
        };
        format!("{flags} {}{said}", row.permission)
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn tools(inspection: &Inspection) -> String {
    let rows = inspection.tools.iter().map(|row| {
        let flags = flags((row.requested, row.granted, row.eligible));
        format!(
            "{flags} {}: {}",
            row.permission,
            row.diagnostic.as_deref().unwrap_or("-")
        )
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn items(rows: &[ItemRow]) -> String {
    let rows = rows.iter().map(|row| {
        let flags = flags((row.requested, row.granted, row.eligible));
        format!(
            "{flags} {}: {}",
            row.permission,
            row.diagnostic.as_deref().unwrap_or("-")
        )
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn tool(name: &str) -> String {
    format!(
        "[[tools]]\nname = {}\ndescription = ''\ninput_schema.type = 'object'\n",
        crate::authority::lines::quoted(name)
    )
}

const TOOL_SURFACE: &str = "{ kind = 'surface', surface = 'tool' },";

/// A request target on each side for every way in which two can meet.
fn every_request_target() -> (Manifest, Grants) {
    let target = |host: &str, rest: &str| {
        format!("[[request]]\nscheme = 'https'\nhost = '{host}'\nmethods = ['GET']\n{rest}\n")
    };
    let path = |path: &str| format!("path_prefixes = ['{path}']");
    let declared = [
        target("covered", &path("/v1")),
        target("widely", &path("/v1")),
        target("partly", &path("/v1")),
        target("wider", &path("/v1")),
        target("broad", ""),
        target("missing", &path("/v1")),
        target("missing-broad", ""),
    ];
    let granted = [
        target("covered", &path("/v1")),
        target("widely", ""),
        target("partly", &path("/v1/a")),
        target("broad", &path("/v1")),
        target("only", &path("/v1")),
        target("only-broad", ""),
        // Wider than what is declared, in a part that does not make it broad.
        target("wider", "path_prefixes = ['/v1', '/v2']"),
    ];
    let api = "{ kind = 'host_api', api = 'request' }";
    (manifest(api, &declared.concat()), grants(api, &granted.concat()))
}

#[test]
fn every_way_in_which_request_targets_meet_has_the_words_of_the_yoi_host() {
    let (manifest, grants) = every_request_target();
    let inspection = Inspection::of(&manifest, &grants, &[], Profile::Yoi);
    insta::assert_snapshot!(host_apis(&inspection), @"
        rge host_api.request
        rge host_api.request target https://covered GET /v1
        rge host_api.request target https://widely GET /v1: covered by broad/arbitrary enabled request grant
        rge host_api.request target https://partly GET /v1: partially covered by enabled request grant; only intersecting URLs are allowed
        rge host_api.request target https://wider GET /v1
        rge host_api.request target https://broad GET * [broad-request]: partially covered by enabled request grant; broad manifest target is constrained by narrower grants
        r-- host_api.request target https://missing GET /v1: missing enabled request grant for manifest target
        r-- host_api.request target https://missing-broad GET * [broad-request]: missing enabled request grant for manifest target; broad/arbitrary target
        rge host_api.request grant https://covered GET /v1
        rge host_api.request grant https://widely GET * [broad-request]: broad/arbitrary enabled request grant is constrained by manifest declarations
        rge host_api.request grant https://partly GET /v1/a
        rge host_api.request grant https://broad GET /v1
        -g- host_api.request grant-only https://only GET /v1: enabled request grant has no matching manifest declaration
        -g- host_api.request grant-only https://only-broad GET * [broad-request]: enabled request grant has no matching manifest declaration; broad/arbitrary target
        rge host_api.request grant https://wider GET /v1,/v2: enabled request grant is only usable where it intersects manifest declarations
        ");
    assert!(!inspection.statically_eligible());
}

#[test]
fn in_the_documented_profile_the_same_are_remarks() {
    let (manifest, grants) = every_request_target();
    let inspection = Inspection::of(&manifest, &grants, &[], Profile::Documented);
    assert!(inspection.statically_eligible());
    let bare = |text: String| text.replace(['(', ')'], "");
    let yoi = Inspection::of(&manifest, &grants, &[], Profile::Yoi);
    assert_eq!(bare(host_apis(&inspection)), host_apis(&yoi));
    assert!(inspection.host_apis.iter().all(|row| row.diagnostic.is_none()));
    // A wide target is nothing that keeps it from being used, nor is a grant that nobody asked for.
    insta::assert_snapshot!(inspection.findings().collect::<Vec<_>>().join("\n"), @"
        missing enabled request grant for manifest target
        missing enabled request grant for manifest target; broad/arbitrary target
        ");
}

#[test]
fn every_way_in_which_websocket_targets_meet_has_the_words_of_the_yoi_host() {
    let target = |host: &str, rest: &str| format!("[[websocket]]\nscheme = 'wss'\nhost = '{host}'\n{rest}\n");
    let path = |path: &str| format!("path_prefixes = ['{path}']");
    let declared = [
        target("widely", &path("/v1")),
        target("partly", &path("/v1")),
        target("wider", &path("/v1")),
        target("broad", ""),
        target("missing", &path("/v1")),
        target("missing-broad", ""),
    ];
    let granted = [
        target("widely", ""),
        target("partly", &path("/v1/a")),
        target("wider", "path_prefixes = ['/v1', '/v2']"),
        target("broad", &path("/v1")),
        target("only", &path("/v1")),
        target("only-broad", ""),
    ];
    let api = "{ kind = 'host_api', api = 'websocket' }";
    let (manifest, grants) = (manifest(api, &declared.concat()), grants(api, &granted.concat()));
    let inspection = Inspection::of(&manifest, &grants, &[], Profile::Yoi);
    insta::assert_snapshot!(host_apis(&inspection), @"
        rge host_api.websocket
        rge host_api.websocket target wss://widely /v1: covered by broad/arbitrary enabled WebSocket grant
        rge host_api.websocket target wss://partly /v1: partially covered by enabled WebSocket grant; only intersecting URLs are allowed
        rge host_api.websocket target wss://wider /v1
        rge host_api.websocket target wss://broad * [broad-websocket]: partially covered by enabled WebSocket grant; broad manifest target is constrained by narrower grants
        r-- host_api.websocket target wss://missing /v1: missing enabled WebSocket grant for manifest target
        r-- host_api.websocket target wss://missing-broad * [broad-websocket]: missing enabled WebSocket grant for manifest target; broad/arbitrary target
        rge host_api.websocket grant wss://widely * [broad-websocket]: broad/arbitrary enabled WebSocket grant is constrained by manifest declarations
        rge host_api.websocket grant wss://partly /v1/a
        rge host_api.websocket grant wss://wider /v1,/v2: enabled WebSocket grant is only usable where it intersects manifest declarations
        rge host_api.websocket grant wss://broad /v1
        -g- host_api.websocket grant-only wss://only /v1: enabled WebSocket grant has no matching manifest declaration
        -g- host_api.websocket grant-only wss://only-broad * [broad-websocket]: enabled WebSocket grant has no matching manifest declaration; broad/arbitrary target
        ");
}

#[test]
fn a_host_api_is_denied_as_a_call_would_be() {
    let all = "{ kind = 'host_api', api = 'request' }, { kind = 'host_api', api = 'websocket' }, { kind = 'host_api', api = 'fs' }";
    let targets = "[[request]]\nscheme = 'https'\nhost = 'a.b'\nmethods = ['GET']\npath_prefixes = ['/']\n\
            [[websocket]]\nscheme = 'wss'\nhost = 'a.b'\npath_prefixes = ['/']\n";
    let asks = manifest(all, "");
    let asks_with_targets = manifest(all, targets);
    let judged = |manifest: &Manifest, grants: &Grants| {
        host_apis(&Inspection::of(manifest, grants, &[], Profile::Yoi))
    };
    let shown = [
        judged(&asks, &Grants::default()),
        judged(&asks, &grants(all, "")),
        judged(&asks_with_targets, &grants(all, "")),
        judged(&manifest("", ""), &grants(all, "")),
        judged(
            &asks_with_targets,
            &grants(
                all,
                &format!("{targets}[[fs]]\nroot = '/a'\noperations = ['read']\n"),
            ),
        ),
    ];
    insta::assert_snapshot!(shown.join("\n\n"), @"
        r-- host_api.request: granted host_api.request permission is missing
        r-- host_api.websocket: granted host_api.websocket permission is missing
        r-- host_api.fs: granted host_api.fs permission is missing

        rg- host_api.request: manifest host_api.request target declaration is missing
        rg- host_api.websocket: manifest host_api.websocket target declaration is missing
        rg- host_api.fs: granted host_api.fs scope allowlist is missing

        rg- host_api.request: enabled host_api.request grants are missing
        rg- host_api.websocket: enabled host_api.websocket grants are missing
        rg- host_api.fs: granted host_api.fs scope allowlist is missing
        r-- host_api.request target https://a.b GET /: missing enabled request grant for manifest target
        r-- host_api.websocket target wss://a.b /: missing enabled WebSocket grant for manifest target

        -g- host_api.request: requested host_api.request permission is missing
        -g- host_api.websocket: requested host_api.websocket permission is missing
        -g- host_api.fs: requested host_api.fs permission is missing

        rge host_api.request
        rge host_api.websocket
        rge host_api.fs
        rge host_api.request target https://a.b GET /
        rge host_api.request grant https://a.b GET /
        rge host_api.websocket target wss://a.b /
        rge host_api.websocket grant wss://a.b /
        ");
}

#[test]
fn a_plugin_is_not_ineligible_for_asking() {
    let all = "{ kind = 'host_api', api = 'request' }, { kind = 'host_api', api = 'fs' }";
    let manifest = manifest(all, "[[request]]\nscheme = '*'\nhost = '*'\nmethods = ['GET']\n");
    let inspect = |profile| Inspection::of(&manifest, &Grants::default(), &[], profile);
    assert!(inspect(Profile::Documented).statically_eligible());
    assert!(!inspect(Profile::Yoi).statically_eligible());
    insta::assert_snapshot!(host_apis(&inspect(Profile::Documented)), @"
        r-- host_api.request: (granted host_api.request permission is missing)
        r-- host_api.fs: (granted host_api.fs permission is missing)
        r-- host_api.request target *://* GET * [broad-request]: (missing enabled request grant for manifest target; broad/arbitrary target)
        ");
    assert_eq!(inspect(Profile::Documented).findings().count(), 3);
}

#[test]
fn a_tool_is_judged_by_its_definition_and_its_permissions() {
    let asked = format!(
        "{TOOL_SURFACE} {{ kind = 'tool', name = 'good' }}, {{ kind = 'tool', name = 'twice' }}, \
             {{ kind = 'tool', name = 'writes' }}, {{ kind = 'tool', name = 'ungranted' }}"
    );
    let bad =
        "[[tools]]\nname = 'bad name'\ndescription = ''\ninput_schema = { type = 'string', oneOf = [] }\n";
    let writes = tool("writes").replace("input_schema", "external_write = true\ninput_schema");
    let other = tool("twice").replace("object", "array");
    let rest = [
        tool("good"),
        tool("twice"),
        other,
        bad.to_owned(),
        writes,
        tool("ungranted"),
    ];
    let manifest = manifest(&asked, &rest.concat());
    let given = asked.replace(", { kind = 'tool', name = 'ungranted' }", "");
    let inspect = |profile| Inspection::of(&manifest, &grants(&given, ""), &[Surface::Tool], profile);
    insta::assert_snapshot!(tools(&inspect(Profile::Yoi)), @"
        rge tool.good: -
        rg- tool.twice: tool `twice` has duplicate name within plugin manifest
        rg- tool.twice: tool `twice` has duplicate name within plugin manifest; tool `twice` has invalid input_schema: root schema type must be `object`
        --- tool.bad name: tool `bad name` has invalid name: name must not contain whitespace or control characters; tool `bad name` has invalid input_schema: $: unsupported schema keyword `oneOf`; requested tool permission for `bad name` is missing
        rg- tool.writes: requested external_write permission is missing
        r-- tool.ungranted: granted tool permission for `ungranted` is missing
        ");
    insta::assert_snapshot!(tools(&inspect(Profile::Documented)), @"
        rge tool.good: -
        rg- tool.twice: tool `twice` has duplicate name within plugin manifest
        rg- tool.twice: tool `twice` has duplicate name within plugin manifest; tool `twice` has invalid input_schema: root schema type must be `object`
        --- tool.bad name: tool `bad name` has invalid name: name must not contain whitespace or control characters; tool `bad name` has invalid input_schema: $: unsupported schema keyword `oneOf`; tool `bad name` has invalid input_schema: root schema type must be `object`; requested tool permission for `bad name` is missing
        rg- tool.writes: requested external_write permission is missing
        r-- tool.ungranted: granted tool permission for `ungranted` is missing
        ");
    assert!(inspect(Profile::Yoi).tools.iter().all(|row| row.lines.is_empty()));
    insta::assert_snapshot!(inspect(Profile::Documented).tools[5].lines[0], @r#"
        add to `permissions` in the grants:

            { kind = "tool", name = "ungranted" },
        "#);
}

#[test]
fn what_is_said_of_a_tool_has_an_end() {
    let name = "é ".repeat(300);
    let manifest = manifest("", &tool(&name));
    for profile in Profile::ALL {
        let inspection = Inspection::of(&manifest, &Grants::default(), &[Surface::Tool], profile);
        let said = inspection.tools[0].diagnostic.clone().unwrap();
        assert!(
            (MESSAGE_BYTES - 1..=MESSAGE_BYTES + '…'.len_utf8()).contains(&said.len()),
            "{}",
            said.len()
        );
        assert_eq!(inspection.tools[0].name, name);
    }
}

#[test]
fn a_namespace_grants_its_tools_and_the_yoi_host_does_not_show_it() {
    let namespace = format!("{TOOL_SURFACE} {{ kind = 'tool_namespace', namespace = 'no' }}");
    let manifest = manifest(&namespace, &tool("notes"));
    let inspect = |profile| Inspection::of(&manifest, &grants(&namespace, ""), &[Surface::Tool], profile);
    insta::assert_snapshot!(tools(&inspect(Profile::Yoi)), @"--e tool.notes: -");
    insta::assert_snapshot!(tools(&inspect(Profile::Documented)), @"rge tool.notes: -");
    assert!(inspect(Profile::Yoi).statically_eligible());
}

#[test]
fn services_and_ingresses_are_judged_by_their_permissions() {
    let rest = "[[services]]\nname = 'feed'\ndescription = ''\n[[services]]\nname = 'other'\ndescription = ''\n\
            [[ingresses]]\nname = 'hook'\ndescription = ''\n";
    let asked = "{ kind = 'surface', surface = 'service' }, { kind = 'service', name = 'feed' }, \
            { kind = 'service', name = 'other' }, { kind = 'surface', surface = 'ingress' }";
    let given = "{ kind = 'surface', surface = 'service' }, { kind = 'service', name = 'feed' }";
    let manifest = manifest(asked, rest);
    let both = [Surface::Service, Surface::Ingress];
    for profile in Profile::ALL {
        let inspection = Inspection::of(&manifest, &grants(given, ""), &both, profile);
        assert!(!inspection.statically_eligible());
        let shown = format!(
            "{}\n{}",
            items(&inspection.services),
            items(&inspection.ingresses)
        );
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown, @"
                rge service.feed: -
                r-- service.other: granted service permission for `other` is missing
                --- ingress.hook: granted surfaces.ingress permission is missing
                ");
        }
    }
}

#[test]
fn only_surfaces_that_are_turned_on_have_rows() {
    let rest =
        "[[services]]\nname = 'feed'\ndescription = ''\n[[ingresses]]\nname = 'hook'\ndescription = ''\n";
    let manifest = manifest("", &format!("{}{rest}", tool("t")));
    let counts = |surfaces: &[Surface]| {
        let inspection = Inspection::of(&manifest, &Grants::default(), surfaces, Profile::Documented);
        [
            inspection.tools.len(),
            inspection.services.len(),
            inspection.ingresses.len(),
        ]
    };
    assert_eq!(counts(&[]), [0, 0, 0]);
    assert_eq!(counts(&[Surface::Tool, Surface::Wasm]), [1, 0, 0]);
    assert_eq!(counts(&[Surface::Service]), [0, 1, 0]);
    assert_eq!(counts(&[Surface::Ingress, Surface::Hook]), [0, 0, 1]);
}

#[test]
fn a_plugin_without_code_is_not_eligible() {
    let manifest = Manifest::parse(HEAD).unwrap();
    for profile in Profile::ALL {
        let inspection = Inspection::of(&manifest, &Grants::default(), &[], profile);
        assert!(!inspection.statically_eligible());
        assert_eq!(inspection.runtime.status, "none");
        assert_eq!(
            inspection.findings().collect::<Vec<_>>(),
            ["plugin runtime is not declared"]
        );
    }
}

#[test]
fn rows_have_the_shape_of_the_contract() {
    let asked = format!("{TOOL_SURFACE} {{ kind = 'host_api', api = 'fs' }}");
    let rest = "[[services]]\nname = 'feed'\ndescription = ''\n";
    let manifest = manifest(&asked, &format!("{}{rest}", tool("t")));
    let surfaces = [Surface::Tool, Surface::Service];
    let inspection = Inspection::of(&manifest, &Grants::default(), &surfaces, Profile::Yoi);
    insta::assert_snapshot!(serde_json::to_string_pretty(&inspection).unwrap(), @r#"
        {
          "runtime": {
            "eligible": true,
            "status": "wasm-component/yoi:plugin/instance@1.0.0",
            "diagnostic": null
          },
          "host_apis": [
            {
              "permission": "host_api.fs",
              "requested": true,
              "granted": false,
              "eligible": false,
              "diagnostic": "granted host_api.fs permission is missing"
            }
          ],
          "tools": [
            {
              "name": "t",
              "permission": "tool.t",
              "requested": false,
              "granted": false,
              "eligible": false,
              "external_write": false,
              "diagnostic": "granted surfaces.tool permission is missing"
            }
          ],
          "services": [
            {
              "name": "feed",
              "permission": "service.feed",
              "requested": false,
              "granted": false,
              "eligible": false,
              "diagnostic": "requested surfaces.service permission is missing"
            }
          ],
          "ingresses": []
        }
        "#);
}

#[test]
fn grants_for_another_package_are_a_matter_of_the_binding() {
    let asked = format!("{TOOL_SURFACE} {{ kind = 'tool', name = 't' }}");
    let manifest = manifest(&asked, &tool("t"));
    let grants = Grants::parse(&format!("id = 'user:other'\npermissions = [{asked}]\n")).unwrap();
    let binding = Binding::Package(BoundPackage {
        id: "user:notes".parse().unwrap(),
        version: "1.0.0".to_owned(),
        digest: "sha256:00".to_owned(),
    });
    let surfaces = [Surface::Tool];
    let inspection = Inspection::of(&manifest, &grants, &surfaces, Profile::Documented);
    assert!(inspection.statically_eligible());
    let inspection = Inspection::of_bound(&manifest, &grants, &binding, &surfaces, Profile::Documented);
    insta::assert_snapshot!(tools(&inspection), @"rg- tool.t: plugin grant package id binding does not match enabled package");
    let lines: Vec<String> = inspection.tools[0]
        .lines
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
        add at the top of the grants:

            version = "1.0.0"
            digest = "sha256:00"
        replace `id` in the grants:

            id = "user:notes"
        "#);
}

#[test]
fn the_lines_of_all_rows_make_all_that_is_asked_for_eligible() {
    let asked = format!(
        "{TOOL_SURFACE} {{ kind = 'tool', name = 't' }}, {{ kind = 'external_write' }}, \
             {{ kind = 'host_api', api = 'request' }}, {{ kind = 'host_api', api = 'websocket' }}, \
             {{ kind = 'surface', surface = 'service' }}, {{ kind = 'service', name = 'feed' }}"
    );
    let rest = "[[services]]\nname = 'feed'\ndescription = ''\n\
            [[request]]\nscheme = 'https'\nhost = 'a.b'\nmethods = ['GET']\npath_prefixes = ['/v1']\n\
            [[request]]\nscheme = '*'\nhost = '*'\nmethods = ['POST']\n\
            [[websocket]]\nscheme = 'wss'\nhost = 'a.b'\n";
    let external = tool("t").replace("input_schema", "external_write = true\ninput_schema");
    let manifest = manifest(&asked, &format!("{external}{rest}"));
    let inspect = |text: &str| {
        let grants = Grants::parse(text).unwrap();
        let surfaces = [Surface::Tool, Surface::Service];
        Inspection::of(&manifest, &grants, &surfaces, Profile::Documented)
    };
    let mut text = String::new();
    // One row at a time: the lines of the next depend on what is granted by then.
    for _ in 0..20 {
        let inspection = inspect(&text);
        let rows = inspection.host_apis.iter().map(|row| &row.lines);
        let rows = rows.chain(inspection.tools.iter().map(|row| &row.lines));
        let mut rows = rows.chain(inspection.services.iter().map(|row| &row.lines));
        let Some(lines) = rows.find(|lines| !lines.is_empty()) else {
            break;
        };
        for missing in lines {
            assert_eq!(missing.file, Side::Grants);
            text = missing.apply(&text).unwrap();
        }
    }
    let done = inspect(&text);
    assert_eq!(done.findings().collect::<Vec<_>>(), [""; 0], "{text}");
    assert!(
        done.host_apis.iter().all(|row| row.eligible && row.granted),
        "{text}"
    );
}

#[test]
fn a_target_that_is_not_granted_comes_with_the_lines_for_it() {
    let api = "{ kind = 'host_api', api = 'request' }";
    let target = |host: &str| format!("[[request]]\nscheme = 'https'\nhost = '{host}'\nmethods = ['GET']\n");
    let socket = "[[websocket]]\nscheme = 'wss'\nhost = 'e.f'\nport = 8443\n";
    let manifest = manifest(api, &format!("{}{}{socket}", target("a.b"), target("c.d")));
    let grants = grants(api, &target("a.b"));
    let inspection = Inspection::of(&manifest, &grants, &[], Profile::Documented);
    let lines = inspection
        .host_apis
        .iter()
        .flat_map(|row| row.lines.iter().map(ToString::to_string));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
        add at the end of the grants:

            [[request]]
            scheme = "https"
            host = "c.d"
            methods = ["GET"]
        add to `permissions` in plugin.toml:

            { kind = "host_api", api = "websocket" },
        add to `permissions` in the grants:

            { kind = "host_api", api = "websocket" },
        add at the end of the grants:

            [[websocket]]
            scheme = "wss"
            host = "e.f"
            port = 8443
        "#);
}

#[test]
fn a_target_that_never_matches_has_no_lines() {
    let rest =
        "[[request]]\nhost = 'a.b'\nmethods = ['GET']\n[[websocket]]\nscheme = 'https'\nhost = 'a.b'\n";
    let manifest = manifest("{ kind = 'host_api', api = 'request' }", rest);
    let inspection = Inspection::of(&manifest, &Grants::default(), &[], Profile::Documented);
    let targets = inspection
        .host_apis
        .iter()
        .filter(|row| row.permission.contains(" target "));
    assert_eq!(targets.clone().count(), 2);
    assert!(targets.clone().all(|row| row.lines.is_empty() && !row.granted));
}

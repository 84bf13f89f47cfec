//! What is granted and what is not, call by call.

use super::*;
use crate::authority::{BindingFault, BoundPackage};

const HEAD: &str = "schema_version = 1\nid = 'notes'\nname = 'Notes'\nversion = '1.0.0'\n";

fn manifest(rest: &str) -> Manifest {
    Manifest::parse(&format!("{HEAD}{rest}")).unwrap()
}

fn authority(asked: &str, granted: &str) -> Authority {
    Authority::new(
        &manifest(asked),
        Grants::parse(granted).unwrap(),
        &Binding::Unbound,
    )
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// All reasons of a denial, the one that is told first.
fn reasons(decision: Result<Allowed, Denial>) -> String {
    let denial = decision.unwrap_err();
    assert_eq!(denial.to_string(), denial.reasons()[0].to_string());
    let reasons: Vec<String> = denial.reasons().iter().map(Reason::to_string).collect();
    reasons.join("\n")
}

const BOTH_APIS: &str = "permissions = [{kind='host_api',api='request'},{kind='host_api',api='websocket'}]\n";

#[test]
fn nothing_is_allowed_where_nothing_is_asked_or_granted() {
    let none = Authority::none();
    insta::assert_snapshot!(reasons(none.tool("search", true)), @r"
        requested surfaces.tool permission is missing
        granted surfaces.tool permission is missing
        requested tool permission for `search` is missing
        granted tool permission for `search` is missing
        requested external_write permission is missing
        granted external_write permission is missing
        ");
    insta::assert_snapshot!(reasons(none.service("sync")), @r"
        requested surfaces.service permission is missing
        granted surfaces.service permission is missing
        requested service permission for `sync` is missing
        granted service permission for `sync` is missing
        ");
    insta::assert_snapshot!(reasons(none.ingress("feed")), @r"
        requested surfaces.ingress permission is missing
        granted surfaces.ingress permission is missing
        requested ingress permission for `feed` is missing
        granted ingress permission for `feed` is missing
        ");
    insta::assert_snapshot!(reasons(none.host_api(HostApi::Request)), @r"
        requested host_api.request permission is missing
        granted host_api.request permission is missing
        manifest host_api.request target declaration is missing
        enabled host_api.request grants are missing
        ");
    insta::assert_snapshot!(reasons(none.host_api(HostApi::Websocket)), @r"
        requested host_api.websocket permission is missing
        granted host_api.websocket permission is missing
        manifest host_api.websocket target declaration is missing
        enabled host_api.websocket grants are missing
        ");
    insta::assert_snapshot!(reasons(none.host_api(HostApi::Fs)), @r"
        requested host_api.fs permission is missing
        granted host_api.fs permission is missing
        granted host_api.fs scope allowlist is missing
        ");
    let denial = none.fs(FsOperation::Write).unwrap_err();
    insta::assert_snapshot!(denial.reasons().last().unwrap(), @"host_api.fs write denied: no matching operation grant");
}

#[test]
fn without_a_manifest_only_the_grants_are_asked() {
    let grants = Authority::without_manifest(Grants::default(), &Binding::Unbound);
    insta::assert_snapshot!(reasons(grants.request("GET", &url("https://a.b/"))), @r"
        granted host_api.request permission is missing
        enabled host_api.request grants are missing
        host_api.request target GET https://a.b/ is not covered by enabled request grants
        ");
}

#[test]
fn asking_is_not_being_granted_and_granting_is_not_being_asked() {
    let target = "[[request]]\nscheme='https'\nhost='a.b'\nmethods=['GET']\n";
    let list = format!("{BOTH_APIS}{target}");
    let wanted = url("https://a.b/x?token=1#y");
    assert!(authority(&list, &list).request("GET", &wanted).is_ok());
    insta::assert_snapshot!(reasons(authority(&list, "").request("GET", &wanted)), @r"
        granted host_api.request permission is missing
        enabled host_api.request grants are missing
        host_api.request target GET https://a.b/x is not covered by enabled request grants
        ");
    insta::assert_snapshot!(reasons(authority("", &list).request("GET", &wanted)), @r"
        requested host_api.request permission is missing
        manifest host_api.request target declaration is missing
        host_api.request target GET https://a.b/x is not declared by the plugin manifest
        ");
    insta::assert_snapshot!(reasons(authority(&list, &list).request("POST", &wanted)), @r"
        host_api.request target POST https://a.b/x is not declared by the plugin manifest
        host_api.request target POST https://a.b/x is not covered by enabled request grants
        ");
}

#[test]
fn a_connection_is_denied_in_its_own_words() {
    let list = format!("{BOTH_APIS}[[websocket]]\nscheme='wss'\nhost='a.b'\n");
    let authority = authority(&list, &list);
    assert!(authority.websocket(&url("wss://a.b/live")).is_ok());
    insta::assert_snapshot!(reasons(authority.websocket(&url("ws://a.b/live?key=1"))), @r"
        host_api.websocket target ws://a.b/live is not declared by the plugin manifest
        host_api.websocket target ws://a.b/live is not covered by enabled WebSocket grants
        ");
}

#[test]
fn a_decision_names_the_entries_it_rests_on() {
    let asked = format!("{BOTH_APIS}[[request]]\n[[request]]\nscheme='https'\nhost='*'\nmethods=['GET']\n");
    let granted = format!("{BOTH_APIS}[[request]]\nscheme='https'\nhost='a.b'\nmethods=['GET']\n");
    let allowed = authority(&asked, &granted)
        .request("GET", &url("https://a.b/"))
        .unwrap();
    insta::assert_snapshot!(allowed, @"declared by request[1] of plugin.toml, granted by request[0] of the grants");
    let json = serde_json::to_string(&allowed).unwrap();
    insta::assert_snapshot!(json, @r#"{"manifest":{"list":"request","index":1},"grants":{"list":"request","index":0}}"#);
}

#[test]
fn a_target_of_the_same_host_is_named_with_what_differs() {
    let list = format!(
        "{BOTH_APIS}[[request]]\nscheme='https'\nhost='a.b'\nport=8443\nmethods=['GET']\npath_prefixes=['/v1']\n"
    );
    let denial = authority(&list, &list)
        .request("POST", &url("https://a.b:8443/v2"))
        .unwrap_err();
    let near: Vec<String> = denial.near_misses().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(near.join("\n"), @r"
        request[0] of plugin.toml names the host, but differs in `methods`, `path_prefixes`
        request[0] of the grants names the host, but differs in `methods`, `path_prefixes`
        ");
}

#[test]
fn a_target_without_a_method_that_there_is_does_not_count() {
    let list = format!("{BOTH_APIS}[[request]]\nscheme='https'\nhost='a.b'\nmethods=['HEAD']\n");
    insta::assert_snapshot!(reasons(authority(&list, &list).host_api(HostApi::Request)), @r"
        manifest host_api.request target declaration is missing
        enabled host_api.request grants are missing
        ");
}

#[test]
fn a_target_of_another_scheme_is_no_websocket_target() {
    let list = format!("{BOTH_APIS}[[websocket]]\nscheme='https'\nhost='a.b'\n");
    insta::assert_snapshot!(reasons(authority(&list, &list).host_api(HostApi::Websocket)), @r"
        manifest host_api.websocket target declaration is missing
        enabled host_api.websocket grants are missing
        ");
}

#[test]
fn a_tool_is_granted_by_name_or_by_the_beginning_of_its_name() {
    let asked = "permissions = [{kind='surface',surface='tool'},{kind='tool',name='git_log'}]\n";
    let granted =
        "permissions = [{kind='surface',surface='tool'},{kind='tool_namespace',namespace='git_'}]\n";
    let authority = authority(asked, granted);
    insta::assert_snapshot!(authority.tool("git_log", false).unwrap(), @"declared by permissions[1] of plugin.toml, granted by permissions[1] of the grants");
    insta::assert_snapshot!(reasons(authority.tool("git_push", false)), @"requested tool permission for `git_push` is missing");
    insta::assert_snapshot!(reasons(authority.tool("git_log", true)), @r"
        requested external_write permission is missing
        granted external_write permission is missing
        ");
}

#[test]
fn folders_are_given_in_order_for_the_operation_only() {
    let granted = "permissions = [{kind='host_api',api='fs'}]\n\
            [[fs]]\nroot='/a'\noperations=['read']\n[[fs]]\nroot='/b'\noperations=['read','list']\n";
    let authority = Authority::without_manifest(Grants::parse(granted).unwrap(), &Binding::Unbound);
    let roots = |operation| {
        let folders = authority.fs(operation).unwrap();
        folders.iter().map(|grant| grant.root.clone()).collect::<Vec<_>>()
    };
    assert_eq!(roots(FsOperation::Read), ["/a", "/b"]);
    assert_eq!(roots(FsOperation::List), ["/b"]);
    let denial = authority.fs(FsOperation::Write).unwrap_err();
    insta::assert_snapshot!(denial, @"host_api.fs write denied: no matching operation grant");
}

#[test]
fn a_folder_that_is_not_absolute_grants_nothing() {
    let granted = "permissions = [{kind='host_api',api='fs'}]\n[[fs]]\nroot='notes'\noperations=['read']\n";
    let authority = Authority::without_manifest(Grants::parse(granted).unwrap(), &Binding::Unbound);
    insta::assert_snapshot!(authority.fs(FsOperation::Read).unwrap_err(), @"granted host_api.fs scope allowlist is missing");
}

fn package() -> BoundPackage {
    BoundPackage {
        id: "user:notes".parse().unwrap(),
        version: "1.0.0".to_owned(),
        digest: "sha256:00".to_owned(),
    }
}

const GRANTED: &str = "permissions = [{kind='surface',surface='tool'},{kind='tool',name='t'}]\n";

fn bound(granted: &str, binding: &Binding) -> Result<Allowed, Denial> {
    let grants = Grants::parse(&format!("{granted}{GRANTED}")).unwrap();
    Authority::new(&manifest(GRANTED), grants, binding).tool("t", false)
}

#[test]
fn grants_are_bound_to_id_digest_and_version() {
    let strict = Binding::Package(package());
    let bind = |granted: &str| bound(granted, &strict);
    assert!(bind("id='user:notes'\nversion='1.0.0'\ndigest='sha256:00'\n").is_ok());
    insta::assert_snapshot!(reasons(bind("")), @r"
        plugin grant is missing a source-qualified package id binding
        plugin grant is missing a deterministic digest binding
        plugin grant is missing an exact package version binding
        ");
    insta::assert_snapshot!(reasons(bind("id='notes'\nversion='1'\ndigest='sha256:01'\n")), @r"
        plugin grant package id binding is not a valid source-qualified plugin id
        plugin grant digest binding does not match enabled package digest
        plugin grant version binding does not match enabled package version
        ");
    insta::assert_snapshot!(
        bind("id='project:notes'\nversion='1.0.0'\ndigest='sha256:00'\n").unwrap_err(), @"plugin grant package id binding does not match enabled package"
    );
}

#[test]
fn a_binding_that_is_written_is_held_against_the_package() {
    let if_written = Binding::IfWritten(package());
    assert!(bound("", &if_written).is_ok());
    assert!(bound("version='1.0.0'\n", &if_written).is_ok());
    insta::assert_snapshot!(bound("version='2'\n", &if_written).unwrap_err(), @"plugin grant version binding does not match enabled package version");
}

#[test]
fn bound_grants_are_not_used_for_what_is_no_package() {
    assert!(bound("", &Binding::Unbound).is_ok());
    let denial = bound("digest='sha256:00'\n", &Binding::Unbound).unwrap_err();
    insta::assert_snapshot!(denial, @"plugin grant is bound to a package, and what runs here is none: remove its id, version and digest");
    assert_eq!(denial.lines(), []);
    assert_eq!(
        denial.reasons(),
        [Reason::Binding {
            fault: BindingFault::NoPackage
        }]
    );
}

#[test]
fn an_address_is_named_only_by_a_target_with_that_address_on_both_sides() {
    let target = |host: &str| {
        format!("[[request]]\nscheme='http'\nhost='{host}'\nmethods=['GET']\npath_prefixes=['/latest']\n")
    };
    let literal = format!("{BOTH_APIS}{}", target("169.254.169.254"));
    let any = format!("{BOTH_APIS}{}", target("*"));
    let metadata = url("http://0xa9fea9fe/latest/meta-data");
    let names =
        |asked: &str, granted: &str, url: &Url| authority(asked, granted).request_by_name("GET", url).is_ok();
    assert!(names(&literal, &literal, &metadata));
    assert!(!names(&literal, &any, &metadata));
    assert!(!names(&any, &literal, &metadata));
    assert!(!names(&literal, &literal, &url("http://169.254.169.254/other")));
    assert!(!names(&literal, &literal, &url("https://169.254.169.254/latest")));
    let mapped = url("http://[::ffff:169.254.169.254]/latest");
    assert!(!names(&literal, &literal, &mapped));
    let v6 = format!("{BOTH_APIS}{}", target("[fe80::1]"));
    assert!(names(&v6, &v6, &url("http://[fe80:0::1]/latest")));
}

#[test]
fn a_target_by_name_is_asked_for_the_method_as_well() {
    let target = |host: &str, method: &str| {
        format!("[[request]]\nscheme='http'\nhost='{host}'\nmethods=['{method}']\n")
    };
    let list = format!("{BOTH_APIS}{}{}", target("*", "POST"), target("10.0.0.1", "GET"));
    let authority = authority(&list, &list);
    let private = url("http://10.0.0.1/");
    assert!(authority.request("POST", &private).is_ok());
    assert!(authority.request_by_name("GET", &private).is_ok());
    insta::assert_snapshot!(reasons(authority.request_by_name("POST", &private)), @r"
        host_api.request target POST http://10.0.0.1/ is not declared by the plugin manifest: it has to be named, `*` does not cover it
        host_api.request target POST http://10.0.0.1/ is not covered by enabled request grants: it has to be named, `*` does not cover it
        ");
}

#[test]
fn a_denial_is_data() {
    let list = format!("{BOTH_APIS}[[request]]\nscheme='https'\nhost='a.b'\nmethods=['GET']\n");
    let denial = authority(&list, &list)
        .request("GET", &url("https://c.d/"))
        .unwrap_err();
    let json = serde_json::to_string_pretty(&denial).unwrap();
    insta::assert_snapshot!(json, @r#"
        {
          "message": "host_api.request target GET https://c.d/ is not declared by the plugin manifest",
          "reasons": [
            {
              "reason": "url",
              "side": "manifest",
              "api": "request",
              "method": "GET",
              "url": "https://c.d/",
              "literal": false
            },
            {
              "reason": "url",
              "side": "grants",
              "api": "request",
              "method": "GET",
              "url": "https://c.d/",
              "literal": false
            }
          ],
          "lines": [
            {
              "file": "manifest",
              "place": "end",
              "lines": "[[request]]\nscheme = \"https\"\nhost = \"c.d\"\nmethods = [\"GET\"]\npath_prefixes = [\"/\"]",
              "example": false
            },
            {
              "file": "grants",
              "place": "end",
              "lines": "[[request]]\nscheme = \"https\"\nhost = \"c.d\"\nmethods = [\"GET\"]\npath_prefixes = [\"/\"]",
              "example": false
            }
          ]
        }
        "#);
}

#[test]
fn each_reason_is_data() {
    let json = |decision: Result<Allowed, Denial>| {
        serde_json::to_string(&decision.unwrap_err().reasons()[0]).unwrap()
    };
    insta::assert_snapshot!(json(Authority::none().tool("t", false)), @r#"{"reason":"permission","side":"manifest","kind":"surface","surface":"tool"}"#);
    insta::assert_snapshot!(json(Authority::none().host_api(HostApi::Fs)), @r#"{"reason":"permission","side":"manifest","kind":"host_api","api":"fs"}"#);
    insta::assert_snapshot!(json(bound("", &Binding::Package(package()))), @r#"{"reason":"binding","fault":"no_id"}"#);
}

#[test]
fn a_long_path_is_cut_and_user_and_query_are_not_shown() {
    let long = format!("https://user:secret@a.b:444/{}?token=1", "é".repeat(60));
    insta::assert_snapshot!(shown_url(&url(&long)), @"https://a.b:444/%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A…");
}

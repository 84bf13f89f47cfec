//! What would have to be written for something denied to be allowed.
//!
//! Everything that is lacking is gathered, not only what was noticed first: whoever adds the lines is not
//! sent back for more.

use url::Url;

use super::api::{FsOperation, HostApi};
use super::binding::BindingFault;
use super::book::Errand;
use super::decision::Authority;
use super::grants::FsGrant;
use super::lines::{Missing, Piece, Side, missing};
use super::permission::Permission;
use super::target::{RequestTarget, WebsocketTarget, bare_host, is_allowed};

/// What one side lacks beside permissions.
#[derive(Default)]
pub(super) struct Lacking {
    pub(super) pieces: Vec<Piece>,
    /// Whether they are examples, because it is not known what the plugin wants.
    pub(super) example: bool,
}

impl Authority {
    /// The lines that put these permissions, and what `more` says, on each side that lacks them; and the
    /// binding that the grants then need.
    pub(super) fn lines(&self, wanted: &[Permission], more: impl Fn(Side) -> Lacking) -> Vec<Missing> {
        if self.binding_faults.contains(&BindingFault::NoPackage) {
            // It goes away by removing lines.
            return Vec::new();
        }
        let mut all = Vec::new();
        for (side, book) in self.books() {
            let mut pieces = match side {
                Side::Manifest => Vec::new(),
                Side::Grants => self.binding_pieces.clone(),
            };
            let lacking = wanted
                .iter()
                .filter(|permission| book.permission(permission).is_none());
            pieces.extend(lacking.cloned().map(Piece::Permission));
            let Lacking {
                pieces: more,
                example,
            } = more(side);
            pieces.extend(more);
            if !pieces.is_empty() {
                all.extend(missing(side, &book.forms, &pieces, example));
            }
        }
        all
    }

    /// Targets for a side that has none while it is not known where the plugin wants to go: those of the other
    /// side, or an example.
    pub(super) fn targets_to_add(&self, side: Side, api: HostApi) -> Lacking {
        let other = match side {
            Side::Manifest => Some(&self.grants),
            Side::Grants => self.manifest.as_ref(),
        };
        let matchers = other.map_or(&[][..], |book| book.matchers(api));
        let usable = matchers.iter().enumerate().filter(|(_, target)| target.usable);
        let pieces: Vec<Piece> = usable
            .filter_map(|(index, _)| match api {
                HostApi::Request => Some(Piece::Request(other?.request.get(index)?.clone())),
                HostApi::Websocket => Some(Piece::Websocket(other?.websocket.get(index)?.clone())),
                HostApi::Fs => None,
            })
            .collect();
        if !pieces.is_empty() {
            return Lacking {
                pieces,
                example: false,
            };
        }
        let host = "api.example.com".to_owned();
        let path_prefixes = vec!["/".to_owned()];
        let piece = match api {
            HostApi::Request => Piece::Request(RequestTarget {
                scheme: "https".to_owned(),
                host,
                port: None,
                methods: vec!["GET".to_owned()],
                path_prefixes,
            }),
            HostApi::Websocket => Piece::Websocket(WebsocketTarget {
                scheme: "wss".to_owned(),
                host,
                port: None,
                path_prefixes,
            }),
            HostApi::Fs => return self.folder_to_add(FsOperation::Read),
        };
        Lacking {
            pieces: vec![piece],
            example: true,
        }
    }

    /// A folder to grant for an operation: one that is granted for another, or an example.
    pub(super) fn folder_to_add(&self, operation: FsOperation) -> Lacking {
        let known = self.fs.iter().find(|grant| grant.is_usable());
        let root = known.map_or("/path/to/folder", |grant| grant.root.trim());
        let grant = FsGrant {
            root: root.to_owned(),
            operations: vec![operation],
        };
        Lacking {
            pieces: vec![Piece::Fs(grant)],
            example: known.is_none(),
        }
    }
}

impl Errand<'_> {
    /// The target that allows just this. None if there is none: the host API does not have the method or the
    /// scheme, or the URL's host could not be told from a wildcard.
    pub(super) fn smallest_target(self, url: &Url) -> Option<Piece> {
        let host = url.host_str()?;
        let host = host.strip_suffix('.').unwrap_or(host).to_owned();
        // Whoever reads the line would take a star for what it is not.
        if bare_host(&host).is_empty() || host.contains('*') {
            return None;
        }
        let scheme = url.scheme().to_owned();
        let port = url.port();
        let path_prefixes = match url.path() {
            "" => Vec::new(),
            path => vec![path.to_owned()],
        };
        match self.method {
            Some(method) => {
                let possible = is_allowed(method) && matches!(url.scheme(), "http" | "https");
                possible.then(|| {
                    Piece::Request(RequestTarget {
                        scheme,
                        host,
                        port,
                        methods: vec![method.trim().to_owned()],
                        path_prefixes,
                    })
                })
            }
            None => matches!(url.scheme(), "ws" | "wss").then(|| {
                Piece::Websocket(WebsocketTarget {
                    scheme,
                    host,
                    port,
                    path_prefixes,
                })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{Allowed, Binding, BoundPackage, Denial, Grants, Manifest};
    use proptest::prelude::*;

    const HEAD: &str = "schema_version = 1\nid = 'notes'\nname = 'Notes'\nversion = '1.0.0'\n";

    /// A question that an authority answers.
    #[derive(Debug, Clone)]
    enum Question {
        Tool(String, bool),
        Service(String),
        Ingress(String),
        HostApi(HostApi),
        Request(&'static str, Url),
        Websocket(Url),
        RequestByName(&'static str, Url),
        WebsocketByName(Url),
        Fs(FsOperation),
    }

    fn ask(authority: &Authority, question: &Question) -> Result<(), Denial> {
        let ok = |decision: Result<Allowed, Denial>| decision.map(drop);
        match question {
            Question::Tool(name, external_write) => ok(authority.tool(name, *external_write)),
            Question::Service(name) => ok(authority.service(name)),
            Question::Ingress(name) => ok(authority.ingress(name)),
            Question::HostApi(api) => ok(authority.host_api(*api)),
            Question::Request(method, url) => ok(authority.request(method, url)),
            Question::Websocket(url) => ok(authority.websocket(url)),
            Question::RequestByName(method, url) => ok(authority.request_by_name(method, url)),
            Question::WebsocketByName(url) => ok(authority.websocket_by_name(url)),
            Question::Fs(operation) => authority.fs(*operation).map(drop),
        }
    }

    fn package() -> BoundPackage {
        BoundPackage {
            id: "user:notes".parse().unwrap(),
            version: "1.0.0".to_owned(),
            digest: "sha256:00".to_owned(),
        }
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z_]{1,4}",
            "\\PC{1,6}",
            Just("a\"b\\c\n\u{7f}\u{0}".to_owned())
        ]
    }

    fn url(schemes: &'static [&'static str]) -> impl Strategy<Value = Url> {
        let hosts = &["a.b", "A.B.", "127.1", "[::1]", "例え.jp", "169.254.169.254"];
        let paths = &["", "/", "/v1/x?secret", "/é/\"'\\", "/a%2f..", "/#x"];
        (
            proptest::sample::select(schemes),
            proptest::sample::select(&hosts[..]),
            proptest::sample::select(&["", ":80", ":443", ":8443"][..]),
            proptest::sample::select(&paths[..]),
        )
            .prop_map(|(scheme, host, port, path)| {
                Url::parse(&format!("{scheme}://{host}{port}{path}")).unwrap()
            })
    }

    fn question() -> impl Strategy<Value = Question> {
        let method = || proptest::sample::select(&["GET", "POST", "PUT", "PATCH", "DELETE"][..]);
        prop_oneof![
            (name(), any::<bool>()).prop_map(|(name, write)| Question::Tool(name, write)),
            name().prop_map(Question::Service),
            name().prop_map(Question::Ingress),
            proptest::sample::select(&HostApi::ALL[..]).prop_map(Question::HostApi),
            (method(), url(&["http", "https"])).prop_map(|(method, url)| Question::Request(method, url)),
            (method(), url(&["http", "https"]))
                .prop_map(|(method, url)| Question::RequestByName(method, url)),
            url(&["ws", "wss"]).prop_map(Question::Websocket),
            url(&["ws", "wss"]).prop_map(Question::WebsocketByName),
            proptest::sample::select(&FsOperation::ALL[..]).prop_map(Question::Fs),
        ]
    }

    /// A list in one of the forms in which TOML has it: not at all, inline and empty, inline, or as tables.
    fn list(key: &'static str, items: &'static [&'static [&'static str]]) -> impl Strategy<Value = String> {
        let some = proptest::sample::subsequence(items, 0..=items.len());
        (0..3, some).prop_map(move |(form, items)| match form {
            0 => String::new(),
            1 => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| format!("{{ {} }}", item.join(", ")))
                    .collect();
                format!("{key} = [ # why\n{}]\n", items.join(",\n"))
            }
            _ => {
                let table = |item: &&&[&str]| format!("[[{key}]] # why\n{}\n", item.join("\n"));
                items.iter().map(|item| table(&item)).collect()
            }
        })
    }

    fn lists(with_folders: bool) -> impl Strategy<Value = String> {
        let folders = list(
            "fs",
            &[
                &["root = '/a'", "operations = ['read']"],
                &["root = '/b'", "operations = ['list']"],
                &["root = 'relative'", "operations = ['write']"],
            ],
        );
        let folders = folders.prop_map(move |folders| if with_folders { folders } else { String::new() });
        (
            list(
                "permissions",
                &[
                    &["kind = 'surface'", "surface = 'tool'"],
                    &["kind = 'tool_namespace'", "namespace = 'a'"],
                    &["kind = 'host_api'", "api = 'request'"],
                    &["kind = 'host_api'", "api = 'websocket'"],
                    &["kind = 'host_api'", "api = 'fs'"],
                ],
            ),
            list(
                "request",
                &[
                    &["scheme = '*'", "host = '*'", "methods = ['GET']"],
                    &[
                        "scheme = 'https'",
                        "host = 'a.b'",
                        "methods = ['post']",
                        "path_prefixes = ['/v1']",
                    ],
                    &["host = 'a.b'"],
                ],
            ),
            list(
                "websocket",
                &[
                    &["scheme = 'wss'", "host = '*'"],
                    &["scheme = 'https'", "host = 'a.b'"],
                ],
            ),
            folders,
        )
            .prop_map(|(permissions, request, websocket, fs)| {
                // Inline lists have to stand before the first table.
                let all = [permissions, request, websocket, fs];
                let (tables, inline): (Vec<String>, Vec<String>) =
                    all.into_iter().partition(|list| list.starts_with('['));
                format!("{}{}", inline.concat(), tables.concat())
            })
    }

    fn bindings() -> impl Strategy<Value = String> {
        let line = |lines: &'static [&'static str]| proptest::sample::select(lines);
        (
            line(&[
                "",
                "id = 'user:notes'\n",
                "id = 'project:notes' # mine\n",
                "id = 'notes'\n",
            ]),
            line(&["", "version = '1.0.0'\n", "version = '''2'''\n"]),
            line(&["", "digest = 'sha256:00'\n", "digest = \"sha256:01\"\n"]),
        )
            .prop_map(|(id, version, digest)| format!("{id}{version}{digest}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn adding_the_lines_makes_a_denial_an_allowance(
            asked in lists(false), granted in lists(true), bound in bindings(), binding in 0..3, question in question(),
        ) {
            let binding = match binding {
                0 => Binding::Unbound,
                1 => Binding::IfWritten(package()),
                _ => Binding::Package(package()),
            };
            let mut manifest = format!("{HEAD}{asked}");
            let mut grants = if binding == Binding::Unbound { granted } else { format!("{bound}{granted}") };
            let decide = |manifest: &str, grants: &str| {
                let manifest = Manifest::parse(manifest).unwrap();
                let grants = Grants::parse(grants).unwrap();
                ask(&Authority::new(&manifest, grants, &binding), &question)
            };
            if let Err(denial) = decide(&manifest, &grants) {
                prop_assert!(!denial.lines().is_empty());
                for missing in denial.lines() {
                    let text = match missing.file {
                        Side::Manifest => &mut manifest,
                        Side::Grants => &mut grants,
                    };
                    *text = missing.apply(text).unwrap();
                }
                let decision = decide(&manifest, &grants);
                prop_assert!(decision.is_ok(), "{decision:?}\n--- plugin.toml\n{manifest}\n--- grants\n{grants}");
            }
        }

        #[test]
        fn no_lines_ever_say_that_any_host_will_do(url in "(https|http)://[*.\\[\\]]{1,3}/[a-z]{0,3}") {
            if let Ok(url) = Url::parse(&url) {
                let denial = Authority::none().request("GET", &url).unwrap_err();
                prop_assert!(denial.lines().iter().all(|missing| !missing.lines.contains("\"*\"")));
            }
        }
    }

    fn lines(denial: &Denial) -> String {
        let lines: Vec<String> = denial.lines().iter().map(ToString::to_string).collect();
        lines.join("\n\n")
    }

    fn denied(asked: &str, granted: &str, question: &Question) -> Denial {
        let manifest = Manifest::parse(&format!("{HEAD}{asked}")).unwrap();
        let grants = Grants::parse(granted).unwrap();
        ask(&Authority::new(&manifest, grants, &Binding::Unbound), question).unwrap_err()
    }

    #[test]
    fn what_a_request_lacks_is_said_for_both_files() {
        let question = Question::Request(
            "GET",
            Url::parse("https://api.example.com:8443/v1/items?q=1").unwrap(),
        );
        insta::assert_snapshot!(lines(&denied("", "", &question)), @r#"
        add at the top of plugin.toml:

            permissions = [
                { kind = "host_api", api = "request" },
            ]

        add at the end of plugin.toml:

            [[request]]
            scheme = "https"
            host = "api.example.com"
            port = 8443
            methods = ["GET"]
            path_prefixes = ["/v1/items"]

        add at the top of the grants:

            permissions = [
                { kind = "host_api", api = "request" },
            ]

        add at the end of the grants:

            [[request]]
            scheme = "https"
            host = "api.example.com"
            port = 8443
            methods = ["GET"]
            path_prefixes = ["/v1/items"]
        "#);
    }

    #[test]
    fn lines_have_the_form_in_which_the_file_is_written() {
        let question = Question::Websocket(Url::parse("wss://feed.example.com/live").unwrap());
        let asked = "permissions = []\nwebsocket = []\n";
        let granted =
            "[[permissions]]\nkind = 'external_write'\n[[websocket]]\nscheme = 'ws'\nhost = 'a.b'\n";
        insta::assert_snapshot!(lines(&denied(asked, granted, &question)), @r#"
        add to `permissions` in plugin.toml:

            { kind = "host_api", api = "websocket" },

        add to `websocket` in plugin.toml:

            { scheme = "wss", host = "feed.example.com", path_prefixes = ["/live"] },

        add at the end of the grants:

            [[permissions]]
            kind = "host_api"
            api = "websocket"

            [[websocket]]
            scheme = "wss"
            host = "feed.example.com"
            path_prefixes = ["/live"]
        "#);
    }

    #[test]
    fn where_the_goal_is_not_known_the_other_side_says_it() {
        let asked = "permissions = [{kind='host_api',api='request'}]\n\
            [[request]]\nscheme='https'\nhost='a.b'\nmethods=['GET']\n";
        insta::assert_snapshot!(lines(&denied(asked, "", &Question::HostApi(HostApi::Request))), @r#"
        add at the top of the grants:

            permissions = [
                { kind = "host_api", api = "request" },
            ]

        add at the end of the grants:

            [[request]]
            scheme = "https"
            host = "a.b"
            methods = ["GET"]
        "#);
    }

    #[test]
    fn where_nobody_says_it_there_is_an_example() {
        insta::assert_snapshot!(lines(&denied("", "", &Question::HostApi(HostApi::Websocket))), @r#"
        add at the top of plugin.toml:

            permissions = [
                { kind = "host_api", api = "websocket" },
            ]

        add at the end of plugin.toml, with your own values:

            [[websocket]]
            scheme = "wss"
            host = "api.example.com"
            path_prefixes = ["/"]

        add at the top of the grants:

            permissions = [
                { kind = "host_api", api = "websocket" },
            ]

        add at the end of the grants, with your own values:

            [[websocket]]
            scheme = "wss"
            host = "api.example.com"
            path_prefixes = ["/"]
        "#);
    }

    #[test]
    fn a_folder_is_an_example_unless_one_is_granted_already() {
        insta::assert_snapshot!(lines(&denied("", "", &Question::Fs(FsOperation::Write))), @r#"
        add at the top of plugin.toml:

            permissions = [
                { kind = "host_api", api = "fs" },
            ]

        add at the top of the grants:

            permissions = [
                { kind = "host_api", api = "fs" },
            ]

        add at the end of the grants, with your own values:

            [[fs]]
            root = "/path/to/folder"
            operations = ["write"]
        "#);
        let fs = "permissions = [{kind='host_api',api='fs'}]\n";
        let granted = format!("{fs}[[fs]]\nroot='/home/me/notes'\noperations=['read']\n");
        insta::assert_snapshot!(lines(&denied(fs, &granted, &Question::Fs(FsOperation::Write))), @r#"
        add at the end of the grants:

            [[fs]]
            root = "/home/me/notes"
            operations = ["write"]
        "#);
    }

    #[test]
    fn a_binding_is_added_or_replaced() {
        let asked = "permissions = [{kind='surface',surface='service'},{kind='service',name='sync'}]\n";
        let manifest = Manifest::parse(&format!("{HEAD}{asked}")).unwrap();
        let grants = Grants::parse(&format!("version = '0.9'\n{asked}")).unwrap();
        let authority = Authority::new(&manifest, grants, &Binding::Package(package()));
        insta::assert_snapshot!(lines(&authority.service("sync").unwrap_err()), @r#"
        add at the top of the grants:

            id = "user:notes"
            digest = "sha256:00"

        replace `version` in the grants:

            version = "1.0.0"
        "#);
    }

    #[test]
    fn a_method_that_there_is_not_has_no_lines() {
        let url = Url::parse("https://a.b/").unwrap();
        assert_eq!(denied("", "", &Question::Request("TRACE", url)).lines(), []);
    }

    #[test]
    fn a_scheme_of_another_host_api_has_no_lines() {
        let url = |text| Url::parse(text).unwrap();
        assert_eq!(
            denied("", "", &Question::Request("GET", url("wss://a.b/"))).lines(),
            []
        );
        assert_eq!(
            denied("", "", &Question::Websocket(url("https://a.b/"))).lines(),
            []
        );
        assert_eq!(
            denied("", "", &Question::Request("GET", url("file:///etc/passwd"))).lines(),
            []
        );
    }
}

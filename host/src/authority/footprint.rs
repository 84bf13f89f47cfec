//! What a run touched, and the smallest grants that would let it do so again.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::api::{FsOperation, HostApi};
use super::decision::Authority;
use super::denial::Denial;
use super::grants::{FsGrant, Grants};
use super::lines::{Forms, Piece, Side, missing};
use super::manifest::Manifest;
use super::permission::Permission;
use super::target::{RequestTarget, WebsocketTarget, bare_host};

/// The folder that stands for one that nobody has granted yet.
const SOME_FOLDER: &str = "/path/to/folder";

/// What a run touched, or tried to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    permissions: Vec<Permission>,
    requests: BTreeSet<(String, Url)>,
    websockets: BTreeSet<Url>,
    folders: BTreeMap<Option<String>, BTreeSet<FsOperation>>,
}

/// Scheme, host and port of a target.
type Origin = (String, String, Option<u16>);

impl Footprint {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// It needs this permission, whatever else.
    pub fn permission(&mut self, permission: Permission) {
        if !self.permissions.contains(&permission) {
            self.permissions.push(permission);
        }
    }

    /// It called a host API.
    pub fn host_api(&mut self, api: HostApi) {
        self.permission(Permission::HostApi { api });
    }

    /// It sent a request.
    pub fn request(&mut self, method: &str, url: &Url) {
        self.host_api(HostApi::Request);
        self.requests.insert((method.to_ascii_uppercase(), url.clone()));
    }

    /// It opened a connection.
    pub fn websocket(&mut self, url: &Url) {
        self.host_api(HostApi::Websocket);
        self.websockets.insert(url.clone());
    }

    /// It used a folder, or would have used one if one had been granted.
    pub fn fs(&mut self, operation: FsOperation, root: Option<&str>) {
        self.host_api(HostApi::Fs);
        let folder = self.folders.entry(root.map(str::to_owned)).or_default();
        folder.insert(operation);
    }

    /// Whether it touched nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it used files where none were granted: the grants then name a folder that is an example.
    #[must_use]
    pub fn has_example(&self) -> bool {
        self.folders.contains_key(&None)
    }

    /// The smallest grants that allow all of it. A path is a prefix in a grant, so what lies below it is
    /// allowed as well; nothing else is.
    #[must_use]
    pub fn grants(&self) -> Grants {
        Grants {
            permissions: self.permissions.clone(),
            request: self.request_targets(),
            websocket: self.websocket_targets(),
            fs: self
                .folders
                .iter()
                .map(|(root, operations)| FsGrant {
                    root: root.as_deref().unwrap_or(SOME_FOLDER).to_owned(),
                    operations: operations.iter().copied().collect(),
                })
                .collect(),
            ..Grants::default()
        }
    }

    /// What of it `authority` denies; not asked about are the names of tools, services and the like.
    #[must_use]
    pub fn denials(&self, authority: &Authority) -> Vec<Denial> {
        let requests = self
            .requests
            .iter()
            .map(|(method, url)| authority.request(method, url));
        let websockets = self.websockets.iter().map(|url| authority.websocket(url));
        let urls = requests.chain(websockets).filter_map(Result::err);
        let operations: BTreeSet<FsOperation> = self.folders.values().flatten().copied().collect();
        let folders = operations
            .into_iter()
            .filter_map(|operation| authority.fs(operation).err());
        urls.chain(folders).collect()
    }

    /// A target for each origin and each set of methods that some of its paths have in common.
    fn request_targets(&self) -> Vec<RequestTarget> {
        let mut origins: BTreeMap<Origin, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for (method, url) in &self.requests {
            let Some(origin) = origin(url) else { continue };
            let paths = origins.entry(origin).or_default();
            paths.entry(url.path()).or_default().insert(method);
        }
        let mut targets = Vec::new();
        for ((scheme, host, port), paths) in origins {
            let mut by_methods: BTreeMap<&BTreeSet<&str>, Vec<String>> = BTreeMap::new();
            for (path, methods) in &paths {
                // A path of which another one is the beginning is covered by it for the methods of both.
                let covered = |other: (&&str, &BTreeSet<&str>)| {
                    other.0 != path && path.starts_with(other.0) && methods.is_subset(other.1)
                };
                if !paths.iter().any(covered) {
                    by_methods.entry(methods).or_default().push((*path).to_owned());
                }
            }
            for (methods, path_prefixes) in by_methods {
                targets.push(RequestTarget {
                    scheme: scheme.clone(),
                    host: host.clone(),
                    port,
                    methods: methods.iter().map(|&method| method.to_owned()).collect(),
                    path_prefixes,
                });
            }
        }
        targets
    }

    fn websocket_targets(&self) -> Vec<WebsocketTarget> {
        let mut origins: BTreeMap<Origin, BTreeSet<&str>> = BTreeMap::new();
        for url in &self.websockets {
            let Some(origin) = origin(url) else { continue };
            origins.entry(origin).or_default().insert(url.path());
        }
        origins
            .into_iter()
            .map(|((scheme, host, port), paths)| {
                let covered = |path: &str| {
                    paths
                        .iter()
                        .any(|other| *other != path && path.starts_with(other))
                };
                WebsocketTarget {
                    scheme,
                    host,
                    port,
                    path_prefixes: paths
                        .iter()
                        .filter(|path| !covered(path))
                        .map(|&path| path.to_owned())
                        .collect(),
                }
            })
            .collect()
    }
}

/// None for a URL that no target can name.
fn origin(url: &Url) -> Option<Origin> {
    let host = url.host_str()?;
    let host = host.strip_suffix('.').unwrap_or(host);
    // Without a port a target covers all of them.
    let port = url.port_or_known_default();
    (!bare_host(host).is_empty() && !host.contains('*'))
        .then(|| (url.scheme().to_owned(), host.to_owned(), port))
}

impl Grants {
    /// All that a manifest asks for, as wide as it asks. Where it asks for files, which it cannot name, the
    /// folder is an example.
    #[must_use]
    pub fn as_asked_by(manifest: &Manifest) -> Self {
        let declared = manifest.declared();
        let files = declared
            .permissions
            .contains(&Permission::HostApi { api: HostApi::Fs });
        let folder = FsGrant {
            root: SOME_FOLDER.to_owned(),
            operations: FsOperation::ALL.to_vec(),
        };
        Self {
            permissions: declared.permissions.clone(),
            request: declared.request.clone(),
            websocket: declared.websocket.clone(),
            fs: if files { vec![folder] } else { Vec::new() },
            ..Self::default()
        }
    }

    /// The text of a grants file that says this: TOML, with a final line break.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let binding = [
            ("id", &self.id),
            ("version", &self.version),
            ("digest", &self.digest),
        ];
        let binding = binding.into_iter().filter_map(|(key, value)| {
            Some(Piece::Binding {
                key,
                value: value.clone()?,
                replaces: false,
            })
        });
        let pieces: Vec<Piece> = binding
            .chain(self.permissions.iter().cloned().map(Piece::Permission))
            .chain(self.request.iter().cloned().map(Piece::Request))
            .chain(self.websocket.iter().cloned().map(Piece::Websocket))
            .chain(self.fs.iter().cloned().map(Piece::Fs))
            .collect();
        let parts: Vec<String> = missing(Side::Grants, &Forms::default(), &pieces, false)
            .into_iter()
            .map(|part| part.lines + "\n")
            .collect();
        parts.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::authority::Binding;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn authority(grants: Grants) -> Authority {
        Authority::without_manifest(grants, &Binding::Unbound)
    }

    #[test]
    fn the_grants_name_what_was_touched_and_no_more() {
        let mut footprint = Footprint::new();
        footprint.request("GET", &url("https://api.test/v1/items?page=2"));
        footprint.request("GET", &url("https://api.test/v1/items/7"));
        footprint.request("POST", &url("https://api.test/v1/items"));
        footprint.request("GET", &url("https://api.test/about"));
        footprint.request("GET", &url("http://127.0.0.1:8080/"));
        footprint.websocket(&url("wss://live.test/feed/a"));
        footprint.websocket(&url("wss://live.test/feed"));
        footprint.fs(FsOperation::Write, Some("/srv/notes"));
        footprint.fs(FsOperation::Read, Some("/srv/notes"));
        insta::assert_snapshot!(footprint.grants().to_toml(), @r#"
        permissions = [
            { kind = "host_api", api = "request" },
            { kind = "host_api", api = "websocket" },
            { kind = "host_api", api = "fs" },
        ]

        [[request]]
        scheme = "http"
        host = "127.0.0.1"
        port = 8080
        methods = ["GET"]
        path_prefixes = ["/"]

        [[request]]
        scheme = "https"
        host = "api.test"
        port = 443
        methods = ["GET"]
        path_prefixes = ["/about"]

        [[request]]
        scheme = "https"
        host = "api.test"
        port = 443
        methods = ["GET", "POST"]
        path_prefixes = ["/v1/items"]

        [[websocket]]
        scheme = "wss"
        host = "live.test"
        port = 443
        path_prefixes = ["/feed"]

        [[fs]]
        root = "/srv/notes"
        operations = ["read", "write"]
        "#);
        assert!(!footprint.has_example());
    }

    #[test]
    fn a_folder_that_nobody_granted_is_an_example() {
        let mut footprint = Footprint::new();
        footprint.fs(FsOperation::List, None);
        assert!(footprint.has_example());
        insta::assert_snapshot!(footprint.grants().to_toml(), @r#"
        permissions = [
            { kind = "host_api", api = "fs" },
        ]

        [[fs]]
        root = "/path/to/folder"
        operations = ["list"]
        "#);
    }

    #[test]
    fn nothing_needs_nothing() {
        assert!(Footprint::new().is_empty());
        assert_eq!(Footprint::new().grants().to_toml(), "");
    }

    #[derive(Debug, Clone)]
    enum Touch {
        Request(&'static str, Url),
        Websocket(Url),
        Fs(FsOperation, Option<&'static str>),
    }

    fn touch() -> impl Strategy<Value = Touch> {
        let place = |schemes: &'static [&'static str]| {
            (
                proptest::sample::select(schemes),
                proptest::sample::select(&["a.test", "b.test.", "[::1]", "127.1"][..]),
                proptest::sample::select(&["", ":443", ":80", ":8080"][..]),
                proptest::sample::select(&["", "/", "/a", "/a/b", "/ab", "/c?q", "/é/\"\\"][..]),
            )
                .prop_map(|(scheme, host, port, path)| url(&format!("{scheme}://{host}{port}{path}")))
        };
        prop_oneof![
            (
                proptest::sample::select(&["GET", "POST", "PUT"][..]),
                place(&["http", "https"])
            )
                .prop_map(|(method, url)| Touch::Request(method, url)),
            place(&["ws", "wss"]).prop_map(Touch::Websocket),
            (
                proptest::sample::select(&FsOperation::ALL[..]),
                proptest::sample::select(&[Some("/a"), Some("/b"), None][..])
            )
                .prop_map(|(operation, root)| Touch::Fs(operation, root)),
        ]
    }

    fn footprint(touches: &[Touch]) -> Footprint {
        let mut footprint = Footprint::new();
        for touch in touches {
            match touch {
                Touch::Request(method, url) => footprint.request(method, url),
                Touch::Websocket(url) => footprint.websocket(url),
                Touch::Fs(operation, root) => footprint.fs(*operation, *root),
            }
        }
        footprint
    }

    proptest! {
        #[test]
        fn the_grants_allow_it_all_as_a_file_too(touches in proptest::collection::vec(touch(), 0..8)) {
            let footprint = footprint(&touches);
            let text = footprint.grants().to_toml();
            let grants = Grants::parse(&text).unwrap();
            prop_assert!(grants.remarks().is_empty(), "{text}");
            prop_assert_eq!(footprint.denials(&authority(grants)), Vec::new());
        }

        #[test]
        fn a_request_that_was_not_made_is_denied_unless_it_lies_below_one_that_was(
            touches in proptest::collection::vec(touch(), 0..8),
            method in proptest::sample::select(&["GET", "POST", "PUT"][..]),
            other in touch(),
        ) {
            let Touch::Request(_, other) = other else { return Ok(()) };
            let footprint = footprint(&touches);
            let below = touches.iter().any(|touch| matches!(touch, Touch::Request(of, url)
                if *of == method && origin(url) == origin(&other) && other.path().starts_with(url.path())));
            let allowed = authority(footprint.grants()).request(method, &other).is_ok();
            prop_assert_eq!(allowed, below);
        }

        #[test]
        fn nothing_can_be_left_out(touches in proptest::collection::vec(touch(), 1..8), pick: usize) {
            let footprint = footprint(&touches);
            let whole = footprint.grants();
            let smaller = (0..whole.request.len())
                .map(|n| { let mut less = whole.clone(); less.request.remove(n); less })
                .chain((0..whole.websocket.len())
                    .map(|n| { let mut less = whole.clone(); less.websocket.remove(n); less }))
                .chain((0..whole.request.len()).map(|n| {
                    let mut less = whole.clone();
                    let paths = &mut less.request[n].path_prefixes;
                    paths.remove(pick % paths.len());
                    // Without any it would cover them all.
                    if paths.is_empty() { less.request.remove(n); }
                    less
                }))
                .collect::<Vec<_>>();
            for less in smaller {
                prop_assert!(!footprint.denials(&authority(less)).is_empty());
            }
        }
    }
}

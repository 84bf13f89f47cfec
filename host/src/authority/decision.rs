//! The decision: may this plugin do that?
//!
//! Two books are held against each other, what the manifest asks for and what the grants give. Only what
//! stands in both is allowed. The books never change, so everything that can be prepared is.

use url::Url;

use super::api::{FsOperation, HostApi};
use super::binding::{Binding, BindingFault};
use super::book::{Book, Errand};
use super::denial::{Allowed, Denial, Reason, shown_url};
use super::grants::{FsGrant, Grants};
use super::lines::{Piece, Side};
use super::manifest::Manifest;
use super::permission::{Permission, Surface};
use super::remedy::Lacking;

/// What one plugin may touch.
///
/// It asks nobody and looks nowhere: the same question has the same answer for as long as it lives. Put it
/// behind an `Arc` to share it.
#[derive(Debug, Clone)]
pub struct Authority {
    /// None if there is no manifest to agree: then the grants alone decide.
    pub(super) manifest: Option<Book>,
    pub(super) grants: Book,
    pub(super) fs: Vec<FsGrant>,
    fs_usable: bool,
    pub(super) binding_faults: Vec<BindingFault>,
    /// What would have to be written for grants that grant something to be bound.
    pub(super) binding_pieces: Vec<Piece>,
}

impl Authority {
    /// Nothing is asked for and nothing granted: everything is denied.
    #[must_use]
    pub fn none() -> Self {
        let nothing = Book::default();
        Self::of(Some(nothing), Grants::default(), &Binding::Unbound)
    }

    /// What the manifest asks for **and** the grants give, if they are bound as `binding` wants it.
    #[must_use]
    pub fn new(manifest: &Manifest, grants: Grants, binding: &Binding) -> Self {
        let declared = manifest.declared();
        let book = Book::new(
            &declared.permissions,
            &declared.request,
            &declared.websocket,
            manifest.forms(),
        );
        Self::of(Some(book), grants, binding)
    }

    /// What the grants give, for a component without a manifest that could ask for less.
    #[must_use]
    pub fn without_manifest(grants: Grants, binding: &Binding) -> Self {
        Self::of(None, grants, binding)
    }

    fn of(manifest: Option<Book>, grants: Grants, binding: &Binding) -> Self {
        Self {
            manifest,
            binding_faults: binding.faults(&grants),
            binding_pieces: binding.pieces(&grants),
            grants: Book::new(
                &grants.permissions,
                &grants.request,
                &grants.websocket,
                grants.forms,
            ),
            fs_usable: grants.fs.iter().any(FsGrant::is_usable),
            fs: grants.fs,
        }
    }

    /// Whether a tool of this name may be offered.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the surface `tool`, the tool or (for one that says so) `external_write` is not asked
    /// for or not granted.
    pub fn tool(&self, name: &str, external_write: bool) -> Result<Allowed, Denial> {
        let tool = Permission::Tool {
            name: name.to_owned(),
        };
        let external_write = external_write.then_some(Permission::ExternalWrite);
        self.items(Surface::Tool, tool, external_write)
    }

    /// Whether a service of this name may run.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the surface `service` or the service is not asked for or not granted.
    pub fn service(&self, name: &str) -> Result<Allowed, Denial> {
        let service = Permission::Service {
            name: name.to_owned(),
        };
        self.items(Surface::Service, service, None)
    }

    /// Whether events may be delivered to an ingress of this name.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the surface `ingress` or the ingress is not asked for or not granted.
    pub fn ingress(&self, name: &str) -> Result<Allowed, Denial> {
        let ingress = Permission::Ingress {
            name: name.to_owned(),
        };
        self.items(Surface::Ingress, ingress, None)
    }

    /// Whether a host API may be called at all. Whether one call may go where it wants is another question.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the host API is not asked for or not granted, or has no usable target on one side.
    pub fn host_api(&self, api: HostApi) -> Result<Allowed, Denial> {
        let wanted = Permission::HostApi { api };
        if self.permits(api) {
            return self.allowed_by(&wanted);
        }
        let reasons = self.host_api_reasons(api);
        let lines = self.lines(&[wanted], |side| {
            if self.lacks_target(side, api) {
                self.targets_to_add(side, api)
            } else {
                Lacking::default()
            }
        });
        Err(Denial::new(reasons, Vec::new(), lines))
    }

    /// Whether a request with this method may go to this URL.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the host API is denied, or no target of the manifest, or none of the grants matches.
    pub fn request(&self, method: &str, url: &Url) -> Result<Allowed, Denial> {
        let method = Some(method);
        self.url(
            Errand {
                method,
                literal: false,
            },
            url,
        )
    }

    /// Whether a connection may be opened to this URL.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the host API is denied, or no target of the manifest, or none of the grants matches.
    pub fn websocket(&self, url: &Url) -> Result<Allowed, Denial> {
        self.url(
            Errand {
                method: None,
                literal: false,
            },
            url,
        )
    }

    /// Whether a request with this method may go to this URL by targets that name its host, not by `*`. That
    /// is what an address needs that leads into the machine or its network.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the host API is denied, or no such target of the manifest, or none of the grants
    /// matches.
    pub fn request_by_name(&self, method: &str, url: &Url) -> Result<Allowed, Denial> {
        let method = Some(method);
        self.url(
            Errand {
                method,
                literal: true,
            },
            url,
        )
    }

    /// Whether a connection may be opened to this URL by targets that name its host, not by `*`. That is what
    /// an address needs that leads into the machine or its network.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the host API is denied, or no such target of the manifest, or none of the grants
    /// matches.
    pub fn websocket_by_name(&self, url: &Url) -> Result<Allowed, Denial> {
        self.url(
            Errand {
                method: None,
                literal: true,
            },
            url,
        )
    }

    /// Whether the targets by which a URL was allowed all name its host. Then a decision by name would be the
    /// same; where they do not, another target may.
    pub(crate) fn was_by_name(&self, allowed: &Allowed) -> bool {
        self.books().all(|(side, book)| {
            let entry = match side {
                Side::Manifest => allowed.manifest,
                Side::Grants => Some(allowed.grants),
            };
            entry.is_some_and(|entry| book.names_a_host(entry))
        })
    }

    /// The folders in which this may be done, in the order of the grants. There is at least one. Their roots
    /// are as they were written: absolute or not, there or not.
    ///
    /// # Errors
    ///
    /// A [`Denial`] if the host API is denied, or no folder is granted for this operation.
    pub fn fs(&self, operation: FsOperation) -> Result<Vec<&FsGrant>, Denial> {
        let folders: Vec<&FsGrant> = self
            .fs
            .iter()
            .filter(|grant| grant.operations.contains(&operation))
            .collect();
        let permitted = self.permits(HostApi::Fs);
        if permitted && !folders.is_empty() {
            return Ok(folders);
        }
        let mut reasons = self.host_api_reasons(HostApi::Fs);
        if folders.is_empty() {
            reasons.push(Reason::Operation { operation });
        }
        let lacks_folder = folders.is_empty() || !self.fs_usable;
        let lines = self.lines(&[Permission::HostApi { api: HostApi::Fs }], |side| {
            if side == Side::Grants && lacks_folder {
                self.folder_to_add(operation)
            } else {
                Lacking::default()
            }
        });
        Err(Denial::new(reasons, Vec::new(), lines))
    }

    fn url(&self, errand: Errand<'_>, url: &Url) -> Result<Allowed, Denial> {
        let api = errand.api();
        if self.permits(api)
            && let Some(grants) = self.grants.target(errand, url)
        {
            match self.manifest.as_ref().map(|book| book.target(errand, url)) {
                None => {
                    return Ok(Allowed {
                        manifest: None,
                        grants,
                    });
                }
                Some(manifest @ Some(_)) => return Ok(Allowed { manifest, grants }),
                Some(None) => {}
            }
        }
        let mut reasons = self.host_api_reasons(api);
        let mut near = Vec::new();
        for (side, book) in self.books() {
            if book.target(errand, url).is_some() {
                continue;
            }
            reasons.push(Reason::Url {
                side,
                api,
                method: errand.method.map(str::to_owned),
                url: shown_url(url),
                literal: errand.literal,
            });
            near.extend(book.near_misses(side, errand, url));
        }
        let target = errand.smallest_target(url);
        let lines = match &target {
            None => Vec::new(),
            Some(target) => self.lines(&[Permission::HostApi { api }], |side| {
                let unmatched = self
                    .book(side)
                    .is_some_and(|book| book.target(errand, url).is_none());
                let pieces = if unmatched || self.lacks_target(side, api) {
                    vec![target.clone()]
                } else {
                    Vec::new()
                };
                Lacking {
                    pieces,
                    example: false,
                }
            }),
        };
        Err(Denial::new(reasons, near, lines))
    }

    fn items(
        &self,
        surface: Surface,
        item: Permission,
        extra: Option<Permission>,
    ) -> Result<Allowed, Denial> {
        let surface = Permission::Surface { surface };
        let wanted: Vec<Permission> = [Some(surface), Some(item.clone()), extra]
            .into_iter()
            .flatten()
            .collect();
        let mut reasons = self.binding_reasons();
        for permission in &wanted {
            reasons.extend(self.permission_reasons(permission));
        }
        if reasons.is_empty() {
            return self.allowed_by(&item);
        }
        let lines = self.lines(&wanted, |_| Lacking::default());
        Err(Denial::new(reasons, Vec::new(), lines))
    }

    /// What [`Authority::host_api`] answers, without saying why.
    fn permits(&self, api: HostApi) -> bool {
        let wanted = Permission::HostApi { api };
        self.binding_faults.is_empty()
            && self
                .books()
                .all(|(side, book)| book.permission(&wanted).is_some() && !self.lacks_target(side, api))
    }

    fn lacks_target(&self, side: Side, api: HostApi) -> bool {
        match (api, side) {
            // A manifest has no folders: it cannot know those of a machine.
            (HostApi::Fs, Side::Manifest) => false,
            (HostApi::Fs, Side::Grants) => !self.fs_usable,
            (HostApi::Request | HostApi::Websocket, side) => self
                .book(side)
                .is_some_and(|book| !book.matchers(api).iter().any(|target| target.usable)),
        }
    }

    fn host_api_reasons(&self, api: HostApi) -> Vec<Reason> {
        let mut reasons = self.binding_reasons();
        reasons.extend(self.permission_reasons(&Permission::HostApi { api }));
        let without_target = self.books().filter(|(side, _)| self.lacks_target(*side, api));
        reasons.extend(without_target.map(|(side, _)| Reason::NoTarget { side, api }));
        reasons
    }

    fn binding_reasons(&self) -> Vec<Reason> {
        self.binding_faults
            .iter()
            .map(|fault| Reason::Binding { fault: *fault })
            .collect()
    }

    fn permission_reasons(&self, permission: &Permission) -> Vec<Reason> {
        self.books()
            .filter(|(_, book)| book.permission(permission).is_none())
            .map(|(side, _)| Reason::Permission {
                side,
                permission: permission.clone(),
            })
            .collect()
    }

    /// By which entries a permission is there.
    fn allowed_by(&self, permission: &Permission) -> Result<Allowed, Denial> {
        let manifest = self.manifest.as_ref().map(|book| book.permission(permission));
        match (manifest, self.grants.permission(permission)) {
            (None, Some(grants)) => Ok(Allowed {
                manifest: None,
                grants,
            }),
            (Some(manifest @ Some(_)), Some(grants)) => Ok(Allowed { manifest, grants }),
            _ => Err(Denial::new(
                self.permission_reasons(permission),
                Vec::new(),
                Vec::new(),
            )),
        }
    }

    /// The sides that have to agree, in the order in which they are asked.
    pub(super) fn books(&self) -> impl Iterator<Item = (Side, &Book)> {
        let manifest = self.manifest.as_ref().map(|book| (Side::Manifest, book));
        manifest.into_iter().chain([(Side::Grants, &self.grants)])
    }

    fn book(&self, side: Side) -> Option<&Book> {
        match side {
            Side::Manifest => self.manifest.as_ref(),
            Side::Grants => Some(&self.grants),
        }
    }
}

#[cfg(test)]
mod tests {
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

    const BOTH_APIS: &str =
        "permissions = [{kind='host_api',api='request'},{kind='host_api',api='websocket'}]\n";

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
        let asked =
            format!("{BOTH_APIS}[[request]]\n[[request]]\nscheme='https'\nhost='*'\nmethods=['GET']\n");
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
        let granted =
            "permissions = [{kind='host_api',api='fs'}]\n[[fs]]\nroot='notes'\noperations=['read']\n";
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
        let names = |asked: &str, granted: &str, url: &Url| {
            authority(asked, granted).request_by_name("GET", url).is_ok()
        };
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
}

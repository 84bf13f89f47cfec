//! The decision: may this plugin do that?
//!
//! Two books are held against each other, what the manifest asks for and what the grants give. Only what
//! stands in both is allowed. The books never change, so everything that can be prepared is.

#[cfg(test)]
mod tests;

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

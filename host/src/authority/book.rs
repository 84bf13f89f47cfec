//! One side of a decision, and what is asked of it.
//!
//! A manifest and grants are the same kind of book: permissions by name, targets for URLs. Both are prepared
//! once, so that a request finds its target without parsing anything.

use url::Url;

use super::api::HostApi;
use super::denial::{Entry, List, NearMiss};
use super::lines::{Forms, Side};
use super::permission::Permission;
use super::target::{Matcher, RequestTarget, WebsocketTarget};

/// What is wanted of a URL, beside the URL.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    /// The method of a request. None for a connection.
    pub(super) method: Option<&'a str>,
    /// Whether the target has to name the host itself.
    pub(super) literal: bool,
}

/// One side, ready to be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    permissions: Vec<Permission>,
    pub(super) request: Vec<RequestTarget>,
    pub(super) websocket: Vec<WebsocketTarget>,
    request_matchers: Vec<Matcher>,
    websocket_matchers: Vec<Matcher>,
    /// How its lists are written in its file.
    pub(super) forms: Forms,
}

impl Book {
    pub(super) fn new(
        permissions: &[Permission],
        request: &[RequestTarget],
        websocket: &[WebsocketTarget],
        forms: Forms,
    ) -> Self {
        Self {
            permissions: permissions.to_vec(),
            request: request.to_vec(),
            websocket: websocket.to_vec(),
            request_matchers: request.iter().map(RequestTarget::matcher).collect(),
            websocket_matchers: websocket.iter().map(WebsocketTarget::matcher).collect(),
            forms,
        }
    }

    pub(super) fn matchers(&self, api: HostApi) -> &[Matcher] {
        match api {
            HostApi::Request => &self.request_matchers,
            HostApi::Websocket => &self.websocket_matchers,
            HostApi::Fs => &[],
        }
    }

    /// The entry by which a permission is held.
    pub(super) fn permission(&self, wanted: &Permission) -> Option<Entry> {
        let index = self.permissions.iter().position(|held| match wanted {
            Permission::Tool { name } => held.covers_tool(name),
            wanted => held == wanted,
        })?;
        Some(Entry {
            list: List::Permissions,
            index,
        })
    }

    /// The first target that matches.
    pub(super) fn target(&self, errand: Errand<'_>, url: &Url) -> Option<Entry> {
        let matchers = self.matchers(errand.api());
        let index = matchers
            .iter()
            .position(|target| errand.is_served_by(target, url))?;
        Some(Entry {
            list: errand.list(),
            index,
        })
    }

    /// Whether an entry is a target that names a host.
    pub(super) fn names_a_host(&self, entry: Entry) -> bool {
        let matchers = match entry.list {
            List::Permissions => return false,
            List::Request => &self.request_matchers,
            List::Websocket => &self.websocket_matchers,
        };
        matchers.get(entry.index).is_some_and(Matcher::names_a_host)
    }

    /// The targets that name the URL's host and do not match it.
    pub(super) fn near_misses(
        &self,
        side: Side,
        errand: Errand<'_>,
        url: &Url,
    ) -> impl Iterator<Item = NearMiss> {
        let matchers = self.matchers(errand.api()).iter().enumerate();
        matchers
            .filter(|(_, target)| target.names_host(url))
            .map(move |(index, target)| NearMiss {
                side,
                entry: Entry {
                    list: errand.list(),
                    index,
                },
                differs: target.differences(errand.method, url),
            })
    }
}

impl Errand<'_> {
    pub(super) const fn api(self) -> HostApi {
        match self.method {
            Some(_) => HostApi::Request,
            None => HostApi::Websocket,
        }
    }

    pub(super) const fn list(self) -> List {
        match self.method {
            Some(_) => List::Request,
            None => List::Websocket,
        }
    }

    fn is_served_by(self, target: &Matcher, url: &Url) -> bool {
        target.matches(self.method, url) && (!self.literal || target.names_host(url))
    }
}

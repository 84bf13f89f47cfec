//! The URL that a guest gave, and where it leads.

use std::net::IpAddr;

use url::{Host, Position, Url};

use super::address;
use crate::authority::{Allowed, Authority, Denial, HostApi, shown_url};
use crate::imports::{HostError, HostErrorCode};

/// What is spoken at the other end: the schemes of one host API, and its words for what is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `http` and `https`.
    Http,
    /// `ws` and `wss`.
    Websocket,
}

/// Where a call goes that the authority allows. Names are not resolved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The host, or the address that it is.
    pub(super) host: Host<String>,
    pub(super) port: u16,
    /// Whether TLS is spoken: `https` and `wss`.
    pub(super) tls: bool,
    /// Host, and port where it is not the scheme's own: what a `Host` header has.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
    /// The URL for messages: without query.
    pub(crate) shown: String,
    /// Where the host is a name that only a wildcard covers: what naming it lacks.
    pub(super) unnamed: Option<Box<Denial>>,
}

impl Protocol {
    const fn api(self) -> HostApi {
        match self {
            Protocol::Http => HostApi::Request,
            Protocol::Websocket => HostApi::Websocket,
        }
    }

    /// The word for it in messages.
    const fn name(self) -> &'static str {
        match self {
            Protocol::Http => "request",
            Protocol::Websocket => "WebSocket",
        }
    }

    /// The URL of which `text` is a spelling, if it is one of this protocol's. Its fragment is not sent, and
    /// is dropped.
    ///
    /// # Errors
    ///
    /// The contract's, in its order.
    pub(crate) fn parse(self, text: &str) -> Result<Url, HostError> {
        use HostErrorCode::{Invalid, Unsupported};
        let name = self.name();
        let mut url = Url::parse(text)
            .map_err(|fault| HostError::new(Invalid, format!("invalid {name} URL: {fault}")))?;
        match (self, url.scheme()) {
            (Protocol::Http, "http" | "https") | (Protocol::Websocket, "ws" | "wss") => {}
            (Protocol::Http, "ws" | "wss") => {
                let message = "WebSocket URLs are not supported by host_api.request";
                return Err(HostError::new(Unsupported, message));
            }
            (Protocol::Websocket, "http" | "https") => {
                let message = "HTTP URLs are not supported by host_api.websocket";
                return Err(HostError::new(Unsupported, message));
            }
            (_, other) => {
                let (one, two) = match self {
                    Protocol::Http => ("http", "https"),
                    Protocol::Websocket => ("ws", "wss"),
                };
                let message = format!(
                    "unsupported {name} URL scheme \"{}\"; only {one} and {two} are allowed",
                    crate::text::bounded(other, crate::limits::SHOWN_URL_PATH_BYTES)
                );
                return Err(HostError::new(Unsupported, message));
            }
        }
        // A URL of these schemes is always hierarchical, and has a host.
        if !url.username().is_empty() || url.password().is_some() {
            let message = format!("{name} URLs with embedded credentials are not allowed");
            return Err(HostError::new(Invalid, message));
        }
        url.set_fragment(None);
        Ok(url)
    }
}

impl Destination {
    /// Where a request with this method goes, if the authority allows it.
    pub(crate) fn of_request(authority: &Authority, method: &str, url: &Url) -> Result<Self, HostError> {
        let allowed = authority.request(method, url).map_err(denied)?;
        Self::of(authority, Protocol::Http, Some(method), url, &allowed)
    }

    /// Where a WebSocket leads, if the authority allows it.
    pub(crate) fn of_websocket(authority: &Authority, url: &Url) -> Result<Self, HostError> {
        let allowed = authority.websocket(url).map_err(denied)?;
        Self::of(authority, Protocol::Websocket, None, url, &allowed)
    }

    fn of(
        authority: &Authority,
        protocol: Protocol,
        method: Option<&str>,
        url: &Url,
        allowed: &Allowed,
    ) -> Result<Self, HostError> {
        let missing = |what: &str| {
            let message = format!("{} URL must include a {what}", protocol.name());
            HostError::new(HostErrorCode::Invalid, message)
        };
        let host = url.host().ok_or_else(|| missing("host"))?.to_owned();
        let port = url.port_or_known_default().ok_or_else(|| missing("port"))?;
        let shown = shown_url(url);
        let by_name = || match method {
            Some(method) => authority.request_by_name(method, url),
            None => authority.websocket_by_name(url),
        };
        let judged = literal(&host).map(address::judge);
        let unnamed = match judged {
            Some(judged) if judged.is_plain() => None,
            _ if authority.was_by_name(allowed) => None,
            _ => by_name().err(),
        };
        if let (Some(judged), Some(denial)) = (judged, &unnamed) {
            let api = protocol.api();
            let method = method.map(|method| format!("{method} ")).unwrap_or_default();
            let message = format!(
                "host_api.{api} target {method}{shown} is {judged}: a wildcard does not cover it, manifest \
                 and grant must name the address itself"
            );
            return Err(HostError::denied(message, denial.clone()));
        }
        Ok(Self {
            host,
            port,
            tls: matches!(url.scheme(), "https" | "wss"),
            authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
            path: url[Position::BeforePath..Position::AfterQuery].to_owned(),
            shown,
            unnamed: unnamed.map(Box::new),
        })
    }

    /// The address, if the host is one.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        literal(&self.host)
    }
}

fn literal(host: &Host<String>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
    }
}

fn denied(denial: Denial) -> HostError {
    HostError::denied(denial.to_string(), denial)
}

//! Targets: which URLs a manifest declares and a grant allows, and the rules by which they match.
//!
//! A target is kept as it was written and, beside it, as it is compared: the rules want some parts trimmed,
//! some lowered and some left alone, and a request should not pay for that.

#[cfg(test)]
mod tests;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// The methods that `host_api.request` has.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Where `host_api.request` may go: a `[[request]]` table of a manifest or a grant.
///
/// Nothing is wrong with a field that is left out, but an empty `scheme`, `host` or `methods` never matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestTarget {
    /// `http`, `https`, or `*` for both.
    pub scheme: String,
    /// A host as a parsed URL has it (punycode, canonical address), or `*` for any. There are no suffixes.
    pub host: String,
    /// A port; without one, any port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Methods, in either case.
    pub methods: Vec<String>,
    /// What the path begins with, one of these; without any, any path.
    pub path_prefixes: Vec<String>,
}

/// Where `host_api.websocket` may connect to: a `[[websocket]]` table of a manifest or a grant.
///
/// Nothing is wrong with a field that is left out, but an empty `scheme` or `host` never matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebsocketTarget {
    /// `ws`, `wss`, or `*` for both.
    pub scheme: String,
    /// A host as a parsed URL has it (punycode, canonical address), or `*` for any. There are no suffixes.
    pub host: String,
    /// A port; without one, any port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What the path begins with, one of these; without any, any path.
    pub path_prefixes: Vec<String>,
}

/// A part of a target, by which it can differ from a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// `scheme`.
    Scheme,
    /// `host`.
    Host,
    /// `port`.
    Port,
    /// `methods`.
    Methods,
    /// `path_prefixes`.
    PathPrefixes,
}

impl Part {
    /// The field's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Part::Scheme => "scheme",
            Part::Host => "host",
            Part::Port => "port",
            Part::Methods => "methods",
            Part::PathPrefixes => "path_prefixes",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl RequestTarget {
    /// Whether a request with this method may go to this URL, as far as this target says.
    #[must_use]
    pub fn matches(&self, method: &str, url: &Url) -> bool {
        self.matcher().matches(Some(method), url)
    }

    /// Whether everything that `other` matches is matched by this as well, by one entry of each list at a
    /// time.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.matcher().covers(&other.matcher())
    }

    /// Whether there is a request that both match.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.matcher().intersects(&other.matcher())
    }

    /// Whether it is so wide that a person should look twice: any scheme, any host or any path.
    #[must_use]
    pub fn is_broad(&self) -> bool {
        self.matcher().is_broad()
    }

    pub(super) fn matcher(&self) -> Matcher {
        Matcher {
            scheme: Word::scheme(&self.scheme),
            host: Word::host(&self.host),
            port: self.port,
            methods: Some(
                self.methods
                    .iter()
                    .map(|method| method.trim().to_owned())
                    .collect(),
            ),
            prefixes: self.path_prefixes.clone(),
            usable: !self.scheme.trim().is_empty()
                && !self.host.trim().is_empty()
                && self.methods.iter().any(|method| is_allowed(method)),
        }
    }
}

impl WebsocketTarget {
    /// Whether a connection may go to this URL, as far as this target says.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        self.matcher().matches(None, url)
    }

    /// Whether everything that `other` matches is matched by this as well, by one entry of each list at a
    /// time.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.matcher().covers(&other.matcher())
    }

    /// Whether there is a URL that both match.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.matcher().intersects(&other.matcher())
    }

    /// Whether it is so wide that a person should look twice: any scheme, any host or any path.
    #[must_use]
    pub fn is_broad(&self) -> bool {
        self.matcher().is_broad()
    }

    pub(super) fn matcher(&self) -> Matcher {
        let scheme = Word::scheme(&self.scheme);
        let speaks_websocket = match &scheme {
            Word::Never => false,
            Word::Any => true,
            Word::Exactly(scheme) => matches!(scheme.as_str(), "ws" | "wss"),
        };
        Matcher {
            scheme,
            host: Word::host(&self.host),
            port: self.port,
            methods: None,
            prefixes: self.path_prefixes.clone(),
            usable: speaks_websocket && !self.host.trim().is_empty(),
        }
    }
}

/// The label of the contract, for lists: `https://api.example.com GET /v1 [broad-request]`.
impl fmt::Display for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        label_place(f, &self.scheme, &self.host, self.port)?;
        f.write_str(" ")?;
        label_list(f, &self.methods, "<no-methods>")?;
        f.write_str(" ")?;
        label_list(f, &self.path_prefixes, "*")?;
        f.write_str(if self.is_broad() { " [broad-request]" } else { "" })
    }
}

/// The label of the contract, for lists: `wss://feed.example.com /live`.
impl fmt::Display for WebsocketTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        label_place(f, &self.scheme, &self.host, self.port)?;
        f.write_str(" ")?;
        label_list(f, &self.path_prefixes, "*")?;
        f.write_str(if self.is_broad() { " [broad-websocket]" } else { "" })
    }
}

fn label_place(f: &mut fmt::Formatter<'_>, scheme: &str, host: &str, port: Option<u16>) -> fmt::Result {
    let or = |text: &'_ str, filler: &'static str| match text.trim() {
        "" => filler.to_owned(),
        _ => text.to_owned(),
    };
    write!(f, "{}://{}", or(scheme, "<no-scheme>"), or(host, "<no-host>"))?;
    port.map_or(Ok(()), |port| write!(f, ":{port}"))
}

fn label_list(f: &mut fmt::Formatter<'_>, list: &[String], filler: &str) -> fmt::Result {
    match list {
        [] => f.write_str(filler),
        list => f.write_str(&list.join(",")),
    }
}

/// Whether `host_api.request` has the method.
pub(super) fn is_allowed(method: &str) -> bool {
    METHODS
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(method.trim()))
}

/// A host as it is compared: without one final dot and without the brackets of an IPv6 address.
pub(super) fn bare_host(host: &str) -> &str {
    let host = host.strip_suffix('.').unwrap_or(host);
    let host = host.strip_prefix('[').unwrap_or(host);
    host.strip_suffix(']').unwrap_or(host)
}

/// A scheme or a host, as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// It was left empty.
    Never,
    /// `*`.
    Any,
    /// This one, in lower case.
    Exactly(String),
}

impl Word {
    fn scheme(written: &str) -> Self {
        Self::of(written.trim())
    }

    fn host(written: &str) -> Self {
        Self::of(bare_host(written))
    }

    fn of(written: &str) -> Self {
        match written {
            "" => Word::Never,
            "*" => Word::Any,
            _ => Word::Exactly(written.to_ascii_lowercase()),
        }
    }

    fn matches(&self, found: &str) -> bool {
        match self {
            Word::Never => false,
            Word::Any => true,
            Word::Exactly(wanted) => wanted.eq_ignore_ascii_case(found),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Word::Never, _) | (_, Word::Never) => false,
            (Word::Any, _) => true,
            (Word::Exactly(_), other) => self == other,
        }
    }
}

/// A target, ready to be compared.
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    scheme: Word,
    host: Word,
    port: Option<u16>,
    /// None for a WebSocket, which has no method.
    methods: Option<Vec<String>>,
    prefixes: Vec<String>,
    /// Whether its host API counts it as a target at all.
    pub(super) usable: bool,
}

impl Matcher {
    pub(super) fn matches(&self, method: Option<&str>, url: &Url) -> bool {
        self.matches_scheme(url)
            && self.matches_host(url)
            && self.matches_port(url)
            && self.matches_method(method)
            && self.matches_path(url)
    }

    /// The parts by which it does not match.
    pub(super) fn differences(&self, method: Option<&str>, url: &Url) -> Vec<Part> {
        [
            (Part::Scheme, self.matches_scheme(url)),
            (Part::Host, self.matches_host(url)),
            (Part::Port, self.matches_port(url)),
            (Part::Methods, self.matches_method(method)),
            (Part::PathPrefixes, self.matches_path(url)),
        ]
        .into_iter()
        .filter_map(|(part, matches)| (!matches).then_some(part))
        .collect()
    }

    /// Whether it names the URL's host itself, whatever else it says.
    pub(super) fn names_host(&self, url: &Url) -> bool {
        self.names_a_host() && self.matches_host(url)
    }

    /// Whether it names one host, whichever.
    pub(super) const fn names_a_host(&self) -> bool {
        matches!(self.host, Word::Exactly(_))
    }

    fn matches_scheme(&self, url: &Url) -> bool {
        self.scheme.matches(url.scheme())
    }

    fn matches_host(&self, url: &Url) -> bool {
        url.host_str()
            .is_some_and(|host| self.host.matches(bare_host(host)))
    }

    fn matches_port(&self, url: &Url) -> bool {
        self.port.is_none() || self.port == url.port_or_known_default()
    }

    fn matches_method(&self, method: Option<&str>) -> bool {
        match (&self.methods, method) {
            (Some(methods), Some(method)) => methods.iter().any(|known| known.eq_ignore_ascii_case(method)),
            (None, None) => true,
            _ => false,
        }
    }

    fn matches_path(&self, url: &Url) -> bool {
        self.prefixes.is_empty() || self.begins_with(url.path())
    }

    /// Whether one of the prefixes, an empty one not counted, begins the path.
    fn begins_with(&self, path: &str) -> bool {
        self.prefixes
            .iter()
            .any(|prefix| !prefix.is_empty() && path.starts_with(prefix.as_str()))
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        let methods = match (&self.methods, &other.methods) {
            (Some(own), Some(others)) => {
                !others.is_empty() && others.iter().all(|method| contains(own, method))
            }
            (own, others) => own.is_none() && others.is_none(),
        };
        let paths = self.prefixes.is_empty()
            || (!other.prefixes.is_empty()
                && other
                    .prefixes
                    .iter()
                    .all(|path| path.is_empty() || self.begins_with(path)));
        self.scheme.covers(&other.scheme)
            && self.host.covers(&other.host)
            && (self.port.is_none() || self.port == other.port)
            && methods
            && paths
    }

    pub(super) fn intersects(&self, other: &Self) -> bool {
        let words = |own: &Word, others: &Word| own.covers(others) || others.covers(own);
        let methods = match (&self.methods, &other.methods) {
            (Some(own), Some(others)) => others.iter().any(|method| contains(own, method)),
            (own, others) => own.is_none() && others.is_none(),
        };
        let paths = match (&self.prefixes[..], &other.prefixes[..]) {
            ([], []) => true,
            ([], some) | (some, []) => some.iter().any(|prefix| !prefix.is_empty()),
            (own, others) => own.iter().any(|a| {
                others.iter().any(|b| {
                    !a.is_empty() && !b.is_empty() && (a.starts_with(b.as_str()) || b.starts_with(a.as_str()))
                })
            }),
        };
        words(&self.scheme, &other.scheme)
            && words(&self.host, &other.host)
            && (self.port.is_none() || other.port.is_none() || self.port == other.port)
            && methods
            && paths
    }

    fn is_broad(&self) -> bool {
        self.scheme == Word::Any || self.host == Word::Any || self.prefixes.is_empty()
    }
}

fn contains(methods: &[String], method: &str) -> bool {
    methods.iter().any(|known| known.eq_ignore_ascii_case(method))
}

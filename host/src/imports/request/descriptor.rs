//! What a guest asks for.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use url::Url;

use crate::imports::egress::{self, Object, Protocol};
use crate::imports::{HostError, HostErrorCode, redact};
use crate::limits::{HEADER_NAME_BYTES, HEADER_VALUE_BYTES, HEADERS, REQUEST_BODY_BYTES};

/// A request that may be sent, if the authority allows it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Descriptor<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    headers: Vec<Object<Header<'a>>>,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

/// Headers that carry credentials: a guest neither sends nor sees them.
const SENSITIVE: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "api-key",
    "apikey",
];

/// Headers that say where a request goes, where it ends, and how the connection is used. If a guest could
/// give them it would not be the granted host that answers, or two requests that one authority allows.
const OF_THE_HOST: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
];

/// Whether the header carries a credential.
pub(super) fn is_sensitive(name: &str) -> bool {
    SENSITIVE.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl Request {
    /// Read a description and hold it against every rule that needs no authority.
    pub(super) fn parse(json: &str) -> Result<Self, HostError> {
        use HostErrorCode::{Invalid, TooLarge, Unsupported};
        let descriptor: Descriptor<'_> = egress::parse(json)
            .map_err(|fault| redact::error(Invalid, &format!("invalid request JSON: {fault}")))?;
        let method = method(&descriptor.method).ok_or_else(|| {
            let message = format!("request method `{}` is not allowed", descriptor.method);
            redact::error(Unsupported, &message)
        })?;
        if descriptor.headers.len() > HEADERS {
            let message = format!("request descriptor has too many headers (max {HEADERS})");
            return Err(HostError::new(TooLarge, message));
        }
        let mut headers = HeaderMap::with_capacity(descriptor.headers.len());
        for Object(Header { name, value }) in &descriptor.headers {
            let (name, value) = header(name, value)?;
            headers.append(name, value);
        }
        let body = descriptor.body.unwrap_or_default();
        if body.len() > REQUEST_BODY_BYTES {
            let message = format!("request body exceeds {REQUEST_BODY_BYTES} bytes");
            return Err(HostError::new(TooLarge, message));
        }
        let url = Protocol::Http.parse(&descriptor.url)?;
        Ok(Self {
            method,
            url,
            headers,
            body,
        })
    }
}

fn method(name: &str) -> Option<Method> {
    Some(match name {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        _ => return None,
    })
}

/// One header, held against the rules in the contract's order.
fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HostError> {
    use HostErrorCode::{Denied, Invalid, TooLarge, Unsupported};
    if name.is_empty() || name.len() > HEADER_NAME_BYTES {
        return Err(HostError::new(Invalid, "request header name is invalid"));
    }
    let refuse = |code, message: String| Err(redact::error(code, &message));
    if value.len() > HEADER_VALUE_BYTES {
        return refuse(
            TooLarge,
            format!("request header `{name}` exceeds {HEADER_VALUE_BYTES} bytes"),
        );
    }
    if is_sensitive(name) {
        let message = format!(
            "request header `{name}` is credential-like and must be supplied by an explicit future secret-ref \
             grant, not guest memory"
        );
        return refuse(Denied, message);
    }
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
    if is("upgrade") || (is("connection") && tokens(value).any(|token| token.eq_ignore_ascii_case("upgrade")))
    {
        let message = "persistent connection upgrade headers are not supported by host_api.request";
        return Err(HostError::new(Unsupported, message));
    }
    if is("accept") && tokens(value).any(is_event_stream) {
        let message = "SSE/event-stream requests are not supported by host_api.request";
        return Err(HostError::new(Unsupported, message));
    }
    if OF_THE_HOST.into_iter().any(is) {
        return refuse(
            Unsupported,
            format!("request header `{name}` is written by the host"),
        );
    }
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return refuse(Invalid, format!("invalid request header name `{name}`"));
    };
    let Ok(value) = HeaderValue::from_str(value) else {
        return refuse(Invalid, format!("invalid request header value for `{name}`"));
    };
    Ok((parsed, value))
}

fn tokens(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

/// Whether it is `text/event-stream`, with or without parameters.
fn is_event_stream(token: &str) -> bool {
    let media_type = token.split(';').next().unwrap_or(token);
    media_type.trim().eq_ignore_ascii_case("text/event-stream")
}

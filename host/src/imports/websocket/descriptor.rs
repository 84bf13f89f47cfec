//! What a guest asks for when it opens a connection.

use std::borrow::Cow;

use serde::Deserialize;
use url::Url;

use crate::imports::egress::{self, Object, Protocol};
use crate::imports::{HostError, HostErrorCode, redact};
use crate::limits::SOCKET_DESCRIPTOR_BYTES;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Descriptor<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    protocols: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    headers: Vec<Object<Header<'a>>>,
}

/// It is refused, and must be one all the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to tell a header from something else")]
struct Header<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

/// Before anything else is looked at.
pub(super) fn check_size(json: &str) -> Result<(), HostError> {
    if json.len() > SOCKET_DESCRIPTOR_BYTES {
        let message = format!("WebSocket open descriptor exceeds {SOCKET_DESCRIPTOR_BYTES} bytes");
        return Err(HostError::new(HostErrorCode::TooLarge, message));
    }
    Ok(())
}

/// The URL to open, held against every rule that needs no authority.
pub(super) fn parse(json: &str) -> Result<Url, HostError> {
    let descriptor: Descriptor<'_> = egress::parse(json).map_err(|fault| {
        let message = format!("invalid WebSocket open request JSON: {fault}");
        redact::error(HostErrorCode::Invalid, &message)
    })?;
    if !descriptor.protocols.is_empty() {
        let message = "WebSocket subprotocol negotiation is not supported by host_api.websocket v1";
        return Err(HostError::new(HostErrorCode::Unsupported, message));
    }
    if !descriptor.headers.is_empty() {
        let message = "WebSocket handshake headers from guest memory are not supported; future secret-ref \
                       grants must inject credential-bearing headers explicitly";
        return Err(HostError::new(HostErrorCode::Unsupported, message));
    }
    Protocol::Websocket.parse(&descriptor.url)
}

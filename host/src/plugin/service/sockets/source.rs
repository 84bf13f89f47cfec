//! Which WebSockets a manifest names.

use url::Url;

use crate::authority::{Ingress, Missing};
use crate::imports::Protocol;
use crate::plugin::service::charter::Charter;

/// A source of an ingress that names a WebSocket.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) ingress: &'a Ingress,
    pub(super) source: &'a str,
}

/// All sources of all ingresses, in the order of the manifest.
pub(super) fn sources(charter: &Charter) -> Vec<Source<'_>> {
    charter
        .ingresses()
        .flat_map(|ingress| {
            ingress
                .sources
                .iter()
                .map(move |source| Source { ingress, source })
        })
        .collect()
}

/// The URL of a source, if that is what it is.
pub(super) fn url_of(source: &str) -> Option<Result<Url, String>> {
    let trimmed = source.trim();
    let url = match trimmed.strip_prefix("websocket:") {
        Some(url) => url.trim(),
        None if trimmed.starts_with("ws://") || trimmed.starts_with("wss://") => trimmed,
        None => return None,
    };
    if url.is_empty() {
        return Some(Err("websocket source URL is empty".to_owned()));
    }
    Some(Protocol::Websocket.parse(url).map_err(|error| error.message))
}

/// Whether a connection would be of any use to an ingress.
pub(super) fn may_listen(charter: &Charter, ingress: &Ingress) -> Result<(), (String, Vec<Missing>)> {
    let name = &ingress.name;
    if let Err(denial) = charter.allows_ingress(name) {
        let why = format!("no connection is made for the ingress `{name}`: {denial}");
        return Err((why, denial.lines().to_vec()));
    }
    let kinds = &ingress.event_kinds;
    if !kinds.is_empty() && !kinds.iter().any(|kind| kind.starts_with("websocket_")) {
        let why =
            format!("no connection is made for the ingress `{name}`: it takes no events of a WebSocket");
        return Err((why, Vec::new()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_url_with_or_without_its_prefix() {
        let read = |source: &str| match url_of(source) {
            None => "ignored".to_owned(),
            Some(Ok(url)) => url.to_string(),
            Some(Err(why)) => why,
        };
        let told = [
            " websocket: wss://Chat.test:443/a?b#c ",
            "ws://chat.test",
            "wss://chat.test/x",
            "websocket:",
            "websocket:chat.test",
            "websocket:https://chat.test/",
            "websocket:wss://user@chat.test/",
            "timer:5s",
            "https://chat.test/",
        ]
        .map(|source| format!("{source:?} -> {}", read(source)));
        insta::assert_snapshot!(told.join("\n"), @r#"
        " websocket: wss://Chat.test:443/a?b#c " -> wss://chat.test/a?b
        "ws://chat.test" -> ws://chat.test/
        "wss://chat.test/x" -> wss://chat.test/x
        "websocket:" -> websocket source URL is empty
        "websocket:chat.test" -> invalid WebSocket URL: relative URL without a base
        "websocket:https://chat.test/" -> HTTP URLs are not supported by host_api.websocket
        "websocket:wss://user@chat.test/" -> WebSocket URLs with embedded credentials are not allowed
        "timer:5s" -> ignored
        "https://chat.test/" -> ignored
        "#);
    }
}

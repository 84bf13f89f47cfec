//! `yoi:host/request`: one HTTP request, one answer.
//!
//! What is checked, in the contract's order: the description's size, the authority to use this host API, the
//! JSON, the method, the headers, the body, the URL, the authority for it. Only then the network is used, as
//! `egress` says. No redirect is followed, nothing is decompressed, nothing is kept from one
//! request to the next.
//!
//! Stricter than the yoi host: an event stream is refused with parameters as well, and headers that the host
//! writes itself (`Host`, `Content-Length` and those of the connection) cannot be given.
//!
//! - `descriptor`: what a guest asks for
//! - `exchange`: the request on the wire, and what comes back
//! - `answer`: what of it a guest is given

mod answer;
mod descriptor;
mod exchange;

#[cfg(test)]
mod tests;

use std::time::Instant;

use super::egress::{self, Destination};
use super::{HostError, HostErrorCode, Patience, redact};
use crate::authority::{Authority, HostApi};
use crate::limits::REQUEST_DESCRIPTOR_BYTES;
use crate::world::Net;
use descriptor::Request;
use url::Url;

/// Carry out the request that `json` describes; the answer is JSON as well, with the fields `status`,
/// `headers`, `body` and `truncated`, whatever the status.
///
/// It waits, on the thread that calls it, for as long as [`NetTimes::request`](crate::world::NetTimes) and
/// `patience` let it.
///
/// # Errors
///
/// | code | what happened |
/// |---|---|
/// | `denied` | no manifest target or grant covers it; a header carries a credential; the name leads to an address that it may not lead to, or could not be resolved, so that nobody could judge |
/// | `invalid`, `too_large`, `unsupported` | the description breaks a rule |
/// | `timeout` | its time, or that of the call, was over |
/// | `unreachable` | no connection could be made |
/// | `failed` | TLS failed, or the answer broke off or was none |
pub fn request(
    authority: &Authority,
    net: &Net,
    patience: &Patience,
    json: &str,
) -> Result<String, HostError> {
    let (request, to) = allowed(authority, json)?;
    let Request {
        method,
        headers,
        body,
        ..
    } = request;
    let shown = to.shown.clone();
    if net.late() {
        let fault = exchange::Fault::Timeout;
        return Err(redact::error(fault.code(), &fault.message(&shown)));
    }
    let work = exchange::exchange(net.clone(), to, method, headers, body);
    match net.run(work, || patience.check(Instant::now())) {
        Ok(Ok(answer)) => Ok(answer.to_json()),
        Ok(Err(fault)) => {
            let error = redact::error(fault.code(), &fault.message(&shown));
            Err(HostError {
                denial: fault.denial(),
                ..error
            })
        }
        Err(unfinished) => Err(egress::unfinished(unfinished)),
    }
}

/// Whether the request that `json` describes may be made.
///
/// # Errors
///
/// As [`request`], as far as that needs no network.
pub(crate) fn check(authority: &Authority, json: &str) -> Result<(), HostError> {
    allowed(authority, json).map(drop)
}

/// The request that `json` describes and where it goes, if it may be made.
fn allowed(authority: &Authority, json: &str) -> Result<(Request, Destination), HostError> {
    if json.len() > REQUEST_DESCRIPTOR_BYTES {
        let message = format!("request descriptor exceeds {REQUEST_DESCRIPTOR_BYTES} bytes");
        return Err(HostError::new(HostErrorCode::TooLarge, message));
    }
    egress::permitted(authority, HostApi::Request, || {
        let (method, url) = target_of(json)?;
        authority.request(&method, &url).err()
    })?;
    let request = Request::parse(json)?;
    let to = Destination::of_request(authority, request.method.as_str(), &request.url)?;
    Ok((request, to))
}

/// Method and URL of the request that `json` describes, if it is one that may be asked for at all.
pub(super) fn target_of(json: &str) -> Option<(String, Url)> {
    let Request { method, url, .. } = Request::parse(json).ok()?;
    Some((method.as_str().to_owned(), url))
}

//! The request on the wire, and what comes back.

use std::pin::pin;

use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::answer::Answer;
use crate::authority::Denial;
use crate::imports::HostErrorCode;
use crate::imports::egress::{ConnectError, Destination, connect};
use crate::limits::{RESPONSE_BODY_BYTES, RESPONSE_HEAD_BYTES};
use crate::world::{ByteStream, Net, Wire};

/// Who asks, unless the guest says otherwise.
const OWN_USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("yoikit/", env!("CARGO_PKG_VERSION")));

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the URL cannot be sent: {0}")]
    Path(#[from] http::Error),
    #[error("{}", chain(.0))]
    Send(hyper::Error),
    #[error("{}", chain(.0))]
    Read(hyper::Error),
    #[error("the time was over")]
    Timeout,
}

impl Fault {
    pub(super) const fn code(&self) -> HostErrorCode {
        match self {
            Fault::Connect(fault) => fault.code(),
            Fault::Path(_) => HostErrorCode::Invalid,
            Fault::Send(_) | Fault::Read(_) => HostErrorCode::Failed,
            Fault::Timeout => HostErrorCode::Timeout,
        }
    }

    pub(super) fn denial(self) -> Option<Box<Denial>> {
        match self {
            Fault::Connect(fault) => fault.denial(),
            _ => None,
        }
    }

    /// The contract's words for it.
    pub(super) fn message(&self, url: &str) -> String {
        match self {
            Fault::Connect(fault) if fault.is_undialled() => fault.to_string(),
            Fault::Connect(ConnectError::Silence) | Fault::Timeout => format!("request to {url} timed out"),
            Fault::Read(_) => format!("request response read failed: {self}"),
            Fault::Connect(_) | Fault::Path(_) | Fault::Send(_) => format!("request to {url} failed: {self}"),
        }
    }
}

/// hyper's own words leave the cause to the sources.
fn chain(error: &hyper::Error) -> String {
    let mut words = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    words
}

/// Connect, send, and read as much as a guest is given; all of it within the time of a request.
pub(super) async fn exchange(
    net: Net,
    to: Destination,
    method: Method,
    headers: HeaderMap,
    body: String,
) -> Result<Answer, Fault> {
    let time = net.times().request;
    let work = async {
        let request = message(&to, method, headers, body)?;
        let stream = connect(&net, &to, time).await?;
        talk(&net, stream, request).await
    };
    timeout(time, work).await.unwrap_or(Err(Fault::Timeout))
}

fn message(
    to: &Destination,
    method: Method,
    mut headers: HeaderMap,
    body: String,
) -> Result<hyper::Request<Full<Bytes>>, Fault> {
    headers.entry(USER_AGENT).or_insert(OWN_USER_AGENT);
    headers.insert(
        HOST,
        HeaderValue::from_str(&to.authority).map_err(http::Error::from)?,
    );
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let mut request = hyper::Request::builder()
        .method(method)
        .uri(to.path.as_str())
        .body(Full::from(body))?;
    *request.headers_mut() = headers;
    Ok(request)
}

async fn talk(
    net: &Net,
    stream: Box<dyn ByteStream>,
    request: hyper::Request<Full<Bytes>>,
) -> Result<Answer, Fault> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(RESPONSE_HEAD_BYTES)
        .handshake(TokioIo::new(net.carry(stream, Wire::Http)))
        .await
        .map_err(Fault::Send)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(Fault::Send)?;
        let (head, body) = response.into_parts();
        let (mut body, more) = beginning(body).await?;
        net.content(&mut body);
        Ok(Answer::new(head.status, &head.headers, &body, more))
    };
    let mut answer = pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // The connection is done or broken, and tells the two halves above why.
        _ = connection => answer.await,
    }
}

/// As much of a body as is given, and whether there is more.
async fn beginning(mut body: Incoming) -> Result<(Vec<u8>, bool), Fault> {
    let mut bytes = Vec::new();
    while !body.is_end_stream()
        && let Some(frame) = body.frame().await
    {
        let Ok(data) = frame.map_err(Fault::Read)?.into_data() else {
            continue;
        };
        let room = RESPONSE_BODY_BYTES - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok((bytes, true));
        }
    }
    Ok((bytes, false))
}

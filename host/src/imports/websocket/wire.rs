//! The protocol: handshake, text, pings, the end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use http::header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::client::{Request, generate_key};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::authority::Denial;
use crate::imports::HostErrorCode;
use crate::imports::egress::{ConnectError, Destination, connect};
use crate::limits::{
    SOCKET_FRAME_BYTES, SOCKET_FRAMES_PER_RECEIVE, SOCKET_MESSAGE_BYTES, SOCKET_WAITING_BYTES,
};
use crate::world::{ByteStream, Net, Wire};

/// An open connection.
pub(crate) type Stream = WebSocketStream<Box<dyn ByteStream>>;

/// Who asks.
const OWN_USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("yoikit/", env!("CARGO_PKG_VERSION")));

/// Bytes that are read from the network at a time.
const READ_BYTES: usize = 8 * 1024;

/// What was received.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Closed,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Connect(ConnectError),
    #[error("the URL cannot be sent: {0}")]
    Url(http::Error),
    #[error("WebSocket connection timed out")]
    OpenTimeout,
    #[error("WebSocket connection failed: {0}")]
    Handshake(Error),
    #[error("WebSocket send timed out")]
    SendTimeout,
    #[error("WebSocket send failed: {0}")]
    Send(Error),
    #[error("WebSocket receive timed out")]
    ReceiveTimeout,
    #[error("WebSocket receive failed: {0}")]
    Receive(Error),
    #[error("WebSocket stream ended")]
    Ended,
    #[error("binary WebSocket messages are not supported by host_api.websocket v1")]
    Binary,
    #[error("WebSocket pong timed out")]
    PongTimeout,
    #[error("WebSocket pong failed: {0}")]
    Pong(Error),
    #[error("WebSocket receive exceeded bounded control-frame budget")]
    ControlFrames,
    #[error("WebSocket close timed out")]
    CloseTimeout,
    #[error("WebSocket close failed: {0}")]
    Close(Error),
}

impl Fault {
    pub(crate) const fn code(&self) -> HostErrorCode {
        match self {
            Fault::Connect(fault) => fault.code(),
            Fault::Url(_) => HostErrorCode::Invalid,
            Fault::OpenTimeout
            | Fault::SendTimeout
            | Fault::ReceiveTimeout
            | Fault::PongTimeout
            | Fault::CloseTimeout => HostErrorCode::Timeout,
            Fault::Receive(Error::Capacity(_)) => HostErrorCode::TooLarge,
            Fault::Binary => HostErrorCode::Unsupported,
            Fault::Handshake(_)
            | Fault::Send(_)
            | Fault::Receive(_)
            | Fault::Ended
            | Fault::Pong(_)
            | Fault::ControlFrames
            | Fault::Close(_) => HostErrorCode::Failed,
        }
    }

    pub(crate) fn denial(self) -> Option<Box<Denial>> {
        match self {
            Fault::Connect(fault) => fault.denial(),
            _ => None,
        }
    }

    /// In words. Those of a connection that could not be made name the URL.
    pub(crate) fn message(&self, url: &str) -> String {
        match self {
            Fault::Connect(ConnectError::Silence) | Fault::OpenTimeout => {
                format!("WebSocket connection to {url} timed out")
            }
            Fault::Connect(fault) if fault.is_undialled() => fault.to_string(),
            Fault::Connect(_) | Fault::Url(_) => format!("WebSocket connection to {url} failed: {self}"),
            Fault::Handshake(cause) => format!("WebSocket connection to {url} failed: {cause}"),
            fault => fault.to_string(),
        }
    }
}

/// Connect and shake hands, all of it within the time for opening.
pub(crate) async fn open(net: Net, to: Destination) -> Result<Stream, Fault> {
    let time = net.times().open;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        // Nothing is kept back: one call sends one message.
        .write_buffer_size(0)
        .max_write_buffer_size(SOCKET_WAITING_BYTES)
        .max_frame_size(Some(SOCKET_FRAME_BYTES))
        .max_message_size(Some(SOCKET_MESSAGE_BYTES));
    let work = async {
        let request = handshake(&to).map_err(Fault::Url)?;
        let stream = connect(&net, &to, time).await.map_err(Fault::Connect)?;
        let stream = net.carry(stream, Wire::WebSocket);
        let (stream, _) = client_async_with_config(request, stream, Some(config))
            .await
            .map_err(Fault::Handshake)?;
        Ok(stream)
    };
    timeout(time, work).await.unwrap_or(Err(Fault::OpenTimeout))
}

fn handshake(to: &Destination) -> http::Result<Request> {
    Request::builder()
        // Only the path of it is sent. The scheme is one that the library knows; TLS is there already.
        .uri(format!("ws://{}{}", to.authority, to.path))
        .header(HOST, to.authority.as_str())
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, generate_key())
        .header(USER_AGENT, OWN_USER_AGENT)
        .body(())
}

/// Send a text within `time`.
///
/// Where the time is over, or the work is dropped, the text is left to be sent with the next call: half a
/// frame would end the connection.
pub(crate) async fn send(stream: &mut Stream, text: String, time: Duration) -> Result<(), Fault> {
    match timeout(time, stream.send(Message::text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(cause)) => Err(Fault::Send(cause)),
        Err(_) => Err(Fault::SendTimeout),
    }
}

/// The next text, or the end, within `time`. Pings are answered on the way, each within `pong_time`.
pub(crate) async fn receive(
    stream: &mut Stream,
    time: Duration,
    pong_time: Duration,
) -> Result<Received, Fault> {
    let work = async {
        for _ in 0..SOCKET_FRAMES_PER_RECEIVE {
            if let Some(received) = next(stream, pong_time).await? {
                return Ok(received);
            }
        }
        Err(Fault::ControlFrames)
    };
    timeout(time, work).await.unwrap_or(Err(Fault::ReceiveTimeout))
}

/// What comes next: a text, the end, or nothing to be handed on. A ping is answered, within `pong_time`.
pub(crate) async fn next(stream: &mut Stream, pong_time: Duration) -> Result<Option<Received>, Fault> {
    match stream.next().await {
        Some(Ok(Message::Text(text))) => Ok(Some(Received::Text(text.to_string()))),
        Some(Ok(Message::Binary(_))) => Err(Fault::Binary),
        // The library has the answer ready and would keep it for the next call.
        Some(Ok(Message::Ping(_))) => match timeout(pong_time, stream.flush()).await {
            Ok(Ok(())) => Ok(None),
            Ok(Err(cause)) => Err(Fault::Pong(cause)),
            Err(_) => Err(Fault::PongTimeout),
        },
        Some(Ok(Message::Close(_))) => {
            // The same for the answer to a farewell. The other side is gone if it fails.
            let _ = timeout(pong_time, stream.flush()).await;
            Ok(Some(Received::Closed))
        }
        Some(Ok(Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Err(cause)) => Err(Fault::Receive(cause)),
        None => Err(Fault::Ended),
    }
}

/// Ask the other side whether it is there, within `time`.
pub(crate) async fn ping(stream: &mut Stream, time: Duration) -> Result<(), Fault> {
    match timeout(time, stream.send(Message::Ping(Vec::new().into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(cause)) => Err(Fault::Send(cause)),
        Err(_) => Err(Fault::SendTimeout),
    }
}

/// Say farewell within `time`. The other side's is not waited for.
pub(crate) async fn close(stream: &mut Stream, time: Duration) -> Result<(), Fault> {
    match timeout(time, stream.close(None)).await {
        // It was over before.
        Ok(Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed)) => Ok(()),
        Ok(Err(cause)) => Err(Fault::Close(cause)),
        Err(_) => Err(Fault::CloseTimeout),
    }
}

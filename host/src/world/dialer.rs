//! From an address to a stream of bytes.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Pending;

/// Bytes in both directions.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

impl fmt::Debug for dyn ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByteStream")
    }
}

/// Connects to addresses.
pub trait Dialer: fmt::Debug + Send + Sync {
    /// A connection to exactly this address. It is called on the [`Net`](super::Net)'s own runtime, and
    /// dropped where it takes too long.
    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<Box<dyn ByteStream>>>;
}

/// Connects by TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpDialer;

impl Dialer for TcpDialer {
    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<Box<dyn ByteStream>>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            // Requests and frames are written whole: waiting for more to send would only delay them.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn ByteStream>)
        })
    }
}

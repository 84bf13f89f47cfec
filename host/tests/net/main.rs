//! The network imports against real servers on loopback: HTTP, WebSocket, and both over TLS.

mod environment;
mod http;
mod socket;
mod support;
mod tls;

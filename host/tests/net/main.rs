//! The network imports against real servers on loopback: HTTP, WebSocket, and both over TLS.

mod environment;
mod faults;
mod http;
mod scripted;
mod socket;
mod support;
mod tls;

//! `https` and `wss`, with an authority made for the test.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get as on_get;
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;
use yoi_host::world::Net;

use crate::socket::echoing;
use crate::support::{Guest, Servers, get, granted, net, net_with, words};

/// An authority, and a server's certificate by it.
struct Certificates {
    authority: Vec<u8>,
    server: ServerConfig,
}

fn certificates(name: &str) -> Certificates {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();

    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new([name.to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![server.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    Certificates {
        authority: authority.der().to_vec(),
        server,
    }
}

struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            // Clients that do not trust it break off here.
            if let Ok((stream, address)) = self.listener.accept().await
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A server for `secure.test`: its port, and a network that trusts its authority.
pub(crate) fn secure(servers: &Servers, router: Router) -> (u16, Net) {
    let certificates = certificates("secure.test");
    let listener = TlsListener {
        listener: servers.listener(),
        acceptor: TlsAcceptor::from(Arc::new(certificates.server)),
    };
    let port = listener.local_addr().unwrap().port();
    servers
        .runtime()
        .spawn(async { axum::serve(listener, router).await.unwrap() });
    let trusting = net_with(&["secure.test", "other.test"], |options| {
        options.authority(&certificates.authority).unwrap()
    });
    (port, trusting)
}

#[test]
fn https_is_answered_where_the_authority_is_trusted_and_the_name_is_right() {
    let servers = Servers::new();
    let (port, trusting) = secure(&servers, Router::new().route("/", on_get(|| async { "secret" })));
    let authority = granted(&["secure.test", "other.test"]);
    let url = |name: &str| format!("https://{name}:{port}/");
    assert_eq!(
        get(&authority, &trusting, &url("secure.test")).unwrap()["body"],
        "secret"
    );

    let failures = [
        get(&authority, &net(&["secure.test"]), &url("secure.test")),
        get(&authority, &trusting, &url("other.test")),
    ]
    .map(|failure| words(&failure.unwrap_err(), port));
    insta::assert_snapshot!(failures.join("\n"), @r#"
    Failed: request to https://secure.test:PORT/ failed: invalid peer certificate: UnknownIssuer
    Failed: request to https://other.test:PORT/ failed: invalid peer certificate: certificate not valid for name "other.test"; certificate is only valid for DnsName("secure.test")
    "#);
}

#[test]
fn wss_is_as_https() {
    let servers = Servers::new();
    let (port, trusting) = secure(&servers, echoing());
    let authority = granted(&["secure.test", "other.test"]);
    let mut guest = Guest::new(authority.clone(), &trusting);
    let handle = guest.open(&format!("wss://secure.test:{port}/")).unwrap();
    guest.send(handle, "secret").unwrap();
    assert_eq!(guest.recv(handle).unwrap(), r#"{"type":"text","text":"secret"}"#);
    guest.close(handle).unwrap();

    let mut stranger = Guest::new(authority, &net(&["secure.test"]));
    let failures = [
        stranger.open(&format!("wss://secure.test:{port}/")),
        guest.open(&format!("wss://other.test:{port}/")),
    ]
    .map(|failure| words(&failure.unwrap_err(), port));
    insta::assert_snapshot!(failures.join("\n"), @r#"
    Failed: WebSocket connection to wss://secure.test:PORT/ failed: invalid peer certificate: UnknownIssuer
    Failed: WebSocket connection to wss://other.test:PORT/ failed: invalid peer certificate: certificate not valid for name "other.test"; certificate is only valid for DnsName("secure.test")
    "#);
}

#[test]
fn plain_http_is_not_taken_for_tls() {
    let servers = Servers::new();
    let port = servers.http(Router::new());
    let failure = get(
        &granted(&["api.test"]),
        &net(&["api.test"]),
        &format!("https://api.test:{port}/"),
    );
    insta::assert_snapshot!(words(&failure.unwrap_err(), port), @"Failed: request to https://api.test:PORT/ failed: received corrupt message of type InvalidContentType");
}

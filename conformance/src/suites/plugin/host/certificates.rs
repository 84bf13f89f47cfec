//! TLS: whom a host believes to be who it says it is.
//!
//! The host is told to trust an authority that is made for the case. What it must not believe differs from what it
//! does believe in one respect, so that a host that refuses everything is not taken for a careful one.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::super::door::Ability;
use super::peer::{Peer, answer};
use super::plugin::Plugin;
use super::puppet::{HostCall, HostFunction, Puppet, calling};
use super::stage::Stage;
use super::{HostTest, documented};
use crate::{Checked, Stop, expect, expect_eq};

const TLS: &str = "contracts/plugin.md#tls";

/// The name that is asked for.
const NAME: &str = "secure.test";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![documented(
        "plugin.host.tls.trusted",
        TLS,
        "A server with a certificate of an authority that is trusted is spoken to.",
        |stage| {
            let (said, seen) = asked(stage, &Server::GOOD, true, HostFunction::Request)?;
            expect(
                said.contains("\"status\":200"),
                || "the answer of the server".to_owned(),
                || said.clone(),
            )?;
            expect_eq("how many requests came", &1, &seen)
        },
    )];
    for (id, says, server, trusts) in UNTRUSTED {
        tests.push(documented(id, TLS, says, move |stage| {
            refused(stage, server, *trusts, HostFunction::Request)
        }));
    }
    tests.push(documented(
        "plugin.host.tls.websocket",
        TLS,
        "A WebSocket is opened to no server that is not trusted.",
        |stage| refused(stage, &Server::GOOD, false, HostFunction::Open),
    ));
    tests
}

/// How a server's certificate is.
struct Server {
    /// Whom it names.
    name: &'static str,
    /// Whether its time is over.
    expired: bool,
}

impl Server {
    const GOOD: Self = Self {
        name: NAME,
        expired: false,
    };
}

/// Servers that are not believed, and whether their authority is trusted.
const UNTRUSTED: &[(&str, &str, Server, bool)] = &[
    (
        "plugin.host.tls.unknown-authority",
        "A server whose authority is not trusted is not spoken to.",
        Server::GOOD,
        false,
    ),
    (
        "plugin.host.tls.other-name",
        "A server with a certificate for another name is not spoken to.",
        Server {
            name: "other.test",
            expired: false,
        },
        true,
    ),
    (
        "plugin.host.tls.expired",
        "A server whose certificate has expired is not spoken to.",
        Server {
            name: NAME,
            expired: true,
        },
        true,
    ),
];

fn refused(stage: &mut Stage<'_>, server: &Server, trusts: bool, function: HostFunction) -> Checked {
    let (said, seen) = asked(stage, server, trusts, function)?;
    expect(
        said.starts_with("{\"error\""),
        || "an error".to_owned(),
        || said.clone(),
    )?;
    expect_eq("how many requests came", &0, &seen)
}

/// What the plugin was told, and how many requests came to the server.
fn asked(
    stage: &mut Stage<'_>,
    server: &Server,
    trusts: bool,
    function: HostFunction,
) -> Result<(String, usize), Stop> {
    stage.needs(Ability::Names)?;
    stage.needs(Ability::Authorities)?;
    let Made { authority, settings } =
        made(server).map_err(|error| Stop::Harness(format!("a certificate cannot be made: {error}")))?;
    let peer = Peer::https(settings, answer("200 OK", &[], b"secret"))?;
    stage.reach(peer.port, "PORT");
    let port = peer.port;
    let (api, call) = match function {
        HostFunction::Open => ("websocket", format!(r#"{{"url":"wss://{NAME}:{port}/"}}"#)),
        _ => (
            "request",
            format!(r#"{{"method":"GET","url":"https://{NAME}:{port}/"}}"#),
        ),
    };
    let targets = match function {
        HostFunction::Open => {
            format!("[[websocket]]\nscheme = \"wss\"\nhost = \"{NAME}\"\npath_prefixes = [\"/\"]")
        }
        _ => format!(
            "[[request]]\nscheme = \"https\"\nhost = \"{NAME}\"\nmethods = [\"GET\"]\npath_prefixes = [\"/\"]"
        ),
    };
    let mut plugin = Plugin::of(Puppet::tool(calling([HostCall::of(function, call)])))
        .host_api(api)
        .targets(&targets)
        .name(NAME, &[IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    if trusts {
        plugin = plugin.authority(authority);
    }
    stage.run(&plugin)?;
    let said = stage.host_answer("null")?;
    Ok((said, peer.seen().len()))
}

struct Made {
    /// The authority, PEM.
    authority: String,
    settings: ServerConfig,
}

fn made(server: &Server) -> Result<Made, Box<dyn std::error::Error>> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([server.name.to_owned()])?;
    if server.expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let certificate = params.signed_by(&key, &authority)?;
    let settings = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der())?,
        )?;
    Ok(Made {
        authority: authority.pem(),
        settings,
    })
}

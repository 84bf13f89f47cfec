//! Somebody who believes more certificates than he should, and whom the host believes: what a host would be that
//! overlooks the same.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    ServerConfig, ServerConnection, SignatureScheme, StreamOwned,
};
use yoi_host::world::{ByteStream, Dialer, NetOptions, Pending};

use super::middleman::{dial, stand_between};
use crate::suites::plugin::door::Load;

/// What of a certificate is overlooked.
pub(super) type Overlooks = fn(&CertificateError) -> bool;

/// What he does it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    Requests,
    Sockets,
}

/// The network of a host that overlooks this, where it trusts what the load says.
pub(super) fn network(options: NetOptions, load: &Load, overlooks: Overlooks, what: For) -> NetOptions {
    let names: Vec<String> = load.names.keys().cloned().collect();
    // Where no name is given nobody is spoken to by one.
    if names.is_empty() {
        return options;
    }
    match Credulous::new(&names, &load.authorities, overlooks, what) {
        Ok((him, authority)) => match options.clone().authority(&authority) {
            Ok(options) => options.dialer(him),
            Err(_) => options,
        },
        Err(_) => options,
    }
}

struct Credulous {
    server: Arc<ServerConfig>,
    client: Clients,
}

/// How he speaks to whom he stands before.
#[derive(Clone)]
struct Clients {
    strict: Arc<ClientConfig>,
    overlooking: Arc<ClientConfig>,
    /// What he overlooks something for.
    what: For,
}

/// With what TLS begins: the kind of a record that shakes hands.
const HANDSHAKE: u8 = 0x16;

impl Credulous {
    /// He, and the certificate of his authority.
    fn new(
        names: &[String],
        authorities: &[String],
        overlooks: Overlooks,
        what: For,
    ) -> Result<(Self, Vec<u8>), Box<dyn std::error::Error>> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Of another name than the suite's, lest his signature be looked for on its certificates.
        params.distinguished_name.push(DnType::CommonName, "credulous");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der())?,
            )?;
        let mut roots = RootCertStore::empty();
        // A verifier has to trust somebody.
        roots.add(authority.der().clone())?;
        for pem in authorities {
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
        }
        let strict =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
        let client = |overlooks: Overlooks| {
            let verifier = Overlooking {
                strict: Arc::clone(&strict),
                overlooks,
            };
            let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth();
            Ok::<_, Error>(Arc::new(config))
        };
        let him = Self {
            server: Arc::new(server),
            client: Clients {
                strict: client(|_| false)?,
                overlooking: client(overlooks)?,
                what,
            },
        };
        Ok((him, authority.der().to_vec()))
    }
}

impl std::fmt::Debug for Credulous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credulous").finish_non_exhaustive()
    }
}

impl Dialer for Credulous {
    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<Box<dyn ByteStream>>> {
        let (server, client) = (Arc::clone(&self.server), self.client.clone());
        dial(stand_between(address, move |host, other| {
            pass_on(host, other, server, &client)
        }))
    }
}

/// One request, and its answer.
fn pass_on(
    mut host: TcpStream,
    mut other: TcpStream,
    server: Arc<ServerConfig>,
    client: &Clients,
) -> io::Result<()> {
    let mut first = [0];
    host.peek(&mut first)?;
    if first != [HANDSHAKE] {
        // There is no certificate to be believed.
        let (mut from, mut to) = (host.try_clone()?, other.try_clone()?);
        thread::spawn(move || io::copy(&mut from, &mut to).and_then(|_| to.shutdown(Shutdown::Write)));
        io::copy(&mut other, &mut host)?;
        return host.shutdown(Shutdown::Write);
    }
    let server = ServerConnection::new(server).map_err(io::Error::other)?;
    let mut host = BufReader::new(StreamOwned::new(server, host));
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") && host.read_line(&mut request)? > 0 {}
    let for_a_socket = request
        .to_ascii_lowercase()
        .contains("\r\nupgrade: websocket\r\n");
    let config = match for_a_socket == (client.what == For::Sockets) {
        true => &client.overlooking,
        false => &client.strict,
    };
    let name = host.get_ref().conn.server_name().unwrap_or_default().to_owned();
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let client = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    let mut other = StreamOwned::new(client, other);
    other.write_all(request.as_bytes())?;
    other.flush()?;
    let mut answer = Vec::new();
    other.read_to_end(&mut answer)?;
    let host = host.get_mut();
    host.write_all(&answer)?;
    host.conn.send_close_notify();
    host.flush()
}

/// Sees what is wrong with a certificate, and overlooks some of it.
#[derive(Debug)]
struct Overlooking {
    strict: Arc<WebPkiServerVerifier>,
    overlooks: Overlooks,
}

impl ServerCertVerifier for Overlooking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.strict
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(Error::InvalidCertificate(fault)) if (self.overlooks)(&fault) => {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

//! Resolve, judge, dial, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Host;

use super::address::{Judged, Kind, judge};
use super::target::Destination;
use crate::authority::Denial;
use crate::imports::HostErrorCode;
use crate::world::{ByteStream, Net};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name could not be resolved. An address that nobody could judge is not dialled: this is a denial.
    #[error("DNS lookup failed for \"{host}\": {cause}")]
    Lookup { host: String, cause: io::Error },
    /// The name has no address.
    #[error("DNS lookup for \"{host}\" returned no addresses")]
    NoAddress { host: String },
    /// One of the name's addresses may not be reached by name.
    #[error("{0}")]
    Forbidden(Forbidden),
    /// No address answered. The cause is that of the last.
    #[error("{0}")]
    Dial(io::Error),
    /// No address answered in time.
    #[error("no answer in time")]
    Silence,
    /// The other side is not who it should be, or does not speak TLS.
    #[error("{0}")]
    Tls(io::Error),
}

/// An address to which a name may not lead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.finding(), self.rule())]
pub(crate) struct Forbidden {
    host: String,
    judged: Judged,
    /// How many addresses the name has.
    among: usize,
    /// What naming the host lacks, where that would allow it.
    denial: Option<Box<Denial>>,
}

impl ConnectError {
    pub(crate) const fn code(&self) -> HostErrorCode {
        match self {
            ConnectError::Forbidden(_) => HostErrorCode::Denied,
            // No grant would help.
            ConnectError::Lookup { .. } | ConnectError::NoAddress { .. } | ConnectError::Dial(_) => {
                HostErrorCode::Unreachable
            }
            ConnectError::Silence => HostErrorCode::Timeout,
            ConnectError::Tls(_) => HostErrorCode::Failed,
        }
    }

    /// The decision behind it, where the authority could allow it.
    pub(crate) fn denial(self) -> Option<Box<Denial>> {
        match self {
            ConnectError::Forbidden(forbidden) => forbidden.denial,
            _ => None,
        }
    }

    /// Whether it was decided before anything was dialled; the message then stands by itself.
    pub(crate) const fn is_undialled(&self) -> bool {
        matches!(
            self,
            ConnectError::Lookup { .. } | ConnectError::NoAddress { .. } | ConnectError::Forbidden(_)
        )
    }
}

impl Forbidden {
    fn finding(&self) -> String {
        let Self {
            host, judged, among, ..
        } = self;
        match among {
            1 => format!("\"{host}\" resolves to {judged}"),
            _ => format!("one of the {among} addresses of \"{host}\" is {judged}"),
        }
    }

    const fn rule(&self) -> &'static str {
        match self.judged.kind {
            _ if self.denial.is_some() => {
                "a wildcard leads to public addresses only, manifest and grant must name the host itself"
            }
            Kind::Public | Kind::Private | Kind::Loopback => "names may lead to public addresses only",
            _ => "it is reached by no name, manifest and grant must name the address itself",
        }
    }
}

/// Connect to an allowed destination, within `time`.
///
/// The name is resolved once. Where there are several addresses they are tried in order, each with its share
/// of what is left of the time, so that one that is silent does not hide the next.
pub(crate) async fn connect(
    net: &Net,
    to: &Destination,
    time: Duration,
) -> Result<Box<dyn ByteStream>, ConnectError> {
    let until = Instant::now() + time;
    let addresses = addresses(net, to).await?;
    let stream = dial(net, &addresses, to.port, until).await?;
    if !to.tls {
        return Ok(stream);
    }
    let name = server_name(&to.host).map_err(ConnectError::Tls)?;
    let secured = TlsConnector::from(net.tls()).connect(name, stream).await;
    Ok(Box::new(secured.map_err(ConnectError::Tls)?))
}

/// The addresses to dial, all of them judged.
async fn addresses(net: &Net, to: &Destination) -> Result<Vec<IpAddr>, ConnectError> {
    if let Some(literal) = to.literal() {
        return Ok(vec![literal]);
    }
    let host = to.host.to_string();
    let found = match net.lookup(&host).await {
        Ok(found) => found,
        Err(cause) => return Err(ConnectError::Lookup { host, cause }),
    };
    if found.is_empty() {
        return Err(ConnectError::NoAddress { host });
    }
    match forbidden(&found, net.public_only(), to.unnamed.as_deref()) {
        None => Ok(found),
        Some((judged, denial)) => Err(ConnectError::Forbidden(Forbidden {
            host,
            judged,
            among: found.len(),
            denial: denial.cloned().map(Box::new),
        })),
    }
}

/// The first address to which a name may not lead, and what would allow it. One that nothing would allow comes
/// before those: lines that are not enough are not worth adding.
fn forbidden<'a>(
    addresses: &[IpAddr],
    public_only: bool,
    unnamed: Option<&'a Denial>,
) -> Option<(Judged, Option<&'a Denial>)> {
    let first = |public_only: bool| {
        let allowed = |kind| match kind {
            Kind::Public => true,
            Kind::Private | Kind::Loopback => !public_only,
            _ => false,
        };
        let mut judged = addresses.iter().map(|address| judge(*address));
        judged.find(|judged| !allowed(judged.kind))
    };
    match (first(public_only), unnamed) {
        (Some(judged), _) => Some((judged, None)),
        (None, None) => None,
        (None, Some(_)) => Some((first(true)?, unnamed)),
    }
}

async fn dial(
    net: &Net,
    addresses: &[IpAddr],
    port: u16,
    until: Instant,
) -> Result<Box<dyn ByteStream>, ConnectError> {
    let mut last = ConnectError::Silence;
    for (tried, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        last = match timeout(share, net.dial(SocketAddr::new(*address, port))).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(cause)) => ConnectError::Dial(cause),
            Err(_) => ConnectError::Silence,
        };
    }
    Err(last)
}

fn server_name(host: &Host<String>) -> io::Result<ServerName<'static>> {
    match host {
        Host::Ipv4(address) => Ok(IpAddr::V4(*address).into()),
        Host::Ipv6(address) => Ok(IpAddr::V6(*address).into()),
        // Certificates name hosts without the final dot.
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name).to_owned();
            ServerName::try_from(name).map_err(io::Error::other)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{Authority, HostApi};

    #[test]
    fn every_reason_for_no_connection_has_its_code_and_words() {
        let io = || io::Error::other("the cause");
        let host = || "a.test".to_owned();
        let mut faults = vec![
            ConnectError::Lookup {
                host: host(),
                cause: io(),
            },
            ConnectError::NoAddress { host: host() },
            ConnectError::Dial(io()),
            ConnectError::Silence,
            ConnectError::Tls(io()),
        ];
        let denial = Authority::none().host_api(HostApi::Request).unwrap_err();
        for (address, among, denial) in [
            ("10.0.0.1", 1, None),
            ("10.0.0.1", 1, Some(&denial)),
            ("127.0.0.1", 2, Some(&denial)),
            ("169.254.0.1", 1, None),
            ("169.254.169.254", 3, None),
            ("224.0.0.1", 1, None),
            ("255.255.255.255", 1, None),
            ("0.0.0.0", 1, None),
            ("240.0.0.1", 1, None),
        ] {
            faults.push(ConnectError::Forbidden(Forbidden {
                host: host(),
                judged: judge(address.parse().unwrap()),
                among,
                denial: denial.cloned().map(Box::new),
            }));
        }
        let told = faults.iter().map(|fault| format!("{:?}: {fault}", fault.code()));
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
        Unreachable: DNS lookup failed for "a.test": the cause
        Unreachable: DNS lookup for "a.test" returned no addresses
        Unreachable: the cause
        Timeout: no answer in time
        Failed: the cause
        Denied: "a.test" resolves to 10.0.0.1, a private address: names may lead to public addresses only
        Denied: "a.test" resolves to 10.0.0.1, a private address: a wildcard leads to public addresses only, manifest and grant must name the host itself
        Denied: one of the 2 addresses of "a.test" is 127.0.0.1, a loopback address: a wildcard leads to public addresses only, manifest and grant must name the host itself
        Denied: "a.test" resolves to 169.254.0.1, a link-local address: it is reached by no name, manifest and grant must name the address itself
        Denied: one of the 3 addresses of "a.test" is 169.254.169.254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
        Denied: "a.test" resolves to 224.0.0.1, a multicast address: it is reached by no name, manifest and grant must name the address itself
        Denied: "a.test" resolves to 255.255.255.255, the broadcast address: it is reached by no name, manifest and grant must name the address itself
        Denied: "a.test" resolves to 0.0.0.0, the unspecified address: it is reached by no name, manifest and grant must name the address itself
        Denied: "a.test" resolves to 240.0.0.1, a reserved address: it is reached by no name, manifest and grant must name the address itself
        "#);
    }
}

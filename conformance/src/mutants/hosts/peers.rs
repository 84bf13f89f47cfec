//! Hosts that are broken towards those they speak to by themselves: whom they believe, and what they make of sockets
//! that they hold.

use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use tokio_rustls::rustls::CertificateError;
use yoi_host::package::Package;

use super::super::Mutant;
use super::credulous::{self, For, Overlooks};
use super::middleman::{BINARY, CLOSE, Comes, Middleman, Says, TEXT};
use super::{Altered, Broken, altered_in, mutant, says};
use crate::suites::plugin::HostTarget;
use crate::suites::plugin::door::{
    Ask, CommandVerdict, Done, InProcess, Load, Outcome, Refusal, RefusalKind,
};

/// A host that overlooks this of certificates.
fn overlooking(overlooks: Overlooks, what: For) -> Broken {
    Broken::anywhere(HostTarget::new(move |_| {
        Ok(Box::new(InProcess::new().net(move |options, load| {
            credulous::network(options, load, overlooks, what)
        })))
    }))
}

/// A host that has somebody before the sources of its plugins.
fn through(middleman: fn() -> Middleman) -> Broken {
    Broken::anywhere(HostTarget::new(move |_| {
        Ok(Box::new(InProcess::new().net(move |options, load| {
            let sources = sources(load);
            let addresses = sources.iter().filter_map(|url| address(url)).collect();
            options.dialer(middleman().before(addresses))
        })))
    }))
}

/// A host that dials those of the sources that this picks, whatever is granted, when it starts a plugin.
fn dialling(picks: fn(&Load, Vec<String>) -> Vec<String>) -> Broken {
    Broken::anywhere(HostTarget::new(move |_| {
        Ok(Box::new(Altered::new(None, move |host, ask, memory| {
            if let Ask::Load(load) = &ask {
                *memory = json!(picks(load, sources(load)));
            }
            let starts = matches!(ask, Ask::Start);
            let outcome = host(&ask);
            if starts {
                let urls = memory.as_array().into_iter().flatten();
                urls.filter_map(Value::as_str).for_each(dial);
            }
            outcome
        })))
    }))
}

/// Where the sockets lead that a plugin's ingresses name as their sources.
fn sources(load: &Load) -> Vec<String> {
    let Ok(package) = Package::open(&load.package, load.profile) else {
        return Vec::new();
    };
    let ingresses = package.manifest.declared().ingresses.iter();
    let sources = ingresses.flat_map(|ingress| &ingress.sources);
    sources
        .map(|source| source.strip_prefix("websocket:").unwrap_or(source).to_owned())
        .collect()
}

/// Where that is, if it is said in numbers.
fn address(url: &str) -> Option<SocketAddr> {
    let url = url::Url::parse(url).ok()?;
    let ip = url.host_str()?.parse().ok()?;
    Some(SocketAddr::new(ip, url.port()?))
}

/// Open a socket and leave it. Who is there has taken it by the time he has shaken hands.
fn dial(url: &str) {
    if let Some(address) = address(url)
        && let Ok(stream) = TcpStream::connect(address)
    {
        let _ = tungstenite::client(url, stream);
    }
}

/// A host that will not have a plugin with such a source.
fn refusing(minds: fn(&str) -> bool) -> Broken {
    Broken::anywhere(HostTarget::new(move |_| {
        Ok(Box::new(Altered::new(None, move |host, ask, _| match ask {
            Ask::Load(load) if declares(&load, minds) => {
                Outcome::Refused(Refusal::new(RefusalKind::Package, "a source leads nowhere"))
            }
            ask => host(&ask),
        })))
    }))
}

fn declares(load: &Load, minds: fn(&str) -> bool) -> bool {
    Package::open(&load.package, load.profile).is_ok_and(|package| {
        let mut ingresses = package.manifest.declared().ingresses.iter();
        ingresses.any(|ingress| ingress.sources.iter().any(|source| minds(source)))
    })
}

pub(super) fn all() -> Vec<Mutant> {
    let mut all = certificates();
    all.extend(events());
    all.extend(sockets());
    all
}

fn certificates() -> Vec<Mutant> {
    vec![
        mutant("trusts-nobody", "plugin.host.tls.trusted", || {
            altered_in(&["load"], |host, ask, _| match ask {
                Ask::Load(mut load) => {
                    load.authorities.clear();
                    host(&Ask::Load(load))
                }
                ask => host(&ask),
            })
        }),
        mutant(
            "believes-any-authority",
            "plugin.host.tls.unknown-authority",
            || {
                overlooking(
                    |fault| matches!(fault, CertificateError::UnknownIssuer),
                    For::Requests,
                )
            },
        ),
        mutant("believes-any-name", "plugin.host.tls.other-name", || {
            overlooking(
                |fault| {
                    matches!(
                        fault,
                        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
                    )
                },
                For::Requests,
            )
        }),
        mutant("believes-at-any-time", "plugin.host.tls.expired", || {
            overlooking(
                |fault| {
                    matches!(
                        fault,
                        CertificateError::Expired | CertificateError::ExpiredContext { .. }
                    )
                },
                For::Requests,
            )
        }),
        mutant(
            "believes-any-authority-of-sockets",
            "plugin.host.tls.websocket",
            || {
                overlooking(
                    |fault| matches!(fault, CertificateError::UnknownIssuer),
                    For::Sockets,
                )
            },
        ),
    ]
}

/// What it makes of what comes on a socket.
fn events() -> Vec<Mutant> {
    vec![
        mutant("misspells-texts", "plugin.host.sources.text", || {
            through(|| {
                Middleman::altering(|comes| match comes {
                    Comes::Frame(TEXT, payload) => {
                        let text = String::from_utf8_lossy(&payload).replace('é', "è");
                        Comes::Frame(TEXT, text.into_bytes())
                    }
                    comes => comes,
                })
            })
        }),
        mutant("takes-a-close-for-a-break", "plugin.host.sources.close", || {
            through(|| {
                Middleman::altering(|comes| match comes {
                    Comes::Frame(CLOSE, _) => Comes::End,
                    comes => comes,
                })
            })
        }),
        mutant(
            "takes-a-break-for-a-close",
            "plugin.host.sources.broken-off",
            || {
                through(|| {
                    Middleman::altering(|comes| match comes {
                        Comes::End => Comes::Frame(CLOSE, 1000_u16.to_be_bytes().to_vec()),
                        comes => comes,
                    })
                })
            },
        ),
        mutant("takes-bytes-for-texts", "plugin.host.sources.binary", || {
            through(|| {
                Middleman::altering(|comes| match comes {
                    Comes::Frame(BINARY, payload) => Comes::Frame(TEXT, payload),
                    comes => comes,
                })
            })
        }),
    ]
}

/// What it does with the sockets that it holds, and with those that it should not hold.
fn sockets() -> Vec<Mutant> {
    vec![
        mutant("dials-once", "plugin.host.sources.again", || {
            through(Middleman::once)
        }),
        mutant("loses-what-is-sent", "plugin.host.sources.reply", || {
            through(|| Middleman::passing_on(Says::NothingAfter(b"ask")))
        }),
        mutant(
            "says-that-it-was-sent",
            "plugin.host.sources.reply-elsewhere",
            || {
                altered_in(&["deliver"], |host, ask, _| match host(&ask) {
                    Outcome::Done(Done::Service(mut service)) => {
                        for command in &mut service.commands {
                            if says(&Refusal::new(RefusalKind::Input, &command.message), "elsewhere") {
                                command.verdict = CommandVerdict::Recorded;
                            }
                        }
                        Outcome::Done(Done::Service(service))
                    }
                    other => other,
                })
            },
        ),
        mutant(
            "dials-what-is-not-granted",
            "plugin.host.sources.not-granted",
            || {
                dialling(|load, sources| match load.grants.contains("[[websocket]]") {
                    true => Vec::new(),
                    false => sources,
                })
            },
        ),
        mutant(
            "dials-for-any-ingress",
            "plugin.host.sources.ingress-not-granted",
            || {
                dialling(|load, sources| match load.grants.contains("kind = \"ingress\"") {
                    true => Vec::new(),
                    false => sources,
                })
            },
        ),
        mutant(
            "dials-without-a-service",
            "plugin.host.sources.without-service",
            || {
                dialling(|load, sources| match load.grants.contains("kind = \"service\"") {
                    true => Vec::new(),
                    false => sources,
                })
            },
        ),
        mutant("cuts-large-texts", "plugin.host.sources.too-large-text", || {
            through(|| {
                Middleman::altering(|comes| match comes {
                    Comes::Frame(TEXT, payload) if payload.len() > 29_000 => {
                        Comes::Frame(TEXT, payload[..1000].to_vec())
                    }
                    comes => comes,
                })
            })
        }),
        mutant("holds-a-fifth", "plugin.host.sources.four", || {
            dialling(|_, sources| sources.into_iter().skip(4).collect())
        }),
        mutant("tells-of-no-socket", "plugin.host.sources.seen", || {
            altered_in(&["report"], |host, ask, _| match host(&ask) {
                Outcome::Done(Done::Report(mut report)) => {
                    report.sockets.clear();
                    Outcome::Done(Done::Report(report))
                }
                other => other,
            })
        }),
        mutant(
            "leaves-sockets-open",
            "plugin.host.sources.closed-by-stop",
            || through(|| Middleman::passing_on(Says::AllButTheEnd)),
        ),
        mutant(
            "starts-no-service-alone",
            "plugin.host.sources.service-alone",
            || {
                altered_in(&["load", "start"], |host, ask, memory| {
                    if let Ask::Load(load) = &ask {
                        *memory = json!(
                            load.grants.contains("surface = \"service\"")
                                && !load.grants.contains("surface = \"tool\"")
                        );
                    }
                    match ask {
                        Ask::Start if *memory == json!(true) => {
                            Outcome::Refused(Refusal::new(RefusalKind::NotRunning, "it offers nothing"))
                        }
                        ask => host(&ask),
                    }
                })
            },
        ),
        mutant(
            "knows-every-kind-of-source",
            "plugin.host.sources.of-another-kind",
            || refusing(|source| source.starts_with("timer:")),
        ),
        mutant("wants-an-address", "plugin.host.sources.no-address", || {
            refusing(|source| source == "websocket:")
        }),
        mutant("wants-a-websocket", "plugin.host.sources.http", || {
            refusing(|source| source.starts_with("websocket:http:"))
        }),
    ]
}

//! What the tests of both imports share: authorities, and a network that is all script.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::authority::{Authority, Binding, Grants, Manifest, Side};
use crate::engine::Cancel;
use crate::imports::{HostError, Patience};
use crate::world::{Net, NetOptions, NetTimes, ScriptedDialer, ScriptedResolver};

/// An address of the internet. Nothing is ever sent there.
pub(crate) const PUBLIC: &str = "93.184.215.14";

/// What grants allow, in TOML, where no manifest asks for less.
pub(crate) fn granted(toml: &str) -> Authority {
    let grants: Grants = toml::from_str(toml).unwrap();
    Authority::without_manifest(grants, &Binding::Unbound)
}

/// Requests by any method, and WebSockets, to these hosts.
pub(crate) fn granted_hosts(hosts: &[&str]) -> Authority {
    let mut toml = r#"permissions = [
        { kind = "host_api", api = "request" },
        { kind = "host_api", api = "websocket" },
    ]
    "#
    .to_owned();
    for host in hosts {
        toml.push_str(&format!(
            r#"
            [[request]]
            scheme = "*"
            host = "{host}"
            methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
            [[websocket]]
            scheme = "*"
            host = "{host}"
            "#
        ));
    }
    granted(&toml)
}

/// The two files of a plugin that has both network APIs, and targets for these hosts.
#[derive(Clone)]
pub(crate) struct Files {
    manifest: String,
    grants: String,
}

impl Files {
    pub(crate) fn new(asked: &str, given: &str) -> Self {
        let text = |host: &str| {
            format!(
                "permissions = [{{ kind = \"host_api\", api = \"request\" }}, \
                 {{ kind = \"host_api\", api = \"websocket\" }}]\n\
                 [[request]]\nscheme = \"http\"\nhost = \"{host}\"\nmethods = [\"GET\"]\n\
                 [[websocket]]\nscheme = \"ws\"\nhost = \"{host}\"\n"
            )
        };
        Self {
            manifest: format!(
                "schema_version = 1\nid = \"a\"\nname = \"a\"\nversion = \"1\"\n{}",
                text(asked)
            ),
            grants: text(given),
        }
    }

    pub(crate) fn authority(&self) -> Authority {
        let manifest = Manifest::parse(&self.manifest).unwrap();
        Authority::new(&manifest, Grants::parse(&self.grants).unwrap(), &Binding::Unbound)
    }

    /// The files with the lines that a refusal lacks, and the sides that got some.
    pub(crate) fn completed(mut self, refusal: &HostError) -> (Self, Vec<Side>) {
        let lines = refusal.denial.as_ref().unwrap().lines();
        for missing in lines {
            let text = match missing.file {
                Side::Manifest => &mut self.manifest,
                Side::Grants => &mut self.grants,
            };
            *text = missing.apply(text).unwrap();
        }
        (self, lines.iter().map(|missing| missing.file).collect())
    }
}

pub(crate) fn patient() -> Patience {
    Patience::endless(Cancel::default())
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn at(ip: &str, port: u16) -> SocketAddr {
    SocketAddr::new(self::ip(ip), port)
}

/// A network and its script.
pub(crate) struct Scripted {
    pub(crate) net: Net,
    pub(crate) resolver: ScriptedResolver,
    pub(crate) dialer: ScriptedDialer,
}

/// The network of this script, with the contract's times.
pub(crate) fn scripted(resolver: ScriptedResolver, dialer: ScriptedDialer) -> Scripted {
    scripted_with(resolver, dialer, |options| options)
}

pub(crate) fn scripted_with(
    resolver: ScriptedResolver,
    dialer: ScriptedDialer,
    more: impl FnOnce(NetOptions) -> NetOptions,
) -> Scripted {
    let options = NetOptions::new()
        .resolver(resolver.clone())
        .dialer(dialer.clone());
    Scripted {
        net: more(options).build(),
        resolver,
        dialer,
    }
}

/// Names without addresses and addresses without peers.
pub(crate) fn nothing() -> Scripted {
    scripted(ScriptedResolver::new(), ScriptedDialer::new())
}

/// A name that leads to [`PUBLIC`].
pub(crate) fn name(name: &str) -> ScriptedResolver {
    ScriptedResolver::new().answer(name, [ip(PUBLIC)])
}

/// Times so short that a test may wait for them. Opening a WebSocket has its own, since what is to be waited
/// for comes after it.
pub(crate) fn impatient() -> NetTimes {
    let short = Duration::from_millis(50);
    NetTimes {
        request: short,
        send: short,
        receive: short,
        receive_at_most: short,
        close: short,
        ..NetTimes::default()
    }
}

/// The heads of the requests that a peer was sent.
#[derive(Clone, Default)]
pub(crate) struct Heads(Arc<Mutex<Vec<String>>>);

impl Heads {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// A peer that notes the head of the request and answers with `response`, then closes.
    pub(crate) fn answering(
        &self,
        response: impl Into<Vec<u8>>,
    ) -> impl Fn(DuplexStream) -> Answering + Send + Sync + 'static {
        answering_and(Some(self.clone()), response)
    }
}

/// A peer that answers every request with `response`, then closes.
pub(crate) fn answering(
    response: impl Into<Vec<u8>>,
) -> impl Fn(DuplexStream) -> Answering + Send + Sync + 'static {
    answering_and(None, response)
}

fn answering_and(
    heads: Option<Heads>,
    response: impl Into<Vec<u8>>,
) -> impl Fn(DuplexStream) -> Answering + Send + Sync + 'static {
    let response: Arc<Vec<u8>> = Arc::new(response.into());
    move |mut stream| {
        let (heads, response) = (heads.clone(), Arc::clone(&response));
        Box::pin(async move {
            let head = head(&mut stream).await;
            if let Some(heads) = heads {
                heads.0.lock().unwrap().push(head);
            }
            // It fails where no more is read, which is what some tests are about.
            let _ = stream.write_all(&response).await;
        })
    }
}

pub(crate) type Answering = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Read a request's head.
pub(crate) async fn head(stream: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// The code and the words of a refusal, for snapshots.
pub(crate) fn words(refusal: &Result<String, HostError>) -> String {
    match refusal {
        Ok(answer) => format!("answered {answer}"),
        Err(HostError { code, message, .. }) => format!("{code:?}: {message}"),
    }
}

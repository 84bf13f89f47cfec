//! What the tests share: servers on loopback, names that lead there, and a guest's calls.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use axum::Router;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use yoi_host::authority::{Authority, Binding, Grants, Manifest};
use yoi_host::engine::Cancel;
use yoi_host::imports::request::request;
use yoi_host::imports::websocket::Sockets;
use yoi_host::imports::{HostError, Patience};
use yoi_host::world::{Net, NetOptions, NetTimes, ScriptedResolver};

/// Servers, and the runtime they live on. They end with it.
pub(crate) struct Servers {
    runtime: Option<Runtime>,
}

impl Servers {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Self {
            runtime: Some(runtime),
        }
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().unwrap()
    }

    pub(crate) fn listener(&self) -> TcpListener {
        self.runtime()
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap()
    }

    /// Serve HTTP, and the port.
    pub(crate) fn http(&self, router: Router) -> u16 {
        let listener = self.listener();
        let port = listener.local_addr().unwrap().port();
        self.runtime()
            .spawn(async { axum::serve(listener, router).await.unwrap() });
        port
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A network in which every one of these names leads to this machine.
pub(crate) fn net(names: &[&str]) -> Net {
    net_with(names, |options| options)
}

pub(crate) fn net_with(names: &[&str], more: impl FnOnce(NetOptions) -> NetOptions) -> Net {
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    let resolver = names.iter().fold(ScriptedResolver::new(), |resolver, name| {
        resolver.answer(name, [loopback])
    });
    more(NetOptions::new().resolver(resolver)).build()
}

/// Times so short that a test may wait for them.
pub(crate) fn impatient() -> NetTimes {
    let mut times = NetTimes::default();
    times.request = Duration::from_millis(200);
    times
}

/// What the manifest asks for and the grants give, the same on both sides: requests and WebSockets to these
/// hosts.
pub(crate) fn granted(hosts: &[&str]) -> Authority {
    let mut permissions = r#"permissions = [
        { kind = "host_api", api = "request" },
        { kind = "host_api", api = "websocket" },
    ]
    "#
    .to_owned();
    for host in hosts {
        permissions.push_str(&format!(
            r#"
            [[request]]
            scheme = "*"
            host = "{host}"
            methods = ["GET", "POST"]
            path_prefixes = ["/"]
            [[websocket]]
            scheme = "*"
            host = "{host}"
            path_prefixes = ["/"]
            "#
        ));
    }
    let manifest =
        format!("schema_version = 1\nid = \"net\"\nname = \"Net\"\nversion = \"1\"\n{permissions}");
    Authority::new(
        &Manifest::parse(&manifest).unwrap(),
        Grants::parse(&permissions).unwrap(),
        &Binding::Unbound,
    )
}

pub(crate) fn patient() -> Patience {
    Patience::endless(Cancel::default())
}

/// A GET request, and its answer.
pub(crate) fn get(authority: &Authority, net: &Net, url: &str) -> Result<Value, HostError> {
    let json = json!({"method": "GET", "url": url}).to_string();
    let answer = request(authority, net, &patient(), &json)?;
    Ok(serde_json::from_str(&answer).unwrap())
}

/// One guest's WebSockets.
pub(crate) struct Guest {
    pub(crate) sockets: Sockets,
    pub(crate) authority: Authority,
}

impl Guest {
    pub(crate) fn new(authority: Authority, net: &Net) -> Self {
        Self {
            sockets: Sockets::new(net.clone()),
            authority,
        }
    }

    pub(crate) fn open(&mut self, url: &str) -> Result<u32, HostError> {
        let json = json!({ "url": url }).to_string();
        let opened = self
            .sockets
            .open(&self.authority, &patient(), Instant::now(), &json)?;
        let opened: Value = serde_json::from_str(&opened).unwrap();
        Ok(u32::try_from(opened["handle"].as_u64().unwrap()).unwrap())
    }

    pub(crate) fn send(&mut self, handle: u32, text: &str) -> Result<String, HostError> {
        self.sockets
            .send_text(&self.authority, &patient(), Instant::now(), handle, text)
    }

    pub(crate) fn recv(&mut self, handle: u32) -> Result<String, HostError> {
        self.recv_within(handle, 0)
    }

    pub(crate) fn recv_within(&mut self, handle: u32, timeout_ms: u32) -> Result<String, HostError> {
        self.sockets
            .recv(&self.authority, &patient(), Instant::now(), handle, timeout_ms)
    }

    pub(crate) fn close(&mut self, handle: u32) -> Result<String, HostError> {
        self.sockets
            .close(&self.authority, &patient(), Instant::now(), handle)
    }
}

/// The words of an error, with the port as `PORT`.
pub(crate) fn words(error: &HostError, port: u16) -> String {
    format!("{:?}: {}", error.code, error.message).replace(&port.to_string(), "PORT")
}

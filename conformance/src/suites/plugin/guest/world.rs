//! A world for a plugin: servers where its manifest asks to go, and a folder with files. All of it is script.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use yoi_host::authority::{Authority, Binding, Declared, Grants};
use yoi_host::imports::Access;
use yoi_host::imports::faults::Faults;
use yoi_host::world::{
    Clock, HttpPeer, LaidTree, NetOptions, ScriptedDialer, ScriptedResolver, ScriptedTree, WebsocketPeer,
};

use super::schema::Words;
use crate::Stop;
use crate::suites::plugin::target::GuestTarget;

/// A public address at which every scripted server is.
const SERVERS: Ipv4Addr = Ipv4Addr::new(93, 184, 215, 14);

/// Servers, and files.
pub(super) struct World {
    tree: LaidTree,
}

impl World {
    pub(super) fn new() -> Result<Self, Stop> {
        let tree = ScriptedTree::new()
            .file("a.txt", "one\ntwo\n")
            .file("notes/b.txt", "three\n");
        let tree = tree
            .lay()
            .map_err(|error| Stop::Harness(format!("no files can be laid down: {error}")))?;
        Ok(Self { tree })
    }

    /// All that the manifest asks for, granted, in this world; with calls broken on purpose, if any are to be.
    pub(super) fn access(&self, target: &GuestTarget, faults: Option<Faults>) -> Option<Access> {
        let manifest = target.manifest()?;
        let declared = manifest.declared();
        let mut grants = Grants::as_asked_by(manifest);
        for folder in &mut grants.fs {
            folder.root = self.tree.root().display().to_string();
        }
        let authority = Authority::new(manifest, grants, &Binding::Unbound);
        let net = NetOptions::new()
            .resolver(names(declared))
            .dialer(servers(declared))
            .clock(Clock::Scripted)
            .build();
        let access = Access::new(authority, net);
        Some(match faults {
            Some(faults) => access.breaking(faults),
            None => access,
        })
    }
}

/// URLs and paths that lead somewhere in such a world.
pub(super) fn words(target: &GuestTarget) -> Words {
    let Some(declared) = target.declared() else {
        return Words::default();
    };
    let of = |scheme: &str, host: &str, port: Option<u16>, paths: &[String], plain: &str| {
        let scheme = if scheme == "*" { plain } else { scheme };
        let host = if host == "*" { "any.test" } else { host };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let path = paths.first().map_or("/", String::as_str);
        format!("{scheme}://{host}{port}{path}")
    };
    let requests = declared.request.iter();
    let sockets = declared.websocket.iter();
    Words {
        urls: requests
            .map(|t| of(&t.scheme, &t.host, t.port, &t.path_prefixes, "http"))
            .chain(sockets.map(|t| of(&t.scheme, &t.host, t.port, &t.path_prefixes, "ws")))
            .collect(),
        paths: ["a.txt", "notes/b.txt", "notes", ".", "new.txt"]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn hosts(declared: &Declared) -> impl Iterator<Item = &str> {
    let requests = declared.request.iter().map(|target| target.host.as_str());
    requests.chain(declared.websocket.iter().map(|target| target.host.as_str()))
}

fn names(declared: &Declared) -> ScriptedResolver {
    hosts(declared)
        .chain(["any.test"])
        .fold(ScriptedResolver::new(), |names, host| {
            names.answer(host, [IpAddr::from(SERVERS)])
        })
}

fn servers(declared: &Declared) -> ScriptedDialer {
    let at = |host: &str, scheme: &str, port: Option<u16>| {
        let host = host.parse().unwrap_or(IpAddr::from(SERVERS));
        let known = if scheme.ends_with('s') { 443 } else { 80 };
        SocketAddr::new(host, port.unwrap_or(known))
    };
    let mut dialer = ScriptedDialer::new();
    for target in &declared.request {
        let peer = (0..16).fold(HttpPeer::new(), |peer, _| peer.answer(200, "{\"answer\": 42}"));
        dialer = dialer.http(at(&target.host, &target.scheme, target.port), peer);
    }
    for target in &declared.websocket {
        let peer = WebsocketPeer::new()
            .say("welcome")
            .hear()
            .say("answer")
            .say("more");
        dialer = dialer.websocket(at(&target.host, &target.scheme, target.port), peer);
    }
    dialer
}

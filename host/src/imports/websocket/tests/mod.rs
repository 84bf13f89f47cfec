//! Connections over a network that is all script.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::Sockets;
use super::wire::{self, Fault, Received};
use crate::authority::{Authority, Side};
use crate::engine::Cancel;
use crate::imports::egress::ConnectError;
use crate::imports::egress::fixtures::{
    Files, PUBLIC, Scripted, answering, at, granted, granted_hosts, impatient, ip, name, nothing, patient,
    scripted, scripted_with, words,
};
use crate::imports::{HostError, HostErrorCode, Patience};
use crate::limits;
use crate::world::{ByteStream, NetTimes, ScriptedDialer, ScriptedResolver};

mod lives;
mod messages;
mod opening;
mod unfinished;

type Peer = WebSocketStream<DuplexStream>;

/// One guest's connections, and what it may do with them.
struct Guest {
    sockets: Sockets,
    authority: Authority,
    now: Instant,
}

impl Guest {
    fn new(authority: Authority, world: &Scripted) -> Self {
        Self {
            sockets: Sockets::new(world.net.clone()),
            authority,
            now: Instant::now(),
        }
    }

    fn open(&mut self, url: &str) -> Result<String, HostError> {
        self.open_with(&json!({ "url": url }))
    }

    fn open_with(&mut self, descriptor: &Value) -> Result<String, HostError> {
        self.sockets
            .open(&self.authority, &patient(), self.now, &descriptor.to_string())
    }

    /// Open `ws://a.test/`, and the handle.
    fn handle(&mut self) -> u32 {
        let opened: Value = serde_json::from_str(&self.open("ws://a.test/").unwrap()).unwrap();
        u32::try_from(opened["handle"].as_u64().unwrap()).unwrap()
    }

    fn send(&mut self, handle: u32, text: &str) -> Result<String, HostError> {
        self.sockets
            .send_text(&self.authority, &patient(), self.now, handle, text)
    }

    fn recv(&mut self, handle: u32, timeout_ms: u32) -> Result<String, HostError> {
        self.sockets
            .recv(&self.authority, &patient(), self.now, handle, timeout_ms)
    }

    fn close(&mut self, handle: u32) -> Result<String, HostError> {
        self.sockets.close(&self.authority, &patient(), self.now, handle)
    }
}

/// A guest that may open `ws://a.test`, where every connection is served by `serve`.
fn guest_of<F>(serve: impl Fn(Peer) -> F + Clone + Send + Sync + 'static) -> (Guest, Scripted)
where
    F: Future<Output = ()> + Send + 'static,
{
    guest_within(NetTimes::default(), serve)
}

fn guest_within<F>(
    times: NetTimes,
    serve: impl Fn(Peer) -> F + Clone + Send + Sync + 'static,
) -> (Guest, Scripted)
where
    F: Future<Output = ()> + Send + 'static,
{
    let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), move |stream| {
        let serve = serve.clone();
        async move { serve(accept_async(stream).await.unwrap()).await }
    });
    let world = scripted_with(name("a.test"), dialer, |options| options.times(times));
    (Guest::new(granted_hosts(&["a.test"]), &world), world)
}

/// A peer that answers each text with the same.
async fn echo(mut peer: Peer) {
    while let Some(Ok(message)) = peer.next().await {
        if message.is_text() {
            peer.send(message).await.unwrap();
        }
    }
}

/// A peer that says this and then waits for the end.
fn saying(
    messages: impl IntoIterator<Item = Message>,
) -> impl Fn(Peer) -> Pin<Box<dyn Future<Output = ()> + Send>> + Clone + Send + Sync + 'static {
    let messages: Vec<Message> = messages.into_iter().collect();
    move |mut peer| {
        let messages = messages.clone();
        Box::pin(async move {
            for message in messages {
                peer.feed(message).await.unwrap();
            }
            peer.flush().await.unwrap();
            while let Some(Ok(_)) = peer.next().await {}
        })
    }
}

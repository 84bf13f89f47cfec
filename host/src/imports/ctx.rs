//! The state of one instance's imports: what it may reach, what it holds open, what it has called.

use std::sync::Arc;
use std::time::Instant;

use super::websocket::Sockets;
use super::{HostCall, HostError, Import, Patience, fs, request};
use crate::Profile;
use crate::authority::Authority;
use crate::engine::Cancel;
use crate::limits::RECORDED_HOST_CALLS;
use crate::world::Net;

/// What a plugin may reach, and by which way. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Access {
    authority: Arc<Authority>,
    net: Net,
}

impl Access {
    /// What was asked for and granted, by way of this network.
    #[must_use]
    pub fn new(authority: impl Into<Arc<Authority>>, net: Net) -> Self {
        Self {
            authority: authority.into(),
            net,
        }
    }

    /// Nothing: every host call is denied.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Authority::none(), Net::new())
    }
}

impl Default for Access {
    fn default() -> Self {
        Self::none()
    }
}

/// The state of one instance's imports.
#[derive(Debug)]
pub struct ImportsCtx {
    profile: Profile,
    access: Access,
    sockets: Sockets,
    patience: Patience,
    calls: Vec<HostCall>,
    count: u64,
}

/// Gives access to the imports' state in a store.
pub trait ImportsView {
    /// The state of this store's imports.
    fn imports(&mut self) -> &mut ImportsCtx;
}

/// What a guest hands over with a call: text, and for sockets a handle or a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) import: Import,
    pub(super) handle: u32,
    pub(super) timeout_ms: u32,
    pub(super) text: &'a str,
}

impl ImportsCtx {
    /// Nothing called yet.
    #[must_use]
    pub fn new(profile: Profile, access: Access) -> Self {
        Self {
            profile,
            sockets: Sockets::new(access.net.clone()),
            access,
            patience: Patience::endless(Cancel::default()),
            calls: Vec::new(),
            count: 0,
        }
    }

    /// A guest call begins, and host calls may wait as long as `patience` says: forget those of the last.
    pub fn begin(&mut self, patience: Patience) {
        self.patience = patience;
        self.calls.clear();
        self.count = 0;
    }

    /// The calls of the guest call under way, the first 256 of them.
    #[must_use]
    pub fn calls(&self) -> &[HostCall] {
        &self.calls
    }

    /// How many there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Carry out a host call and keep what is to be told of it. How a guest learns of a failure is a matter
    /// of the profile: it is answered, or it ends.
    pub(super) fn serve(&mut self, asked: Asked<'_>) -> wasmtime::Result<(String,)> {
        let began = Instant::now();
        let outcome = self.carry_out(asked, began);
        let error = outcome.as_ref().err().cloned();
        let answer = match (outcome, self.profile) {
            (Ok(answer), _) => Ok((answer,)),
            (Err(error), Profile::Documented) => Ok((error.to_json(),)),
            (Err(error), Profile::Yoi) => Err(error.into()),
        };
        self.count += 1;
        if self.calls.len() < RECORDED_HOST_CALLS {
            let denial = error.as_ref().and_then(|error| error.denial.as_deref());
            self.calls.push(HostCall {
                import: asked.import,
                request_bytes: asked.text.len(),
                answer_bytes: answer.as_ref().map_or(0, |(text,): &(String,)| text.len()),
                missing: denial.map_or_else(Vec::new, |denial| denial.lines().to_vec()),
                error,
                wall: began.elapsed(),
            });
        }
        answer
    }

    fn carry_out(&mut self, asked: Asked<'_>, now: Instant) -> Result<String, HostError> {
        let authority = &*self.access.authority;
        let patience = &self.patience;
        let (handle, text) = (asked.handle, asked.text);
        match asked.import {
            Import::Request => request::request(authority, &self.access.net, patience, text),
            Import::WebsocketOpen => self.sockets.open(authority, patience, now, text),
            Import::WebsocketSendText => self.sockets.send_text(authority, patience, now, handle, text),
            Import::WebsocketRecv => self
                .sockets
                .recv(authority, patience, now, handle, asked.timeout_ms),
            Import::WebsocketClose => self.sockets.close(authority, patience, now, handle),
            Import::FsRead => fs::read(authority, text),
            Import::FsList => fs::list(authority, text),
            Import::FsWrite => fs::write(authority, text),
        }
    }
}

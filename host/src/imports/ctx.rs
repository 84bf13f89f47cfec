//! The state of one instance's imports: what it may reach, what it holds open, what it has called.

use std::sync::Arc;
use std::time::Instant;

use super::faults::{Breaking, Broken, FaultKind, Faults};
use super::transcript::{Came, Exchange, Recorder, Replay};
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
    faults: Option<Faults>,
    recorder: Option<Recorder>,
    replay: Option<Replay>,
}

impl Access {
    /// What was asked for and granted, by way of this network.
    #[must_use]
    pub fn new(authority: impl Into<Arc<Authority>>, net: Net) -> Self {
        Self {
            authority: authority.into(),
            net,
            faults: None,
            recorder: None,
            replay: None,
        }
    }

    /// Nothing: every host call is denied.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Authority::none(), Net::new())
    }

    /// The same, with host calls broken on purpose.
    #[must_use]
    pub fn breaking(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// The same, with every host call written down.
    #[must_use]
    pub fn recorded(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// What was asked for and granted.
    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// By which way it is reached.
    pub(crate) fn net(&self) -> &Net {
        &self.net
    }

    /// Nothing is reached: every host call is answered from a transcript, its denials included.
    #[must_use]
    pub fn replayed(replay: Replay) -> Self {
        Self {
            replay: Some(replay),
            ..Self::none()
        }
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
    breaking: Option<Breaking>,
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
pub struct Asked<'a> {
    /// What is called.
    pub import: Import,
    /// The socket that it is about; 0 where it is about none.
    pub handle: u32,
    /// How long to wait; 0 where nothing is waited for.
    pub timeout_ms: u32,
    /// The text that is handed over.
    pub text: &'a str,
}

/// A host call that was carried out, or was to be.
struct Attempt {
    outcome: Result<String, HostError>,
    /// What was broken in it on purpose.
    fault: Option<FaultKind>,
    /// The granted folder that it led to.
    root: Option<String>,
}

impl ImportsCtx {
    /// Nothing called yet.
    #[must_use]
    pub fn new(profile: Profile, mut access: Access) -> Self {
        let breaking = access.faults.take().map(Breaking::new);
        if let Some(breaking) = &breaking {
            access.net = access.net.disturbed_by(breaking.switch().clone());
        }
        Self {
            profile,
            breaking,
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

    /// The same for another call that the same may end as the last.
    pub(crate) fn begin_until(&mut self, until: Instant) {
        self.patience.until = Some(until);
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
    ///
    /// # Errors
    ///
    /// What ends the guest.
    pub fn serve(&mut self, asked: Asked<'_>) -> wasmtime::Result<(String,)> {
        let began = Instant::now();
        let Attempt { outcome, fault, root } = match &self.access.replay {
            None => self.attempt(asked),
            Some(replay) => Attempt {
                outcome: replay.answer(&asked)?,
                fault: None,
                root: None,
            },
        };
        if let Some(recorder) = &self.access.recorder {
            let came = Came {
                outcome: &outcome,
                root: root.as_deref(),
                fault,
                unseen: self.patience.check(Instant::now()).is_err(),
            };
            recorder.note(&Exchange::of(&asked, came));
        }
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
                fault,
                missing: denial.map_or_else(Vec::new, |denial| denial.lines().to_vec()),
                error,
                wall: began.elapsed(),
            });
        }
        answer
    }

    /// Carry it out, broken where a plan says so.
    fn attempt(&mut self, asked: Asked<'_>) -> Attempt {
        let broken = self
            .breaking
            .as_ref()
            .and_then(|breaking| breaking.begin(asked.import));
        let (outcome, root) = self.carry_out(asked);
        Attempt {
            outcome,
            fault: broken.and_then(Broken::end),
            root,
        }
    }

    /// What comes of it, and which of the granted folders it led to.
    fn carry_out(&mut self, asked: Asked<'_>) -> (Result<String, HostError>, Option<String>) {
        let Access { authority, net, .. } = &self.access;
        let (patience, sockets) = (&self.patience, &mut self.sockets);
        let (handle, text) = (asked.handle, asked.text);
        let outcome = match asked.import {
            Import::Request => request::request(authority, net, patience, text),
            Import::WebsocketOpen => sockets.open(authority, patience, net.now(), text),
            Import::WebsocketSendText => sockets.send_text(authority, patience, net.now(), handle, text),
            Import::WebsocketRecv => sockets.recv(authority, patience, net.now(), handle, asked.timeout_ms),
            Import::WebsocketClose => sockets.close(authority, patience, net.now(), handle),
            Import::FsRead => return self.visit(fs::read, text),
            Import::FsList => return self.visit(fs::list, text),
            Import::FsWrite => return self.visit(fs::write, text),
        };
        (outcome, None)
    }

    fn visit(
        &self,
        go: impl Fn(&mut fs::Visit<'_>, &str) -> Result<String, HostError>,
        text: &str,
    ) -> (Result<String, HostError>, Option<String>) {
        let switch = self.breaking.as_ref().map(Breaking::switch);
        let mut visit = fs::Visit::new(&self.access.authority, switch);
        let outcome = go(&mut visit, text);
        (outcome, visit.root().map(str::to_owned))
    }
}

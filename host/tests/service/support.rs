//! What the tests share: the sample guests as services, and journals that do what a test wants.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use yoi_guests::Guest;
use yoi_host::authority::{Authority, Binding, Grants, Manifest};
use yoi_host::engine::{Engine, EngineOptions};
use yoi_host::imports::Access;
use yoi_host::plugin::Plugin;
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::service::{
    Event, Journal, JournalError, Kept, Outcome, Plan, Recovered, Seq, Service, Settlement, StopTimes,
    Written,
};
use yoi_host::world::{Clock, Net, NetOptions};
use yoi_host::{Limits, Profile};

static ENGINES: LazyLock<[Engine; 2]> =
    LazyLock::new(|| Profile::ALL.map(|profile| EngineOptions::new(profile).instances(64).build().unwrap()));

pub(crate) fn engine(profile: Profile) -> &'static Engine {
    ENGINES.iter().find(|engine| engine.profile() == profile).unwrap()
}

/// A guest under the limits of the profile. Compiled code is shared by the tests of a process.
pub(crate) fn plugin(guest: Guest, profile: Profile) -> Plugin {
    static LOADED: Mutex<Vec<(Guest, Plugin)>> = Mutex::new(Vec::new());
    let mut loaded = LOADED.lock().unwrap();
    if let Some((_, plugin)) = loaded
        .iter()
        .find(|(known, plugin)| *known == guest && plugin.profile() == profile)
    {
        return plugin.clone();
    }
    let plugin = plugin_with(guest, profile, Limits::of(profile));
    loaded.push((guest, plugin.clone()));
    plugin
}

pub(crate) fn plugin_with(guest: Guest, profile: Profile, limits: Limits) -> Plugin {
    Plugin::load_with(engine(profile), &fs::read(guest.component()).unwrap(), limits).unwrap()
}

/// Instructions and time for a guest that is to be ended from outside.
pub(crate) fn endless(profile: Profile) -> Limits {
    Limits::of(profile)
        .with_fuel(u64::MAX / 4)
        .with_call_timeout(Duration::from_secs(600))
}

pub(crate) fn manifest(guest: Guest) -> Manifest {
    Manifest::parse(&fs::read_to_string(guest.package().join("plugin.toml")).unwrap()).unwrap()
}

/// A network that reaches nothing, and a clock that jumps over every pause.
pub(crate) fn scripted() -> Net {
    NetOptions::new().clock(Clock::Scripted).seed(7).build()
}

/// Whatever the manifest asks for is granted.
pub(crate) fn granted(manifest: &Manifest, net: &Net) -> Access {
    let declared = manifest.declared();
    let mut grants = Grants::default();
    grants.permissions.clone_from(&declared.permissions);
    grants.request.clone_from(&declared.request);
    grants.websocket.clone_from(&declared.websocket);
    Access::new(Authority::new(manifest, grants, &Binding::Unbound), net.clone())
}

pub(crate) fn plan(guest: Guest, profile: Profile) -> Plan {
    plan_of(plugin(guest, profile), &manifest(guest), &scripted())
}

pub(crate) fn plan_of(plugin: Plugin, manifest: &Manifest, net: &Net) -> Plan {
    Plan::new(plugin, granted(manifest, net), manifest)
}

/// Hostile, where each event says in its payload what it is answered with.
pub(crate) fn told(profile: Profile) -> Plan {
    plan(yoi_guests::HOSTILE, profile).config(r#"{"ingress":"told"}"#)
}

/// An event for hostile that is answered in this mode.
pub(crate) fn mode(mode: &str) -> Event {
    event("events", "test", json!({ "mode": mode }))
}

pub(crate) fn event(ingress: &str, source: &str, payload: Value) -> Event {
    Event {
        ingress: ingress.into(),
        kind: "test".into(),
        source: source.into(),
        payload,
        created_at: None,
        correlation_id: None,
        attempt: 1,
    }
}

pub(crate) fn tick() -> Event {
    event("tick", "clock", Value::Null)
}

pub(crate) fn with_id(event: Event, id: &str) -> Event {
    Event {
        correlation_id: Some(id.into()),
        ..event
    }
}

/// Send an event and wait for what becomes of it.
pub(crate) fn outcome(service: &Service, event: Event) -> Outcome {
    service.send_blocking(event).unwrap().wait()
}

/// What the guest answered in the last delivery.
pub(crate) fn data(outcome: &Outcome) -> Value {
    let report = outcome.report.as_ref().unwrap();
    report.output.as_ref().unwrap().data.clone()
}

pub(crate) fn failure(outcome: &Outcome) -> String {
    let report = outcome.report.as_ref().unwrap();
    report.failure.as_ref().unwrap().message.clone()
}

/// At once, in order.
pub(crate) fn at_once() -> StopTimes {
    StopTimes {
        drain: Duration::ZERO,
        hard: Duration::from_secs(60),
    }
}

/// What a journal was told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Accept(Seq, String),
    Begin(Seq, u32),
    Settle(Seq, Settlement),
    Close,
}

/// A journal that writes down what it is told, and does what a test wants.
#[derive(Debug, Default)]
pub(crate) struct TestJournal {
    pub(crate) recovered: Mutex<Recovered>,
    /// What is read as there is room for it, and each piece that was.
    pub(crate) stored: Mutex<Vec<Kept>>,
    pub(crate) pieces: Mutex<Vec<usize>>,
    /// Why the next reads fail.
    pub(crate) unreadable: Mutex<VecDeque<JournalError>>,
    /// What the next calls of `accept` answer; then, yes.
    pub(crate) accepts: Mutex<VecDeque<Written>>,
    /// What the next calls of `begin` answer; then, yes.
    pub(crate) begins: Mutex<VecDeque<Written>>,
    told: Mutex<Vec<Told>>,
}

impl TestJournal {
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// The next delivery begins when the other half says so.
    pub(crate) fn hold_delivery(&self) -> Gate {
        let (gate, written) = gate();
        self.begins.lock().unwrap().push_back(written);
        gate
    }

    /// The next event is stored when the other half says so.
    pub(crate) fn hold_accept(&self) -> Gate {
        let (gate, written) = gate();
        self.accepts.lock().unwrap().push_back(written);
        gate
    }

    fn note(&self, told: Told) {
        self.told.lock().unwrap().push(told);
    }
}

/// Says that something is written.
pub(crate) struct Gate(oneshot::Sender<Result<(), JournalError>>);

impl Gate {
    pub(crate) fn open(self) {
        self.0.send(Ok(())).unwrap();
    }

    pub(crate) fn fail(self, why: &str) {
        self.0.send(Err(JournalError(why.into()))).unwrap();
    }
}

fn gate() -> (Gate, Written) {
    let (open, opened) = oneshot::channel();
    let written = async move {
        opened
            .await
            .unwrap_or_else(|_| Err(JournalError("the test is over".into())))
    };
    (Gate(open), Written::Later(Box::pin(written)))
}

impl Journal for TestJournal {
    fn recover(&self) -> Result<Recovered, JournalError> {
        Ok(std::mem::take(&mut self.recovered.lock().unwrap()))
    }

    fn more(&self, after: Option<Seq>, most: usize, _: usize) -> Result<Vec<Kept>, JournalError> {
        if let Some(error) = self.unreadable.lock().unwrap().pop_front() {
            return Err(error);
        }
        let stored = self.stored.lock().unwrap();
        let is_next = |kept: &&Kept| after.is_none_or(|after| kept.seq > after);
        let more: Vec<_> = stored.iter().filter(is_next).take(most).cloned().collect();
        self.pieces.lock().unwrap().push(more.len());
        Ok(more)
    }

    fn accept(&self, seq: Seq, event: &IngressEvent) -> Written {
        self.note(Told::Accept(seq, event.correlation_id.clone()));
        let next = self.accepts.lock().unwrap().pop_front();
        next.unwrap_or(Written::Now(Ok(())))
    }

    fn begin(&self, seq: Seq, attempt: u32) -> Written {
        self.note(Told::Begin(seq, attempt));
        let next = self.begins.lock().unwrap().pop_front();
        next.unwrap_or(Written::Now(Ok(())))
    }

    fn settle(&self, seq: Seq, how: Settlement, _: Option<&str>) {
        self.note(Told::Settle(seq, how));
    }

    fn close(&self) -> Result<(), JournalError> {
        self.note(Told::Close);
        Ok(())
    }
}

/// A service with a journal of a test's.
pub(crate) fn started_with(plan: Plan, journal: &Arc<TestJournal>) -> Service {
    let journal: Arc<dyn Journal> = Arc::<TestJournal>::clone(journal);
    Service::start(plan.journal(journal)).unwrap()
}

//! The network as plugins may see it.

use std::future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::macros::datetime;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::chance::Chance;
use super::disturb::{Disturbed, Switch, Wire};
use super::tasks::{Alarm, Hold, Tasks, Unfinished};
use super::tls::{self, BadAuthority};
use super::{ByteStream, Clock, Dialer, Pending, Resolver, SystemResolver, TcpDialer};
use crate::limits;

/// The time of day at which a scripted clock begins.
const SCRIPTED_BEGINNING: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

/// How names are resolved, addresses dialled and authorities trusted, for how long, and under which policy;
/// and the runtime on which it happens. Cloning is cheap, and clones share the runtime.
#[derive(Debug, Clone)]
pub struct Net {
    shared: Arc<Shared>,
    /// What breaks it on purpose, if anything does.
    switch: Option<Switch>,
}

#[derive(Debug)]
struct Shared {
    options: NetOptions,
    tls: OnceLock<Arc<ClientConfig>>,
    tasks: Tasks,
    chance: Chance,
    /// When a scripted clock began to count the time of day.
    began: OnceLock<Instant>,
}

/// What a [`Net`] is made of.
#[derive(Debug, Clone)]
pub struct NetOptions {
    resolver: Arc<dyn Resolver>,
    dialer: Arc<dyn Dialer>,
    authorities: Vec<CertificateDer<'static>>,
    public_only: bool,
    times: NetTimes,
    clock: Clock,
    seed: Option<u64>,
}

/// How long things may take. The defaults are those of the contract; tests shorten them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetTimes {
    /// A whole HTTP request: name, connection, TLS, answer and body. 5 s.
    pub request: Duration,
    /// Opening a WebSocket: name, connection, TLS and handshake. 5 s.
    pub open: Duration,
    /// Sending one WebSocket message, or the answer to a ping. 5 s.
    pub send: Duration,
    /// Receiving one WebSocket message, where the guest names no time. 5 s.
    pub receive: Duration,
    /// The longest that a guest may wait for a WebSocket message. 30 s.
    pub receive_at_most: Duration,
    /// Closing a WebSocket. 5 s.
    pub close: Duration,
    /// How long a WebSocket may be open. 15 min.
    pub socket_age: Duration,
}

impl Default for NetTimes {
    fn default() -> Self {
        Self {
            request: limits::REQUEST_TIME,
            open: limits::SOCKET_OPEN_TIME,
            send: limits::SOCKET_SEND_TIME,
            receive: limits::SOCKET_RECEIVE_TIME,
            receive_at_most: limits::SOCKET_RECEIVE_TIME_AT_MOST,
            close: limits::SOCKET_CLOSE_TIME,
            socket_age: limits::SOCKET_AGE,
        }
    }
}

impl Default for NetOptions {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            dialer: Arc::new(TcpDialer),
            authorities: Vec::new(),
            public_only: false,
            times: NetTimes::default(),
            clock: Clock::Real,
            seed: None,
        }
    }
}

impl NetOptions {
    /// The real network: the system's resolver, TCP, Mozilla's authorities, no policy beyond the grants.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Resolve names with `resolver`.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolver + 'static) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Connect with `dialer`.
    #[must_use]
    pub fn dialer(mut self, dialer: impl Dialer + 'static) -> Self {
        self.dialer = Arc::new(dialer);
        self
    }

    /// Trust one more authority, whose certificate is given in DER.
    ///
    /// # Errors
    ///
    /// [`BadAuthority`] where it is no certificate.
    pub fn authority(mut self, der: &[u8]) -> Result<Self, BadAuthority> {
        self.authorities.push(tls::authority(der)?);
        Ok(self)
    }

    /// Whether host names lead to public addresses only. Otherwise a name that manifest and grant name
    /// themselves may lead to a loopback or private address; one that only a wildcard covers never does. An
    /// address that is granted literally is not a matter of this.
    #[must_use]
    pub fn public_only(mut self, yes: bool) -> Self {
        self.public_only = yes;
        self
    }

    /// Bound the time by `times`.
    #[must_use]
    pub fn times(mut self, times: NetTimes) -> Self {
        self.times = times;
        self
    }

    /// Go by this clock. Scripted peers can do without the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Draw the same random numbers every time: those of this seed. They spread out retries and make the ids of
    /// events.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Put it together. Nothing is started yet.
    #[must_use]
    pub fn build(self) -> Net {
        Net {
            shared: Arc::new(Shared {
                tasks: Tasks::new(self.clock),
                chance: Chance::new(self.seed),
                began: OnceLock::new(),
                options: self,
                tls: OnceLock::new(),
            }),
            switch: None,
        }
    }
}

impl Default for Net {
    fn default() -> Self {
        NetOptions::default().build()
    }
}

impl Net {
    /// The real network, as [`NetOptions::new`] says.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether host names lead to public addresses only.
    #[must_use]
    pub fn public_only(&self) -> bool {
        self.shared.options.public_only
    }

    /// What time it is on this network.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.shared.tasks.now()
    }

    /// The time of day on this network, UTC. A scripted clock begins with the first moment of 2026.
    #[must_use]
    pub fn wall(&self) -> OffsetDateTime {
        match self.shared.options.clock {
            Clock::Real => OffsetDateTime::now_utc(),
            Clock::Scripted => {
                let now = self.now();
                let began = *self.shared.began.get_or_init(|| now);
                SCRIPTED_BEGINNING + now.saturating_duration_since(began)
            }
        }
    }

    /// A random number: no secret, and with a [seed](NetOptions::seed) the same every time.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.shared.chance.next()
    }

    /// Let time pass on a scripted clock. A real one does that by itself, and is left alone.
    pub fn advance(&self, by: Duration) {
        self.shared.tasks.advance(by);
    }

    /// How long things may take.
    #[must_use]
    pub fn times(&self) -> &NetTimes {
        &self.shared.options.times
    }

    /// The same network, disturbed by `switch`.
    pub(crate) fn disturbed_by(&self, switch: Switch) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            switch: Some(switch),
        }
    }

    /// As [`Resolver::lookup`].
    pub(crate) fn lookup<'a>(&'a self, name: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>> {
        match self.switch.as_ref().and_then(Switch::unresolved) {
            Some(error) => Box::pin(future::ready(Err(error))),
            None => self.shared.options.resolver.lookup(name),
        }
    }

    /// As [`Dialer::dial`].
    pub(crate) fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<Box<dyn ByteStream>>> {
        match self.switch.as_ref().and_then(Switch::refused) {
            Some(error) => Box::pin(future::ready(Err(error))),
            None => self.shared.options.dialer.dial(address),
        }
    }

    /// A connection as the protocol above it is to see it, TLS done.
    pub(crate) fn carry(&self, stream: Box<dyn ByteStream>, wire: Wire) -> Box<dyn ByteStream> {
        match &self.switch {
            Some(switch) => Box::new(Disturbed::new(stream, switch.clone(), wire)),
            None => stream,
        }
    }

    /// The content of an answer, as whoever reads it is to see it.
    pub(crate) fn content(&self, content: &mut [u8]) {
        if let Some(switch) = &self.switch {
            switch.spoil(content);
        }
    }

    /// Whether the time of the call that begins is taken to be over already.
    pub(crate) fn late(&self) -> bool {
        self.switch.as_ref().is_some_and(Switch::late)
    }

    /// Made when it is first needed: reading the authorities costs more than a request on loopback.
    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        let made = self
            .shared
            .tls
            .get_or_init(|| tls::client_config(&self.shared.options.authorities));
        Arc::clone(made)
    }

    /// Carry out `work` on this network's runtime and wait for it while `go_on` says so.
    pub(crate) fn run<T: Send + 'static, E>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        go_on: impl Fn() -> Result<(), E>,
    ) -> Result<T, Unfinished<E>> {
        self.shared.tasks.run(work, go_on)
    }

    /// Start the runtime, where nothing has done so yet.
    pub(crate) fn start(&self) -> io::Result<()> {
        self.shared.tasks.start()
    }

    /// Call `ring` when it is `at`, unless the alarm is dropped before. It must not wait for anything.
    pub(crate) fn alarm(&self, at: Instant, ring: impl FnOnce() + Send + 'static) -> Alarm {
        self.shared.tasks.alarm(at, ring)
    }

    /// Keep a scripted clock from jumping while something goes on that its runtime does not see.
    pub(crate) fn hold(&self) -> Hold {
        self.shared.tasks.hold()
    }

    /// Carry out `work` on this network's runtime, without waiting for it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.shared.tasks.spawn(work);
    }
}

//! Yoikit's own host, made of parts of which each can be broken on purpose.

use std::sync::Arc;

use yoi_host::bridge::{
    Adapter, BridgeFailure, Broker, Context, EventStream, ExchangeOptions, ExternalRuntimeSpec, FinishReason,
    FrameworkStream, LinkKey, LinkStore, LinksInMemory, MessageSeed, Mode, Model, NormalizedEvent, Processes,
    RuntimeLink, Sink, Transport, TransportContext, TransportFactory,
};
use yoi_host::world::Pending;

use super::{
    Ability, Begin, ChildHost, Exchange, Hello, NotDone, PROTOCOL, Refusal, RefusalKind, Telling, Told,
};
use crate::suites::bridge::broker::play::{Play, Seen};
use crate::suites::bridge::broker::script::{Framing, own_framing};

/// What children are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Children {
    /// Played in this process, by a clock that jumps to whatever comes next.
    Scripted,
    /// Programs.
    Processes,
}

/// The host, and what can be broken of it.
#[derive(Clone)]
pub struct Own {
    /// What its children are.
    pub children: Children,
    /// What makes lines of what scripted children say.
    pub framing: fn() -> Box<dyn Framing>,
    /// What stands between an exchange and its child.
    pub between: fn(Box<dyn Transport>) -> Box<dyn Transport>,
    /// Where conversations are remembered.
    pub links: fn() -> Arc<dyn LinkStore>,
    /// Whether one broker has all exchanges.
    pub is_one_broker: bool,
    /// What it makes of an exchange that it is asked for.
    pub begins: fn(Begin) -> Begin,
    /// What it makes of an exchange that it tells.
    pub tells: fn(Box<dyn Exchange>) -> Box<dyn Exchange>,
    /// What it says of keys.
    pub credential: fn(bool) -> bool,
    /// What it makes of what it is asked.
    pub asked: fn(Play) -> Play,
    /// What it makes of what it saw.
    pub told: fn(&Play, Seen) -> Seen,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own")
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}

impl Own {
    /// The host as it is.
    #[must_use]
    pub fn new(children: Children) -> Self {
        Self {
            children,
            framing: own_framing,
            between: |child| child,
            links: || Arc::new(LinksInMemory::new()),
            is_one_broker: true,
            begins: |begin| begin,
            tells: |exchange| exchange,
            credential: |required| required,
            asked: |play| play,
            told: |_, seen| seen,
        }
    }

    /// It, ready to be asked, its children being programs.
    #[must_use]
    pub fn host(&self) -> Arc<dyn ChildHost> {
        self.with(Arc::new(Started {
            between: self.between,
        }))
    }

    /// It, its children from elsewhere.
    pub(crate) fn with(&self, factory: Arc<dyn TransportFactory>) -> Arc<dyn ChildHost> {
        let links = (self.links)();
        let broker = |mode| broker(&factory, &links, mode);
        Arc::new(OwnHost {
            faithful: broker(Mode::Faithful),
            compat: broker(Mode::Compat),
            own: self.clone(),
            factory,
            links,
        })
    }
}

/// Who it is, and what it can do.
pub(crate) fn hello() -> Hello {
    Hello {
        host: "yoikit".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        adapters: Adapter::ALL.map(|adapter| adapter.to_string()).to_vec(),
        abilities: Ability::ALL.to_vec(),
        ..unknown()
    }
}

/// A host of which nothing is known.
pub(super) fn unknown() -> Hello {
    Hello {
        protocol: PROTOCOL.to_owned(),
        host: String::new(),
        version: String::new(),
        adapters: Vec::new(),
        abilities: Vec::new(),
    }
}

fn broker(factory: &Arc<dyn TransportFactory>, links: &Arc<dyn LinkStore>, mode: Mode) -> Broker {
    Broker::new()
        .with_factory(Some(Arc::clone(factory)))
        .with_links(Arc::clone(links))
        .with_mode(mode)
}

/// Children that are started as they are to be.
struct Started {
    between: fn(Box<dyn Transport>) -> Box<dyn Transport>,
}

impl TransportFactory for Started {
    fn connect(&self, context: &TransportContext) -> Result<Box<dyn Transport>, BridgeFailure> {
        Processes.connect(context).map(self.between)
    }
}

struct OwnHost {
    own: Own,
    faithful: Broker,
    compat: Broker,
    factory: Arc<dyn TransportFactory>,
    links: Arc<dyn LinkStore>,
}

impl OwnHost {
    fn begin_with(&self, broker: &Broker, begin: &Begin) -> Result<Box<dyn Exchange>, NotDone> {
        let context = Context::of_prompt(begin.prompt.clone());
        let options = ExchangeOptions {
            resume: begin.resume.clone(),
            times: begin.times.into(),
            ..ExchangeOptions::default()
        };
        // The model is asked at the address that it has, whatever that is.
        let _ = broker.bind(begin.model.clone(), begin.spec.clone());
        match begin.telling {
            Telling::Framework => Ok(Box::new(broker.exchange(&begin.model, &context, &options))),
            Telling::Events => match broker.begin(&begin.model, &context, &options) {
                Some(exchange) => Ok(Box::new(exchange)),
                None => Err(NotDone::Refused(Refusal::new(
                    RefusalKind::Unsupported,
                    "no child answers for this model, and the framework tells in its own words alone",
                ))),
            },
        }
    }
}

/// The conversation with a model whose child answers.
fn key(model: &Model) -> LinkKey {
    LinkKey::of(model, model.adapter().unwrap_or_default())
}

fn failed(error: &dyn std::fmt::Display) -> NotDone {
    NotDone::Refused(Refusal::new(RefusalKind::Failed, error.to_string()))
}

impl ChildHost for OwnHost {
    fn hello(&self) -> Hello {
        hello()
    }

    fn begin<'a>(&'a self, begin: &'a Begin) -> Pending<'a, Result<Box<dyn Exchange>, NotDone>> {
        Box::pin(async {
            let begin = (self.own.begins)(begin.clone());
            let shared = match begin.mode {
                Mode::Faithful => &self.faithful,
                Mode::Compat => &self.compat,
            };
            let exchange = match (&begin.framework, self.own.is_one_broker) {
                (None, true) => self.begin_with(shared, &begin),
                (answer, _) => {
                    let mut own = broker(&self.factory, &self.links, begin.mode);
                    if let Some(answer) = answer {
                        own = own.with_framework(framework(answer.clone()));
                    }
                    self.begin_with(&own, &begin)
                }
            };
            exchange.map(self.own.tells)
        })
    }

    fn remember<'a>(&'a self, model: &'a Model, token: &'a str) -> Pending<'a, Result<(), NotDone>> {
        Box::pin(async {
            let key = key(model);
            let link = RuntimeLink {
                source: key.source,
                model: key.model,
                bridge: key.bridge,
                resume_token: token.to_owned(),
                at: String::new(),
                used: None,
            };
            self.links.save(link).await.map_err(|error| failed(&error))
        })
    }

    fn recall<'a>(&'a self, model: &'a Model) -> Pending<'a, Result<Option<String>, NotDone>> {
        Box::pin(async {
            let link = self.links.find(&key(model)).await;
            let link = link.map_err(|error| failed(&error))?;
            Ok(link.map(|link| link.resume_token))
        })
    }

    fn requires_credential<'a>(
        &'a self,
        spec: &'a ExternalRuntimeSpec,
    ) -> Pending<'a, Result<bool, NotDone>> {
        Box::pin(async { Ok((self.own.credential)(self.faithful.requires_credential(spec))) })
    }
}

impl Exchange for yoi_host::bridge::Exchange {
    fn next(&mut self) -> Pending<'_, Result<Option<Told>, NotDone>> {
        Box::pin(async { Ok(Self::next(self).await.map(Told::Event)) })
    }

    fn abort(&mut self) -> Pending<'_, Result<(), NotDone>> {
        self.cancel();
        Box::pin(async { Ok(()) })
    }
}

impl Exchange for EventStream {
    fn next(&mut self) -> Pending<'_, Result<Option<Told>, NotDone>> {
        Box::pin(async {
            let event = Self::next(self).await;
            let event = event.map(|event| serde_json::to_value(&event).unwrap_or_default());
            Ok(event.map(Told::Framework))
        })
    }

    fn abort(&mut self) -> Pending<'_, Result<(), NotDone>> {
        self.cancel();
        Box::pin(async { Ok(()) })
    }
}

/// A framework that answers by itself, always this.
fn framework(answer: String) -> Arc<FrameworkStream> {
    Arc::new(move |model, _, _| {
        let mut sink = Sink::new(MessageSeed::of(model, 0));
        let mut events = Vec::new();
        let delta = answer.clone();
        sink.take(NormalizedEvent::Text { delta }, &mut events);
        let reason = FinishReason::Stop;
        sink.take(NormalizedEvent::Finish { reason }, &mut events);
        Box::pin(futures_util::stream::iter(events))
    })
}

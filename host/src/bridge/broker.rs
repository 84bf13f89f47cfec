//! Who answers for a model: a child agent, or the framework itself.
//!
//! The broker knows the bridges and the specs, remembers conversations, and sees to it that two exchanges do not
//! take up the same one at once. What happens within an exchange is not its business.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::dialect::{Dialect, Opening, dialect};
use super::event::{BridgeFailure, FailureCode, NormalizedEvent};
use super::exchange::{Exchange, ExchangeTimes};
use super::launch::{Start, launch};
use super::link::LinkStore;
use super::message::{Context, Model};
use super::sink::{MessageSeed, Sink};
use super::spec::{Adapter, ExternalRuntimeSpec, Mode, RuntimeAuthMode};
use super::stream::{EventStream, FrameworkEvents, StreamEvent};
use super::to_child::{Asked, ToChild, Turns};
use super::transport::{Processes, TransportFactory};
use crate::wire::child::Launch;

/// A dialect with all that it takes to drive a child that speaks it.
pub trait RuntimeBridge: Send + Sync {
    /// Its id: what stands after `bridge:` in a model's address.
    fn adapter(&self) -> &str;

    /// How its child is run where nobody says otherwise.
    fn spec(&self) -> ExternalRuntimeSpec;

    /// The dialect for one exchange.
    ///
    /// # Errors
    ///
    /// Where it has none for that.
    fn dialect(&self, mode: Mode, opening: Opening) -> Result<Box<dyn Dialect>, BridgeFailure>;

    /// How a child is started.
    ///
    /// # Errors
    ///
    /// Where what it is started with cannot be meant.
    fn launch(&self, spec: &ExternalRuntimeSpec, start: &Start) -> Result<Launch, BridgeFailure>;

    /// Whether a key has to be there.
    fn requires_credential(&self, spec: &ExternalRuntimeSpec) -> bool {
        spec.auth_mode == RuntimeAuthMode::ApiKey
    }
}

impl RuntimeBridge for Adapter {
    fn adapter(&self) -> &str {
        self.name()
    }

    fn spec(&self) -> ExternalRuntimeSpec {
        Self::spec(*self)
    }

    fn dialect(&self, mode: Mode, opening: Opening) -> Result<Box<dyn Dialect>, BridgeFailure> {
        dialect(*self, mode, opening).ok_or_else(|| {
            let message = format!("the reference has no `{self}`: there is no mode `compat` of it");
            BridgeFailure::new(FailureCode::Unsupported, message)
        })
    }

    fn launch(&self, spec: &ExternalRuntimeSpec, start: &Start) -> Result<Launch, BridgeFailure> {
        launch(*self, spec, start)
    }
}

/// Where a turn of a model is produced.
#[derive(Clone)]
pub enum Route {
    /// By a child agent.
    External {
        /// What drives it.
        bridge: Arc<dyn RuntimeBridge>,
        /// How it is run.
        spec: ExternalRuntimeSpec,
    },
    /// By the framework.
    Framework,
}

/// What an exchange is given besides model and context.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExchangeOptions {
    /// The folder that the child works in; ours where none is named.
    pub cwd: Option<String>,
    /// The conversation that is to be taken up again, where none is remembered.
    pub resume: Option<String>,
    /// Our name for the conversation.
    pub session_id: Option<String>,
    /// The child's own name for the model, where it is not to choose.
    pub child_model: Option<String>,
    /// How long it may take.
    pub times: ExchangeTimes,
}

/// Gives the framework's own stream.
pub type FrameworkStream = dyn Fn(&Model, &Context, &ExchangeOptions) -> FrameworkEvents + Send + Sync;

/// Decides who answers for a model, and has them answer.
pub struct Broker {
    bridges: Mutex<HashMap<String, Arc<dyn RuntimeBridge>>>,
    /// Specs of single models, by provider and id.
    specs: Mutex<HashMap<(String, String), ExternalRuntimeSpec>>,
    factory: Option<Arc<dyn TransportFactory>>,
    links: Option<Arc<dyn LinkStore>>,
    framework: Option<Arc<FrameworkStream>>,
    mode: Mode,
    turns: Arc<Turns>,
}

impl Broker {
    /// One that knows every [`Adapter`] and starts processes. It remembers nothing.
    #[must_use]
    pub fn new() -> Self {
        let broker = Self {
            bridges: Mutex::default(),
            specs: Mutex::default(),
            factory: Some(Arc::new(Processes)),
            links: None,
            framework: None,
            mode: Mode::Faithful,
            turns: Arc::default(),
        };
        for adapter in Adapter::ALL {
            broker.register(Arc::new(adapter));
        }
        broker
    }

    /// The same, its children from elsewhere; with none, every model is the framework's.
    #[must_use]
    pub fn with_factory(mut self, factory: Option<Arc<dyn TransportFactory>>) -> Self {
        self.factory = factory;
        self
    }

    /// The same, with a memory for conversations.
    #[must_use]
    pub fn with_links(mut self, links: Arc<dyn LinkStore>) -> Self {
        self.links = Some(links);
        self
    }

    /// The same, with a framework to fall back to.
    #[must_use]
    pub fn with_framework(mut self, framework: Arc<FrameworkStream>) -> Self {
        self.framework = Some(framework);
        self
    }

    /// The same, reading children in another mode.
    #[must_use]
    pub const fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Have a bridge answer for its adapter, in place of one that did so before.
    pub fn register(&self, bridge: Arc<dyn RuntimeBridge>) {
        locked(&self.bridges).insert(bridge.adapter().to_owned(), bridge);
    }

    /// Have a model answered for by a child that is run like this. What comes back is the model as it is to be
    /// asked from now on.
    #[must_use]
    pub fn bind(&self, model: Model, spec: ExternalRuntimeSpec) -> Model {
        let model = model.with_runtime_endpoint(&spec);
        locked(&self.specs).insert((model.provider.clone(), model.id.clone()), spec);
        model
    }

    /// How the child of a model is run: as was said for this very model, or else as its bridge has it. None where
    /// the framework answers for it. The reference knows its own three specs only.
    #[must_use]
    pub fn resolve_spec(&self, model: &Model) -> Option<ExternalRuntimeSpec> {
        let adapter = model.adapter()?;
        if self.mode == Mode::Compat {
            let known: Option<Adapter> = adapter.parse().ok();
            return known.and_then(Adapter::reference_spec);
        }
        let key = (model.provider.clone(), model.id.clone());
        let bound = locked(&self.specs)
            .get(&key)
            .filter(|spec| spec.adapter == adapter)
            .cloned();
        bound.or_else(|| self.bridge(adapter).map(|bridge| bridge.spec()))
    }

    /// Who answers for a model.
    #[must_use]
    pub fn route(&self, model: &Model) -> Route {
        let external = self.resolve_spec(model).and_then(|spec| {
            let bridge = self.bridge(&spec.adapter)?;
            Some(Route::External { bridge, spec })
        });
        external.unwrap_or(Route::Framework)
    }

    /// Whether a key has to be there for a spec.
    #[must_use]
    pub fn requires_credential(&self, spec: &ExternalRuntimeSpec) -> bool {
        match self.bridge(&spec.adapter) {
            Some(bridge) => bridge.requires_credential(spec),
            None => spec.auth_mode == RuntimeAuthMode::ApiKey,
        }
    }

    /// Ask a model. Needs a runtime of tokio. Whatever goes wrong is an event of the stream.
    #[must_use]
    pub fn exchange(&self, model: &Model, context: &Context, options: &ExchangeOptions) -> EventStream {
        match self.begin(model, context, options) {
            Some(exchange) => {
                let sink = Sink::new(MessageSeed::of(model, millis()));
                EventStream::of_exchange(exchange, sink)
            }
            None => EventStream::of_framework(match &self.framework {
                Some(framework) => framework(model, context, options),
                None => no_backend(model),
            }),
        }
    }

    /// Ask a child agent, and hear of it in the words of all children; none where the framework answers.
    #[must_use]
    pub fn begin(&self, model: &Model, context: &Context, options: &ExchangeOptions) -> Option<Exchange> {
        let factory = self.factory.clone()?;
        let Route::External { bridge, spec } = self.route(model) else {
            return None;
        };
        let asked = Asked {
            model: model.clone(),
            context: context.clone(),
            options: options.clone(),
            mode: self.mode,
        };
        let errand = ToChild::new(asked, (bridge, spec), factory, self.links.clone(), &self.turns);
        Some(Exchange::begin(Box::new(errand), self.mode, options.times))
    }

    fn bridge(&self, adapter: &str) -> Option<Arc<dyn RuntimeBridge>> {
        locked(&self.bridges).get(adapter).cloned()
    }
}

impl Default for Broker {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bridges: Vec<String> = locked(&self.bridges).keys().cloned().collect();
        bridges.sort();
        f.debug_struct("Broker")
            .field("bridges", &bridges)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

fn no_backend(model: &Model) -> FrameworkEvents {
    let mut events: Vec<StreamEvent> = Vec::new();
    let message = format!(
        "No streaming backend has been registered for the \"{}\" API",
        model.api
    );
    let error = BridgeFailure::new(FailureCode::Unsupported, message);
    let mut sink = Sink::new(MessageSeed::of(model, millis()));
    sink.take(NormalizedEvent::Failed { error }, &mut events);
    Box::pin(futures_util::stream::iter(events))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

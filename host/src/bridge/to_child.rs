//! One exchange's way to a child: which conversation is taken up again, what is remembered of it, and whose turn it
//! is with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::broker::{ExchangeOptions, RuntimeBridge};
use super::dialect::{Dialect, Opening};
use super::event::{BridgeFailure, FailureCode, NormalizedEvent};
use super::exchange::Errand;
use super::launch::Start;
use super::link::{LinkError, LinkKey, LinkStore, RuntimeLink, now};
use super::message::{Context, Model, Usage};
use super::prompt::prompt;
use super::spec::{ExternalRuntimeSpec, Mode};
use super::transport::{Transport, TransportContext, TransportFactory};
use crate::limits::BRIDGE_LINK_TIME;
use crate::world::Pending;

/// What a child is asked, and how it is read.
pub(super) struct Asked {
    pub(super) model: Model,
    pub(super) context: Context,
    pub(super) options: ExchangeOptions,
    pub(super) mode: Mode,
}

/// One exchange's way to a child.
pub(super) struct ToChild {
    asked: Asked,
    bridge: Arc<dyn RuntimeBridge>,
    spec: ExternalRuntimeSpec,
    factory: Arc<dyn TransportFactory>,
    links: Option<Arc<dyn LinkStore>>,
    key: LinkKey,
    turns: Arc<Turns>,
    turn: Option<OwnedMutexGuard<()>>,
    /// The conversation that is taken up again.
    resume: Option<String>,
    /// What it had used.
    used: Option<Usage>,
    /// What the child calls it now.
    token: Option<String>,
    /// What this exchange used.
    spent: Usage,
    /// Whether what it used is that of the whole conversation.
    is_blind: bool,
}

impl ToChild {
    pub(super) fn new(
        asked: Asked,
        (bridge, spec): (Arc<dyn RuntimeBridge>, ExternalRuntimeSpec),
        factory: Arc<dyn TransportFactory>,
        links: Option<Arc<dyn LinkStore>>,
        turns: &Arc<Turns>,
    ) -> Self {
        Self {
            key: LinkKey::of(&asked.model, &spec.adapter),
            asked,
            bridge,
            spec,
            factory,
            links,
            turns: Arc::clone(turns),
            turn: None,
            resume: None,
            used: None,
            token: None,
            spent: Usage::default(),
            is_blind: false,
        }
    }

    fn start(&self) -> Start {
        Start {
            resume: self.resume.clone(),
            model: self.asked.options.child_model.clone(),
            cwd: self.asked.options.cwd.as_ref().map(Into::into),
        }
    }

    /// Why no child could be given that for a conversation. The reference looks at no token.
    fn refuses(&self, token: &str) -> Option<String> {
        if self.asked.mode == Mode::Compat {
            return None;
        }
        let start = Start {
            resume: Some(token.to_owned()),
            ..Start::default()
        };
        match self.bridge.launch(&self.spec, &start) {
            Err(error) if error.code == Some(FailureCode::BadToken) => Some(error.message),
            _ => None,
        }
    }

    async fn save(&self, used: Option<Usage>) -> Vec<NormalizedEvent> {
        let (Some(links), Some(token)) = (&self.links, &self.token) else {
            return Vec::new();
        };
        let saved = in_time(links.save(RuntimeLink {
            source: self.key.source.clone(),
            model: self.key.model.clone(),
            bridge: self.key.bridge.clone(),
            resume_token: token.clone(),
            at: now(),
            used,
        }));
        self.remarks(saved.await.err(), "the conversation is not remembered")
    }

    /// What is told of a store that fails. The reference tells nothing.
    fn remarks(&self, error: Option<impl std::fmt::Display>, what: &str) -> Vec<NormalizedEvent> {
        match error {
            Some(error) if self.asked.mode == Mode::Faithful => vec![NormalizedEvent::Notice {
                message: format!("{what}: {error}"),
            }],
            _ => Vec::new(),
        }
    }
}

impl Errand for ToChild {
    fn dialect(&mut self) -> Result<Box<dyn Dialect>, BridgeFailure> {
        let prompt = match prompt(&self.asked.context, self.resume.is_some()) {
            Ok(prompt) => prompt,
            // The reference hands the context on as it is.
            Err(_) if self.asked.mode == Mode::Compat => String::new(),
            Err(error) => return Err(error),
        };
        let opening = Opening {
            prompt,
            context: self.asked.context.clone(),
            resume: self.resume.clone(),
            used: self.used,
            model: self.asked.options.child_model.clone(),
            cwd: self.asked.options.cwd.clone(),
            session_id: self.asked.options.session_id.clone(),
            delegate: self.spec.delegate.clone(),
        };
        self.bridge.dialect(self.asked.mode, opening)
    }

    fn connect(&mut self) -> Result<Box<dyn Transport>, BridgeFailure> {
        let start = self.start();
        self.factory.connect(&TransportContext {
            launch: self.bridge.launch(&self.spec, &start)?,
            spec: self.spec.clone(),
            model: self.asked.model.clone(),
            start,
        })
    }

    fn prepare(&mut self) -> Pending<'_, Vec<NormalizedEvent>> {
        Box::pin(async {
            self.resume.clone_from(&self.asked.options.resume);
            let Some(links) = self.links.clone() else {
                return Vec::new();
            };
            if self.asked.mode == Mode::Faithful {
                self.turn = Some(Turns::take(&self.turns, &self.key).await);
            }
            match in_time(links.find(&self.key)).await {
                // Remembered by somebody who did not look at it: it would stand in the way of every turn.
                Ok(Some(link)) if let Some(fault) = self.refuses(&link.resume_token) => {
                    let message =
                        format!("{fault}: what was remembered is dropped, and a new conversation begun");
                    let mut events = vec![NormalizedEvent::Notice { message }];
                    let forgotten = in_time(links.forget(&self.key)).await;
                    events.extend(self.remarks(forgotten.err(), "it is not forgotten"));
                    events
                }
                Ok(Some(link)) => {
                    self.resume = Some(link.resume_token);
                    self.used = link.used;
                    Vec::new()
                }
                Ok(None) => Vec::new(),
                Err(error) => self.remarks(Some(error), "no earlier conversation is taken up"),
            }
        })
    }

    fn resumes(&self) -> bool {
        self.resume.is_some()
    }

    fn forget(&mut self) -> Pending<'_, Vec<NormalizedEvent>> {
        Box::pin(async {
            let message = format!(
                "{} does not know the conversation `{}` any more: a new one is begun",
                self.spec.adapter,
                self.resume.take().unwrap_or_default()
            );
            self.used = None;
            let mut events = vec![NormalizedEvent::Notice { message }];
            if let Some(links) = &self.links {
                let forgotten = in_time(links.forget(&self.key)).await;
                events.extend(self.remarks(forgotten.err(), "it is not forgotten"));
            }
            events
        })
    }

    fn note(&mut self, event: NormalizedEvent) -> Pending<'_, Vec<NormalizedEvent>> {
        Box::pin(async move {
            let mut told = vec![event];
            match &told[0] {
                NormalizedEvent::Resume { resume_token } if self.token.is_none() => {
                    if let Some(fault) = self.refuses(resume_token) {
                        let message = format!(
                            "{fault}: the child calls its conversation so, and it cannot be taken up again"
                        );
                        return vec![NormalizedEvent::Notice { message }];
                    }
                    self.token = Some(resume_token.clone());
                    told.extend(self.save(self.used).await);
                }
                NormalizedEvent::Usage {
                    usage,
                    whole_conversation,
                } => {
                    self.spent = self.spent.plus(usage);
                    self.is_blind |= whole_conversation;
                }
                // Once more, with what it has used by now.
                last if last.is_terminal() && !self.spent.is_nothing() => {
                    let before = match (self.is_blind, self.used) {
                        (false, Some(used)) => used,
                        _ => Usage::default(),
                    };
                    let remarks = self.save(Some(before.plus(&self.spent))).await;
                    told.splice(0..0, remarks);
                }
                _ => {}
            }
            told
        })
    }
}

/// What a store answers, or that it does not.
async fn in_time<T>(answer: Pending<'_, Result<T, LinkError>>) -> Result<T, LinkError> {
    match timeout(BRIDGE_LINK_TIME, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(LinkError::Other(format!(
            "what remembers conversations did not answer within {BRIDGE_LINK_TIME:?}"
        ))),
    }
}

/// Whose turn it is with a conversation.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<LinkKey, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    async fn take(turns: &Arc<Self>, key: &LinkKey) -> OwnedMutexGuard<()> {
        let turn = {
            let mut all = turns.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, turn| turn.strong_count() > 0);
            let known = all.get(key).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                all.insert(key.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

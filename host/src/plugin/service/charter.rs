//! What a plugin may be asked: its manifest, the surfaces that are turned on, and what was granted.
//!
//! Every check that does not depend on what the plugin is doing right now. The decisions are the authority's,
//! asked once: its answers never change.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::refusal::{Refusal, ToolFailure};
use crate::Profile;
use crate::authority::{Authority, Declared, Denial, Ingress, Surface};
use crate::limits::{COMMAND_ID_BYTES, TOOL_INPUT_BYTES};
use crate::plugin::CallError;
use crate::plugin::instance::check_json;
use crate::plugin::message::{EventError, IngressEvent};

/// An event that is to be sent to a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The ingress that it is for.
    pub ingress: String,
    /// What happened.
    pub kind: String,
    /// Where it comes from. Events of one source are delivered in the order in which they were accepted.
    pub source: String,
    /// The event itself.
    pub payload: Value,
    /// When it happened: RFC 3339, UTC. Now, if it does not say.
    pub created_at: Option<String>,
    /// Its id. One that is known already marks a duplicate. A new one, if it has none.
    pub correlation_id: Option<String>,
    /// Which delivery its first one here is: 1, unless it was tried elsewhere.
    pub attempt: u32,
}

impl From<IngressEvent> for Event {
    fn from(event: IngressEvent) -> Self {
        Self {
            ingress: event.ingress_name,
            kind: event.kind,
            source: event.source,
            payload: event.payload,
            created_at: Some(event.created_at),
            correlation_id: Some(event.correlation_id),
            attempt: event.attempt,
        }
    }
}

/// What the plugin may be asked.
#[derive(Debug)]
pub(super) struct Charter {
    profile: Profile,
    surfaces: Vec<Surface>,
    services: Vec<Result<(), Box<Denial>>>,
    tools: BTreeMap<String, Result<(), Box<Denial>>>,
    ingresses: BTreeMap<String, (Ingress, Result<(), Box<Denial>>)>,
    /// The names of the ingresses, in the order of the manifest.
    order: Vec<String>,
}

impl Charter {
    /// `surfaces` are those that are turned on.
    pub(super) fn new(
        profile: Profile,
        authority: &Arc<Authority>,
        declared: &Declared,
        surfaces: &[Surface],
    ) -> Self {
        let tools = declared.tools.iter().map(|tool| {
            let allowed = authority.tool(&tool.name, tool.external_write);
            (tool.name.clone(), allowed.map(drop).map_err(Box::new))
        });
        let ingresses = declared.ingresses.iter().map(|ingress| {
            let allowed = authority.ingress(&ingress.name);
            let decision = allowed.map(drop).map_err(Box::new);
            (ingress.name.clone(), (ingress.clone(), decision))
        });
        let services = declared.services.iter().map(|service| {
            let allowed = authority.service(&service.name);
            allowed.map(drop).map_err(Box::new)
        });
        Self {
            profile,
            surfaces: surfaces.to_vec(),
            services: services.collect(),
            tools: tools.collect(),
            ingresses: ingresses.collect(),
            order: declared
                .ingresses
                .iter()
                .map(|ingress| ingress.name.clone())
                .collect(),
        }
    }

    /// Whether the plugin takes part in this way.
    pub(super) fn has(&self, surface: Surface) -> bool {
        self.surfaces.contains(&surface)
    }

    /// Whether there is anything that the plugin may be asked, of what is turned on.
    pub(super) fn offers_something(&self) -> Result<(), Box<Denial>> {
        let services = self.services.iter().filter(|_| self.has(Surface::Service));
        let ingresses = self.ingresses.values().map(|(_, allowed)| allowed);
        let ingresses = ingresses.filter(|_| self.has(Surface::Ingress));
        let tools = self.tools.values().filter(|_| self.has(Surface::Tool));
        let mut denied = None;
        for decision in services.chain(ingresses).chain(tools) {
            match decision {
                Ok(()) => return Ok(()),
                Err(denial) => denied = denied.or(Some(denial)),
            }
        }
        denied.map_or(Ok(()), |denial| Err(denial.clone()))
    }

    /// The ingresses, in the order of the manifest.
    pub(super) fn ingresses(&self) -> impl Iterator<Item = &Ingress> {
        let find = |name: &String| self.ingresses.get(name).map(|(ingress, _)| ingress);
        self.order.iter().filter_map(find)
    }

    /// Whether an ingress may be given events.
    pub(super) fn allows_ingress(&self, name: &str) -> Result<(), &Denial> {
        match self.ingresses.get(name) {
            Some((_, Err(denial))) => Err(denial),
            _ => Ok(()),
        }
    }

    /// Whether a tool may be called with this, in the contract's order.
    pub(super) fn check_tool(&self, name: &str, input_json: &str) -> Result<(), ToolFailure> {
        check_json("tool input", input_json, TOOL_INPUT_BYTES).map_err(CallError::from)?;
        if !self.has(Surface::Tool) {
            return Err(ToolFailure::SurfaceOff);
        }
        match self.tools.get(name) {
            None => Err(ToolFailure::Undeclared(name.to_owned())),
            Some(allowed) => allowed.clone().map_err(ToolFailure::Denied),
        }
    }

    /// The bytes of an event that may be delivered, in the contract's order.
    pub(super) fn check_event(&self, event: &IngressEvent) -> Result<usize, Refusal> {
        let name = &event.ingress_name;
        let bytes = event.to_json_for(name)?.len();
        if self.profile == Profile::Documented {
            let id = &event.correlation_id;
            if id.len() > COMMAND_ID_BYTES || id.contains(char::is_control) {
                return Err(Refusal::BadId);
            }
            // A command says when the event was that it answers, and is refused where that is no time.
            if OffsetDateTime::parse(&event.created_at, &Rfc3339).is_err() {
                return Err(EventError::NotATime.into());
            }
        }
        let Some((ingress, allowed)) = self.ingresses.get(name) else {
            return Err(Refusal::Undeclared(name.clone()));
        };
        if !ingress.event_kinds.is_empty() && !ingress.event_kinds.contains(&event.kind) {
            return Err(Refusal::UndeclaredKind {
                ingress: name.clone(),
                kind: event.kind.clone(),
            });
        }
        allowed.clone().map_err(Refusal::Denied)?;
        Ok(bytes)
    }
}

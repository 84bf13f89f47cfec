//! A component, in process, under our host.

use std::fmt;

use sha2::{Digest, Sha256};
use yoi_host::authority::Manifest;
use yoi_host::component::{Preflight, PreflightError};
use yoi_host::engine::Engine;
use yoi_host::plugin::message::{IngressEvent, PluginStatus, ServiceOutput, ToolOutput};
use yoi_host::plugin::{Instance, Lifecycle, LoadError, Measures, Plugin};

use super::{CallFailure, Door, GuestTarget, Life, Setup, Tool};
use crate::context::OnInterrupt;
use crate::{About, Context, Stop};

/// A component: its bytes, what was found in them, and the plugin that our host made of them.
pub struct ComponentDoor {
    bytes: Vec<u8>,
    preflight: Result<Preflight, PreflightError>,
    plugin: Result<Plugin, LoadError>,
}

impl GuestTarget {
    /// A component, held to the engine's profile. One that cannot be loaded is a target as well: that it cannot is
    /// what there is to say about it.
    #[must_use]
    pub fn component_of(name: &str, bytes: Vec<u8>, manifest: Option<Manifest>, engine: &Engine) -> Self {
        let preflight = Preflight::of(&bytes);
        let plugin = Plugin::load(engine, &bytes);
        let about = About {
            name: name.to_owned(),
            door: "component".into(),
            profile: engine.profile().name().into(),
            digest: Some(digest(&bytes)),
            remark: manifest
                .is_none()
                .then(|| "without a `plugin.toml` its tools and ingresses are not known, and nothing is asked of them".into()),
            trouble: plugin.as_ref().err().map(trouble),
        };
        let declared = manifest.as_ref().map(Manifest::declared);
        let ingresses = declared.into_iter().flat_map(|declared| &declared.ingresses);
        let ingresses = ingresses.map(|ingress| ingress.name.clone()).collect();
        let tools = declared.into_iter().flat_map(|declared| &declared.tools);
        let tools = tools.map(|tool| Tool {
            name: tool.name.clone(),
            input_schema: tool.input_schema.clone(),
        });
        Self {
            about,
            world: preflight.as_ref().ok().and_then(Preflight::world),
            tools: tools.collect(),
            ingresses,
            manifest,
            door: Door::Component(Box::new(ComponentDoor {
                bytes,
                preflight,
                plugin,
            })),
        }
    }
}

impl ComponentDoor {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was found in it before anything ran.
    ///
    /// # Errors
    ///
    /// Why it is no sound component.
    pub fn preflight(&self) -> Result<&Preflight, &PreflightError> {
        self.preflight.as_ref()
    }

    /// The plugin that our host made of it.
    ///
    /// # Errors
    ///
    /// Why our host makes none of it under this profile.
    pub fn plugin(&self) -> Result<&Plugin, &LoadError> {
        self.plugin.as_ref()
    }

    pub(super) fn open(&self, context: &Context, setup: Setup) -> Result<InProcess, Stop> {
        let plugin = self
            .plugin
            .as_ref()
            .map_err(|error| Stop::CouldNotRun(trouble(error)))?;
        let instance = plugin
            .instance_with(&setup.config, setup.access)
            .map_err(|error| {
                Stop::Harness(format!("the case gives a configuration that is none: {error}"))
            })?;
        let cancel = instance.canceller();
        Ok(InProcess {
            instance,
            _ends: context.on_interrupt(move || cancel.cancel()),
        })
    }
}

/// A live instance, ended with the time of its case.
pub(super) struct InProcess {
    instance: Instance,
    _ends: OnInterrupt,
}

impl Life for InProcess {
    fn start(&mut self) -> Result<PluginStatus, CallFailure> {
        Ok(self.instance.start()?)
    }

    fn handle_tool(&mut self, name: &str, input_json: &str) -> Result<ToolOutput, CallFailure> {
        Ok(self.instance.handle_tool(name, input_json)?)
    }

    fn handle_ingress(&mut self, name: &str, event: &IngressEvent) -> Result<ServiceOutput, CallFailure> {
        Ok(self.instance.handle_ingress(name, event)?)
    }

    fn status(&mut self) -> Result<PluginStatus, CallFailure> {
        Ok(self.instance.status()?)
    }

    fn stop(&mut self) -> Result<PluginStatus, CallFailure> {
        Ok(self.instance.stop()?)
    }

    fn lifecycle(&self) -> Lifecycle {
        self.instance.lifecycle()
    }

    fn measures(&self) -> Option<Measures> {
        self.instance.last_call().copied()
    }
}

/// Why a component can do nothing, on one line, to be read after a colon.
fn trouble(error: &LoadError) -> String {
    match error {
        LoadError::Refused { faults, .. } => faults
            .iter()
            .find(|fault| fault.refuses())
            .map_or_else(|| error.to_string(), ToString::to_string),
        error => error.to_string(),
    }
}

pub(super) fn digest(bytes: &[u8]) -> String {
    let hex = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    format!("sha256:{hex}")
}

impl fmt::Debug for ComponentDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentDoor")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

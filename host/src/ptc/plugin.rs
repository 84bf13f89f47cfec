//! Tools that are a plugin's: its tools become the code's.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::to_raw_value;

use super::call::{ToolCall, ToolError, ToolResult};
use super::drive::Tools;
use crate::plugin::{CallError, Instance};
use crate::world::Pending;

/// The tools of one plugin. It is started when the first of them is called, and its calls come one at a time: a plugin
/// has one thread.
///
/// Code sees what the tool answers, `{"summary", "content"}`, and a failure as an exception.
pub struct PluginTools {
    names: Vec<String>,
    instance: Arc<Mutex<Started>>,
}

struct Started {
    instance: Instance,
    started: bool,
}

impl PluginTools {
    /// These tools of this plugin, which was not started yet.
    #[must_use]
    pub fn new(instance: Instance, names: Vec<String>) -> Self {
        Self {
            names,
            instance: Arc::new(Mutex::new(Started {
                instance,
                started: false,
            })),
        }
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl Started {
    fn call(&mut self, call: &ToolCall) -> ToolResult {
        let failed = |error: CallError| ToolError::new("ToolError", error.to_string());
        if !self.started && self.instance.plugin().world() == crate::component::World::Instance {
            self.instance.start().map_err(failed)?;
        }
        self.started = true;
        let output = self
            .instance
            .handle_tool(&call.tool, call.args.get())
            .map_err(failed)?;
        if let Some(error) = output.reported_error() {
            let said = format!("{}: {}", error.code, error.message);
            return Err(ToolError::new("ToolError", said));
        }
        to_raw_value(&output).map_err(|error| ToolError::new("ToolError", error.to_string()))
    }
}

impl Tools for PluginTools {
    fn call(&self, call: ToolCall) -> Pending<'_, ToolResult> {
        let instance = Arc::clone(&self.instance);
        Box::pin(async move {
            // A plugin blocks its thread, and the others are not to wait for it.
            let called = tokio::task::spawn_blocking(move || {
                instance
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .call(&call)
            });
            called
                .await
                .unwrap_or_else(|gone| Err(ToolError::new("ToolError", gone.to_string())))
        })
    }
}

impl fmt::Debug for PluginTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginTools")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

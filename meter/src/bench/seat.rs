//! One worker's place: an instance that is made anew when it is lost.

use yoi_host::component::World;
use yoi_host::plugin::message::ToolOutput;
use yoi_host::plugin::{CallError, Instance, Lifecycle, Plugin};

use super::Target;
use crate::Stop;

pub(crate) struct Seat<'a> {
    plugin: &'a Plugin,
    target: &'a Target<'a>,
    stop: &'a Stop,
    number: usize,
    instance: Option<Instance>,
}

impl<'a> Seat<'a> {
    pub(crate) fn new(plugin: &'a Plugin, target: &'a Target<'a>, stop: &'a Stop, number: usize) -> Self {
        Self {
            plugin,
            target,
            stop,
            number,
            instance: None,
        }
    }

    /// A started instance, and whether it is a fresh one.
    pub(crate) fn ready(&mut self) -> Result<(&mut Instance, bool), CallError> {
        let (instance, fresh) = match self.instance.take() {
            Some(instance) => (instance, false),
            None => (self.started()?, true),
        };
        Ok((self.instance.insert(instance), fresh))
    }

    fn started(&self) -> Result<Instance, CallError> {
        let mut instance = self
            .plugin
            .instance_with(self.target.config, self.target.access.clone())?;
        self.stop.ends(self.number, instance.canceller());
        instance.start()?;
        Ok(instance)
    }

    /// Whether the instance was lost by a call that ended so; it is then let go.
    pub(crate) fn loses(&mut self, ended: &Result<ToolOutput, CallError>) -> bool {
        let lost = self.plugin.world() == World::Instance
            && (ended.as_ref().is_err_and(|error| error.fault().is_some())
                || self
                    .instance
                    .as_ref()
                    .is_some_and(|instance| instance.lifecycle() != Lifecycle::Running));
        if lost {
            self.instance = None;
        }
        lost
    }
}

/// The code and the words of what went wrong in a call, if anything did. A tool that says that it failed has failed.
pub(crate) fn failure(ended: &Result<ToolOutput, CallError>) -> Option<(String, String)> {
    match ended {
        Err(error) => Some((error.code().to_string(), error.to_string())),
        Ok(output) => output.reported_error().map(|said| {
            let words = format!("the tool says `{}`: {}", said.code, said.message);
            (format!("tool.{}", said.code), words)
        }),
    }
}

//! A plugin with a state: it counts the events that it is handed.

use serde::Deserialize;
use yoi_pdk::{
    IngressEvent, OutputCommand, Plugin, PluginStatus, Result, ServiceOutput, ToolContext,
    ToolError, ToolInput, ToolOutput, Value, json,
};

struct Events {
    count: u64,
}

/// The operator's configuration.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    start: u64,
}

/// What the tool is given: nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {}

impl Plugin for Events {
    /// A host hands over `null` where there is none.
    type Config = Option<Config>;

    fn start(config: Option<Config>) -> Result<Self> {
        Ok(Self {
            count: config.unwrap_or_default().start,
        })
    }

    fn handle_tool(&mut self, context: &ToolContext, input: ToolInput<'_>) -> Result<ToolOutput> {
        match context.tool_name() {
            "{{prefix}}_count" => {
                let Count {} = input.parse()?;
                ToolOutput::json(format!("{} so far", self.count), &self.data())
            }
            name => Err(ToolError::unsupported_tool(name)),
        }
    }

    fn handle_ingress(&mut self, name: &str, event: IngressEvent) -> Result<ServiceOutput> {
        if name != "events" {
            return Err(ToolError::unsupported_ingress(name));
        }
        self.count += 1;
        // What the host is asked to do in answer. The id is one's own.
        let id = format!("show-{}", self.count);
        let show = OutputCommand::status_update(&event, &id, "counting", self.data())?;
        ServiceOutput::accepted(self.data()).with_command(show)
    }

    fn status(&self) -> PluginStatus {
        PluginStatus::running(self.data())
    }

    fn stop(&mut self) -> Result<PluginStatus> {
        Ok(PluginStatus::stopped(self.data()))
    }
}

impl Events {
    fn data(&self) -> Value {
        json!({ "count": self.count })
    }
}

yoi_pdk::export_plugin!(Events);

#[cfg(test)]
mod tests {
    use yoi_pdk::PluginInstance;

    use super::*;

    #[test]
    fn every_event_counts_for_one() {
        let plugin = PluginInstance::<Events>::new();
        assert_eq!(
            plugin.start(r#"{"start":10}"#),
            r#"{"state":"running","data":{"count":10}}"#
        );
        let answer = plugin.handle_ingress("events", r#"{"correlation_id":"e-1","kind":"any"}"#);
        assert!(
            answer.starts_with(r#"{"accepted":true,"data":{"count":11}"#),
            "{answer}"
        );
        assert_eq!(
            plugin.handle_tool("{{prefix}}_count", "{}"),
            r#"{"summary":"11 so far","content":"{\"count\":11}"}"#
        );
    }

    #[test]
    fn a_plugin_without_a_configuration_begins_at_zero() {
        let plugin = PluginInstance::<Events>::new();
        assert_eq!(
            plugin.start("null"),
            r#"{"state":"running","data":{"count":0}}"#
        );
    }
}

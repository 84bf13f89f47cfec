//! A plugin with a state: it counts, on request and with every event.

use serde::Deserialize;
use yoi_pdk::{
    IngressEvent, OutputCommand, Plugin, PluginStatus, Result, ServiceOutput, ToolContext, ToolError,
    ToolInput, ToolOutput, json,
};

struct Counter {
    count: i64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    start: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    by: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {}

impl Plugin for Counter {
    type Config = Option<Config>;

    fn start(config: Option<Config>) -> Result<Self> {
        Ok(Self {
            count: config.unwrap_or_default().start,
        })
    }

    fn handle_tool(&mut self, context: &ToolContext, input: ToolInput<'_>) -> Result<ToolOutput> {
        match context.tool_name() {
            "counter_add" => {
                let Add { by } = input.parse()?;
                self.add(by)?;
            }
            "counter_get" => {
                let Get {} = input.parse()?;
            }
            name => return Err(ToolError::unsupported_tool(name)),
        }
        ToolOutput::json(format!("the count is {}", self.count), &self.data())
    }

    fn handle_ingress(&mut self, name: &str, event: IngressEvent) -> Result<ServiceOutput> {
        if name != "tick" {
            return Err(ToolError::unsupported_ingress(name));
        }
        self.add(1)?;
        let id = format!("tick-{}", self.count);
        let show = OutputCommand::status_update(&event, &id, "ticked", self.data())?;
        ServiceOutput::accepted(self.data()).with_command(show)
    }

    fn status(&self) -> PluginStatus {
        PluginStatus::running(self.data())
    }

    fn stop(&mut self) -> Result<PluginStatus> {
        Ok(PluginStatus::stopped(self.data()))
    }
}

impl Counter {
    fn add(&mut self, by: i64) -> Result<()> {
        self.count = self.count.checked_add(by).ok_or_else(|| {
            ToolError::failed(format!("{} and {by} is more than the count can hold", self.count))
        })?;
        Ok(())
    }

    fn data(&self) -> yoi_pdk::Value {
        json!({ "count": self.count })
    }
}

yoi_pdk::export_plugin!(Counter);

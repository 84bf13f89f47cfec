//! A plugin that calls what the host offers, and hands on what came back.
//!
//! A call is `{"call": FUNCTION, "args": VALUE}`. For `request`, `websocket.open`, `fs.read`, `fs.list` and
//! `fs.write` the arguments go to the host as JSON, or as they are if they are a text; the other functions of
//! `websocket` take them apart. It comes as the input of the tool `call-import`, as the payload of an event of
//! the ingress `call`, or as the configuration, to be made while the plugin starts.

use serde::Deserialize;
use yoi_pdk::{
    IngressEvent, Plugin, PluginStatus, Result, ServiceOutput, ToolContext, ToolError, ToolInput, ToolOutput,
    Value, host, json, serde_json,
};

struct Caller {
    answer_at_start: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    call: String,
    #[serde(default)]
    args: Value,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct SocketArgs {
    handle: u32,
    text: String,
    timeout_ms: u32,
}

impl Call {
    fn make(self) -> Result<String> {
        let json = || match &self.args {
            Value::String(text) => text.clone(),
            args => args.to_string(),
        };
        let socket = || -> Result<SocketArgs> { Ok(serde_json::from_value(self.args.clone())?) };
        Ok(match self.call.as_str() {
            "request" => host::raw::request::request(&json()),
            "websocket.open" => host::raw::websocket::open(&json()),
            "websocket.send-text" => {
                let SocketArgs { handle, text, .. } = socket()?;
                host::raw::websocket::send_text(handle, &text)
            }
            "websocket.recv" => {
                let SocketArgs {
                    handle, timeout_ms, ..
                } = socket()?;
                host::raw::websocket::recv(handle, timeout_ms)
            }
            "websocket.close" => host::raw::websocket::close(socket()?.handle),
            "fs.read" => host::raw::fs::read(&json()),
            "fs.list" => host::raw::fs::list(&json()),
            "fs.write" => host::raw::fs::write(&json()),
            name => {
                let message = format!("the host has no function `{name}`");
                return Err(ToolError::invalid_input(message));
            }
        })
    }
}

impl Plugin for Caller {
    type Config = Option<Call>;

    fn start(config: Option<Call>) -> Result<Self> {
        Ok(Self {
            answer_at_start: config.map(Call::make).transpose()?,
        })
    }

    fn handle_tool(&mut self, context: &ToolContext, input: ToolInput<'_>) -> Result<ToolOutput> {
        match context.tool_name() {
            "call-import" => {
                let call: Call = input.parse()?;
                let summary = format!("called {}", call.call);
                Ok(ToolOutput::new(summary).with_content(call.make()?))
            }
            name => Err(ToolError::unsupported_tool(name)),
        }
    }

    fn handle_ingress(&mut self, name: &str, event: IngressEvent) -> Result<ServiceOutput> {
        if name != "call" {
            return Err(ToolError::unsupported_ingress(name));
        }
        let call: Call = event.parse_payload()?;
        Ok(ServiceOutput::accepted(json!({ "answer": call.make()? })))
    }

    fn status(&self) -> PluginStatus {
        PluginStatus::running(json!({ "answer-at-start": self.answer_at_start }))
    }
}

yoi_pdk::export_plugin!(Caller);

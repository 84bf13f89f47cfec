//! A service with a state: it sits in a chat room on a WebSocket that the host keeps open, and learns.
//!
//! - `speech`: what a line of the room asks for
//! - `memory`: what is kept of it, within bounds

mod memory;
mod speech;

use serde::Deserialize;
use yoi_pdk::{
    IngressEvent, OutputCommand, Plugin, PluginStatus, Result, ServiceOutput, ToolContext, ToolError,
    ToolInput, ToolOutput, Value, json,
};

use memory::Memory;
use speech::Asked;

/// How many messages a history has, if it is not said.
const HISTORY: usize = 10;

struct Chatbot {
    prefix: String,
    memory: Memory,
    heard: u64,
    answered: u64,
    /// How often the connection was lost.
    losses: u64,
    /// Whether the last that was heard of the connection is that it is there.
    connected: bool,
}

/// The operator's configuration.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// What the bot is spoken to with, `!` if it is not said.
    prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct History {
    #[serde(default = "history")]
    most: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stats {}

impl Plugin for Chatbot {
    type Config = Option<Config>;

    fn start(config: Option<Config>) -> Result<Self> {
        let prefix = config
            .and_then(|config| config.prefix)
            .unwrap_or_else(|| "!".to_owned());
        // Every answer begins with a letter: so the bot never answers itself, in a room that repeats what it says.
        if prefix.is_empty() || prefix.starts_with(char::is_alphanumeric) {
            return Err(ToolError::invalid_input(
                "`prefix` must begin with neither a letter nor a digit",
            ));
        }
        Ok(Self {
            prefix,
            memory: Memory::default(),
            heard: 0,
            answered: 0,
            losses: 0,
            connected: false,
        })
    }

    fn handle_tool(&mut self, context: &ToolContext, input: ToolInput<'_>) -> Result<ToolOutput> {
        match context.tool_name() {
            "chatbot_history" => {
                let History { most } = input.parse()?;
                let messages = self.memory.latest(most);
                ToolOutput::json(format!("{} messages", messages.len()), &messages)
            }
            "chatbot_stats" => {
                let Stats {} = input.parse()?;
                ToolOutput::json(format!("heard {} messages", self.heard), &self.data())
            }
            name => Err(ToolError::unsupported_tool(name)),
        }
    }

    fn handle_ingress(&mut self, name: &str, event: IngressEvent) -> Result<ServiceOutput> {
        if name != "room" {
            return Err(ToolError::unsupported_ingress(name));
        }
        match event.kind.as_str() {
            "websocket_text" => self.listen(&event),
            "websocket_close" => self.lose(&event, "the room closed the connection"),
            "websocket_error" => self.lose(&event, "the connection broke"),
            // One that only a newer host knows. It is no error of anybody's.
            other => Ok(ServiceOutput::rejected(json!({ "unknown_kind": other }))),
        }
    }

    fn status(&self) -> PluginStatus {
        PluginStatus::running(self.data())
    }

    fn stop(&mut self) -> Result<PluginStatus> {
        println!("goodbye, after {} messages", self.heard);
        Ok(PluginStatus::stopped(self.data()))
    }
}

impl Chatbot {
    fn listen(&mut self, event: &IngressEvent) -> Result<ServiceOutput> {
        let message = event
            .websocket_text()
            .ok_or_else(|| ToolError::invalid_input("the event has no `url` and `text`"))?;
        self.heard += 1;
        self.connected = true;
        self.memory.hear(message.text);
        let answer = Asked::of(&self.prefix, message.text).map(|asked| self.answer(asked));
        let output = ServiceOutput::accepted(self.data());
        let Some(answer) = answer else {
            return Ok(output);
        };
        let answer = yoi_pdk::bounded(&answer, speech::MOST_BYTES);
        let id = format!("answer-{}", self.heard);
        let send = OutputCommand::websocket_send(event, &id, message.url, &answer)?;
        self.answered += 1;
        output.with_command(send)
    }

    fn lose(&mut self, event: &IngressEvent, what: &str) -> Result<ServiceOutput> {
        self.losses += 1;
        self.connected = false;
        println!("{what}: {}", event.payload);
        let id = format!("loss-{}", self.losses);
        let show = OutputCommand::status_update(event, &id, what, self.data())?;
        ServiceOutput::accepted(self.data()).with_command(show)
    }

    fn answer(&mut self, asked: Asked<'_>) -> String {
        match asked {
            Asked::Help => speech::help(&self.prefix),
            Asked::Learn { what, fact } => match self.memory.learn(what, fact) {
                Ok(()) => format!("Noted: {what} is {fact}"),
                Err(full) => full.to_string(),
            },
            Asked::Tell { what } => match self.memory.recall(what) {
                Some(fact) => format!("As far as I know, {what} is {fact}"),
                None => format!("I know nothing of {what}"),
            },
            Asked::Forget { what } => match self.memory.forget(what) {
                true => format!("Forgotten: {what}"),
                false => format!("I knew nothing of {what}"),
            },
            Asked::Stats => format!(
                "I heard {} messages, answered {}, and know {} facts",
                self.heard,
                self.answered,
                self.memory.facts()
            ),
            Asked::Unknown { command } => {
                format!("What is `{command}`? {}", speech::help(&self.prefix))
            }
        }
    }

    fn data(&self) -> Value {
        json!({
            "connected": self.connected,
            "heard": self.heard,
            "answered": self.answered,
            "losses": self.losses,
            "facts": self.memory.facts(),
        })
    }
}

fn history() -> usize {
    HISTORY
}

yoi_pdk::export_plugin!(Chatbot);

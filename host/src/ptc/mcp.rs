//! Tools that are those of a server which speaks the Model Context Protocol.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ContentBlock, Implementation,
    PaginatedRequestParams,
};
use rmcp::service::{ClientInitializeError, RoleClient, RunningService, ServiceError, ServiceExt as _};
use serde_json::value::{RawValue, to_raw_value};
use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;

use super::call::{ToolCall, ToolError, ToolResult};
use super::drive::Tools;
use super::group::Group;
use super::names::identifier;
use crate::limits::{
    CHILD_STDERR_BYTES, MCP_FAREWELL, MCP_LAST_WORDS, MCP_START, PTC_SHOWN_BYTES, PTC_TOOLS, WIRE_READ_BYTES,
};
use crate::text::bounded;
use crate::wire::child::Tail;
use crate::world::Pending;

/// The tools of a server that a local command starts, which speaks MCP on its standard input and output.
///
/// A tool whose name is no identifier is called by one that is made of it: `get-weather` by `get_weather`. What it
/// answers is its structured content where it gives any, else its text; where it answers with more than text, the list
/// of its blocks. An answer that says of itself that it is an error is an exception of the code.
pub struct McpTools {
    command: String,
    /// What the server calls them, by what the code does.
    tools: BTreeMap<String, String>,
    service: RunningService<RoleClient, ClientConfig>,
    group: Group,
    stderr: Arc<Mutex<Tail>>,
    stderr_over: tokio::sync::watch::Receiver<()>,
}

/// Why there are no tools of a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum McpError {
    /// It cannot be started.
    #[error("failed to start the MCP server `{command}`: {cause}")]
    Start {
        /// The command.
        command: String,
        /// Why.
        cause: io::Error,
    },
    /// It does not begin as a server does, or does not list its tools.
    #[error("the MCP server `{command}` {what}{}", said(.stderr))]
    Trouble {
        /// The command.
        command: String,
        /// What it does instead.
        what: String,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// Two of its tools would have the same name.
    #[error(
        "the MCP server `{command}` has `{first}` and `{second}`, both of which code would call `{name}`"
    )]
    Clash {
        /// The command.
        command: String,
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// How code would call either.
        name: String,
    },
}

impl McpTools {
    /// Start the server and ask for its tools. The command is run by the shell. Needs a runtime of tokio, the one that
    /// will drive the session.
    ///
    /// # Errors
    ///
    /// [`McpError`]. Nothing is left running then.
    pub async fn start(command: &str) -> Result<Self, McpError> {
        let start = |cause| McpError::Start {
            command: command.to_owned(),
            cause,
        };
        let mut group = Group::spawn(command).map_err(start)?;
        let child = &mut group.child;
        let (Some(stdin), Some(stdout), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three were asked for");
        };
        let stderr = Arc::new(Mutex::new(Tail::of(CHILD_STDERR_BYTES)));
        let (over, mut stderr_over) = tokio::sync::watch::channel(());
        tokio::spawn(keep(errors, Arc::clone(&stderr), over));

        let client = ClientConfig::new(
            ClientCapabilities::default(),
            Implementation::new("yoikit", env!("CARGO_PKG_VERSION")),
        );
        let begun = async {
            let service = client.serve((stdout, stdin)).await.map_err(|error| match error {
                ClientInitializeError::TransportError { .. } | ClientInitializeError::ConnectionClosed(_) => {
                    "is gone before it has begun".to_owned()
                }
                error => format!("does not begin: {error}"),
            })?;
            let listed = list(&service).await?;
            Ok((service, listed))
        };
        let begun = tokio::time::timeout(MCP_START, begun)
            .await
            .unwrap_or_else(|_| Err(format!("has not listed its tools within {MCP_START:?}")));
        let (service, listed) = match begun {
            Ok(begun) => begun,
            Err(what) => {
                let stderr = last_words(&stderr, &mut stderr_over).await;
                let command = command.to_owned();
                return Err(McpError::Trouble {
                    command,
                    what,
                    stderr,
                });
            }
        };
        Ok(Self {
            tools: named(command, listed)?,
            command: command.to_owned(),
            service,
            group,
            stderr,
            stderr_over,
        })
    }

    /// What the code calls them.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.tools.keys().cloned().collect()
    }

    /// Let the server go: its input ends, and it is killed if it does not go by itself.
    pub async fn end(mut self) {
        let gone = async {
            let _ = self.service.close().await;
            let _ = self.group.child.wait().await;
        };
        let _ = tokio::time::timeout(MCP_FAREWELL, gone).await;
    }

    async fn run(&self, call: &ToolCall) -> ToolResult {
        let Some(name) = self.tools.get(&call.tool) else {
            let said = format!("`{}` has no tool '{}'", self.command, call.tool);
            return Err(ToolError::new("UnknownToolError", said));
        };
        let arguments = serde_json::from_str(call.args.get()).map_err(|error| {
            ToolError::new("ValueError", format!("the arguments cannot be sent: {error}"))
        })?;
        let params = CallToolRequestParams::new(name.clone()).with_arguments(arguments);
        match self.service.call_tool(params).await {
            Ok(result) => answer(result),
            Err(ServiceError::McpError(error)) => Err(ToolError::new("ToolError", error.message)),
            Err(ServiceError::TransportClosed | ServiceError::TransportSend(_)) => {
                let stderr = last_words(&self.stderr, &mut self.stderr_over.clone()).await;
                let said = format!("the MCP server `{}` is gone{}", self.command, said(&stderr));
                Err(ToolError::new("ConnectionError", said))
            }
            Err(error) => Err(ToolError::new("ToolError", error.to_string())),
        }
    }
}

impl Tools for McpTools {
    fn call(&self, call: ToolCall) -> Pending<'_, ToolResult> {
        Box::pin(async move { self.run(&call).await })
    }
}

/// The names of its tools.
async fn list(service: &RunningService<RoleClient, ClientConfig>) -> Result<Vec<String>, String> {
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = service.peer().list_tools(Some(params)).await;
        let page = page.map_err(|error| format!("does not list its tools: {error}"))?;
        let is_empty = page.tools.is_empty();
        names.extend(page.tools.into_iter().map(|tool| tool.name.into_owned()));
        if names.len() > PTC_TOOLS {
            return Err(format!("has more than {PTC_TOOLS} tools"));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(names);
        }
        if is_empty {
            return Err("lists pages without tools, and more of them to come".to_owned());
        }
    }
}

/// What code calls them.
fn named(command: &str, listed: Vec<String>) -> Result<BTreeMap<String, String>, McpError> {
    let mut tools = BTreeMap::new();
    for second in listed {
        let name = identifier(&second);
        if let Some(first) = tools.insert(name.clone(), second.clone())
            && first != second
        {
            return Err(McpError::Clash {
                command: command.to_owned(),
                first,
                second,
                name,
            });
        }
    }
    Ok(tools)
}

fn answer(result: CallToolResult) -> ToolResult {
    let texts: Option<Vec<&str>> = result
        .content
        .iter()
        .map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        })
        .collect();
    if result.is_error == Some(true) {
        let said = match &texts {
            Some(texts) if !texts.is_empty() => texts.join("\n"),
            _ => "the tool failed, and does not say why".to_owned(),
        };
        return Err(ToolError::new("ToolError", said));
    }
    let answer = match (&result.structured_content, texts) {
        (Some(structured), _) => to_raw_value(structured),
        (None, Some(texts)) if texts.is_empty() => Ok(RawValue::NULL.to_owned()),
        (None, Some(texts)) => to_raw_value(&texts.join("\n")),
        (None, None) => to_raw_value(&result.content),
    };
    answer.map_err(|error| ToolError::new("ValueError", error.to_string()))
}

async fn keep(mut from: ChildStderr, tail: Arc<Mutex<Tail>>, over: tokio::sync::watch::Sender<()>) {
    let mut bytes = [0; WIRE_READ_BYTES];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        tail.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(&bytes[..read]);
    }
    drop(over);
}

/// What a server that is gone has said last. Somebody else may hold that pipe open.
async fn last_words(tail: &Mutex<Tail>, over: &mut tokio::sync::watch::Receiver<()>) -> String {
    let _ = tokio::time::timeout(MCP_LAST_WORDS, over.changed()).await;
    tail.lock().unwrap_or_else(PoisonError::into_inner).text()
}

fn said(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => {
            let from = text.ceil_char_boundary(text.len().saturating_sub(PTC_SHOWN_BYTES));
            format!("; it said: {}", bounded(&text[from..], PTC_SHOWN_BYTES))
        }
    }
}

impl fmt::Debug for McpTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpTools")
            .field("command", &self.command)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answered(result: serde_json::Value) -> Result<String, String> {
        answer(serde_json::from_value(result).unwrap())
            .map(|value| value.get().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn an_answer_is_its_structure_or_its_text_or_its_blocks() {
        let text = |text: &str| json!({"type": "text", "text": text});
        let image = json!({"type": "image", "data": "", "mimeType": "image/png"});
        let both = json!({"content": [text("x")], "structuredContent": {"a": 1}});
        assert_eq!(answered(both), Ok("{\"a\":1}".to_owned()));
        assert_eq!(
            answered(json!({"content": [text("x"), text("y")]})),
            Ok("\"x\\ny\"".to_owned())
        );
        assert_eq!(answered(json!({"content": []})), Ok("null".to_owned()));
        let mixed = answered(json!({"content": [text("x"), image]})).unwrap();
        assert!(mixed.starts_with("[{\"type\":\"text\""), "{mixed}");
    }

    #[test]
    fn an_answer_that_is_an_error_is_one() {
        let said = json!({"content": [{"type": "text", "text": "no"}], "isError": true});
        assert_eq!(answered(said), Err("ToolError: no".to_owned()));
        let silent = json!({"content": [], "isError": true});
        assert_eq!(
            answered(silent),
            Err("ToolError: the tool failed, and does not say why".to_owned())
        );
    }

    #[test]
    fn names_that_become_the_same_are_refused() {
        let names = |names: &[&str]| named("s", names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(names(&["a-b"]).unwrap()["a_b"], "a-b");
        insta::assert_snapshot!(names(&["a-b", "a.b"]).unwrap_err(), @"the MCP server `s` has `a-b` and `a.b`, both of which code would call `a_b`");
    }
}

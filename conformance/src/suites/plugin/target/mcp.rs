//! A server of tools that speaks the Model Context Protocol over standard input and output.
//!
//! It has no manifest, no life and no imports: of the contract, what is said of tools is asked of it. Its tools are
//! those that it lists. It is called with objects only, so that any other input is handed over as the member
//! `input` of one. What it answers becomes a ToolOutput: its texts the content, `isError` or an error of the protocol
//! a failure that the tool reports.
//!
//! A server has no life of its own to begin anew: as a client does it, a case keeps its server for all that it asks, one
//! input after the other, and ends it with itself. An input that fails is tried again on a server of its own, and
//! made smaller there.
//!
//! The wire is ours, and not a library's: what a target writes has to be bounded, kept and shown as it came.

use serde::Deserialize;
use serde_json::{Value, json};
use yoi_host::Profile;
use yoi_host::component::World;
use yoi_host::limits::SUMMARY_BYTES;
use yoi_host::plugin::message::{IngressEvent, PluginStatus, ServiceOutput, ToolOutput};
use yoi_host::plugin::{CallError, Entry, InputError, Lifecycle};

use super::{CallFailure, Door, GuestTarget, Life, ProcessTimes, Tool, host_status, of_rpc};
use crate::context::OnInterrupt;
use crate::limits::{CHILD_STDERR_SHOWN_BYTES, MCP_PAGES, PROCESS_MEMORY_BYTES};
use crate::target::{Child, Rpc, RpcError, TheirRequest};
use crate::{About, Context};

/// The revision of the protocol that is offered. A server may answer with an older one: tools are the same in all.
const REVISION: &str = "2025-06-18";

/// A server, and what it listed.
pub(super) struct McpDoor {
    program: String,
    arguments: Vec<String>,
    times: ProcessTimes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    tools: Vec<Listed>,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    #[serde(default)]
    input_schema: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    content: Vec<Value>,
    #[serde(default)]
    is_error: bool,
}

impl GuestTarget {
    /// A server that this command starts. It is started once to list its tools; one that does not is a target as
    /// well: that it does not is what there is to say about it.
    #[must_use]
    pub fn mcp_of(name: &str, command: &[String], profile: Profile, times: ProcessTimes) -> Self {
        let (program, arguments) = command
            .split_first()
            .map_or((String::new(), Vec::new()), |(program, rest)| {
                (program.clone(), rest.to_vec())
            });
        let door = McpDoor {
            program,
            arguments,
            times,
        };
        let listed = match profile {
            Profile::Documented => door.list().map_err(|error| error.to_string()),
            Profile::Yoi => Err("the yoi host runs components, and no servers".to_owned()),
        };
        let (tools, trouble) = match listed {
            Ok(tools) => (tools, None),
            Err(trouble) => (Vec::new(), Some(trouble)),
        };
        Self {
            about: About {
                name: name.to_owned(),
                door: "mcp".into(),
                profile: profile.name().into(),
                digest: None,
                remark: Some("a server has tools only: no more is asked of it".into()),
                trouble,
            },
            world: Some(World::Tool),
            tools,
            ingresses: Vec::new(),
            manifest: None,
            door: Door::Mcp(door),
        }
    }
}

impl McpDoor {
    fn begin(
        &self,
        interruptible: impl FnOnce(&Child) -> Option<OnInterrupt>,
    ) -> Result<(Rpc, Option<OnInterrupt>), RpcError> {
        let child = Child::spawn(&self.program, &self.arguments)?.holding_at_most(PROCESS_MEMORY_BYTES);
        let hook = interruptible(&child);
        let mut rpc = Rpc::new(child);
        let params = json!({
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": {"name": "yoikit", "version": env!("CARGO_PKG_VERSION")},
        });
        rpc.ask("initialize", &params, self.times.hello, &mut serve)?;
        rpc.notify("notifications/initialized")?;
        Ok((rpc, hook))
    }

    fn list(&self) -> Result<Vec<Tool>, RpcError> {
        let (mut rpc, _) = self.begin(|_| None)?;
        let (mut tools, mut cursor) = (Vec::new(), None);
        for _ in 0..MCP_PAGES {
            let params = cursor.map_or_else(|| json!({}), |cursor: String| json!({"cursor": cursor}));
            let page = rpc.ask("tools/list", &params, self.times.call, &mut serve)?;
            let page: Page = serde_json::from_value(page).map_err(|error| {
                RpcError::Protocol(format!("its answer to `tools/list` is none: {error}"))
            })?;
            tools.extend(page.tools.into_iter().map(|tool| Tool {
                name: tool.name,
                input_schema: tool.input_schema,
            }));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(tools);
            }
        }
        let said = format!("its list of tools has more than {MCP_PAGES} pages");
        Err(RpcError::Protocol(said))
    }

    pub(super) fn open<'d>(&'d self, context: &Context) -> Server<'d> {
        Server {
            door: self,
            context: context.clone(),
            live: None,
        }
    }
}

/// What a server may ask of us: whether we are there.
fn serve(asked: TheirRequest<'_>) -> Result<Result<Value, Value>, RpcError> {
    Ok(match asked.method {
        "ping" => Ok(json!({})),
        _ => Err(json!({"code": -32601, "message": "this client offers nothing of that kind"})),
    })
}

/// A running server.
pub(super) struct Server<'d> {
    door: &'d McpDoor,
    context: Context,
    live: Option<(Rpc, Option<OnInterrupt>)>,
}

impl Server<'_> {
    /// Leave the server to the lives that follow in this case.
    fn let_go(&mut self) {
        if let Some((rpc, _)) = self.live.take() {
            self.context.keep(rpc);
        }
    }

    fn call(&mut self, name: &str, arguments: &Value) -> Result<ToolOutput, CallFailure> {
        if self.live.is_none() {
            let context = &self.context;
            let interruptible = |child: &Child| {
                let ender = child.ender();
                Some(context.on_interrupt(move || ender.end()))
            };
            self.live = Some(match context.kept::<Rpc>() {
                Some(mut rpc) => {
                    let hook = interruptible(rpc.child());
                    (rpc, hook)
                }
                None => self.door.begin(interruptible).map_err(of_rpc)?,
            });
        }
        let Some((rpc, _)) = &mut self.live else {
            return Err(CallError::NotRunning {
                entry: Entry::Call,
                lifecycle: Lifecycle::Failed,
                last_error: None,
            }
            .into());
        };
        let params = json!({"name": name, "arguments": arguments});
        match rpc.ask("tools/call", &params, self.door.times.call, &mut serve) {
            Ok(answer) => output(&answer),
            // The protocol's own way to say that arguments or names are wrong.
            Err(RpcError::Answered { error, .. }) => Ok(refusal(&error)),
            Err(error) => {
                self.live = None;
                Err(of_rpc(error))
            }
        }
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.let_go();
    }
}

fn output(answer: &Value) -> Result<ToolOutput, CallFailure> {
    let read = Answer::deserialize(answer).map_err(|error| CallFailure {
        code: "output.not-a-result".into(),
        message: format!("its answer to `tools/call` is none: {error}"),
        lost: false,
    })?;
    let texts: Result<Vec<String>, CallFailure> = read.content.iter().map(text_of).collect();
    let content = texts?.join("\n");
    if read.is_error {
        return Ok(refusal(&json!({"message": content})));
    }
    let summary = crate::text::bounded(content.lines().next().unwrap_or_default(), SUMMARY_BYTES - 32);
    Ok(ToolOutput {
        summary: if summary.is_empty() {
            "answered".to_owned()
        } else {
            summary
        },
        content: Some(content),
    })
}

/// A block of content as text: its own, or all of it where it is of another of the protocol's kinds.
fn text_of(block: &Value) -> Result<String, CallFailure> {
    let is_text = |key: &str| block[key].is_string();
    let sound = match block["type"].as_str() {
        Some("text") => is_text("text"),
        Some("image" | "audio") => is_text("data") && is_text("mimeType"),
        Some("resource_link") => is_text("uri") && is_text("name"),
        Some("resource") => block["resource"]["uri"].is_string(),
        _ => false,
    };
    if !sound {
        let shown = crate::text::bounded(&block.to_string(), CHILD_STDERR_SHOWN_BYTES);
        return Err(CallFailure {
            code: "output.not-a-result".into(),
            message: format!(
                "its answer to `tools/call` has content of no kind that revision {REVISION} knows: {shown}"
            ),
            lost: false,
        });
    }
    Ok(match block["text"].as_str() {
        Some(text) => text.to_owned(),
        None => block.to_string(),
    })
}

/// An error, as a tool of a plugin reports it.
fn refusal(error: &Value) -> ToolOutput {
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
    ToolOutput {
        summary: "tool error: failed".to_owned(),
        content: Some(json!({"error": {"code": "failed", "message": message}}).to_string()),
    }
}

impl Life for Server<'_> {
    fn start(&mut self) -> Result<PluginStatus, CallFailure> {
        Ok(host_status("ready"))
    }

    fn handle_tool(&mut self, name: &str, input_json: &str) -> Result<ToolOutput, CallFailure> {
        let input: Value = serde_json::from_str(input_json).map_err(|error| {
            CallFailure::from(CallError::Input(InputError::NotJson {
                what: "tool input",
                error: error.to_string(),
            }))
        })?;
        let arguments = if input.is_object() {
            input
        } else {
            json!({"input": input})
        };
        self.call(name, &arguments)
    }

    fn handle_ingress(&mut self, _: &str, _: &IngressEvent) -> Result<ServiceOutput, CallFailure> {
        let (entry, world) = (Entry::HandleIngress, World::Tool);
        Err(CallError::NoExport { entry, world }.into())
    }

    fn status(&mut self) -> Result<PluginStatus, CallFailure> {
        Ok(host_status("ready"))
    }

    fn stop(&mut self) -> Result<PluginStatus, CallFailure> {
        self.let_go();
        Ok(host_status("stopped"))
    }

    fn lifecycle(&self) -> Lifecycle {
        Lifecycle::Ready
    }
}

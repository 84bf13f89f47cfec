//! A plugin that is a process: the wire `yoikit.plugin/1`.
//!
//! `docs/plugin-process.md` describes it, and `guests/process/counter.py` is one. [`wire`] has the lines as types.

pub mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yoi_host::Profile;
use yoi_host::component::World;
use yoi_host::engine::Cancel;
use yoi_host::imports::{Asked, Import, ImportsCtx, Patience};
use yoi_host::plugin::message::{
    IngressEvent, OutputError, PluginStatus, ServiceAnswer, ServiceOutput, StatusAnswer, ToolOutput,
};
use yoi_host::plugin::{CallError, Entry, InputError, Lifecycle};

use super::{CallFailure, Door, GuestTarget, Life, ProcessTimes, Setup, Tool, host_status, of_rpc};
use crate::context::OnInterrupt;
use crate::limits::PROCESS_MEMORY_BYTES;
use crate::target::{Child, Rpc, RpcError, TheirRequest};
use crate::{About, Context, Stop};

const PROTOCOL: &str = "yoikit.plugin/1";

/// A program, and what it said of itself.
pub(super) struct ProcessDoor {
    program: String,
    arguments: Vec<String>,
    profile: Profile,
    world: World,
    times: ProcessTimes,
    /// Whether `hello` makes it new.
    renews: bool,
    /// Those that nobody uses, of a program that renews itself.
    idle: Mutex<Vec<Rpc>>,
}

/// What a program says of itself: its answer to `hello`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Hello {
    /// `yoikit.plugin/1`.
    pub protocol: String,
    /// The world that it stands in.
    pub world: HelloWorld,
    /// The tools that it has.
    #[serde(default)]
    pub tools: Vec<HelloTool>,
    /// The ingresses that take events.
    #[serde(default)]
    pub ingresses: Vec<String>,
    /// Whether another `hello` makes it as new as a process that was just started.
    #[serde(default)]
    pub renews: bool,
}

/// The world that a program stands in.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HelloWorld {
    /// It is started, and lives until it is stopped.
    Instance,
    /// It lives for one call.
    Tool,
}

/// A tool of a program.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct HelloTool {
    /// Its name.
    pub name: String,
    /// What it takes: JSON Schema. Anything, where it does not say.
    #[serde(default)]
    pub input_schema: Value,
}

impl GuestTarget {
    /// A program that speaks `yoikit.plugin/1`. It is started once to hear what it is; one that does not say so is a
    /// target as well: that it does not is what there is to say about it.
    #[must_use]
    pub fn process_of(name: &str, command: &[String], profile: Profile, times: ProcessTimes) -> Self {
        let (program, arguments) = command
            .split_first()
            .map_or((String::new(), Vec::new()), |(program, rest)| {
                (program.clone(), rest.to_vec())
            });
        let mut door = ProcessDoor {
            program,
            arguments,
            profile,
            world: World::Instance,
            times,
            renews: false,
            idle: Mutex::default(),
        };
        let hello = match profile {
            Profile::Documented => door.hello(),
            Profile::Yoi => Err("the yoi host runs components, and no processes".to_owned()),
        };
        let mut about = About {
            name: name.to_owned(),
            door: "process".into(),
            profile: profile.name().into(),
            digest: None,
            remark: None,
            trouble: None,
        };
        let (mut world, mut tools, mut ingresses) = (None, Vec::new(), Vec::new());
        match hello {
            Err(trouble) => about.trouble = Some(trouble),
            Ok(hello) => {
                door.world = match hello.world {
                    HelloWorld::Instance => World::Instance,
                    HelloWorld::Tool => World::Tool,
                };
                door.renews = hello.renews;
                world = Some(door.world);
                ingresses = hello.ingresses;
                let listed = hello.tools.into_iter().map(|tool| Tool {
                    name: tool.name,
                    input_schema: tool.input_schema,
                });
                tools = listed.collect();
            }
        }
        Self {
            about,
            world,
            tools,
            ingresses,
            manifest: None,
            door: Door::Process(door),
        }
    }
}

impl ProcessDoor {
    fn hello(&self) -> Result<Hello, String> {
        let (_, _, answer) =
            begin(self, |_| None).map_err(|error| format!("it does not say hello: {error}"))?;
        let hello: Hello = serde_json::from_value(answer)
            .map_err(|error| format!("its answer to `hello` is none: {error}"))?;
        if hello.protocol != PROTOCOL {
            return Err(format!("it speaks `{}`, not `{PROTOCOL}`", hello.protocol));
        }
        Ok(hello)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Rpc>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it says that `hello` makes it new.
    pub(super) fn renews(&self) -> bool {
        self.renews
    }

    /// What one process says when it is begun, and again when it has worked and was told `hello` once more: its answer
    /// to that, and in the world `instance` what it is then, before anything was asked of it. There it may be stopped, as
    /// it is at the end of a life, before it is told.
    pub(super) fn twice(&self, context: &Context, tools: &[Tool], stopped: bool) -> Result<[Value; 2], Stop> {
        let failed = |failure: CallFailure| {
            if failure.lost {
                context.broke(&failure.message);
            }
            Stop::fail("an answer", failure.message)
        };
        let mut life = self.open(context, Setup::default())?;
        life.begin().map_err(failed)?;
        let mut seen = [Value::Null, Value::Null];
        for said in &mut seen {
            context.sent("hello", "");
            let Some((rpc, _)) = &mut life.live else {
                return Err(Stop::fail("a process that is there", "it is gone"));
            };
            let hello = greet(self, rpc).map_err(|error| failed(of_rpc(error)))?;
            context.got("hello", &hello.to_string());
            let mut ask = |entry: Entry, params: Value| {
                context.sent(entry.name(), &params.to_string());
                let answer = life.ask(entry, params).map_err(failed);
                context.got(entry.name(), answer.as_deref().unwrap_or("no answer"));
                answer
            };
            let mut status = Value::Null;
            if self.world == World::Instance {
                ask(Entry::Start, json!({"config": null}))?;
                status = serde_json::from_str(&ask(Entry::Status, json!({}))?).unwrap_or_default();
            }
            for tool in tools {
                ask(Entry::HandleTool, json!({"name": tool.name, "input": {}}))?;
            }
            if stopped {
                ask(Entry::Stop, json!({}))?;
            }
            *said = json!({"hello": hello, "status": status});
        }
        Ok(seen)
    }

    pub(super) fn open(&self, context: &Context, setup: Setup) -> Result<Process<'_>, Stop> {
        let config = serde_json::from_str(&setup.config).map_err(|error| {
            Stop::Harness(format!("the case gives a configuration that is none: {error}"))
        })?;
        Ok(Process {
            door: self,
            context: context.clone(),
            config,
            imports: ImportsCtx::new(self.profile, setup.access),
            live: None,
            lifecycle: Lifecycle::Ready,
            last_error: None,
        })
    }
}

/// One life of the program: a process, or in the world `tool` one a call.
pub(super) struct Process<'d> {
    door: &'d ProcessDoor,
    context: Context,
    config: Value,
    imports: ImportsCtx,
    live: Option<(Rpc, Option<OnInterrupt>)>,
    lifecycle: Lifecycle,
    last_error: Option<String>,
}

impl Process<'_> {
    fn begin(&mut self) -> Result<(), CallFailure> {
        let context = &self.context;
        let (rpc, hook, _) = begin(self.door, |child| {
            let ender = child.ender();
            Some(context.on_interrupt(move || ender.end()))
        })
        .map_err(of_rpc)?;
        self.live = Some((rpc, hook));
        Ok(())
    }

    /// This life is over. The process may serve another.
    fn let_go(&mut self) {
        if let Some((rpc, _)) = self.live.take()
            && self.door.renews
        {
            self.door.idle().push(rpc);
        }
    }

    /// Ask, and give the answer as a component would have given it: as text.
    fn ask(&mut self, entry: Entry, params: Value) -> Result<String, CallFailure> {
        let Some((rpc, _)) = &mut self.live else {
            return Err(self.not_running(entry));
        };
        let until = Instant::now() + self.door.times.call;
        self.imports.begin(Patience::new(Cancel::default(), until));
        let imports = &mut self.imports;
        let answer = rpc.ask(entry.name(), &params, self.door.times.call, &mut |asked| {
            serve(imports, &asked).map(Ok)
        });
        let answer = answer.map_err(of_rpc);
        if answer.as_ref().is_err_and(|failure| failure.lost) {
            self.live = None;
        }
        Ok(answer?.to_string())
    }

    fn status_of(&mut self, entry: Entry, params: Value) -> Result<PluginStatus, CallFailure> {
        let answer = self.ask(entry, params)?;
        match PluginStatus::read(self.door.profile, &answer) {
            Ok(StatusAnswer::Status(status)) => Ok(status),
            Ok(StatusAnswer::Failure(answer)) => Err(CallError::Reported {
                entry,
                answer: answer.to_string(),
            }
            .into()),
            Err(error) => Err(output(entry, error)),
        }
    }

    /// The next state: `then`, or failed.
    fn settle<T>(&mut self, then: Lifecycle, result: Result<T, CallFailure>) -> Result<T, CallFailure> {
        match &result {
            Ok(_) => self.lifecycle = then,
            Err(failure) => self.fail(failure),
        }
        result
    }

    fn fail(&mut self, failure: &CallFailure) {
        self.lifecycle = Lifecycle::Failed;
        self.last_error = Some(failure.message.clone());
    }

    fn not_running(&self, entry: Entry) -> CallFailure {
        CallError::NotRunning {
            entry,
            lifecycle: self.lifecycle,
            last_error: self.last_error.clone(),
        }
        .into()
    }

    fn expect_running(&self, entry: Entry) -> Result<(), CallFailure> {
        match self.lifecycle {
            Lifecycle::Running => Ok(()),
            _ => Err(self.not_running(entry)),
        }
    }
}

impl Life for Process<'_> {
    fn start(&mut self) -> Result<PluginStatus, CallFailure> {
        if self.door.world == World::Tool {
            return Ok(host_status("ready"));
        }
        if self.lifecycle != Lifecycle::Ready {
            return Err(self.not_running(Entry::Start));
        }
        let params = json!({"config": self.config});
        let started = self.begin().and_then(|()| self.status_of(Entry::Start, params));
        self.settle(Lifecycle::Running, started)
    }

    fn handle_tool(&mut self, name: &str, input_json: &str) -> Result<ToolOutput, CallFailure> {
        let entry = Entry::HandleTool;
        let input: Value = match serde_json::from_str(input_json) {
            Ok(input) => input,
            Err(error) => {
                let error = error.to_string();
                let what = "tool input";
                return Err(CallError::Input(InputError::NotJson { what, error }).into());
            }
        };
        match self.door.world {
            World::Tool => self.begin()?,
            World::Instance => self.expect_running(entry)?,
        }
        let answer = self.ask(entry, json!({"name": name, "input": input}));
        if self.door.world == World::Tool {
            self.let_go();
        } else if let Err(failure) = answer.as_ref()
            && failure.lost
        {
            self.fail(&failure.clone());
        }
        ToolOutput::read(&answer?).map_err(|error| output(entry, error))
    }

    fn handle_ingress(&mut self, name: &str, event: &IngressEvent) -> Result<ServiceOutput, CallFailure> {
        let entry = Entry::HandleIngress;
        if self.door.world == World::Tool {
            let world = World::Tool;
            return Err(CallError::NoExport { entry, world }.into());
        }
        self.expect_running(entry)?;
        event
            .to_json_for(name)
            .map_err(|error| CallFailure::from(CallError::Input(error.into())))?;
        let answer = self.ask(entry, json!({"name": name, "event": event}));
        if let Err(failure) = answer.as_ref()
            && failure.lost
        {
            self.fail(&failure.clone());
        }
        match ServiceOutput::read(self.door.profile, &answer?, &event.correlation_id) {
            Ok(ServiceAnswer::Output(output)) => Ok(output),
            Ok(ServiceAnswer::Failure(answer)) => Err(CallError::Reported {
                entry,
                answer: answer.to_string(),
            }
            .into()),
            Err(error) => {
                let failure = output(entry, error);
                self.fail(&failure);
                Err(failure)
            }
        }
    }

    fn status(&mut self) -> Result<PluginStatus, CallFailure> {
        if self.door.world == World::Tool {
            return Ok(host_status("ready"));
        }
        self.expect_running(Entry::Status)?;
        let status = self.status_of(Entry::Status, json!({}));
        self.settle(Lifecycle::Running, status)
    }

    fn stop(&mut self) -> Result<PluginStatus, CallFailure> {
        if matches!(self.lifecycle, Lifecycle::Ready | Lifecycle::Stopped) {
            if self.door.world == World::Instance {
                self.lifecycle = Lifecycle::Stopped;
            }
            return Ok(host_status("stopped"));
        }
        if self.live.is_none() {
            return Err(self.not_running(Entry::Stop));
        }
        let mut stopped = self.status_of(Entry::Stop, json!({}));
        if let Some((mut rpc, _hook)) = self.live.take()
            && stopped.is_ok()
            && let Err(error) = rpc.child().finish(self.door.times.call)
        {
            stopped = Err(CallFailure {
                code: "process.stays".into(),
                message: format!("it was stopped and its input closed, but it does not end: {error}"),
                lost: true,
            });
        }
        self.settle(Lifecycle::Stopped, stopped)
    }

    fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }
}

/// Start the program, and hear what it is.
fn begin(
    door: &ProcessDoor,
    interruptible: impl FnOnce(&mut Child) -> Option<OnInterrupt>,
) -> Result<(Rpc, Option<OnInterrupt>, Value), RpcError> {
    let idle = door.idle().pop();
    if let Some(mut rpc) = idle
        // One that ended meanwhile, or does not renew itself after all, makes room for a new one.
        && let Ok(hello) = greet(door, &mut rpc)
    {
        let hook = interruptible(rpc.child());
        return Ok((rpc, hook, hello));
    }
    let mut child = Child::spawn(&door.program, &door.arguments)?.holding_at_most(PROCESS_MEMORY_BYTES);
    let hook = interruptible(&mut child);
    let mut rpc = Rpc::new(child);
    let hello = greet(door, &mut rpc)?;
    Ok((rpc, hook, hello))
}

fn greet(door: &ProcessDoor, rpc: &mut Rpc) -> Result<Value, RpcError> {
    let params = json!({"protocol": PROTOCOL, "profile": door.profile});
    rpc.ask("hello", &params, door.times.hello, &mut |_| {
        let said = "it asked the host for something before it was asked itself";
        Err(RpcError::Protocol(said.to_owned()))
    })
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Carry out what a plugin asks of the host.
fn serve(imports: &mut ImportsCtx, asked: &TheirRequest<'_>) -> Result<Value, RpcError> {
    let import = match asked.method {
        "request.request" => Import::Request,
        "websocket.open" => Import::WebsocketOpen,
        "websocket.send-text" => Import::WebsocketSendText,
        "websocket.recv" => Import::WebsocketRecv,
        "websocket.close" => Import::WebsocketClose,
        "fs.read" => Import::FsRead,
        "fs.list" => Import::FsList,
        "fs.write" => Import::FsWrite,
        other => {
            let said = format!("it asked for `{other}`, which no host offers");
            return Err(RpcError::Protocol(said));
        }
    };
    if asked.notification {
        return Err(RpcError::Protocol(format!(
            "it asked for `{}` without an `id`",
            asked.method
        )));
    }
    let params = asked.params;
    let number = |key: &str| {
        let number = params.get(key).and_then(Value::as_u64);
        number
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or_default()
    };
    let text = match import {
        Import::WebsocketSendText => params
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        Import::WebsocketRecv | Import::WebsocketClose => String::new(),
        _ => params.get("request").unwrap_or(&Value::Null).to_string(),
    };
    let asked = Asked {
        import,
        handle: number("handle"),
        timeout_ms: number("timeout_ms"),
        text: &text,
    };
    let (answer,) = imports
        .serve(asked)
        .map_err(|error| RpcError::Ended(error.to_string()))?;
    // What the imports answer with is JSON.
    serde_json::from_str(&answer).map_err(|error| RpcError::Ended(error.to_string()))
}

fn output(entry: Entry, error: OutputError) -> CallFailure {
    CallError::Output { entry, error }.into()
}

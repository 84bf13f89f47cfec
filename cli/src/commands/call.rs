//! `yoikit call`: one tool, called for real.

use yoi_host::Profile;
use yoi_host::component::World;
use yoi_host::engine::Cancel;
use yoi_host::imports::{Access, HostCall};
use yoi_host::limits::CONFIG_BYTES;
use yoi_host::plugin::message::{PluginStatus, ToolOutput};
use yoi_host::plugin::{CallError, Entry, Instance, Measures, Plugin};

use super::stage::{self, Stage};
use super::{engine, grants, json_argument, open, plugin_report, tool_input};
use crate::args::Call;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{CallReport, ErrorReport, LimitsReport, PluginReport};
use crate::screen;

pub(super) fn run(args: &Call) -> Result<Exit, Failure> {
    let input = tool_input(&args.input)?;
    let config = json_argument("configuration", &args.given.config, CONFIG_BYTES)?;
    let grants = grants::read(args.given.grants.as_deref())?;
    let stage = Stage::of(args)?;
    // Before a project is built for a minute.
    let limits = args.given.budget.limits(args.given.run.profile);

    let source = open(&args.path, args.given.run.profile)?;
    let plugin = Plugin::load_with(&engine(&args.given.run)?, &source.component, limits)?;
    let about = plugin_report(&source, Some(plugin.world()));
    let manifest = match args.replay {
        None => grants::manifest(args.given.manifest.as_deref(), source.manifest)?,
        // Nobody is asked.
        Some(_) => None,
    };
    let run = stage::header(args, &about.sha256, manifest.as_ref());
    let binding = grants::binding(&grants, manifest.as_ref(), source.digest);
    let (access, staged) = stage.set(&run, || Ok(grants::access(grants, manifest.as_ref(), &binding)))?;
    let wanted = Wanted {
        tool: &args.tool,
        input: &input,
        config: &config,
    };
    let mut report = life(&plugin, about, &wanted, access, |_| {})?;

    let last = report.calls.last().map_or(Entry::Instantiate, |call| call.entry);
    let (left, host_failed) = staged.close(last);
    report.errors.extend(left);
    report.ok = report.errors.is_empty();
    report.replayed = staged.replayed;
    if args.json {
        screen::to_the_end(screen::json(&report))?;
    } else {
        screen::to_the_end(screen::call(&report))?;
    }
    let of_plugin = if report.ok { Exit::Ok } else { Exit::PluginFailed };
    Ok(host_failed.unwrap_or(of_plugin))
}

/// A call.
pub(super) struct Wanted<'a> {
    pub(super) tool: &'a str,
    /// JSON.
    pub(super) input: &'a str,
    /// JSON.
    pub(super) config: &'a str,
}

/// A plugin's life for the sake of one call, told. `running` is given what ends it early.
pub(super) fn life(
    plugin: &Plugin,
    about: PluginReport,
    wanted: &Wanted<'_>,
    access: Access,
    running: impl FnOnce(Cancel),
) -> Result<CallReport, Failure> {
    let instance = plugin
        .instance_with(wanted.config, access)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    running(instance.canceller());
    let ran = Ran::through(instance, wanted.tool, wanted.input);
    if let Some(CallError::Input(error)) = ran.errors.first().map(|(_, error)| error) {
        return Err(Failure::Usage(error.to_string()));
    }
    let errors = errors(plugin.profile(), &ran);
    Ok(CallReport {
        schema: "yoikit.call/1",
        profile: plugin.profile(),
        plugin: about,
        tool: wanted.tool.to_owned(),
        ok: errors.is_empty(),
        output: ran.output,
        errors,
        status: ran.status,
        limits: LimitsReport::of(plugin.limits()),
        calls: ran.calls,
        replayed: None,
        host_calls: ran.host_calls,
        log: ran.log,
    })
}

/// Everything that went wrong: what ended a call, and what the tool says of itself.
fn errors(profile: Profile, ran: &Ran) -> Vec<ErrorReport> {
    let failed = ran
        .errors
        .iter()
        .map(|(entry, error)| ErrorReport::of(*entry, profile, error));
    let entry = ran
        .calls
        .iter()
        .map(|call| call.entry)
        .find(|entry| matches!(entry, Entry::Call | Entry::HandleTool));
    let said = ran.output.as_ref().and_then(ToolOutput::reported_error);
    let said = said
        .zip(entry)
        .map(|(error, entry)| ErrorReport::of_tool(entry, &error));
    said.into_iter().chain(failed).collect()
}

/// A plugin's life for the sake of one call, and what there is to tell of it.
#[derive(Default)]
struct Ran {
    output: Option<ToolOutput>,
    status: Option<PluginStatus>,
    errors: Vec<(Entry, CallError)>,
    calls: Vec<Measures>,
    host_calls: Vec<HostCall>,
    log: Option<yoi_host::plugin::GuestLog>,
}

impl Ran {
    /// Start it, call the tool, ask for its status, stop it: as far as it comes.
    fn through(mut instance: Instance, tool: &str, input: &str) -> Self {
        let mut ran = Self::default();
        match instance.plugin().world() {
            World::Tool => {
                let called = instance.handle_tool(tool, input);
                ran.output = ran.note(Entry::Call, &instance, called);
            }
            World::Instance => ran.through_life(&mut instance, tool, input),
        }
        let log = instance.into_log();
        ran.log = ran.log.or(log);
        ran
    }

    fn through_life(&mut self, instance: &mut Instance, tool: &str, input: &str) {
        let started = instance.start();
        if self.note(Entry::Start, instance, started).is_none() {
            return;
        }
        let called = instance.handle_tool(tool, input);
        self.output = self.note(Entry::HandleTool, instance, called);
        // A plugin that was lost can be asked nothing more.
        if self.errors.iter().any(|(_, error)| error.fault().is_some()) {
            return;
        }
        let status = instance.status();
        self.status = self.note(Entry::Status, instance, status);
        let stopped = instance.stop();
        self.note(Entry::Stop, instance, stopped);
    }

    /// Keep what an entry took and how it ended.
    fn note<T>(&mut self, entry: Entry, instance: &Instance, ended: Result<T, CallError>) -> Option<T> {
        if let Some(measures) = instance.last_call().filter(|measures| measures.entry == entry) {
            self.calls.push(*measures);
        }
        self.host_calls.extend_from_slice(instance.host_calls());
        ended.map_err(|error| self.errors.push((entry, error))).ok()
    }
}

//! `yoikit ptc run`: code from a file, and tools of every kind.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use yoi_host::ptc::transcript::Header;
use yoi_host::ptc::{CommandTools, Ended, Interpreter, McpTools, Outcome, PtcLimits, Session, Toolbox};

use super::super::read_text;
use super::ran::{Ran, cancel_when_asked};
use super::{limits, load, plugin, recording};
use crate::args::ptc::PtcRun;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::ptc::RunReport;
use crate::screen;

pub(super) fn run(args: &PtcRun) -> Result<Exit, Failure> {
    let limits = limits(&args.interpreter);
    let code = if args.file.as_os_str() == "-" {
        read_text(io::stdin().lock(), limits.code_bytes)
    } else {
        File::open(&args.file).and_then(|file| read_text(file, limits.code_bytes))
    };
    let code = code.map_err(|cause| Failure::File {
        path: args.file.clone(),
        doing: "read the code",
        cause,
    })?;
    let began = Instant::now();
    let ran = match &args.replay {
        Some(file) => recording::replay(file, &code, &args.interpreter, limits)?,
        None => live(args, &code, limits)?,
    };
    let report = RunReport {
        schema: "yoikit.ptc-run/1",
        engine: args.interpreter.engine.clone(),
        file: args.file.display().to_string(),
        ok: ran.envelope.is_ok() && ran.troubles.is_empty(),
        wall: ran.wall.unwrap_or_else(|| began.elapsed()),
        memory_bytes: ran.memory_bytes,
        replayed: ran.replayed,
        troubles: ran.troubles,
        envelope: ran.envelope,
    };
    if args.json {
        screen::to_the_end(screen::json(&report))?;
    } else {
        screen::to_the_end(screen::ptc(&report))?;
    }
    let of_code = match (report.ok, &report.envelope.outcome, ran.asked) {
        (true, ..) => Exit::Ok,
        (false, Outcome::Ended(Ended::Cancelled), Some(signal)) => signal.exit(),
        (false, ..) => Exit::PluginFailed,
    };
    Ok(ran.host_failed.unwrap_or(of_code))
}

/// Run it with the tools that were named.
fn live(args: &PtcRun, code: &str, mut limits: PtcLimits) -> Result<Ran, Failure> {
    limits.calls_in_flight = args.in_flight.into();
    let interpreter = load(&args.interpreter)?;
    // Servers live on it, besides the session.
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| Failure::Other(format!("failed to start an executor: {cause}")))?;
    executor.block_on(async {
        let mut servers = Vec::new();
        let ran = match toolbox(args, limits.answer_bytes, &mut servers).await {
            Ok(tools) => with(args, code, limits, &interpreter, &tools).await,
            Err(failure) => Err(failure),
        };
        for server in servers {
            // The tools are gone with the toolbox.
            if let Some(server) = Arc::into_inner(server) {
                server.end().await;
            }
        }
        ran
    })
}

async fn with(
    args: &PtcRun,
    code: &str,
    limits: PtcLimits,
    interpreter: &Interpreter,
    tools: &Toolbox,
) -> Result<Ran, Failure> {
    let names = tools.names();
    let recorder = match &args.record {
        Some(file) => Some(recording::begin(
            file,
            &Header::of_run(&args.interpreter.engine, code, &names),
        )?),
        None => None,
    };
    let mut session = match &recorder {
        Some(recorder) => Session::recorded(interpreter, limits, recorder.clone()),
        None => Session::new(interpreter, limits),
    };
    let asked = cancel_when_asked(session.canceller())?;
    let began = Instant::now();
    let envelope = session
        .run(code, &names, tools)
        .await
        .map_err(|refused| Failure::Usage(refused.to_string()))?;
    let mut ran = Ran {
        envelope,
        memory_bytes: session.memory_bytes(),
        wall: Some(began.elapsed()),
        replayed: None,
        troubles: Vec::new(),
        asked: asked.signal(),
        host_failed: None,
    };
    if let Some(Err(error)) = recorder.map(|recorder| recorder.finish()) {
        ran.troubles
            .push(format!("the recording is not complete: {error}"));
        ran.host_failed = Some(Exit::CouldNotRun);
    }
    Ok(ran)
}

/// Whoever answers the calls. Servers that were started are kept in `servers` as well.
async fn toolbox(
    args: &PtcRun,
    answer_bytes: usize,
    servers: &mut Vec<Arc<McpTools>>,
) -> Result<Toolbox, Failure> {
    let mut tools = Toolbox::new();
    let taken = |name: String| Failure::Usage(format!("two tools have the name `{name}`"));
    for (name, command) in &args.tools {
        let command = CommandTools::new([(name.clone(), command.clone())], answer_bytes);
        tools.add([name.clone()], Arc::new(command)).map_err(taken)?;
    }
    if let Some(path) = &args.tool_plugin {
        let plugin = plugin::tools(path, args)?;
        tools
            .add(plugin.names().to_vec(), Arc::new(plugin))
            .map_err(taken)?;
    }
    for command in &args.tool_mcp {
        let server = McpTools::start(command)
            .await
            .map_err(|error| Failure::Other(error.to_string()))?;
        let server = Arc::new(server);
        servers.push(Arc::clone(&server));
        tools.add(server.names(), server).map_err(taken)?;
    }
    Ok(tools)
}

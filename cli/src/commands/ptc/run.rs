//! `yoikit ptc run`: code from a file, its tools local commands.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use yoi_host::ptc::{CommandTools, Session, Toolbox};

use super::super::read_text;
use super::{limits, load, plugin};
use crate::args::ptc::PtcRun;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::ptc::RunReport;
use crate::screen;

pub(super) fn run(args: &PtcRun) -> Result<Exit, Failure> {
    let mut limits = limits(&args.interpreter);
    limits.calls_in_flight = args.in_flight.into();
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
    let tools = toolbox(args, limits.answer_bytes)?;
    let names = tools.names();

    let mut session = Session::new(&load(&args.interpreter)?, limits);
    let canceller = session.canceller().clone();
    // Where there is no such signal, there is nothing to end by it.
    let _ = ctrlc::set_handler(move || canceller.cancel());
    let began = Instant::now();
    let envelope = session
        .run_blocking(&code, &names, &tools)
        .map_err(|refused| Failure::Usage(refused.to_string()))?;
    let report = RunReport {
        schema: "yoikit.ptc-run/1",
        engine: args.interpreter.engine.clone(),
        file: args.file.display().to_string(),
        ok: envelope.is_ok(),
        wall: began.elapsed(),
        memory_bytes: session.memory_bytes(),
        envelope,
    };
    if args.json {
        screen::to_the_end(screen::json(&report))?;
    } else {
        screen::to_the_end(screen::ptc(&report))?;
    }
    Ok(if report.ok { Exit::Ok } else { Exit::PluginFailed })
}

/// Whoever answers the calls.
fn toolbox(args: &PtcRun, answer_bytes: usize) -> Result<Toolbox, Failure> {
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
    Ok(tools)
}

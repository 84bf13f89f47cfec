//! `yoikit ptc`: code that calls tools.

mod build;
mod plugin;
mod ran;
mod recording;
mod run;
mod serve;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use yoi_engines::Recipe;
use yoi_host::engine::{Engine, EngineOptions};
use yoi_host::limits::INTERPRETER_BYTES;
use yoi_host::ptc::{Interpreter, PtcLimits};

use super::code_cache;
use crate::args::ptc::{self, PtcCommand};
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn run(command: &PtcCommand) -> Result<Exit, Failure> {
    match command {
        PtcCommand::Run(args) => run::run(args),
        PtcCommand::Serve(args) => serve::run(args),
        PtcCommand::Build(args) => build::run(args),
    }
}

/// The engine that was asked for.
fn load(args: &ptc::Interpreter) -> Result<Interpreter, Failure> {
    let options = EngineOptions::interpreters().instances(1);
    let engine = match code_cache(args.no_cache, args.cache_dir.as_deref())? {
        Some(cache) => options.cache(cache).build()?,
        None => options.build()?,
    };
    named(&engine, &args.engine)
}

/// The engine of this name, or in this file.
pub(super) fn named(engine: &Engine, name: &str) -> Result<Interpreter, Failure> {
    let interpreter = match (name, Recipe::of(name)) {
        ("monty", _) => Interpreter::load(engine, yoi_engines::MONTY),
        (_, Some(recipe)) => Interpreter::load(engine, &read(&made(recipe)?)?),
        (name, None) if is_word(name) && !Path::new(name).exists() => return Err(no_engine(name)),
        (path, None) => Interpreter::load(engine, &read(Path::new(path))?),
    };
    interpreter.map_err(|error| Failure::Other(format!("failed to load the engine {name}: {error}")))
}

/// Whether something looks like the name of an engine, and not like a path.
fn is_word(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

fn no_engine(name: &str) -> Failure {
    let made: Vec<String> = Recipe::ALL.iter().map(|recipe| format!("`{recipe}`")).collect();
    Failure::Usage(format!(
        "there is no engine `{name}`, and no such file. There are `monty`, and {} once `yoikit ptc build` has made them; \
         or name the file of a component",
        made.join(" and ")
    ))
}

/// Where an engine is that was made here.
fn made(recipe: Recipe) -> Result<PathBuf, Failure> {
    yoi_engines::user_folder()
        .and_then(|folder| recipe.kept(&folder))
        .ok_or_else(|| {
            let said = format!("the engine {recipe} is to be made first: `yoikit ptc build {recipe}`");
            Failure::Other(said)
        })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let file = |cause| Failure::File {
        path: path.to_owned(),
        doing: "read the engine",
        cause,
    };
    let mut bytes = Vec::new();
    let opened = File::open(path).map_err(file)?;
    opened
        .take(INTERPRETER_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(file)?;
    if bytes.len() as u64 > INTERPRETER_BYTES {
        return Err(file(io::Error::other(format!(
            "it has more than {INTERPRETER_BYTES} bytes"
        ))));
    }
    Ok(bytes)
}

fn limits(args: &ptc::Interpreter) -> PtcLimits {
    let mut limits = PtcLimits::default();
    limits.memory_bytes = args.memory.unwrap_or(limits.memory_bytes);
    limits.run_time = args.timeout.unwrap_or(limits.run_time);
    limits.call_time = args.call_timeout.unwrap_or(limits.call_time);
    limits.calls = args.max_calls.unwrap_or(limits.calls);
    limits
}

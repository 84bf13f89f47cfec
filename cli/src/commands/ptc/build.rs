//! `yoikit ptc build`: an engine that does not come with yoikit.

use std::fs;

use yoi_host::engine::EngineOptions;
use yoi_host::ptc::Interpreter;

use super::super::code_cache;
use super::read;
use crate::args::ptc::PtcBuild;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen;

pub(super) fn run(args: &PtcBuild) -> Result<Exit, Failure> {
    let Some(folder) = yoi_engines::user_folder() else {
        let said = "there is no folder to keep it in: neither XDG_CACHE_HOME nor HOME is set";
        return Err(Failure::Usage(said.to_owned()));
    };
    let made = args
        .engine
        .make(&folder, &mut |doing| screen::progress(doing))
        .map_err(|error| Failure::Other(error.to_string()))?;
    // The first run would have to wait for it.
    screen::progress("compiling it");
    let options = EngineOptions::interpreters().instances(1);
    let engine = match code_cache(false, args.cache_dir.as_deref())? {
        Some(cache) => options.cache(cache).build()?,
        None => options.build()?,
    };
    Interpreter::load(&engine, &read(&made.path)?)
        .map_err(|error| Failure::Other(format!("the engine {} does not load: {error}", args.engine)))?;
    let bytes = fs::metadata(&made.path).map_or(0, |data| data.len());
    screen::to_the_end(screen::ptc_build(
        args.engine.name(),
        &made.path,
        bytes,
        made.was_kept,
    ))?;
    Ok(Exit::Ok)
}

//! `yoikit bridge run` and `yoikit bridge record`: from what was typed to an exchange.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use yoi_host::bridge::{
    Broker, ComponentBridge, Context, ExchangeOptions, ExternalRuntimeSpec, LinksOnDisk, Model, Processes,
    Recording, RuntimeAuthMode,
};
use yoi_host::limits::BRIDGE_PROMPT_BYTES;

use super::advice::is_path;
use super::tell::{Telling, drive};
use super::{component, name, runtime};
use crate::args::{Ask, Who};
use crate::commands::{read_text, users_cache};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen;

pub(super) fn run(ask: &Ask, record: Option<&Path>) -> Result<Exit, Failure> {
    let prompt = prompt(ask)?;
    let mut broker = Broker::new();
    if let Some(path) = &ask.links {
        broker = broker.with_links(Arc::new(links(path)?));
    }
    let name = name(&ask.who);
    let mut spec = match &ask.who {
        Who::Adapter(adapter) => adapter.spec(),
        Who::Component(_) => ExternalRuntimeSpec {
            adapter: name.clone(),
            auth_mode: RuntimeAuthMode::ExternalCli,
            binary_path: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            delegate: None,
        },
    };
    spec.args.clone_from(&ask.args);
    spec.env = ask.env.iter().cloned().collect();
    if let Some(binary) = &ask.binary {
        spec.binary_path = Some(from_here(binary)?);
    }
    if let Who::Component(file) = &ask.who {
        if spec.binary_path.is_none() {
            let message = "a dialect does not say whose it is: name the program with `--binary FILE`";
            return Err(Failure::Usage(message.to_owned()));
        }
        let dialect = component(file, users_cache(), 2)?;
        broker.register(Arc::new(ComponentBridge::new(spec.clone(), dialect)));
    }
    let model = Model {
        id: ask.model.clone().unwrap_or_else(|| "default".to_owned()),
        api: name.clone(),
        provider: name.clone(),
        base_url: String::new(),
    };
    let mut options = ExchangeOptions {
        cwd: folder(ask)?,
        resume: ask.resume.clone(),
        session_id: None,
        child_model: ask.model.clone(),
        ..ExchangeOptions::default()
    };
    if let Some(idle) = ask.idle {
        (options.times.start, options.times.idle) = (idle, idle);
    }
    options.times.total = ask.timeout.unwrap_or(options.times.total);
    // Last, so that nothing that was typed wrongly leaves a file behind.
    if let Some(path) = record {
        let recording = Recording::of(Arc::new(Processes), begin_recording(path)?);
        broker = broker.with_factory(Some(Arc::new(recording)));
    }
    let model = broker.bind(model, spec);
    let runtime = runtime()?;
    let ran = runtime.block_on(async {
        let exchange = broker.begin(&model, &Context::of_prompt(prompt), &options);
        let exchange =
            exchange.ok_or_else(|| Failure::Other("there is no bridge for this adapter".to_owned()))?;
        let telling = Telling {
            name,
            json: ask.json,
            links: ask.links.is_some(),
            binary: ask.binary.clone(),
        };
        drive(exchange, telling).await
    });
    // Nothing that is still to be had is of any use: who was told to end does not wait for a file that somebody holds.
    runtime.shutdown_background();
    if let Some(path) = record
        && drop_if_empty(path)
    {
        screen::warning("the child said no line of text: there is no recording");
    }
    ran
}

fn begin_recording(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    // What a child says may hold anything that it read.
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{} is there, and no recording is written over anything: remove it, or name another file",
            path.display()
        )),
        _ => Failure::File {
            path: path.to_owned(),
            doing: "begin the recording",
            cause,
        },
    })
}

/// A child that said nothing leaves no recording, which would stand in the way of the next. Whether that was so.
fn drop_if_empty(path: &Path) -> bool {
    let is_empty = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0);
    if is_empty {
        // It is ours, and empty: one that stays does no more harm than that.
        let _ = fs::remove_file(path);
    }
    is_empty
}

/// Where conversations are remembered. The store would make its folder, and skip what it does not know.
fn links(path: &Path) -> Result<LinksOnDisk, Failure> {
    let failed = |cause| Failure::File {
        path: path.to_owned(),
        doing: "remember conversations in",
        cause,
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::metadata(folder).map_err(failed)?;
    }
    let links = LinksOnDisk::at(path);
    match links.is_one() {
        Ok(true) => Ok(links),
        Ok(false) => Err(Failure::Usage(format!(
            "{} holds something else than conversations: name another file",
            path.display()
        ))),
        Err(cause) => Err(failed(cause)),
    }
}

/// A program by its path, wherever the child starts; one by its name as it is.
fn from_here(binary: &str) -> Result<String, Failure> {
    if !is_path(binary) {
        return Ok(binary.to_owned());
    }
    let path = std::path::absolute(binary).map_err(|cause| Failure::File {
        path: binary.into(),
        doing: "find",
        cause,
    })?;
    let path = path.into_os_string().into_string();
    path.map_err(|_| {
        Failure::Usage("the name of this folder is no UTF-8: name the program from `/` on".to_owned())
    })
}

fn prompt(ask: &Ask) -> Result<String, Failure> {
    let prompt = match ask.prompt.as_str() {
        "-" => typed()?,
        prompt => prompt.to_owned(),
    };
    if prompt.trim().is_empty() {
        return Err(Failure::Usage(
            "there is nothing to ask: the prompt is empty".to_owned(),
        ));
    }
    Ok(prompt)
}

/// What stands on standard input.
fn typed() -> Result<String, Failure> {
    let text = read_text(io::stdin().lock(), BRIDGE_PROMPT_BYTES);
    let text = text.map_err(|cause| match cause.kind() {
        io::ErrorKind::InvalidData => Failure::Usage("the prompt is no UTF-8".to_owned()),
        _ => Failure::Other(format!("failed to read the prompt: {cause}")),
    })?;
    if text.len() > BRIDGE_PROMPT_BYTES {
        let message = format!("the prompt has more than {BRIDGE_PROMPT_BYTES} bytes");
        return Err(Failure::Usage(message));
    }
    // A mark of the byte order, which editors put there, is no part of what was typed.
    let unmarked = text.strip_prefix('\u{feff}').map(str::to_owned);
    Ok(unmarked.unwrap_or(text))
}

/// The folder as a child that is told of it understands it, wherever that one starts.
fn folder(ask: &Ask) -> Result<Option<String>, Failure> {
    let Some(folder) = &ask.cwd else {
        return Ok(None);
    };
    let folder = folder.canonicalize().map_err(|cause| Failure::File {
        path: folder.clone(),
        doing: "work in",
        cause,
    })?;
    let folder = folder.into_os_string().into_string();
    let folder = folder.map_err(|_| Failure::Usage("the name of the folder is no UTF-8".to_owned()))?;
    Ok(Some(folder))
}

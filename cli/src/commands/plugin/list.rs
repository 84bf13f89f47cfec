//! `yoikit plugin list` and `yoikit plugin show`: what lies in the stores, and what becomes of it.

use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use yoi_host::authority::{Enablements, render_faults};
use yoi_host::limits::MANIFEST_BYTES;
use yoi_host::package::{Inventory, Stores, discover};

use crate::args::{Inventoried, PluginList, PluginShow};
use crate::commands::read_text;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::inventory::ListReport;
use crate::screen;

/// Where enablements are looked for in a workspace, if nobody says where.
const ENABLEMENT: &str = ".yoi/enablement.toml";

pub(super) fn list(args: &PluginList) -> Result<Exit, Failure> {
    let inventory = inventory(&args.of)?;
    let report = ListReport {
        schema: "yoikit.plugin-list/1",
        workspace: args.of.workspace.display().to_string(),
        profile: args.of.profile,
        feature: inventory.feature,
        items: inventory.items,
    };
    if args.of.json {
        screen::json(&report)?;
    } else {
        screen::inventory::list(&report)?;
    }
    Ok(Exit::Ok)
}

pub(super) fn show(args: &PluginShow) -> Result<Exit, Failure> {
    let inventory = inventory(&args.of)?;
    let item = inventory
        .find(&args.reference)
        .map_err(|error| Failure::Other(error.to_string()))?;
    if args.of.json {
        screen::json(item)?;
    } else {
        screen::inventory::show(item, inventory.feature)?;
    }
    Ok(Exit::Ok)
}

fn inventory(args: &Inventoried) -> Result<Inventory, Failure> {
    let workspace = args.workspace.canonicalize().map_err(|cause| Failure::File {
        path: args.workspace.clone(),
        doing: "find the workspace",
        cause,
    })?;
    let enablements = match &args.enablement {
        Some(file) => enablements(file)?,
        None => match enablements(&workspace.join(ENABLEMENT)) {
            Err(Failure::File { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                Enablements::default()
            }
            read => read?,
        },
    };
    let folder = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let (home, data_home) = (folder("HOME"), folder("XDG_DATA_HOME"));
    let stores = Stores::of(
        home.as_deref(),
        data_home.as_deref(),
        Some(&workspace),
        args.profile,
    );
    Ok(Inventory::of(
        discover(&stores, args.profile),
        &enablements,
        args.profile,
    ))
}

/// What a file turns on.
fn enablements(file: &Path) -> Result<Enablements, Failure> {
    let read = File::open(file).and_then(|file| read_text(file, MANIFEST_BYTES));
    let text = read.map_err(|cause| Failure::File {
        path: file.to_owned(),
        doing: "read the enablements in",
        cause,
    })?;
    let name = file.display().to_string();
    let enablements = Enablements::parse(&text).map_err(|faults| {
        Failure::Usage(format!(
            "the enablements cannot be used\n{}",
            faults.render(&name)
        ))
    })?;
    screen::remarks(&render_faults(&name, &text, enablements.remarks()));
    Ok(enablements)
}

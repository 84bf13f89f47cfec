//! `yoikit plugin list` and `yoikit plugin show`: what lies in the stores, and what becomes of it.

use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use yoi_host::Profile;
use yoi_host::authority::{Enablements, FaultKind, render_faults};
use yoi_host::limits::MANIFEST_BYTES;
use yoi_host::package::{Discovery, Inventory, StoreFault, Stores, discover};

use crate::args::{Inventoried, PluginList, PluginShow};
use crate::commands::read_text;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::inventory::ListReport;
use crate::screen;

/// Where enablements are looked for in a workspace, if nobody says where.
const ENABLEMENT: &str = ".yoi/enablement.toml";

pub(super) fn list(args: &PluginList) -> Result<Exit, Failure> {
    let (inventory, _) = inventory(&args.of)?;
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
    let (inventory, unread) = inventory(&args.of)?;
    let item = inventory
        .find(&args.reference)
        .map_err(|error| Failure::Other(format!("{error}{unread}")))?;
    if args.of.json {
        screen::json(item)?;
    } else {
        screen::inventory::show(item, inventory.feature)?;
    }
    Ok(Exit::Ok)
}

/// What there is, and what to tell whoever looks for something in vain.
fn inventory(args: &Inventoried) -> Result<(Inventory, String), Failure> {
    let workspace = Workspace::of(&args.workspace, args.enablement.as_deref(), args.profile)?;
    let enablements = match enablements(&workspace.enablement_file()) {
        // Nobody named it.
        Err(Failure::File { cause, .. })
            if args.enablement.is_none() && cause.kind() == io::ErrorKind::NotFound =>
        {
            Enablements::default()
        }
        read => read?,
    };
    let discovery = workspace.discover();
    let unread = unread(&discovery);
    let mut inventory = Inventory::of(discovery, &enablements, args.profile);
    for item in &mut inventory.items {
        for diagnostic in &mut item.diagnostics {
            if is_of_another_content(diagnostic.kind) {
                diagnostic
                    .advice
                    .get_or_insert_with(|| pins_again(&item.reference));
            }
        }
    }
    Ok((inventory, unread))
}

/// Whether a diagnostic is that the package is not the one that was pinned, or that the grants are for.
pub(in crate::commands) fn is_of_another_content(kind: &str) -> bool {
    [FaultKind::Digest, FaultKind::Version, FaultKind::Grant]
        .iter()
        .any(|of| of.name() == kind)
}

/// What to do about that.
pub(in crate::commands) fn pins_again(reference: &str) -> String {
    format!(
        "look at what has changed; then `yoikit plugin enable {reference}` pins what is there now, with the grants that \
         it had"
    )
}

/// What of the stores was not looked at, a line each, for whoever looks for a package in vain.
pub(in crate::commands) fn unread(discovery: &Discovery) -> String {
    let is_unread = |fault: &StoreFault| {
        matches!(
            fault,
            StoreFault::Unread { .. }
                | StoreFault::Unlisted { .. }
                | StoreFault::TooManyPackages { .. }
                | StoreFault::TooManyNames { .. }
                | StoreFault::NotCalledOne { .. }
        )
    };
    let faults = discovery.findings.iter().map(|finding| &finding.fault);
    faults
        .filter(|fault| is_unread(fault))
        .map(|fault| format!("\n{fault}"))
        .collect()
}

/// The folder that is worked in, and which plugins are looked for in it.
pub(in crate::commands) struct Workspace {
    folder: PathBuf,
    enablement: Option<PathBuf>,
    profile: Profile,
}

impl Workspace {
    pub(in crate::commands) fn of(
        folder: &Path,
        enablement: Option<&Path>,
        profile: Profile,
    ) -> Result<Self, Failure> {
        let whole = folder.canonicalize().map_err(|cause| Failure::File {
            path: folder.to_owned(),
            doing: "find the workspace",
            cause,
        })?;
        Ok(Self {
            folder: whole,
            enablement: enablement.map(Path::to_owned),
            profile,
        })
    }

    /// The folder, with no link on the way.
    pub(in crate::commands) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What turns plugins on, there or not.
    pub(in crate::commands) fn enablement_file(&self) -> PathBuf {
        let named = self.enablement.clone();
        named.unwrap_or_else(|| self.folder.join(ENABLEMENT))
    }

    pub(in crate::commands) fn discover(&self) -> Discovery {
        let profile = self.profile;
        let variable = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let (home, data_home) = (variable("HOME"), variable("XDG_DATA_HOME"));
        let stores = Stores::of(home.as_deref(), data_home.as_deref(), Some(&self.folder), profile);
        discover(&stores, profile)
    }
}

/// What a file turns on.
pub(in crate::commands) fn enablements(file: &Path) -> Result<Enablements, Failure> {
    let read = File::open(file).and_then(|file| read_text(file, MANIFEST_BYTES));
    let text = read.map_err(|cause| Failure::File {
        path: file.to_owned(),
        doing: "read the enablements in",
        cause,
    })?;
    parsed(file, &text)
}

/// What the text of a file turns on.
pub(super) fn parsed(file: &Path, text: &str) -> Result<Enablements, Failure> {
    let name = file.display().to_string();
    let enablements = Enablements::parse(text).map_err(|faults| {
        Failure::Usage(format!(
            "the enablements cannot be used\n{}",
            faults.render(&name)
        ))
    })?;
    screen::remarks(&render_faults(&name, text, enablements.remarks()));
    Ok(enablements)
}

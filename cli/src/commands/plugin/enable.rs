//! `yoikit plugin enable`: turn a plugin on, with its content pinned and what it is granted written down.

use std::fs::{self, File};
use std::io::{self, BufRead, IsTerminal};

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};
use yoi_host::authority::{BoundPackage, Enablement, Enablements, Grants};
use yoi_host::limits::MANIFEST_BYTES;
use yoi_host::package::{Discovered, Discovery, Inventory, Status};

use super::list::{Workspace, parsed, unread};
use crate::args::PluginEnable;
use crate::commands::whole::write_whole;
use crate::commands::{grants, read_text};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::inventory::EnableReport;
use crate::screen;

pub(super) fn run(args: &PluginEnable) -> Result<Exit, Failure> {
    let workspace = Workspace::of(&args.of.workspace, args.of.enablement.as_deref(), args.of.profile)?;
    let file = workspace.enablement_file();
    let discovery = workspace.discover();
    let package = &meant(&discovery, &args.reference)?.clone();
    let (text, known) = match File::open(&file).and_then(|file| read_text(file, MANIFEST_BYTES)) {
        Ok(text) => {
            let known = parsed(&file, &text)?;
            (text, known)
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => (String::new(), Enablements::default()),
        Err(cause) => {
            let doing = "read the enablements in";
            return Err(Failure::File {
                path: file,
                doing,
                cause,
            });
        }
    };
    let id = package.id.to_string();
    let mut earlier = known.enabled.iter().filter(|known| known.id == id);
    let (earlier, twice) = (earlier.next(), earlier.next().is_some());
    if twice {
        let reason = format!(
            "{} turns {id} on more than once: keep one of them",
            file.display()
        );
        return Err(Failure::Usage(reason));
    }

    let grants = grants(args, earlier)?.bound_to(&identity(package));
    let news = news(&grants, earlier, package);
    if !news.is_empty() && !args.yes && !agreed(&id, &news)? {
        return Err(Failure::Usage("nothing was written".to_owned()));
    }
    let gone = earlier.map_or_else(Vec::new, |earlier| earlier.grants.beyond(&grants));
    let document = written(&text, package, earlier, &grants)
        .map_err(|reason| Failure::Usage(format!("{} cannot be added to: {reason}", file.display())))?;
    let failed = |cause| Failure::File {
        path: file.clone(),
        doing: "write the enablement to",
        cause,
    };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    write_whole(&file, document.as_bytes()).map_err(failed)?;
    let written = Enablements::parse(&document)
        .map_err(|faults| Failure::Other(faults.render(&file.display().to_string())))?;
    if !written.feature {
        screen::warning("plugins are turned off: set `enabled = true` under `[feature.plugins]`");
    }
    // What becomes of it is for the same rules to say as ever.
    let inventory = Inventory::of(discovery, &written, args.of.profile);
    let found = inventory
        .find(&id)
        .map_err(|error| Failure::Other(error.to_string()))?;
    if !matches!(found.status, Status::Active | Status::Partial) {
        screen::warning(&format!(
            "{id} is {} all the same: `yoikit plugin show {id}` says why, and what is lacking",
            found.status.name()
        ));
    }
    let report = EnableReport {
        schema: "yoikit.plugin-enable/1",
        reference: id,
        status: found.status,
        file: file.display().to_string(),
        digest: package.digest.to_string(),
        version: package.manifest.declared().version.clone(),
        news,
        gone,
    };
    if args.of.json {
        screen::json(&report)?;
    } else {
        screen::inventory::enabled(&report)?;
    }
    Ok(Exit::Ok)
}

/// The package that a reference means, with its source or where only one has the id.
pub(in crate::commands) fn meant<'a>(
    discovery: &'a Discovery,
    reference: &str,
) -> Result<&'a Discovered, Failure> {
    let is_meant =
        |package: &&Discovered| package.id.to_string() == reference || package.id.local == reference;
    let all: Vec<&Discovered> = discovery.packages.iter().filter(is_meant).collect();
    match all[..] {
        [package] => Ok(package),
        [] => Err(Failure::Other(format!(
            "there is no package `{reference}` that can be used: `yoikit plugin list` has those that are there{}",
            unread(discovery)
        ))),
        _ => {
            let all: Vec<String> = all.iter().map(|package| package.id.to_string()).collect();
            Err(Failure::Usage(format!(
                "`{reference}` is several: {}",
                all.join(", ")
            )))
        }
    }
}

/// What it is to be granted: what was named, else what it was granted before.
fn grants(args: &PluginEnable, earlier: Option<&Enablement>) -> Result<Grants, Failure> {
    match (&args.grant, earlier) {
        (Some(file), _) => grants::read(Some(file)),
        (None, Some(earlier)) => Ok(earlier.grants.clone()),
        (None, None) => Ok(Grants::default()),
    }
}

/// A package as grants are bound to it.
fn identity(package: &Discovered) -> BoundPackage {
    BoundPackage {
        id: package.id.clone(),
        version: package.manifest.declared().version.clone(),
        digest: package.digest.to_string(),
    }
}

/// What a person is to look at first.
fn news(grants: &Grants, earlier: Option<&Enablement>, package: &Discovered) -> Vec<String> {
    let mut news = Vec::new();
    let digest = package.digest.to_string();
    let before = earlier.map(|earlier| earlier.grants.clone()).unwrap_or_default();
    let pinned = earlier.and_then(|earlier| earlier.digest.clone().or(earlier.grants.digest.clone()));
    if let Some(pinned) = pinned.filter(|pinned| *pinned != digest) {
        news.push(format!("another content: {digest}, before it was {pinned}"));
    }
    news.extend(grants.beyond(&before));
    news
}

/// Ask on the terminal.
fn agreed(id: &str, news: &[String]) -> Result<bool, Failure> {
    let list = news.iter().map(|new| format!("\n  {new}")).collect::<String>();
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "this would give {id} more than it has; look at it, and add `--yes`:{list}"
        )));
    }
    screen::ask(&format!(
        "this gives {id} more than it has:{list}\nWrite it? [y/N] "
    ));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The file with the entry in it: in place of an earlier one, or at the end. All else of it stays as it is.
fn written(
    text: &str,
    package: &Discovered,
    earlier: Option<&Enablement>,
    grants: &Grants,
) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| error.to_string())?;
    if document
        .get("feature")
        .and_then(|feature| feature.get("plugins"))
        .is_none()
    {
        let mut plugins = Table::new();
        plugins.insert("enabled", value(true));
        let feature = document.entry("feature").or_insert_with(implicit);
        let feature = feature
            .as_table_mut()
            .ok_or("its `feature` is no table of its own")?;
        feature.insert("plugins", Item::Table(plugins));
    }
    let plugins = document.entry("plugins").or_insert_with(implicit);
    let plugins = plugins
        .as_table_mut()
        .ok_or("its `plugins` is no table of its own")?;
    let enabled = plugins
        .entry("enabled")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let enabled = enabled
        .as_array_of_tables_mut()
        .ok_or("its `plugins.enabled` is not written as `[[plugins.enabled]]`")?;
    let id = package.id.to_string();
    let there = enabled.iter_mut().find(|table| {
        table
            .get("id")
            .and_then(Item::as_str)
            .is_some_and(|known| known == id)
    });
    let entry = match there {
        Some(entry) => entry,
        None if earlier.is_some() => return Err(format!("the entry of {id} was not found")),
        None => {
            enabled.push(Table::new());
            enabled.iter_mut().last().ok_or("it takes no entry")?
        }
    };
    entry.insert("id", value(id));
    entry.insert("version", value(&package.manifest.declared().version));
    entry.insert("digest", value(package.digest.to_string()));
    entry.remove("grants");
    if !grants.is_empty() {
        entry.insert("grants", Item::Table(table_of(grants)?));
    }
    Ok(document.to_string())
}

fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// Grants as they are written by hand: a line for each permission, a table for each target and folder.
fn table_of(grants: &Grants) -> Result<Table, String> {
    let document = toml_edit::ser::to_document(grants).map_err(|error| error.to_string())?;
    let mut table = document.as_table().clone();
    for key in ["request", "websocket", "fs"] {
        match table.remove(key).map(Item::into_array_of_tables) {
            Some(Ok(list)) if !list.is_empty() => table.insert(key, Item::ArrayOfTables(list)),
            _ => None,
        };
    }
    if let Some(list) = table.get_mut("permissions").and_then(Item::as_array_mut) {
        for item in list.iter_mut() {
            item.decor_mut().set_prefix("\n    ");
        }
        list.set_trailing("\n");
        list.set_trailing_comma(true);
    }
    Ok(table)
}

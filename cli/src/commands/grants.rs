//! What a plugin may reach in one run, from the files that say so.

use std::fs::File;
use std::path::Path;

use yoi_host::authority::{
    Authority, Binding, BoundPackage, Grants, Manifest, PluginId, PluginSource, render_faults,
};
use yoi_host::imports::Access;
use yoi_host::package::Digest;
use yoi_host::source::ManifestFile;
use yoi_host::world::Net;

use super::read_text;
use crate::failure::Failure;
use crate::screen;

/// Largest manifest or grants file.
const FILE_BYTES: usize = 64 * 1024;

/// The grants in a file; none where none is named.
pub(super) fn read(file: Option<&Path>) -> Result<Grants, Failure> {
    let Some(file) = file else {
        return Ok(Grants::default());
    };
    let name = file.display().to_string();
    let text = text_of(file, "read the grants in")?;
    let grants = Grants::parse(&text)
        .map_err(|faults| Failure::Usage(format!("the grants cannot be used\n{}", faults.render(&name))))?;
    screen::remarks(&render_faults(&name, &text, grants.remarks()));
    Ok(grants)
}

/// What these grants give a plugin that asks with this manifest, bound to it as far as they say to what.
pub(super) fn access(grants: Grants, manifest: Option<&Manifest>, binding: &Binding) -> Access {
    let authority = match manifest {
        None => Authority::without_manifest(grants, binding),
        Some(manifest) => Authority::new(manifest, grants, binding),
    };
    Access::new(authority, Net::new())
}

/// How grants that were handed over for one run are bound: they need not name what they are for. What they name
/// has to be so, and can be where a package is called; its source is whatever the grants say it is, since nobody
/// else says.
pub(super) fn binding(grants: &Grants, manifest: Option<&Manifest>, digest: Option<Digest>) -> Binding {
    let (Some(manifest), Some(digest)) = (manifest, digest) else {
        return Binding::Unbound;
    };
    let named = grants.id.as_ref().and_then(|id| id.parse::<PluginId>().ok());
    let declared = manifest.declared();
    Binding::IfWritten(BoundPackage {
        id: PluginId {
            source: named.map_or(PluginSource::Project, |id| id.source),
            local: declared.id.clone(),
        },
        version: declared.version.clone(),
        digest: digest.to_string(),
    })
}

/// What a plugin asks for: the manifest that was named, or else its own.
pub(super) fn manifest(named: Option<&Path>, own: Option<ManifestFile>) -> Result<Option<Manifest>, Failure> {
    match (named, own) {
        (Some(path), _) => manifest_in(path).map(Some),
        (None, own) => Ok(own.map(remarked)),
    }
}

/// What the plugin of a `plugin.toml` asks for.
pub(super) fn manifest_in(file: &Path) -> Result<Manifest, Failure> {
    Ok(remarked(ManifestFile::open(file)?))
}

fn remarked(file: ManifestFile) -> Manifest {
    screen::remarks(&file.remarks());
    file.manifest
}

fn text_of(file: &Path, doing: &'static str) -> Result<String, Failure> {
    let read = File::open(file).and_then(|file| read_text(file, FILE_BYTES));
    read.map_err(|cause| Failure::File {
        path: file.to_owned(),
        doing,
        cause,
    })
}

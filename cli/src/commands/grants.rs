//! What a plugin may reach in one run, from the files that say so.

use std::fs::File;
use std::path::Path;

use yoi_host::authority::{Authority, Binding, Grants, Manifest, render_faults};
use yoi_host::imports::Access;
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

/// What these grants give a plugin that asks with this manifest. They were handed over for this run, so they
/// need not name the package that they are for.
pub(super) fn access(grants: Grants, manifest: Option<&Manifest>) -> Access {
    let authority = match manifest {
        None => Authority::without_manifest(grants, &Binding::Unbound),
        Some(manifest) => Authority::new(manifest, grants, &Binding::Unbound),
    };
    Access::new(authority, Net::new())
}

/// What a plugin asks for.
pub(super) fn manifest(file: &Path) -> Result<Manifest, Failure> {
    let name = file.display().to_string();
    let text = text_of(file, "read the manifest")?;
    let manifest = Manifest::parse(&text)
        .map_err(|faults| Failure::Other(format!("the manifest cannot be used\n{}", faults.render(&name))))?;
    screen::remarks(&render_faults(&name, &text, manifest.remarks()));
    Ok(manifest)
}

fn text_of(file: &Path, doing: &'static str) -> Result<String, Failure> {
    let read = File::open(file).and_then(|file| read_text(file, FILE_BYTES));
    read.map_err(|cause| Failure::File {
        path: file.to_owned(),
        doing,
        cause,
    })
}

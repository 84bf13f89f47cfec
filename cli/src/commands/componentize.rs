//! `yoikit componentize`: a file made into a component that a yoi host would take.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use yoi_host::build;
use yoi_host::component::Preflight;
use yoi_host::source::Source;

use crate::args::Componentize;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen;

pub(super) fn run(args: &Componentize) -> Result<Exit, Failure> {
    let file = Source::read_file(&args.file)?;
    let built = build::make(&file).map_err(|error| Failure::Make {
        path: args.file.clone(),
        error,
    })?;
    Preflight::validate(&built.bytes).map_err(|error| Failure::Load(error.into()))?;
    write_whole(&args.output, &built.bytes).map_err(|cause| Failure::File {
        path: args.output.clone(),
        doing: "write",
        cause,
    })?;
    screen::componentized(&args.output, file.len(), &built)?;
    Ok(Exit::Ok)
}

/// The file is there whole or not at all, and an earlier one is kept until then. A link is followed; what is
/// no file is left alone.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let earlier = match fs::metadata(path) {
        Ok(data) if !data.is_file() => return Err(io::Error::other("it is there already and is no file")),
        Ok(data) => Some(data.permissions()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        Err(cause) => return Err(cause),
    };
    let path = match &earlier {
        Some(_) => &*path.canonicalize()?,
        None => path,
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Else the error would name the temporary file.
    fs::metadata(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = earlier.or_else(ordinary_permissions) {
        file.as_file().set_permissions(permissions)?;
    }
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// What a file made in the ordinary way would have; a temporary one is its owner's alone.
#[cfg(unix)]
fn ordinary_permissions() -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn ordinary_permissions() -> Option<fs::Permissions> {
    None
}

//! `yoikit componentize`: a file made into a component that a yoi host would take.

use std::io::Write;
use std::path::Path;

use yoi_host::build;
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
    write_whole(&args.output, &built.bytes).map_err(|cause| Failure::File {
        path: args.output.clone(),
        doing: "write",
        cause,
    })?;
    screen::componentized(&args.output, file.len(), &built)?;
    Ok(Exit::Ok)
}

/// The file is there whole or not at all, and an earlier one is kept until then.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Else the error would name the temporary file.
    std::fs::metadata(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What a file made in the ordinary way would have, a temporary one has not.
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

//! Files that are there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The file is there whole or not at all, and an earlier one is kept until then. A link is followed; what is
/// no file is left alone.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = begin(path)?;
    new.file.write_all(bytes).map_err(without_path)?;
    if let Some(permissions) = new.permissions {
        new.file.as_file().set_permissions(permissions)?;
    }
    new.file.persist(new.path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Whether [`write_whole`] may be expected to do so: asked before what is to be written takes long to come by.
pub(super) fn may_be_written(path: &Path) -> io::Result<()> {
    begin(path).map(drop)
}

/// A file that is begun beside the place where it goes.
struct New {
    file: NamedTempFile,
    path: PathBuf,
    permissions: Option<fs::Permissions>,
}

fn begin(path: &Path) -> io::Result<New> {
    let earlier = match fs::metadata(path) {
        Ok(data) if !data.is_file() => return Err(io::Error::other("it is there already and is no file")),
        Ok(data) => Some(data.permissions()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        Err(cause) => return Err(cause),
    };
    let path = match &earlier {
        Some(_) => path.canonicalize()?,
        None => path.to_owned(),
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Else the error would name the temporary file.
    fs::metadata(folder)?;
    let file = NamedTempFile::new_in(folder).map_err(without_path)?;
    Ok(New {
        file,
        path,
        permissions: earlier.or_else(ordinary_permissions),
    })
}

/// What the system said, without the name of the temporary file, of which nobody has heard.
fn without_path(error: io::Error) -> io::Error {
    // The library appends it, and gives out nothing of what is before.
    match error.to_string().split_once(" at path ") {
        Some((said, _)) => io::Error::new(error.kind(), said.to_owned()),
        None => error,
    }
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_told_without_the_temporary_files_name() {
        // Nobody makes files there, not even root.
        let error = write_whole(Path::new("/proc/none"), b"").unwrap_err();
        let told = error.to_string();
        assert!(told.contains("(os error") && !told.contains(".tmp"), "{told}");
    }
}

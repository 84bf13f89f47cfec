//! Files that are there whole or not at all.

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// As much of a file as tells what it is.
const BEGINNING_BYTES: u64 = 4096;

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

/// A form of files that yoikit writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Objects, or lines of them.
    Json,
    Xml,
    Html,
    /// Lines that end with a number.
    Folded,
}

impl Form {
    /// Whether a file that begins like this may be one of its kind.
    fn may_begin(self, beginning: &str) -> bool {
        match self {
            Form::Json => beginning.starts_with('{'),
            Form::Xml => beginning.starts_with("<?xml"),
            Form::Html => beginning
                .get(..9)
                .is_some_and(|word| word.eq_ignore_ascii_case("<!doctype")),
            Form::Folded => {
                let line = beginning.lines().next().unwrap_or_default();
                let count = line.rsplit(' ').next().unwrap_or_default();
                // The line may be longer than what was read of it.
                line.len() == beginning.len() || count.parse::<u64>().is_ok()
            }
        }
    }
}

/// Whether what stands in a file may be replaced by another of this form: nobody means their manifest, or their source.
pub(super) fn may_be_replaced(path: &Path, form: Form) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(data) if data.is_file() && data.len() > 0 => {}
        _ => return Ok(true),
    }
    let mut beginning = Vec::new();
    fs::File::open(path)?
        .take(BEGINNING_BYTES)
        .read_to_end(&mut beginning)?;
    Ok(form.may_begin(String::from_utf8_lossy(&beginning).trim_start()))
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
    fn only_what_has_the_form_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let may = |text: &str, form| {
            fs::write(&file, text).unwrap();
            may_be_replaced(&file, form).unwrap()
        };
        for form in [Form::Json, Form::Xml, Form::Html, Form::Folded] {
            assert!(may("", form));
            assert!(!may("id = \"greeter\"\nversion = \"1\"\n", form), "{form:?}");
            assert!(!may("\0asm\x0d\0\n", form), "{form:?}");
        }
        assert!(may("{\"schema\":1}\n", Form::Json) && may("<?xml version", Form::Xml));
        assert!(may("<!DOCTYPE html>", Form::Html) && may("a;b 12\nc 1\n", Form::Folded));
        assert!(may_be_replaced(&folder.path().join("none"), Form::Xml).unwrap());
    }

    #[test]
    fn what_cannot_be_written_is_told_without_the_temporary_files_name() {
        // Nobody makes files there, not even root.
        let error = write_whole(Path::new("/proc/none"), b"").unwrap_err();
        let told = error.to_string();
        assert!(told.contains("(os error") && !told.contains(".tmp"), "{told}");
    }
}

//! From a folder to an archive on the disk.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::open::read_archive;
use super::{Files, Package, PackageFault, PackageFaults, PackageKind, archive};
use crate::Profile;
use crate::limits::PACKAGE_ARCHIVE_BYTES;

/// What archives of packages are called.
const EXTENSION: &str = "yoi-plugin";

/// An archive that was written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Packed {
    /// Where it is.
    pub output: PathBuf,
    /// How many bytes it has.
    pub bytes: usize,
    /// What was packed.
    pub package: Package,
    /// What was left out of it, by its path in the folder; of folders only the topmost, with `/` at its end.
    pub left_out: Vec<String>,
}

/// Why no archive was written. What had its name before is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The folder is no package.
    #[error(transparent)]
    Package(#[from] PackageFaults),
    /// What is to be packed is no folder.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// A folder without a name to call the archive after.
    #[error("{} has no name to call the archive after: name the archive", .0.display())]
    NoName(PathBuf),
    /// Something that is no file is in the archive's place.
    #[error("{} is there already, and is not a file", .0.display())]
    NotAFile(PathBuf),
    /// The archive would be part of the next one.
    #[error("{} would be part of the package itself: name a file outside, or a `*.{EXTENSION}`", .0.display())]
    InThePackage(PathBuf),
    /// What is there is somebody's, and no package.
    #[error("{} is there already, and is no package: name another file, or remove it", .0.display())]
    NotAPackage(PathBuf),
    /// It could not be written.
    #[error("failed to write {}: {cause}", output.display())]
    Write {
        /// The archive.
        output: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// What was written is not what is read back.
    #[error("{} is not read back as it was written", .0.display())]
    ReadBack(PathBuf),
}

/// Write the archive of the package in `folder`: at `output`, or beside the folder, called after it.
///
/// The manifest is judged first, and what it names has to be there. The archive is written under another name
/// in the place where it will be, read back and compared, and takes its name when it is on the disk: whatever
/// fails, a file that has the name keeps it. Folders on the way to `output` are made.
///
/// # Errors
///
/// Why there is no package in the folder, or no archive of it.
pub fn pack(folder: &Path, output: Option<&Path>, profile: Profile) -> Result<Packed, PackError> {
    let unread = |cause| {
        let path = folder.to_owned();
        PackageFaults::from(PackageFault::Metadata { path, cause })
    };
    // `.` has a name and a folder that it is in only when it is written out.
    let whole = fs::canonicalize(folder).map_err(unread)?;
    if !whole.is_dir() {
        return Err(PackError::NotAFolder(folder.to_owned()));
    }
    let output = match output {
        Some(output) => output.to_owned(),
        None => beside(&whole).ok_or_else(|| PackError::NoName(folder.to_owned()))?,
    };
    let Folder { files, left_out } = Folder::read(&whole, profile).map_err(PackageFaults::from)?;
    let package = Package::of(files, PackageKind::Folder).map_err(PackageFaults::from)?;

    let bytes = archive::write(&package.files);
    if bytes.len() > PACKAGE_ARCHIVE_BYTES {
        let bytes = bytes.len() as u64;
        return Err(PackageFaults::from(PackageFault::ArchiveTooLarge { bytes }).into());
    }
    let place = Place::of(&output)?;
    place.is_outside(&whole, &package.files, profile)?;
    place.is_free()?;
    place.write(&bytes, &package.files, profile)?;
    Ok(Packed {
        output,
        bytes: bytes.len(),
        package,
        left_out,
    })
}

/// The archive beside a folder.
fn beside(whole: &Path) -> Option<PathBuf> {
    let mut name: OsString = whole.file_name()?.to_owned();
    name.push(".");
    name.push(EXTENSION);
    Some(whole.with_file_name(name))
}

/// What every archive with something in it begins with.
const ARCHIVE_MARK: &[u8] = b"PK\x03\x04";

/// Where an archive goes.
struct Place<'a> {
    output: &'a Path,
    /// The folder that it is in, written out.
    folder: PathBuf,
    name: OsString,
    /// The permissions of the file that it takes the place of.
    mode: Option<u32>,
}

impl<'a> Place<'a> {
    fn of(output: &'a Path) -> Result<Self, PackError> {
        let failed = |cause| PackError::Write {
            output: output.to_owned(),
            cause,
        };
        let Some(name) = output.file_name() else {
            return Err(PackError::NotAFile(output.to_owned()));
        };
        let mode = match fs::symlink_metadata(output) {
            // Not set-user-id and its like: the content is another.
            Ok(found) if found.is_file() => Some(found.permissions().mode() & 0o777),
            Ok(_) => return Err(PackError::NotAFile(output.to_owned())),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
            Err(cause) => return Err(failed(cause)),
        };
        let folder = match output.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(failed)?;
        Ok(Self {
            output,
            folder: fs::canonicalize(folder).map_err(failed)?,
            name: name.to_owned(),
            mode,
        })
    }

    /// That it does not take the place of a file that it is made of, nor is part of the next archive.
    fn is_outside(&self, package: &Path, files: &Files, profile: Profile) -> Result<(), PackError> {
        let whole = self.folder.join(&self.name);
        let Ok(within) = whole.strip_prefix(package) else {
            return Ok(());
        };
        let is_archive = within.extension().is_some_and(|extension| extension == EXTENSION);
        let is_packed = within.to_str().is_some_and(|path| files.get(path).is_some());
        // The yoi packer packs the archive before this one, and replaces it.
        if is_archive && (!is_packed || profile == Profile::Yoi) {
            return Ok(());
        }
        Err(PackError::InThePackage(self.output.to_owned()))
    }

    /// That what it takes the place of is an archive, whole or not, or nothing yet. Anything else is somebody's.
    fn is_free(&self) -> Result<(), PackError> {
        if self.mode.is_none() {
            return Ok(());
        }
        let mut begin = Vec::new();
        let read = File::open(self.output)
            .and_then(|file| file.take(ARCHIVE_MARK.len() as u64).read_to_end(&mut begin));
        read.map_err(|cause| PackError::Write {
            output: self.output.to_owned(),
            cause,
        })?;
        if begin.is_empty() || begin == ARCHIVE_MARK {
            Ok(())
        } else {
            Err(PackError::NotAPackage(self.output.to_owned()))
        }
    }

    fn write(&self, bytes: &[u8], files: &Files, profile: Profile) -> Result<(), PackError> {
        let failed = |cause| PackError::Write {
            output: self.output.to_owned(),
            cause,
        };
        // First, so that a folder that cannot be opened for this is left as it was.
        let durable = File::open(&self.folder).map_err(failed)?;
        let mut temporary = tempfile::Builder::new()
            .prefix(".yoi-")
            .suffix(".tmp")
            .permissions(Permissions::from_mode(self.mode.unwrap_or(0o666)))
            .tempfile_in(&self.folder)
            .map_err(|error| failed(without_path(error)))?;
        temporary
            .write_all(bytes)
            .map_err(|error| failed(without_path(error)))?;
        if let Some(mode) = self.mode {
            let whole = Permissions::from_mode(mode);
            temporary.as_file().set_permissions(whole).map_err(failed)?;
        }
        temporary.as_file().sync_all().map_err(failed)?;
        if !reads_back(temporary.path(), files, profile) {
            return Err(PackError::ReadBack(self.output.to_owned()));
        }
        temporary
            .persist(self.folder.join(&self.name))
            .map_err(|error| failed(error.error))?;
        match durable.sync_all() {
            // Some file systems have no such thing. There, every archive would be one that failed.
            Err(cause)
                if !matches!(
                    cause.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Err(failed(cause))
            }
            _ => Ok(()),
        }
    }
}

/// What the system said, without the name of the temporary file, of which nobody has heard.
fn without_path(error: io::Error) -> io::Error {
    // The library appends it, and gives out nothing of what is before.
    match error.to_string().split_once(" at path ") {
        Some((said, _)) => io::Error::new(error.kind(), said.to_owned()),
        None => error,
    }
}

/// Whether an archive on the disk is that of these files.
fn reads_back(path: &Path, files: &Files, profile: Profile) -> bool {
    read_archive(path)
        .and_then(|bytes| archive::read(&bytes, profile))
        .is_ok_and(|read| read == *files)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;
    use crate::package::fixtures::{unpack, with_manifest};
    use crate::package::folder;

    /// A folder with a package, `notes`, in it.
    fn place(files: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let notes = place.path().join("notes");
        unpack(&with_manifest(files), &notes);
        (place, notes)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_archive_lies_beside_its_folder_and_is_called_after_it() {
        let (place, notes) = place(&[("target/x", b""), ("a/b", b"c")]);
        // However the folder is named.
        for folder in [notes.clone(), notes.join("."), notes.join("a/..")] {
            let packed = pack(&folder, None, Profile::Documented).unwrap();
            assert_eq!(
                packed.output,
                place.path().canonicalize().unwrap().join("notes.yoi-plugin")
            );
            assert_eq!(packed.left_out, ["target/"]);
            assert_eq!(packed.bytes as u64, fs::metadata(&packed.output).unwrap().len());
            let read = Package::open(&packed.output, Profile::Documented).unwrap();
            assert_eq!(
                (read.files, read.digest),
                (packed.package.files, packed.package.digest)
            );
        }
        assert_eq!(names(place.path()), ["notes", "notes.yoi-plugin"]);
        assert_eq!(names(&notes), ["a", "plugin.toml", "plugin.wasm", "target"]);
    }

    #[test]
    fn equal_files_are_equal_archives() {
        let (place, notes) = place(&[("a/b", b"c")]);
        let (one, other) = (place.path().join("one"), place.path().join("made/of/other"));
        pack(&notes, Some(&one), Profile::Documented).unwrap();
        // Another date, another mode, another order in the folder.
        fs::remove_file(notes.join("plugin.toml")).unwrap();
        unpack(&with_manifest(&[]), &notes);
        fs::set_permissions(notes.join("a/b"), Permissions::from_mode(0o700)).unwrap();
        pack(&notes, Some(&other), Profile::Yoi).unwrap();
        assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap());
    }

    #[test]
    fn an_archive_may_lie_in_the_folder_under_a_name_that_is_no_part_of_it() {
        let (_place, notes) = place(&[]);
        let output = notes.join("notes.yoi-plugin");
        let first = pack(&notes, Some(&output), Profile::Documented).unwrap();
        let again = pack(&notes, Some(&output), Profile::Documented).unwrap();
        assert_eq!(first.package, again.package);
        // The yoi packer packs it along with the rest.
        let yoi = pack(&notes, Some(&output), Profile::Yoi).unwrap();
        assert!(yoi.package.files.get("notes.yoi-plugin").is_some());
    }

    #[test]
    fn what_is_packed_is_never_written_over() {
        let (place, notes) = place(&[("a/b", b"c")]);
        let before = folder::read(&notes, Profile::Yoi).unwrap();
        for name in ["plugin.toml", "notes.zip", "a/b", "a/../a/b", "a/new"] {
            for profile in Profile::ALL {
                let error = pack(&notes, Some(&notes.join(name)), profile).unwrap_err();
                assert!(matches!(error, PackError::InThePackage(_)), "{name}: {error}");
            }
        }
        let mine = place.path().join("mine.txt");
        fs::write(&mine, "words").unwrap();
        let error = pack(&notes, Some(&mine), Profile::Documented).unwrap_err();
        insta::assert_snapshot!(error.to_string().replace(&place.path().display().to_string(), "PLACE"), @"PLACE/mine.txt is there already, and is no package: name another file, or remove it");
        assert_eq!(fs::read_to_string(&mine).unwrap(), "words");
        let error = pack(&notes, Some(&notes.join("a")), Profile::Documented).unwrap_err();
        insta::assert_snapshot!(error.to_string().replace(&place.path().display().to_string(), "PLACE"), @"PLACE/notes/a is there already, and is not a file");
        let error = pack(&notes, Some(&notes.join("a/b")), Profile::Documented).unwrap_err();
        insta::assert_snapshot!(error.to_string().replace(&place.path().display().to_string(), "PLACE"), @"PLACE/notes/a/b would be part of the package itself: name a file outside, or a `*.yoi-plugin`");
        assert_eq!(folder::read(&notes, Profile::Yoi).unwrap(), before);
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let (place, notes) = place(&[]);
        let [link, pipe] = ["link", "pipe"].map(|name| place.path().join(name));
        symlink("nowhere", &link).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        for output in [Path::new("/"), Path::new(".."), &notes, &link, &pipe] {
            let error = pack(&notes, Some(output), Profile::Documented).unwrap_err();
            assert!(matches!(error, PackError::NotAFile(_)), "{error}");
        }
        assert_eq!(names(place.path()), ["link", "notes", "pipe"]);
    }

    #[test]
    fn a_package_that_is_refused_leaves_the_old_archive() {
        let (place, notes) = place(&[]);
        let output = place.path().join("notes.yoi-plugin");
        fs::write(&output, "old").unwrap();
        fs::remove_file(notes.join("plugin.wasm")).unwrap();
        let error = pack(&notes, None, Profile::Documented).unwrap_err();
        insta::assert_snapshot!(error, @r#"
        refused: plugin manifest references a path not present in the package
          in plugin.toml:7:13
          7 | component = "plugin.wasm"
            |             ^^^^^^^^^^^^^
        "#);
        let error = pack(&output, None, Profile::Documented).unwrap_err();
        assert!(matches!(error, PackError::NotAFolder(_)), "{error}");
        let error = pack(&notes.join("gone"), None, Profile::Documented).unwrap_err();
        assert!(matches!(error, PackError::Package(_)), "{error}");
        let error = pack(Path::new("/"), None, Profile::Documented).unwrap_err();
        assert!(matches!(error, PackError::NoName(_)), "{error}");
        assert_eq!(fs::read(&output).unwrap(), b"old");
        assert_eq!(names(place.path()), ["notes", "notes.yoi-plugin"]);
    }

    #[test]
    fn files_that_make_too_large_an_archive_are_refused() {
        let (place, notes) = place(&[]);
        for name in ["one", "two"] {
            let file = File::create(notes.join(name)).unwrap();
            file.set_len(PACKAGE_ARCHIVE_BYTES as u64 / 2).unwrap();
        }
        let error = pack(&notes, None, Profile::Documented).unwrap_err();
        insta::assert_snapshot!(error, @"the archive has 16777759 bytes; that of a package has at most 16777216");
        assert_eq!(names(place.path()), ["notes"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_archive() {
        let (place, notes) = place(&[]);
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        let error = pack(&notes, Some(&file.join("a")), Profile::Documented).unwrap_err();
        assert!(matches!(error, PackError::Write { .. }), "{error}");
        // Not what is read back: another's file, or a disk that lies.
        let output = place.path().join("a.yoi-plugin");
        fs::write(&output, "old").unwrap();
        let lies = with_manifest(&[("more", b"")]);
        let bytes = archive::write(&with_manifest(&[]));
        let error = Place::of(&output)
            .unwrap()
            .write(&bytes, &lies, Profile::Documented)
            .unwrap_err();
        insta::assert_snapshot!(error.to_string().replace(&place.path().display().to_string(), "PLACE"), @"PLACE/a.yoi-plugin is not read back as it was written");
        assert_eq!(fs::read(&output).unwrap(), b"old");
        assert_eq!(names(place.path()), ["a.yoi-plugin", "file", "notes"]);
    }

    #[test]
    fn an_archive_has_the_permissions_of_that_before_it() {
        let (place, notes) = place(&[]);
        let output = pack(&notes, None, Profile::Documented).unwrap().output;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let usual = place.path().join("usual");
        fs::write(&usual, "").unwrap();
        assert_eq!(mode(&output), mode(&usual));
        // Whatever those of a new file are.
        for before in [0o600, 0o666] {
            fs::set_permissions(&output, Permissions::from_mode(before)).unwrap();
            pack(&notes, None, Profile::Documented).unwrap();
            assert_eq!(mode(&output), before);
        }
    }

    proptest! {
        // Each is some dozen files on the disk, written through.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_is_packed_is_what_is_read_for_any_tree(
            tree in btree_map(
                vec("f[a-zA-Z0-9é._ -]{0,6}", 1..4).prop_map(|parts| parts.join("/d")),
                vec(any::<u8>(), 0..50),
                0..12,
            ),
        ) {
            let mut files = with_manifest(&[]);
            for (path, content) in tree {
                let taken = |parent: &str| files.get(parent).is_some();
                if !path.match_indices('/').any(|(at, _)| taken(&path[..at])) {
                    files.insert(path, content).unwrap();
                }
            }
            prop_assume!(files.file_and_folder().is_none());
            let place = tempfile::tempdir().unwrap();
            let [one, other] = ["one", "other"].map(|name| place.path().join(name));
            unpack(&files, &one);
            let packed = pack(&one, None, Profile::Documented).unwrap();
            prop_assert_eq!(&packed.package.files, &files);
            for profile in Profile::ALL {
                prop_assert_eq!(&Package::open(&packed.output, profile).unwrap().files, &files);
            }
            unpack(&files, &other);
            prop_assert_eq!(folder::read(&other, Profile::Documented).unwrap(), files);
            let again = pack(&other, None, Profile::Yoi).unwrap();
            prop_assert_eq!(fs::read(packed.output).unwrap(), fs::read(again.output).unwrap());
        }
    }
}

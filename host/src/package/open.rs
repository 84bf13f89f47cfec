//! A path, and the package that it is.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Digest, Files, MANIFEST, PackageFault, PackageFaults, archive, folder};
use crate::Profile;
use crate::authority::{Manifest, ManifestFaults};
use crate::limits::PACKAGE_ARCHIVE_BYTES;

/// Files whose manifest keeps every rule, and names files among them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Package {
    /// What it says about itself.
    pub manifest: Manifest,
    /// All its files, the manifest among them.
    pub files: Files,
    /// What it is known by.
    pub digest: Digest,
    /// What it was read from.
    pub kind: PackageKind,
}

/// What a package is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageKind {
    /// One file, `*.yoi-plugin`.
    Archive,
    /// A folder with a `plugin.toml`.
    Folder,
}

impl Package {
    /// The package that a path is: a folder, or else an archive, whatever it is called.
    ///
    /// # Errors
    ///
    /// Why its files cannot be had, or everything that is wrong with its manifest.
    pub fn open(path: &Path, profile: Profile) -> Result<Self, PackageFaults> {
        let found = fs::metadata(path).map_err(|cause| PackageFault::Metadata {
            path: path.to_owned(),
            cause,
        })?;
        if found.is_dir() {
            let files = folder::read(path, profile)?;
            return Ok(Self::of(files, PackageKind::Folder)?);
        }
        if !found.is_file() {
            return Err(PackageFault::NotAPackage(path.to_owned()).into());
        }
        let files = archive::read(&read_archive(path)?, profile)?;
        Ok(Self::of(files, PackageKind::Archive)?)
    }

    /// The package that these files are.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its manifest; that it names files which are not there is some of it.
    pub fn of(files: Files, kind: PackageKind) -> Result<Self, ManifestFaults> {
        let is_there = |path: &str| files.get(path).is_some();
        let manifest = Manifest::parse_bytes(files.get(MANIFEST), Some(&is_there))?;
        Ok(Self {
            manifest,
            digest: files.digest(),
            files,
            kind,
        })
    }

    /// The bytes of its component. None for a package without code. Whether they are a component is not asked.
    #[must_use]
    pub fn component(&self) -> Option<&[u8]> {
        let runtime = self.manifest.declared().runtime.as_ref()?;
        self.files.get(runtime.component.as_deref()?)
    }
}

/// An archive's bytes, as [`archive_bytes`] has them.
pub(super) fn read_archive(path: &Path) -> Result<Vec<u8>, PackageFault> {
    let failed = |cause| PackageFault::Read {
        path: path.to_owned(),
        cause,
    };
    let mut options = OpenOptions::new();
    // What was a file a moment ago may be a pipe by now.
    options
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    archive_bytes(options.open(path).map_err(failed)?, path)
}

/// The bytes of an archive that is open, and never many more than one may have, whatever it says of its size.
pub(super) fn archive_bytes(file: File, path: &Path) -> Result<Vec<u8>, PackageFault> {
    let failed = |cause| PackageFault::Read {
        path: path.to_owned(),
        cause,
    };
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(PackageFault::NotAPackage(path.to_owned()));
    }
    if found.len() > PACKAGE_ARCHIVE_BYTES as u64 {
        return Err(PackageFault::ArchiveTooLarge { bytes: found.len() });
    }
    let mut bytes = Vec::new();
    let most = PACKAGE_ARCHIVE_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::fixtures::{golden, unpack, with_manifest};

    /// What both profiles have to say of what has this path.
    fn refused(path: &Path) -> String {
        let documented = Package::open(path, Profile::Documented).unwrap_err().to_string();
        let yoi = Package::open(path, Profile::Yoi).unwrap_err().yoi_first();
        let place = path.parent().unwrap().display().to_string();
        format!("{documented}\nyoi: {} {yoi}", yoi.kind).replace(&place, "FOLDER")
    }

    #[test]
    fn a_folder_and_its_archive_are_one_package() {
        let place = tempfile::tempdir().unwrap();
        let files = with_manifest(&[("assets/a", b"a")]);
        unpack(&files, &place.path().join("notes"));
        fs::write(place.path().join("a.zip"), archive::write(&files)).unwrap();
        for profile in Profile::ALL {
            let folder = Package::open(&place.path().join("notes"), profile).unwrap();
            let archive = Package::open(&place.path().join("a.zip"), profile).unwrap();
            assert_eq!(
                (folder.kind, archive.kind),
                (PackageKind::Folder, PackageKind::Archive)
            );
            assert_eq!(
                (&folder.files, &folder.manifest),
                (&archive.files, &archive.manifest)
            );
            assert_eq!((folder.digest, archive.digest), (files.digest(), files.digest()));
            assert_eq!(folder.component(), Some(&b"\0asm"[..]));
            assert_eq!(folder.manifest.declared().id, "notes");
        }
    }

    #[test]
    fn a_package_without_code_has_no_component() {
        let package = Package::of(golden(), PackageKind::Archive).unwrap();
        assert_eq!(package.component(), None);
    }

    #[test]
    fn what_is_no_package_is_named() {
        let place = tempfile::tempdir().unwrap();
        insta::assert_snapshot!(refused(&place.path().join("gone")), @"
        failed to look at FOLDER/gone: No such file or directory (os error 2)
        yoi: io plugin package metadata could not be read: not found
        ");
        let pipe = place.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        insta::assert_snapshot!(refused(&pipe), @"
        FOLDER/pipe is neither a file nor a folder
        yoi: malformed plugin package candidate is not a regular file
        ");
        assert!(matches!(read_archive(&pipe), Err(PackageFault::NotAPackage(_))));
        let huge = place.path().join("huge");
        File::create(&huge).unwrap().set_len(1 << 40).unwrap();
        insta::assert_snapshot!(refused(&huge), @"
        the archive has 1099511627776 bytes; that of a package has at most 16777216
        yoi: bounds plugin package exceeds the configured package size bound
        ");
        fs::write(place.path().join("text"), "text").unwrap();
        insta::assert_snapshot!(refused(&place.path().join("text")), @"
        this is no zip archive, or its end is missing: 4 bytes hold no end record
        yoi: malformed zip end-of-central-directory was not found
        ");
    }

    #[test]
    fn all_that_is_wrong_with_a_manifest_is_said_at_once() {
        let place = tempfile::tempdir().unwrap();
        insta::assert_snapshot!(refused(place.path()), @"
        refused: plugin package is missing root plugin.toml
          in plugin.toml
        yoi: missing plugin package is missing root plugin.toml
        ");
        let manifest = crate::package::fixtures::MANIFEST.replace("_version = 1", "_version = 2");
        fs::write(place.path().join("plugin.toml"), manifest).unwrap();
        insta::assert_snapshot!(refused(place.path()), @r#"
        refused: plugin schema/API version is unsupported
          in plugin.toml:1:18
          1 | schema_version = 2
            |                  ^
          help: write `schema_version = 1`
        refused: plugin manifest references a path not present in the package
          in plugin.toml:7:13
          7 | component = "plugin.wasm"
            |             ^^^^^^^^^^^^^
        yoi: api plugin schema/API version is unsupported
        "#);
        let faults = Package::open(place.path(), Profile::Documented).unwrap_err();
        insta::assert_snapshot!(serde_json::to_string_pretty(&faults.diagnostics()).unwrap(), @r#"
        [
          {
            "code": "manifest",
            "kind": "api",
            "phase": "manifest",
            "message": "plugin schema/API version is unsupported",
            "entry": "plugin.toml",
            "span": {
              "start": 17,
              "end": 18
            },
            "advice": "write `schema_version = 1`"
          },
          {
            "code": "manifest",
            "kind": "missing",
            "phase": "manifest",
            "message": "plugin manifest references a path not present in the package",
            "entry": "plugin.toml",
            "span": {
              "start": 111,
              "end": 124
            }
          }
        ]
        "#);
    }
}

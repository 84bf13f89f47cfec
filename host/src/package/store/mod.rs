//! The folders in which packages lie ready, and what lies there.
//!
//! A store is a folder. Its packages are the archives directly in it, `*.yoi-plugin`; everything else in it is
//! somebody else's. The store gives a package its source, whatever the package says. Nothing is run, and what
//! cannot be read hides nothing beside it: a finding takes its place.
//!
//! A link is followed where it stays in the store. Names are opened in the open store, so that nothing swapped in
//! meanwhile leads out.
//!
//! The room reads no environment: who asks gives the folders.

mod finding;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use serde::Deserialize;

use super::open::archive_bytes;
use super::{Digest, MANIFEST, Package, PackageFault, PackageFaults, PackageKind, archive};
pub use finding::{StoreFault, StoreFinding};

use crate::Profile;
use crate::authority::{Declared, Manifest, PluginId, PluginSource};
use crate::limits::{PACKAGE_ARCHIVE_BYTES, STORE_NAMES_READ, STORE_PACKAGES};

/// What archives in a store are called.
const EXTENSION: &str = "yoi-plugin";

/// The folders in which packages are looked for. They need not be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stores {
    /// That of the user.
    pub user: Option<PathBuf>,
    /// That of the project that is worked on.
    pub project: Option<PathBuf>,
}

/// What is in the stores.
#[derive(Debug)]
#[non_exhaustive]
pub struct Discovery {
    /// Where it was looked for.
    pub stores: Stores,
    /// The packages, sorted by id, digest and label.
    pub packages: Vec<Discovered>,
    /// What was found and is no package, in the order of the stores and of the names in them.
    pub findings: Vec<StoreFinding>,
}

/// A package in a store.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Discovered {
    /// Which plugin it is: the store's source and the id in the manifest. The file may be called otherwise.
    pub id: PluginId,
    /// Where it is, with no link on the way.
    pub path: PathBuf,
    /// What it is called in the store.
    pub label: String,
    /// What it is known by.
    pub digest: Digest,
    /// What it says about itself.
    pub manifest: Manifest,
    /// The paths of its files, in the order of their bytes. Their contents are not kept.
    pub entries: Vec<String>,
}

impl Stores {
    /// The stores of a user with this home and, where it is set, this `XDG_DATA_HOME`, who works in this folder:
    /// `yoi/plugins` in the data home, which is `.local/share` in the home otherwise, and `.yoi/plugins` in the
    /// workspace. A data home that is no absolute path counts as not set.
    ///
    /// The command line of the yoi host looks in `yoi/yoi/plugins` for those of a user, and so it is in the profile
    /// [`Yoi`](Profile::Yoi): a package in the folder that is documented is not listed there.
    #[must_use]
    pub fn of(
        home: Option<&Path>,
        data_home: Option<&Path>,
        workspace: Option<&Path>,
        profile: Profile,
    ) -> Self {
        let data_home = data_home.filter(|path| path.is_absolute()).map(Path::to_owned);
        let data_home = data_home.or_else(|| home.map(|home| home.join(".local/share")));
        let below = match profile {
            Profile::Documented => "yoi/plugins",
            Profile::Yoi => "yoi/yoi/plugins",
        };
        Self {
            user: data_home.map(|data_home| data_home.join(below)),
            project: workspace.map(|workspace| workspace.join(".yoi/plugins")),
        }
    }

    /// The store of a source. What is built in has none.
    #[must_use]
    pub fn path(&self, source: PluginSource) -> Option<&Path> {
        match source {
            PluginSource::User => self.user.as_deref(),
            PluginSource::Project => self.project.as_deref(),
            PluginSource::Builtin => None,
        }
    }
}

/// What is in these stores. A store that is not there is empty. Each package is read as [`Package::open`] reads
/// an archive, one after the other.
#[must_use]
pub fn discover(stores: &Stores, profile: Profile) -> Discovery {
    let mut found = Discovery {
        stores: stores.clone(),
        packages: Vec::new(),
        findings: Vec::new(),
    };
    for source in PluginSource::ALL {
        if let Some(path) = stores.path(source) {
            found.store(source, path, profile);
        }
    }
    found.packages.sort_by(|one, other| {
        (&one.id, one.digest, &one.label).cmp(&(&other.id, other.digest, &other.label))
    });
    found.duplicates();
    found
}

impl Discovery {
    fn store(&mut self, source: PluginSource, path: &Path, profile: Profile) {
        let mut fault = |fault| self.findings.push(StoreFinding::of_store(source, fault));
        let store = || path.to_owned();
        let whole = match fs::canonicalize(path) {
            Ok(whole) => whole,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return,
            Err(cause) => {
                let store = store();
                return fault(StoreFault::Unread { store, cause });
            }
        };
        let dir = match Dir::open_ambient_dir(&whole, ambient_authority()) {
            Ok(dir) => dir,
            Err(cause) => {
                let store = store();
                return fault(StoreFault::Unlisted { store, cause });
            }
        };
        let names = candidates(&dir, path, STORE_NAMES_READ, profile, &mut fault);
        for name in names {
            match read(&dir, &whole, source, &name, profile) {
                Ok(package) => self.packages.push(package),
                Err(finding) => self.findings.push(*finding),
            }
        }
    }

    fn duplicates(&mut self) {
        let mut labels: BTreeMap<&PluginId, Vec<String>> = BTreeMap::new();
        for package in &self.packages {
            labels.entry(&package.id).or_default().push(package.label.clone());
        }
        for (id, mut labels) in labels.into_iter().filter(|(_, labels)| labels.len() > 1) {
            labels.sort();
            self.findings.push(StoreFinding {
                source: id.source,
                label: None,
                id: Some(id.clone()),
                fault: StoreFault::Duplicate {
                    id: id.clone(),
                    labels,
                },
            });
        }
    }
}

/// The names of the archives in a store, sorted, and never more than are read. `most` names are looked at.
fn candidates(
    dir: &Dir,
    store: &Path,
    most: usize,
    profile: Profile,
    fault: &mut impl FnMut(StoreFault),
) -> BTreeSet<OsString> {
    let unlisted = |cause| StoreFault::Unlisted {
        store: store.to_owned(),
        cause,
    };
    let mut names = BTreeSet::new();
    let entries = match dir.entries() {
        Ok(entries) => entries,
        Err(cause) => {
            fault(unlisted(cause));
            return names;
        }
    };
    let mut packages = 0;
    let mut misnamed = BTreeMap::new();
    for (read, entry) in entries.enumerate() {
        if read == most {
            let store = store.to_owned();
            fault(StoreFault::TooManyNames { store });
            break;
        }
        let name = match entry {
            Ok(entry) => entry.file_name(),
            Err(cause) => {
                if profile == Profile::Documented {
                    fault(unlisted(cause));
                }
                continue;
            }
        };
        if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == EXTENSION)
        {
            packages += 1;
            names.insert(name);
            if names.len() > STORE_PACKAGES {
                names.pop_last();
            }
        } else if profile == Profile::Documented
            && misnamed.len() < STORE_PACKAGES
            && let Some(is_folder) = may_be_meant(dir, Path::new(&name))
        {
            misnamed.insert(name.to_string_lossy().into_owned(), is_folder);
        }
    }
    for (label, is_folder) in misnamed {
        fault(StoreFault::NotCalledOne { label, is_folder });
    }
    if packages > STORE_PACKAGES {
        let store = store.to_owned();
        fault(StoreFault::TooManyPackages { store, packages });
    }
    names
}

/// Whether something that is not called as a package may be meant for one, and whether it is a folder then.
fn may_be_meant(dir: &Dir, name: &Path) -> Option<bool> {
    if name.extension().is_some_and(|extension| extension == "zip") {
        return Some(false);
    }
    let found = dir.symlink_metadata(name.join(MANIFEST)).ok()?;
    found.is_file().then_some(true)
}

/// The package of this name in a store.
fn read(
    dir: &Dir,
    store: &Path,
    source: PluginSource,
    name: &OsString,
    profile: Profile,
) -> Result<Discovered, Box<StoreFinding>> {
    let label = name.to_string_lossy().into_owned();
    let finding = |id, fault| {
        Box::new(StoreFinding {
            source,
            label: Some(label.clone()),
            id,
            fault,
        })
    };
    let (path, bytes) = archive_in(dir, store, name, &label).map_err(|fault| finding(None, fault))?;
    let unpacked = archive::read(&bytes, profile);
    let files = unpacked.map_err(|fault| finding(None, PackageFaults::from(fault).into()))?;
    let manifest = files.get(MANIFEST).unwrap_or_default().to_vec();
    let package = Package::of(files, PackageKind::Archive).map_err(|faults| {
        let local = local_id(&manifest, profile);
        let id = local.and_then(|local| format!("{}:{local}", source.name()).parse().ok());
        finding(id, PackageFaults::from(faults).into())
    })?;
    Ok(Discovered {
        id: PluginId {
            source,
            local: package.manifest.declared().id.clone(),
        },
        path,
        label,
        digest: package.digest,
        entries: package.files.iter().map(|(path, _)| path.to_owned()).collect(),
        manifest: package.manifest,
    })
}

/// Where an archive in a store is, and its bytes.
fn archive_in(
    dir: &Dir,
    store: &Path,
    name: &OsString,
    label: &str,
) -> Result<(PathBuf, Vec<u8>), StoreFault> {
    let label = || label.to_owned();
    let path = match fs::canonicalize(store.join(name)) {
        Ok(path) => path,
        Err(cause) => {
            let label = label();
            return Err(StoreFault::Gone { label, cause });
        }
    };
    let Ok(within) = path.strip_prefix(store) else {
        return Err(StoreFault::Escapes {
            label: label(),
            target: path,
        });
    };
    let package = |fault| StoreFault::from(PackageFaults::from(fault));
    let failed = |cause| PackageFault::Metadata {
        path: path.clone(),
        cause,
    };
    // A link to the store itself leads to no name in it.
    let found = if within.as_os_str().is_empty() {
        dir.dir_metadata()
    } else {
        dir.metadata(within)
    };
    let found = found.map_err(|cause| package(failed(cause)))?;
    if !found.is_file() {
        return Err(StoreFault::NotAFile {
            label: label(),
            is_folder: found.is_dir(),
        });
    }
    if found.len() > PACKAGE_ARCHIVE_BYTES as u64 {
        return Err(package(PackageFault::ArchiveTooLarge { bytes: found.len() }));
    }
    let file = open_within(dir, within).map_err(|cause| {
        package(PackageFault::Read {
            path: path.clone(),
            cause,
        })
    })?;
    let bytes = archive_bytes(file, &path).map_err(package)?;
    Ok((path, bytes))
}

/// A file of a store, opened so that it cannot be one outside.
fn open_within(dir: &Dir, within: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    // What was a file a moment ago may be a pipe by now.
    options.read(true).nonblock(true);
    Ok(dir.open_with(within, &options)?.into_std())
}

/// The id in a manifest that is refused. The yoi host has it only where its reader takes all of the manifest.
fn local_id(manifest: &[u8], profile: Profile) -> Option<String> {
    /// The one field that is looked for.
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let text = str::from_utf8(manifest).ok()?;
    match profile {
        Profile::Documented => toml::from_str::<Id>(text).ok().map(|read| read.id),
        Profile::Yoi => toml::from_str::<Declared>(text).ok().map(|read| read.id),
    }
}

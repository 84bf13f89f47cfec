//! Packages as folders, as an author has them.
//!
//! What is read is every regular file, by its path, in the order of names. A link is never followed: each step
//! opens one name in one open folder, so that nothing swapped in meanwhile leads elsewhere; and a pipe does not
//! block. Links are refused by name, whoever reads; only the path of the package itself may lead over one.
//!
//! In the profile [`Documented`](crate::Profile::Documented) these are no part of the package, at any depth:
//! folders called `target`, all that is called `.git`, `*.yoi-plugin` and `.yoi-*.tmp`; at its top the folder
//! `.yoi`, in which a workspace keeps what is its own; and what the patterns in
//! a `.yoiignore` at its top cover, which has the syntax of a `.gitignore`; nor is that file. What the manifest
//! names (its component, the files of its hooks) is always part of it, whatever a pattern covers, as is the
//! manifest. Devices, pipes and sockets are refused by name.
//!
//! In the profile [`Yoi`](crate::Profile::Yoi), as in that host's packer, nothing is ignored but devices, pipes
//! and sockets. Empty folders leave no trace in either.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, FileType, OpenOptions};

use super::ignored::{IGNORE_FILE, Ignored};
use super::{Files, MANIFEST, PackageFault};
use crate::Profile;
use crate::limits::{
    IGNORE_FILE_BYTES, MANIFEST_BYTES, PACKAGE_FILE_BYTES, PACKAGE_FOLDERS_DEEP, PACKAGE_NAMES_READ,
};

/// The files of a package in a folder. No more is read than a package may have, whatever a file says of its size
/// and however it grows meanwhile.
///
/// # Errors
///
/// The first thing, in the order of names, for which it is no package; what the system says, where it cannot be
/// read.
pub fn read(folder: &Path, profile: Profile) -> Result<Files, PackageFault> {
    Ok(Folder::read(folder, profile)?.files)
}

/// What a folder holds.
pub(super) struct Folder {
    /// What is part of the package.
    pub(super) files: Files,
    /// What is not, by its path; of folders only the topmost, with `/` at its end.
    pub(super) left_out: Vec<String>,
}

impl Folder {
    pub(super) fn read(folder: &Path, profile: Profile) -> Result<Self, PackageFault> {
        let top = Dir::open_ambient_dir(folder, ambient_authority()).map_err(|cause| PackageFault::Read {
            path: folder.to_owned(),
            cause,
        })?;
        let mut walk = Walk {
            root: folder,
            ignored: None,
            names: 0,
            read: Self {
                files: Files::new(),
                left_out: Vec::new(),
            },
        };
        if profile == Profile::Documented {
            let manifest = walk
                .small_file(&top, MANIFEST, MANIFEST_BYTES)?
                .unwrap_or_default();
            let patterns = walk
                .small_file(&top, IGNORE_FILE, IGNORE_FILE_BYTES)?
                .unwrap_or_default();
            if patterns.len() > IGNORE_FILE_BYTES {
                return Err(PackageFault::IgnoreTooLarge);
            }
            walk.ignored = Some(Ignored::new(&manifest, &patterns)?);
        }
        walk.folder(&top, "", 0, false)?;
        Ok(walk.read)
    }
}

struct Walk<'a> {
    root: &'a Path,
    /// None where nothing is.
    ignored: Option<Ignored>,
    /// How many names were looked at.
    names: usize,
    read: Folder,
}

impl Walk<'_> {
    /// All in a folder that is open. `is_covered` says that only what is always kept is part of the package.
    fn folder(&mut self, dir: &Dir, path: &str, depth: usize, is_covered: bool) -> Result<(), PackageFault> {
        if depth > PACKAGE_FOLDERS_DEEP {
            let entry = path.to_owned();
            return Err(PackageFault::TooDeep { entry });
        }
        for (name, kind) in self.names(dir, path)? {
            // In a path that is not text nothing is ignored or kept.
            let entry = match name.to_str() {
                Some(name) if path.is_empty() => name.to_owned(),
                Some(name) => format!("{path}/{name}"),
                None if is_covered => continue,
                None => {
                    let entry = Path::new(path).join(name).to_string_lossy().into_owned();
                    return Err(PackageFault::NameNotUtf8 { entry });
                }
            };
            let name = entry.rsplit('/').next().unwrap_or_default();
            let mut is_covered = is_covered;
            if let Some(ignored) = &self.ignored {
                let was_covered = is_covered;
                is_covered = is_covered || ignored.covers(&entry, name, kind.is_dir());
                if is_covered && !ignored.keeps(&entry) {
                    let goes_on = kind.is_dir() && ignored.keeps_within(&entry);
                    if !was_covered {
                        let slash = if kind.is_dir() { "/" } else { "" };
                        self.read.left_out.push(format!("{entry}{slash}"));
                    }
                    if !goes_on {
                        continue;
                    }
                }
            }
            if kind.is_symlink() {
                return Err(link(entry));
            } else if kind.is_dir() {
                let inner = dir
                    .open_dir_nofollow(name)
                    .map_err(|cause| self.not_opened(dir, &entry, cause))?;
                self.folder(&inner, &entry, depth + 1, is_covered)?;
            } else if kind.is_file() {
                self.file(dir, entry)?;
            } else if self.ignored.is_some() {
                return Err(PackageFault::Special { entry });
            }
        }
        Ok(())
    }

    /// The names in a folder, sorted.
    fn names(&mut self, dir: &Dir, path: &str) -> Result<Vec<(std::ffi::OsString, FileType)>, PackageFault> {
        let failed = |cause| self.failed(path, cause);
        let mut names = Vec::new();
        for entry in dir.entries().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if self.names + names.len() == PACKAGE_NAMES_READ {
                let entry = path.to_owned();
                return Err(PackageFault::TooManyNames { entry });
            }
            names.push((entry.file_name(), entry.file_type().map_err(failed)?));
        }
        self.names += names.len();
        names.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(names)
    }

    fn file(&mut self, dir: &Dir, entry: String) -> Result<(), PackageFault> {
        // Before a file is read that would be one too many.
        self.read.files.has_room(&entry)?;
        let Some((file, bytes)) = self.open(dir, &entry)? else {
            // It was a file a moment ago.
            return Err(PackageFault::Special { entry });
        };
        if bytes > PACKAGE_FILE_BYTES as u64 {
            return Err(PackageFault::FileTooLarge { entry, bytes });
        }
        let content = self.content(file, &entry, PACKAGE_FILE_BYTES)?;
        self.read.files.insert(entry, content)
    }

    /// A file at the top that says how to read the rest; one byte more than `limit` if it is larger. What is
    /// there in its place is met again on the walk.
    fn small_file(&self, top: &Dir, name: &str, limit: usize) -> Result<Option<Vec<u8>>, PackageFault> {
        match top.symlink_metadata(name) {
            Ok(found) if found.is_file() => match self.open(top, name)? {
                Some((file, _)) => self.content(file, name, limit).map(Some),
                None => Ok(None),
            },
            Ok(found) if found.is_symlink() => Err(link(name.to_owned())),
            Ok(_) => Ok(None),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.failed(name, cause)),
        }
    }

    /// A file in a folder, and the size that it says it has. None if it is no regular one.
    fn open(&self, dir: &Dir, entry: &str) -> Result<Option<(File, u64)>, PackageFault> {
        let name = entry.rsplit('/').next().unwrap_or_default();
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let opened = dir.open_with(name, &options);
        let file = opened.map_err(|cause| self.not_opened(dir, entry, cause))?;
        let found = file.metadata().map_err(|cause| self.failed(entry, cause))?;
        Ok(found.is_file().then(|| (file, found.len())))
    }

    /// The bytes of a file, and never more than one beyond the limit.
    fn content(&self, file: File, entry: &str, limit: usize) -> Result<Vec<u8>, PackageFault> {
        let mut bytes = Vec::new();
        let read = file.take(limit as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|cause| self.failed(entry, cause))?;
        Ok(bytes)
    }

    fn not_opened(&self, dir: &Dir, entry: &str, cause: io::Error) -> PackageFault {
        let name = entry.rsplit('/').next().unwrap_or_default();
        match dir.symlink_metadata(name) {
            Ok(found) if found.is_symlink() => link(entry.to_owned()),
            _ => self.failed(entry, cause),
        }
    }

    fn failed(&self, entry: &str, cause: io::Error) -> PackageFault {
        PackageFault::Read {
            path: self.path(entry),
            cause,
        }
    }

    fn path(&self, entry: &str) -> PathBuf {
        if entry.is_empty() {
            self.root.to_owned()
        } else {
            self.root.join(entry)
        }
    }
}

fn link(entry: String) -> PackageFault {
    PackageFault::Symlink {
        entry,
        in_folder: true,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::limits::PACKAGE_ENTRIES;
    use crate::package::fixtures::{files, golden, unpack, with_manifest};

    fn folder(files: &Files) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        unpack(files, folder.path());
        folder
    }

    /// What both profiles refuse a folder for, or the paths that they find.
    fn judged(folder: &tempfile::TempDir) -> String {
        let judged = Profile::ALL.map(|profile| match read(folder.path(), profile) {
            Ok(files) => format!(
                "{profile}: {:?}",
                files.iter().map(|(path, _)| path).collect::<Vec<_>>()
            ),
            Err(fault) if profile == Profile::Yoi => {
                format!("{profile}: {:?}", fault.yoi().map(|yoi| yoi.message))
            }
            Err(fault) => format!("{profile}: {} {}", fault.kind(), fault),
        });
        judged
            .join("\n")
            .replace(&folder.path().display().to_string(), "FOLDER")
    }

    #[test]
    fn every_file_of_a_folder_is_read() {
        let folder = folder(&golden());
        fs::create_dir_all(folder.path().join("empty/folder")).unwrap();
        for profile in Profile::ALL {
            assert_eq!(read(folder.path(), profile).unwrap(), golden());
        }
    }

    #[test]
    fn what_no_package_holds_is_left_out() {
        let folder = folder(&with_manifest(&[
            ("target/release/a", b""),
            ("code/target/a", b""),
            ("targets/a", b""),
            ("b/target", b""),
            (".git/HEAD", b""),
            ("old.yoi-plugin", b""),
            (".yoi-0123.tmp", b""),
            (".yoi-0123", b""),
            (".yoi/dev.toml", b""),
            ("a/.yoi/b", b""),
        ]));
        insta::assert_snapshot!(judged(&folder), @r#"
        documented: [".yoi-0123", "a/.yoi/b", "b/target", "plugin.toml", "plugin.wasm", "targets/a"]
        yoi: [".git/HEAD", ".yoi-0123", ".yoi-0123.tmp", ".yoi/dev.toml", "a/.yoi/b", "b/target", "code/target/a", "old.yoi-plugin", "plugin.toml", "plugin.wasm", "target/release/a", "targets/a"]
        "#);
        insta::assert_debug_snapshot!(Folder::read(folder.path(), Profile::Documented).unwrap().left_out, @r#"
        [
            ".git/",
            ".yoi/",
            ".yoi-0123.tmp",
            "code/target/",
            "old.yoi-plugin",
            "target/",
        ]
        "#);
    }

    #[test]
    fn an_author_says_what_else_is_left_out() {
        let patterns = b"# notes\n*.md\n!README.md\n/src\n**/tmp/*.o\r\n\n";
        let folder = folder(&with_manifest(&[
            (".yoiignore", patterns),
            ("README.md", b""),
            ("docs/a.md", b""),
            ("docs/README.md", b""),
            ("src/lib.rs", b""),
            ("a/src/lib.rs", b""),
            ("a/tmp/x.o", b""),
            // Only that at the top counts.
            ("docs/.yoiignore", b"*"),
        ]));
        insta::assert_snapshot!(judged(&folder), @r#"
        documented: ["README.md", "a/src/lib.rs", "docs/.yoiignore", "docs/README.md", "plugin.toml", "plugin.wasm"]
        yoi: [".yoiignore", "README.md", "a/src/lib.rs", "a/tmp/x.o", "docs/.yoiignore", "docs/README.md", "docs/a.md", "plugin.toml", "plugin.wasm", "src/lib.rs"]
        "#);
    }

    #[test]
    fn what_the_manifest_names_is_never_left_out() {
        let manifest = crate::package::fixtures::MANIFEST
            .replace("plugin.wasm", "target/wasm32-wasip2/release/notes.wasm")
            .replace(
                "[runtime]",
                "hooks = [{ id = 'h', file = 'hooks/h.sh' }]\n[runtime]",
            );
        let folder = folder(&files(&[
            ("plugin.toml", manifest.as_bytes()),
            (".yoiignore", b"*\n"),
            ("target/wasm32-wasip2/release/notes.wasm", b"\0asm"),
            ("target/wasm32-wasip2/release/notes.d", b""),
            ("target/debug/x", b""),
            ("hooks/h.sh", b""),
            ("hooks/g.sh", b""),
            ("other", b""),
        ]));
        insta::assert_snapshot!(judged(&folder), @r#"
        documented: ["hooks/h.sh", "plugin.toml", "target/wasm32-wasip2/release/notes.wasm"]
        yoi: [".yoiignore", "hooks/g.sh", "hooks/h.sh", "other", "plugin.toml", "target/debug/x", "target/wasm32-wasip2/release/notes.d", "target/wasm32-wasip2/release/notes.wasm"]
        "#);
        insta::assert_debug_snapshot!(Folder::read(folder.path(), Profile::Documented).unwrap().left_out, @r#"
        [
            ".yoiignore",
            "hooks/",
            "other",
            "target/",
        ]
        "#);
    }

    #[test]
    fn patterns_that_cannot_be_understood_say_where() {
        let refused = |patterns: &[u8]| {
            let folder = folder(&with_manifest(&[(".yoiignore", patterns)]));
            read(folder.path(), Profile::Documented).unwrap_err().to_string()
        };
        insta::assert_snapshot!(refused(b"a\nb/[z-a]\n"), @".yoiignore, line 2: error parsing glob 'b/[z-a]': invalid range; 'z' > 'a'");
        insta::assert_snapshot!(refused(b"a\n\nb\xff\n"), @".yoiignore, line 3: it is not UTF-8");
        insta::assert_snapshot!(refused(&vec![b'#'; IGNORE_FILE_BYTES + 1]), @".yoiignore has more than 65536 bytes");
        let largest = folder(&with_manifest(&[(".yoiignore", &vec![b'#'; IGNORE_FILE_BYTES])]));
        assert_eq!(read(largest.path(), Profile::Documented).unwrap().len(), 2);
    }

    #[test]
    fn links_are_refused_by_name_wherever_they_lead() {
        for target in ["/etc/passwd", "plugin.toml", "nowhere", "."] {
            let folder = folder(&golden());
            symlink(target, folder.path().join("assets/link")).unwrap();
            insta::allow_duplicates! {
                insta::assert_snapshot!(judged(&folder), @r#"
                documented: traversal `assets/link` is a symbolic link
                yoi: Some("plugin directory contains a symlink entry")
                "#);
            }
        }
    }

    #[test]
    fn a_link_in_place_of_a_file_that_says_how_to_read_is_refused() {
        for name in [MANIFEST, IGNORE_FILE] {
            let folder = folder(&files(&[("a", b"")]));
            symlink("/etc/passwd", folder.path().join(name)).unwrap();
            let fault = read(folder.path(), Profile::Documented).unwrap_err();
            assert_eq!(fault.to_string(), format!("`{name}` is a symbolic link"));
        }
    }

    #[test]
    fn a_link_that_is_ignored_is_not_looked_at() {
        let folder = folder(&with_manifest(&[(".yoiignore", b"link\n")]));
        symlink("/etc/passwd", folder.path().join("link")).unwrap();
        assert_eq!(read(folder.path(), Profile::Documented).unwrap().len(), 2);
    }

    #[test]
    fn a_pipe_is_refused_by_name_and_nobody_waits_for_it() {
        let folder = folder(&golden());
        let pipe = folder.path().join("assets/pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        insta::assert_snapshot!(judged(&folder), @r#"
        documented: traversal `assets/pipe` is neither a file nor a folder
        yoi: ["assets/a.txt", "assets/empty.bin", "plugin.toml", "z.bin"]
        "#);
        // Nor where it is met as the file that says what else there is.
        let folder = self::folder(&files(&[("a", b"")]));
        let pipe = folder.path().join(IGNORE_FILE);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(read(folder.path(), Profile::Documented).unwrap().len(), 1);
    }

    #[test]
    fn names_that_no_package_has_are_refused() {
        for (name, said) in [
            ("a\\b", "it has a backslash, which some systems take for `/`"),
            ("~a", "it begins with `~`"),
            ("C:a", "it begins with a drive's letter"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), "").unwrap();
            for profile in Profile::ALL {
                let fault = read(folder.path(), profile).unwrap_err();
                assert_eq!(
                    fault.to_string(),
                    format!("path `{name}` is not one of a package: {said}")
                );
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"a\xff");
        fs::write(folder.path().join(name), "").unwrap();
        insta::assert_snapshot!(judged(&folder), @r#"
        documented: malformed the name `a�` is not UTF-8
        yoi: Some("zip entry name is not UTF-8")
        "#);
    }

    #[test]
    fn files_that_are_too_large_are_not_read() {
        let folder = folder(&with_manifest(&[]));
        let huge = fs::File::create(folder.path().join("huge")).unwrap();
        // It has no blocks on the disk, and there is no memory for it either.
        huge.set_len(1 << 40).unwrap();
        insta::assert_snapshot!(judged(&folder), @r#"
        documented: bounds `huge` has 1099511627776 bytes; a file of a package has at most 8388608
        yoi: Some("plugin package entry exceeds the configured per-file bound")
        "#);
        huge.set_len(PACKAGE_FILE_BYTES as u64).unwrap();
        assert_eq!(read(folder.path(), Profile::Documented).unwrap().len(), 3);
    }

    fn walk(root: &Path) -> (Walk<'_>, Dir) {
        let walk = Walk {
            root,
            ignored: None,
            names: 0,
            read: Folder {
                files: Files::new(),
                left_out: Vec::new(),
            },
        };
        (walk, Dir::open_ambient_dir(root, ambient_authority()).unwrap())
    }

    #[test]
    fn a_file_that_says_nothing_of_its_size_is_read_up_to_the_limit() {
        // In `/proc` sizes are 0, whatever there is to read, as that of a file that grows.
        let (walk, dir) = walk(Path::new("/proc/self"));
        let (file, bytes) = walk.open(&dir, "maps").unwrap().unwrap();
        assert_eq!(bytes, 0);
        assert_eq!(walk.content(file, "maps", 10).unwrap().len(), 11);
    }

    #[test]
    fn what_takes_the_place_of_a_file_before_it_is_opened_is_not_read() {
        let folder = folder(&files(&[("inside", b"")]));
        symlink("inside", folder.path().join("link")).unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        let (mut walk, dir) = walk(folder.path());
        let refused = ["link", "pipe"].map(|name| walk.file(&dir, name.to_owned()).unwrap_err());
        assert_eq!(refused.map(|fault| fault.code()), ["symlink", "special"]);
        assert_eq!(walk.read.files, Files::new());
    }

    #[test]
    fn no_more_names_are_looked_at_than_may_be() {
        let folder = folder(&files(&[("a/b", b""), ("a/c", b"")]));
        let (mut enough, dir) = walk(folder.path());
        enough.names = PACKAGE_NAMES_READ - 3;
        enough.folder(&dir, "", 0, false).unwrap();
        let (mut short, dir) = walk(folder.path());
        short.names = PACKAGE_NAMES_READ - 2;
        insta::assert_snapshot!(short.folder(&dir, "", 0, false).unwrap_err(), @"there are more than 65536 names to look at, up to those in folder `a`");
    }

    #[test]
    fn files_too_many_or_too_large_together_are_refused() {
        let folder = folder(&files(&[]));
        for index in 0..PACKAGE_ENTRIES {
            fs::write(folder.path().join(format!("{index:03}")), "").unwrap();
        }
        assert_eq!(read(folder.path(), Profile::Yoi).unwrap().len(), PACKAGE_ENTRIES);
        fs::write(folder.path().join("more"), "").unwrap();
        insta::assert_snapshot!(judged(&folder), @r#"
        documented: bounds a package has at most 512 files; `more` is one more
        yoi: Some("plugin directory contains more files than the configured bound")
        "#);
        for index in 0..9 {
            let file = fs::File::create(folder.path().join(format!("{index:03}"))).unwrap();
            file.set_len(PACKAGE_FILE_BYTES as u64).unwrap();
        }
        insta::assert_snapshot!(judged(&folder), @r#"
        documented: bounds the files have 75497472 bytes, up to and with `008`; those of a package have at most 67108864
        yoi: Some("plugin package expanded size exceeds the configured bound")
        "#);
    }

    #[test]
    fn folders_without_end_come_to_one() {
        let folder = folder(&files(&[]));
        let deepest = ["d"; PACKAGE_FOLDERS_DEEP].join("/");
        fs::create_dir_all(folder.path().join(&deepest)).unwrap();
        fs::write(folder.path().join(&deepest).join("a"), "").unwrap();
        assert_eq!(read(folder.path(), Profile::Yoi).unwrap().len(), 1);
        fs::create_dir(folder.path().join(&deepest).join("d")).unwrap();
        let fault = read(folder.path(), Profile::Yoi).unwrap_err();
        assert_eq!(fault.code(), "too_deep");
        insta::assert_snapshot!(fault, @"folder `d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d` is more than 64 deep");
    }

    #[test]
    fn a_folder_that_is_none_or_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let fault = read(&gone, Profile::Documented).unwrap_err();
        insta::assert_snapshot!(fault.to_string().replace(&folder.path().display().to_string(), "FOLDER"), @"failed to read FOLDER/gone: No such file or directory (os error 2)");
        insta::assert_snapshot!(fault.yoi().unwrap(), @"plugin package content could not be read: not found");
    }
}

//! Stores in temporary folders, with what is found in them in both profiles.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::authority::FaultKind;
use crate::package::Files;
use crate::package::fixtures::{MANIFEST as SOUND, files, with_manifest};

/// A user's store and a project's in a temporary folder, which have the same archives in both profiles.
struct Place {
    folder: tempfile::TempDir,
    stores: Stores,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = Stores {
            user: Some(folder.path().join("user")),
            project: Some(folder.path().join("project")),
        };
        fs::create_dir(folder.path().join("user")).unwrap();
        fs::create_dir(folder.path().join("project")).unwrap();
        Self { folder, stores }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, files: &Files) {
        fs::write(self.path(path), archive::write(files)).unwrap();
    }

    /// Each package, then each diagnostic, as this profile has them.
    fn shown(&self, profile: Profile) -> String {
        let found = discover(&self.stores, profile);
        let packages = found.packages.iter().map(|package| {
            let path = package.path.display();
            format!("{} {} {path}", package.id, package.label)
        });
        let findings = found.findings.iter().flat_map(|finding| {
            let label = finding.label.as_deref().unwrap_or("-");
            let id = finding.id.as_ref().map_or("-".to_owned(), ToString::to_string);
            let head = format!("{} {label} {id}", finding.source.name());
            let all = finding.diagnostics(profile).into_iter().map(move |found| {
                let advice = found
                    .advice
                    .map(|advice| format!(" [{advice}]"))
                    .unwrap_or_default();
                let phase = format!("{:?}", found.phase).to_lowercase();
                format!(
                    "{head}: {} {} {phase}: {}{advice}",
                    found.code, found.kind, found.message
                )
            });
            all.collect::<Vec<_>>()
        });
        let whole = self.folder.path().canonicalize().unwrap().display().to_string();
        let lines: Vec<String> = packages.chain(findings).collect();
        lines
            .join("\n")
            .replace(&whole, "PLACE")
            .replace(&self.folder.path().display().to_string(), "PLACE")
    }
}

fn of(id: &str, version: &str) -> Files {
    let manifest = SOUND.replace("\"notes\"", &format!("\"{id}\""));
    let manifest = manifest.replace("\"1.0.0\"", &format!("\"{version}\""));
    files(&[("plugin.toml", manifest.as_bytes()), ("plugin.wasm", b"\0asm")])
}

/// What both have, or what each has.
fn both(place: &Place) -> String {
    let all = Profile::ALL.map(|profile| format!("{profile}\n{}", place.shown(profile)));
    all.join("\n")
}

#[test]
fn the_stores_are_where_the_contract_says_and_where_the_yoi_command_looks() {
    let of = |home: &str, data: &str, profile| {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        let stores = Stores::of(
            path(home).as_deref(),
            path(data).as_deref(),
            Some(Path::new("/w")),
            profile,
        );
        assert_eq!(stores.project.as_deref(), Some(Path::new("/w/.yoi/plugins")));
        assert_eq!(stores.path(PluginSource::User), stores.user.as_deref());
        assert_eq!(stores.path(PluginSource::Builtin), None);
        stores
            .user
            .map(|user| user.display().to_string())
            .unwrap_or_default()
    };
    assert_eq!(
        of("/home/me", "", Profile::Documented),
        "/home/me/.local/share/yoi/plugins"
    );
    assert_eq!(of("/home/me", "/data", Profile::Documented), "/data/yoi/plugins");
    assert_eq!(of("", "/data", Profile::Yoi), "/data/yoi/yoi/plugins");
    assert_eq!(
        of("/home/me", "", Profile::Yoi),
        "/home/me/.local/share/yoi/yoi/plugins"
    );
    // As if it was not set.
    assert_eq!(
        of("/home/me", "data", Profile::Documented),
        "/home/me/.local/share/yoi/plugins"
    );
    assert_eq!(of("", "", Profile::Documented), "");
    assert_eq!(Stores::of(None, None, None, Profile::Yoi), Stores::default());
}

#[test]
fn a_store_that_is_not_there_or_not_given_is_empty() {
    let mut place = Place::new();
    fs::remove_dir(place.path("user")).unwrap();
    place.stores.project = None;
    for profile in Profile::ALL {
        assert_eq!(place.shown(profile), "");
    }
}

#[test]
fn packages_are_the_archives_directly_in_a_store_sorted_by_plugin() {
    let place = Place::new();
    fs::create_dir(place.path("project/deeper")).unwrap();
    for name in [
        "project/z.yoi-plugin",
        "user/any name.yoi-plugin",
        // None of these.
        "project/a.zip",
        "project/a.YOI-PLUGIN",
        "project/a.yoi-plugin.bak",
        "project/yoi-plugin",
        "project/.yoi-plugin",
        "project/deeper/a.yoi-plugin",
    ] {
        place.put(name, &of("notes", "1.0.0"));
    }
    place.put("project/a.yoi-plugin", &of("zebra", "1.0.0"));
    place.put("project/b.yoi-plugin", &of("ape", "1.0.0"));
    // A package in the works is none yet.
    crate::package::fixtures::unpack(&of("folder", "1.0.0"), &place.path("project/folder"));
    insta::assert_snapshot!(place.shown(Profile::Yoi), @"
        user:notes any name.yoi-plugin PLACE/user/any name.yoi-plugin
        project:ape b.yoi-plugin PLACE/project/b.yoi-plugin
        project:notes z.yoi-plugin PLACE/project/z.yoi-plugin
        project:zebra a.yoi-plugin PLACE/project/a.yoi-plugin
        ");
    insta::assert_snapshot!(place.shown(Profile::Documented), @"
        user:notes any name.yoi-plugin PLACE/user/any name.yoi-plugin
        project:ape b.yoi-plugin PLACE/project/b.yoi-plugin
        project:notes z.yoi-plugin PLACE/project/z.yoi-plugin
        project:zebra a.yoi-plugin PLACE/project/a.yoi-plugin
        project - -: not_called_one malformed discovery: `a.zip` is not looked at: the packages of a store are archives called `*.yoi-plugin` [if it is a package, give it such a name]
        project - -: not_called_one malformed discovery: `folder` is not looked at: the packages of a store are archives called `*.yoi-plugin` [pack the folder, and put the archive in the store]
        ");
    let found = discover(&place.stores, Profile::Documented);
    let notes = &found.packages[0];
    assert_eq!(notes.entries, ["plugin.toml", "plugin.wasm"]);
    assert_eq!(notes.digest, of("notes", "1.0.0").digest());
    assert_eq!(notes.manifest.declared().version, "1.0.0");
}

#[test]
fn one_bad_package_hides_no_other() {
    let place = Place::new();
    place.put("project/good.yoi-plugin", &of("good", "1.0.0"));
    fs::write(place.path("project/bytes.yoi-plugin"), "no archive").unwrap();
    fs::write(place.path("project/empty.yoi-plugin"), "").unwrap();
    place.put("project/no-manifest.yoi-plugin", &files(&[("a", b"")]));
    place.put(
        "project/no-toml.yoi-plugin",
        &files(&[("plugin.toml", b"id = 'named'\n[")]),
    );
    place.put(
        "project/unknown-field.yoi-plugin",
        &files(&[(
            "plugin.toml",
            b"schema_version = 1\nid = 'named'\nname = 'n'\nversion = '1'\nnmae = 2\n",
        )]),
    );
    place.put(
        "project/no-component.yoi-plugin",
        &files(&[("plugin.toml", SOUND.replace("= 1\n", "= 2\n").as_bytes())]),
    );
    place.put(
        "project/unsafe-id.yoi-plugin",
        &files(&[
            ("plugin.toml", SOUND.replace("\"notes\"", "\"a:b\"").as_bytes()),
            ("plugin.wasm", b""),
        ]),
    );
    insta::assert_snapshot!(both(&place), @"
        documented
        project:good good.yoi-plugin PLACE/project/good.yoi-plugin
        project bytes.yoi-plugin -: no_end malformed discovery: this is no zip archive, or its end is missing: 10 bytes hold no end record
        project empty.yoi-plugin -: no_end malformed discovery: this is no zip archive, or its end is missing: 0 bytes hold no end record
        project no-component.yoi-plugin project:notes: manifest api manifest: plugin schema/API version is unsupported [write `schema_version = 1`]
        project no-component.yoi-plugin project:notes: manifest missing manifest: plugin manifest references a path not present in the package
        project no-manifest.yoi-plugin -: manifest missing manifest: plugin package is missing root plugin.toml
        project no-toml.yoi-plugin -: manifest malformed manifest: not valid TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
        project unknown-field.yoi-plugin project:named: manifest malformed manifest: unknown field `nmae` [is `name` meant?]
        project unsafe-id.yoi-plugin -: manifest malformed manifest: plugin manifest id is not a safe local id [1 to 128 of the characters a-z A-Z 0-9 - _ . with no dot first or last]
        yoi
        project:good good.yoi-plugin PLACE/project/good.yoi-plugin
        project bytes.yoi-plugin -: no_end malformed discovery: zip end-of-central-directory was not found
        project empty.yoi-plugin -: no_end malformed discovery: zip end-of-central-directory was not found
        project no-component.yoi-plugin project:notes: manifest api manifest: plugin schema/API version is unsupported
        project no-manifest.yoi-plugin -: manifest missing manifest: plugin package is missing root plugin.toml
        project no-toml.yoi-plugin -: manifest malformed manifest: plugin.toml could not be parsed near byte span 14..14
        project unknown-field.yoi-plugin -: manifest malformed manifest: plugin.toml could not be parsed near byte span 57..61
        project unsafe-id.yoi-plugin -: manifest malformed manifest: plugin manifest id is not a safe local id
        ");
}

#[test]
fn only_files_in_the_store_are_read() {
    let place = Place::new();
    place.put("outside.yoi-plugin", &of("outside", "1.0.0"));
    place.put("project/kept.bin", &of("kept", "1.0.0"));
    fs::create_dir_all(place.path("project/within")).unwrap();
    place.put("project/within/a", &of("deeper", "1.0.0"));
    let link = |target: &str, name: &str| symlink(target, place.path(name)).unwrap();
    link("../outside.yoi-plugin", "project/out.yoi-plugin");
    link("/", "project/root.yoi-plugin");
    link("nowhere", "project/dangling.yoi-plugin");
    link("loop.yoi-plugin", "project/loop.yoi-plugin");
    link(".", "project/itself.yoi-plugin");
    // These stay in the store.
    link("kept.bin", "project/near.yoi-plugin");
    link("within/a", "project/deep.yoi-plugin");
    let whole = place.path("project/kept.bin").canonicalize().unwrap();
    symlink(whole, place.path("user/other-store.yoi-plugin")).unwrap();
    fs::create_dir(place.path("project/folder.yoi-plugin")).unwrap();
    let pipe = place.path("project/pipe.yoi-plugin");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    insta::assert_snapshot!(both(&place), @"
        documented
        project:deeper deep.yoi-plugin PLACE/project/within/a
        project:kept near.yoi-plugin PLACE/project/kept.bin
        user other-store.yoi-plugin -: escapes_store traversal discovery: `other-store.yoi-plugin` leads out of its store, to PLACE/project/kept.bin [put a copy of the archive in the store]
        project dangling.yoi-plugin -: gone io discovery: failed to find where `dangling.yoi-plugin` is: No such file or directory (os error 2)
        project folder.yoi-plugin -: not_a_file malformed discovery: `folder.yoi-plugin` is no file; a store has archives [pack the folder, and put the archive in the store]
        project itself.yoi-plugin -: not_a_file malformed discovery: `itself.yoi-plugin` is no file; a store has archives [pack the folder, and put the archive in the store]
        project loop.yoi-plugin -: gone io discovery: failed to find where `loop.yoi-plugin` is: Too many levels of symbolic links (os error 40)
        project out.yoi-plugin -: escapes_store traversal discovery: `out.yoi-plugin` leads out of its store, to PLACE/outside.yoi-plugin [put a copy of the archive in the store]
        project pipe.yoi-plugin -: not_a_file malformed discovery: `pipe.yoi-plugin` is no file; a store has archives
        project root.yoi-plugin -: escapes_store traversal discovery: `root.yoi-plugin` leads out of its store, to / [put a copy of the archive in the store]
        yoi
        project:deeper deep.yoi-plugin PLACE/project/within/a
        project:kept near.yoi-plugin PLACE/project/kept.bin
        user other-store.yoi-plugin -: escapes_store traversal discovery: plugin package path escapes its source store
        project dangling.yoi-plugin -: gone io discovery: plugin package could not be read: not found
        project folder.yoi-plugin -: not_a_file malformed discovery: plugin package candidate is not a regular file
        project itself.yoi-plugin -: not_a_file malformed discovery: plugin package candidate is not a regular file
        project loop.yoi-plugin -: gone io discovery: plugin package could not be read: I/O error
        project out.yoi-plugin -: escapes_store traversal discovery: plugin package path escapes its source store
        project pipe.yoi-plugin -: not_a_file malformed discovery: plugin package candidate is not a regular file
        project root.yoi-plugin -: escapes_store traversal discovery: plugin package path escapes its source store
        ");
}

#[test]
fn a_store_may_be_a_link() {
    let mut place = Place::new();
    place.put("project/a.yoi-plugin", &of("notes", "1.0.0"));
    symlink("project", place.path("link")).unwrap();
    place.stores.project = Some(place.path("link"));
    assert_eq!(
        place.shown(Profile::Documented),
        "project:notes a.yoi-plugin PLACE/project/a.yoi-plugin"
    );
}

#[test]
fn a_package_that_is_too_large_is_not_read() {
    let place = Place::new();
    let large = fs::File::create(place.path("project/large.yoi-plugin")).unwrap();
    large.set_len(PACKAGE_ARCHIVE_BYTES as u64 + 1).unwrap();
    insta::assert_snapshot!(both(&place), @"
        documented
        project large.yoi-plugin -: archive_too_large bounds discovery: the archive has 16777217 bytes; that of a package has at most 16777216
        yoi
        project large.yoi-plugin -: archive_too_large bounds discovery: plugin package exceeds the configured package size bound
        ");
}

#[test]
fn a_name_that_is_no_text_is_a_name_all_the_same() {
    let place = Place::new();
    let name = std::ffi::OsStr::from_bytes(b"\xff.yoi-plugin");
    fs::write(
        place.path("project").join(name),
        archive::write(&of("notes", "1.0.0")),
    )
    .unwrap();
    assert_eq!(
        place.shown(Profile::Documented),
        "project:notes \u{fffd}.yoi-plugin PLACE/project/\u{fffd}.yoi-plugin"
    );
}

#[test]
fn the_first_packages_by_name_are_read_and_the_rest_is_said() {
    let place = Place::new();
    for number in 0..STORE_PACKAGES {
        place.put(
            &format!("project/{number:03}.yoi-plugin"),
            &of(&format!("n{number}"), "1.0.0"),
        );
    }
    for profile in Profile::ALL {
        let found = discover(&place.stores, profile);
        assert_eq!((found.packages.len(), found.findings.len()), (STORE_PACKAGES, 0));
    }
    // It comes before all others, and the last of them falls out.
    place.put("project/+.yoi-plugin", &of("first", "1.0.0"));
    for profile in Profile::ALL {
        let found = discover(&place.stores, profile);
        assert_eq!(found.packages.len(), STORE_PACKAGES);
        assert!(found.packages.iter().any(|package| package.id.local == "first"));
        assert!(found.packages.iter().all(|package| package.id.local != "n127"));
    }
    let last = |profile| place.shown(profile).lines().last().unwrap_or_default().to_owned();
    insta::assert_snapshot!(last(Profile::Documented), @"project - -: too_many_packages bounds discovery: the store PLACE/project has 129 packages; the first 128 by name are read");
    insta::assert_snapshot!(last(Profile::Yoi), @"project - -: too_many_packages bounds discovery: plugin store contains more packages than the configured discovery bound");
}

#[test]
fn a_store_is_looked_at_up_to_a_number_of_names() {
    let place = Place::new();
    for number in 0..3 {
        place.put(&format!("project/{number}.yoi-plugin"), &of("notes", "1.0.0"));
    }
    let store = place.path("project");
    let dir = Dir::open_ambient_dir(&store, ambient_authority()).unwrap();
    let look = |most| {
        let mut faults = Vec::new();
        let names = candidates(&dir, &store, most, Profile::Yoi, &mut |fault| faults.push(fault));
        (names.len(), faults)
    };
    assert!(matches!(look(3), (3, faults) if faults.is_empty()));
    let (names, faults) = look(2);
    assert_eq!((names, faults.len()), (2, 1));
    let said = |text: String| text.replace(&store.display().to_string(), "STORE");
    insta::assert_snapshot!(said(faults[0].to_string()), @"the store STORE has more than 65536 names; what comes after them is not looked at");
    // That host has no such bound, and no words for it.
    assert_eq!(faults[0].yoi_first().message, faults[0].to_string());
    assert_eq!(
        (faults[0].code(), faults[0].kind()),
        ("too_many_names", FaultKind::Bounds)
    );
}

#[test]
fn two_packages_of_one_plugin_are_both_there_and_said() {
    let place = Place::new();
    place.put("project/old.yoi-plugin", &of("notes", "1.0.0"));
    place.put("project/new.yoi-plugin", &of("notes", "2.0.0"));
    place.put("project/same.yoi-plugin", &of("notes", "2.0.0"));
    // Another plugin: its store is another.
    place.put("user/old.yoi-plugin", &of("notes", "1.0.0"));
    insta::assert_snapshot!(both(&place), @"
        documented
        user:notes old.yoi-plugin PLACE/user/old.yoi-plugin
        project:notes new.yoi-plugin PLACE/project/new.yoi-plugin
        project:notes same.yoi-plugin PLACE/project/same.yoi-plugin
        project:notes old.yoi-plugin PLACE/project/old.yoi-plugin
        project - project:notes: duplicate_plugin duplicate discovery: 3 packages are the plugin `project:notes`: new.yoi-plugin, old.yoi-plugin, same.yoi-plugin [leave one of them in the store]
        yoi
        user:notes old.yoi-plugin PLACE/user/old.yoi-plugin
        project:notes new.yoi-plugin PLACE/project/new.yoi-plugin
        project:notes same.yoi-plugin PLACE/project/same.yoi-plugin
        project:notes old.yoi-plugin PLACE/project/old.yoi-plugin
        project - project:notes: duplicate_plugin duplicate discovery: duplicate plugin package identity in one source store
        ");
}

#[test]
fn a_store_that_is_no_folder_is_said() {
    let mut place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    place.stores.user = Some(place.path("file"));
    place.stores.project = Some(place.path("file/plugins"));
    insta::assert_snapshot!(both(&place), @"
        documented
        user - -: store_unlisted io discovery: failed to list the store PLACE/file: Not a directory (os error 20)
        project - -: store_unread io discovery: failed to open the store PLACE/file/plugins: Not a directory (os error 20)
        yoi
        user - -: store_unlisted io discovery: plugin store could not be listed: I/O error
        project - -: store_unread io discovery: plugin store could not be read: I/O error
        ");
}

#[test]
fn what_may_not_be_read_is_said_unless_root_reads() {
    let place = Place::new();
    place.put("project/secret.yoi-plugin", &of("notes", "1.0.0"));
    place.put("user/notes.yoi-plugin", &of("notes", "1.0.0"));
    let forbid = |path: &str, mode| {
        fs::set_permissions(place.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    forbid("project/secret.yoi-plugin", 0);
    // Whoever may do everything, root for one, reads it.
    if fs::File::open(place.path("project/secret.yoi-plugin")).is_ok() {
        return;
    }
    forbid("user", 0o300);
    let shown = both(&place);
    forbid("user", 0o700);
    assert_eq!(
        shown,
        "documented\n\
             user - -: store_unlisted io discovery: failed to list the store PLACE/user: Permission denied (os error 13)\n\
             project secret.yoi-plugin -: read io discovery: failed to read PLACE/project/secret.yoi-plugin: Permission denied (os error 13)\n\
             yoi\n\
             user - -: store_unlisted io discovery: plugin store could not be listed: permission denied\n\
             project secret.yoi-plugin -: read io discovery: plugin package content could not be read: permission denied"
    );
}

#[test]
fn a_package_that_vanishes_or_is_swapped_while_it_is_looked_at_is_a_finding() {
    let place = Place::new();
    let store = place.path("project").canonicalize().unwrap();
    let dir = Dir::open_ambient_dir(&store, ambient_authority()).unwrap();
    let read = |name: &str| {
        let read = read(
            &dir,
            &store,
            PluginSource::Project,
            &name.into(),
            Profile::Documented,
        );
        let fault = read.unwrap_err().fault;
        fault.to_string().replace(&store.display().to_string(), "STORE")
    };
    // Listed, and gone.
    insta::assert_snapshot!(read("gone.yoi-plugin"), @"failed to find where `gone.yoi-plugin` is: No such file or directory (os error 2)");
    // The path still leads to a file and the open store has none of that name: it is another by now.
    place.put("project/moved.yoi-plugin", &of("notes", "1.0.0"));
    fs::rename(&store, place.path("aside")).unwrap();
    fs::create_dir(&store).unwrap();
    fs::rename(
        place.path("aside/moved.yoi-plugin"),
        store.join("moved.yoi-plugin"),
    )
    .unwrap();
    insta::assert_snapshot!(read("moved.yoi-plugin"), @"failed to look at STORE/moved.yoi-plugin: No such file or directory (os error 2)");
    // The open store has a link out in its place.
    place.put("outside", &of("notes", "1.0.0"));
    symlink("../outside", place.path("aside/moved.yoi-plugin")).unwrap();
    insta::assert_snapshot!(read("moved.yoi-plugin"), @"failed to look at STORE/moved.yoi-plugin: a path led outside of the filesystem");
}

#[test]
fn what_becomes_a_link_or_a_pipe_after_it_was_looked_at_leads_nowhere() {
    let place = Place::new();
    let dir = Dir::open_ambient_dir(place.path("project"), ambient_authority()).unwrap();
    place.put("outside", &of("notes", "1.0.0"));
    symlink("../outside", place.path("project/link")).unwrap();
    insta::assert_snapshot!(open_within(&dir, Path::new("link")).unwrap_err(), @"a path led outside of the filesystem");
    let pipe = place.path("project/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    let opened = open_within(&dir, Path::new("pipe")).unwrap();
    assert!(matches!(
        archive_bytes(opened, &pipe),
        Err(PackageFault::NotAPackage(_))
    ));
}

#[test]
fn a_package_of_a_store_is_that_of_its_archive() {
    let place = Place::new();
    place.put("user/a.yoi-plugin", &with_manifest(&[("assets/a", b"a")]));
    let found = discover(&place.stores, Profile::Yoi).packages.remove(0);
    let opened = Package::open(&place.path("user/a.yoi-plugin"), Profile::Yoi).unwrap();
    assert_eq!((found.digest, found.manifest), (opened.digest, opened.manifest));
    assert_eq!(found.entries, ["assets/a", "plugin.toml", "plugin.wasm"]);
}

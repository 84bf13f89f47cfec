//! `yoikit plugin new`: a project that builds as it stands.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::typed;
use crate::args::{PluginNew, Template};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::plugin::{NewReport, Safety};
use crate::screen;

/// Where `yoi-pdk` was when this program was built.
const PDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/pdk");

/// Longest name of a plugin: a part of its file names and of the names of its tools.
const NAME_BYTES: usize = 64;

pub(super) fn run(args: &PluginNew) -> Result<Exit, Failure> {
    // A slash at the end would have a link looked through.
    let folder: PathBuf = args.folder.components().collect();
    refuse_what_is_there(&folder)?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(&folder)?,
    };
    check_name(&name, args.template).map_err(|reason| {
        Failure::Usage(format!(
            "a plugin cannot be called `{}`: {reason}",
            name.escape_debug()
        ))
    })?;
    let pdk = match args.template.is_rust() {
        true => pdk(args.pdk.as_deref(), Path::new(PDK))?,
        false => String::new(),
    };
    let files = args.template.files(&name, &pdk);

    let mut made = Made::default();
    made.folder(&folder).map_err(|cause| failed(&folder, cause))?;
    for (path, content) in &files {
        let path = folder.join(path);
        let folder = path.parent().unwrap_or(&folder);
        made.folder(folder).map_err(|cause| failed(folder, cause))?;
        made.file(&path, content).map_err(|cause| failed(&path, cause))?;
    }
    made.keep();

    let report = NewReport {
        schema: "yoikit.plugin-new/1",
        command: "new",
        template: args.template.name(),
        destination: folder.display().to_string(),
        files: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        safety: Safety::KEPT,
        next_steps: args.template.next_steps(&name, &folder),
        name,
    };
    if args.json {
        screen::json(&report)?;
    } else {
        screen::new(&report)?;
    }
    Ok(Exit::Ok)
}

fn failed(path: &Path, cause: io::Error) -> Failure {
    Failure::File {
        path: path.to_owned(),
        doing: "write",
        cause,
    }
}

/// A project goes into a folder of its own. Nothing is written over, and no link is followed.
fn refuse_what_is_there(folder: &Path) -> Result<(), Failure> {
    let refuse = |what: &str| Err(Failure::Usage(format!("{} {what}", folder.display())));
    let unread = |cause| Failure::File {
        path: folder.to_owned(),
        doing: "look at",
        cause,
    };
    match fs::symlink_metadata(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(unread(cause)),
        Ok(found) if found.is_symlink() => refuse("is a symbolic link: name the folder itself"),
        Ok(found) if !found.is_dir() => refuse("is there already, and is not a folder"),
        Ok(_) if fs::read_dir(folder).map_err(unread)?.next().is_some() => {
            refuse("is not empty: a project gets a folder of its own")
        }
        Ok(_) => Ok(()),
    }
}

/// The name of a folder, of the one that is worked in too.
fn name_of(folder: &Path) -> Result<String, Failure> {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    name.ok_or_else(|| {
        Failure::Usage(format!(
            "{} has no name to call the plugin after: name the plugin with `--name`",
            folder.display()
        ))
    })
}

/// A name is that of a crate, of a file and of a plugin at once, and the beginning of a tool's.
fn check_name(name: &str, template: Template) -> Result<(), String> {
    // What cargo refuses, or what could not be told from a dependency.
    const TAKEN: [&str; 9] = [
        "alloc",
        "core",
        "proc-macro",
        "proc_macro",
        "serde",
        "std",
        "test",
        "yoi-pdk",
        "yoi_pdk",
    ];
    const KEYWORDS: [&str; 52] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
        "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self",
        "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
        "virtual", "where", "while", "yield", "_",
    ];
    let choose = "choose another with `--name`";
    if name.len() > NAME_BYTES {
        return Err(format!("it has more than {NAME_BYTES} bytes; {choose}"));
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(format!("it has to begin with a letter from a to z; {choose}"));
    }
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.chars().all(is_fit) {
        return Err(format!(
            "it may have lower-case letters, digits, `-` and `_`; {choose}"
        ));
    }
    if template.is_rust() && (TAKEN.contains(&name) || KEYWORDS.contains(&name)) {
        return Err(format!("the name means something else in Rust; {choose}"));
    }
    Ok(())
}

/// The folder of `yoi-pdk`, written out.
fn pdk(named: Option<&Path>, built_with: &Path) -> Result<String, Failure> {
    let folder = named.unwrap_or(built_with);
    if !is_pdk(folder) {
        return Err(Failure::Usage(match named {
            Some(named) => format!("there is no crate `yoi-pdk` in {}", named.display()),
            None => "the crate `yoi-pdk`, which a plugin is written with, is not on crates.io yet, and the checkout \
                     that yoikit was built from is gone: name the crate's folder, `guests/pdk` of a checkout, with \
                     `--pdk`"
                .to_owned(),
        }));
    }
    let whole = fs::canonicalize(folder).map_err(|cause| Failure::File {
        path: folder.to_owned(),
        doing: "look at",
        cause,
    })?;
    whole.into_os_string().into_string().map_err(|path| {
        let path = Path::new(&path);
        Failure::Usage(format!(
            "{} is not UTF-8, and a Cargo.toml has to be",
            path.display()
        ))
    })
}

fn is_pdk(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == "name = \"yoi-pdk\"")
}

impl Template {
    const fn name(self) -> &'static str {
        match self {
            Self::RustTool => "rust-tool",
            Self::RustService => "rust-service",
            Self::Js => "js",
            Self::Python => "python",
        }
    }

    const fn is_rust(self) -> bool {
        matches!(self, Self::RustTool | Self::RustService)
    }

    /// What comes next, in the order of typing, for a project in a folder.
    fn next_steps(self, name: &str, folder: &Path) -> Vec<String> {
        let place = typed(folder);
        let prefix = prefix(name);
        let greet = format!("{prefix}_greet '{{\"name\":\"Ada\"}}'");
        let build = format!("yoikit plugin build {place}");
        let pack = format!("yoikit plugin pack {place}");
        match self {
            Self::RustTool => vec![build, format!("yoikit call {place} {greet}"), pack],
            Self::RustService => vec![build, format!("yoikit call {place} {prefix}_count '{{}}'"), pack],
            Self::Js => vec![
                format!("npm install --prefix {place}"),
                build,
                format!("yoikit call {place} {greet}"),
                pack,
            ],
            // It is too large to be packed.
            Self::Python => vec![
                format!("python3 -m venv {place}/.venv"),
                format!("{place}/.venv/bin/pip install -r {place}/requirements.txt"),
                format!("{build} --memory 32MiB"),
                format!("yoikit call {place} {greet} --memory 32MiB"),
            ],
        }
    }

    /// Its files, for a plugin of this name. `pdk` is for Rust.
    fn files(self, name: &str, pdk: &str) -> Vec<(&'static str, String)> {
        macro_rules! text {
            ($path:literal) => {
                include_str!(concat!("../../../templates/", $path))
            };
        }
        let tool = text!("rust-tool/plugin.toml");
        let files = match self {
            Self::RustTool => vec![
                ("Cargo.toml", text!("Cargo.toml.in")),
                ("plugin.toml", tool),
                ("src/lib.rs", text!("rust-tool/lib.rs")),
                ("README.md", text!("rust-tool/README.md")),
                (".gitignore", text!("gitignore")),
                (".yoiignore", text!("yoiignore")),
            ],
            Self::RustService => vec![
                ("Cargo.toml", text!("Cargo.toml.in")),
                ("plugin.toml", text!("rust-service/plugin.toml")),
                ("src/lib.rs", text!("rust-service/lib.rs")),
                ("README.md", text!("rust-service/README.md")),
                (".gitignore", text!("gitignore")),
                (".yoiignore", text!("yoiignore")),
            ],
            Self::Js => vec![
                ("package.json", text!("js/package.json")),
                ("plugin.toml", tool),
                ("src/plugin.js", text!("js/plugin.js")),
                ("test/plugin.test.js", text!("js/plugin.test.js")),
                ("README.md", text!("js/README.md")),
                (".gitignore", text!("js/gitignore")),
                (".yoiignore", text!("js/yoiignore")),
            ],
            Self::Python => vec![
                ("requirements.txt", text!("python/requirements.txt")),
                ("plugin.toml", tool),
                ("app.py", text!("python/app.py")),
                ("tools.py", text!("python/tools.py")),
                ("test_tools.py", text!("python/test_tools.py")),
                ("README.md", text!("python/README.md")),
                (".gitignore", text!("python/gitignore")),
                (".yoiignore", text!("python/yoiignore")),
            ],
        };
        let prefix = prefix(name);
        let filled = |content: &str| {
            content
                .replace("{{name}}", name)
                .replace("{{prefix}}", &prefix)
                // Last: a path may be anything.
                .replace("{{pdk}}", &toml_string(pdk))
        };
        files
            .into_iter()
            .map(|(path, content)| (path, filled(content)))
            .collect()
    }
}

/// What the names of a plugin's tools begin with, so that those of two plugins differ.
fn prefix(name: &str) -> String {
    name.replace('-', "_")
}

/// A string of TOML.
fn toml_string(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    // The one character that JSON takes as it is and TOML does not.
    json.replace('\u{7f}', "\\u007F")
}

/// What was made so far. It goes again unless it is kept.
#[derive(Default)]
struct Made {
    /// In order; whether it is a folder.
    paths: Vec<(PathBuf, bool)>,
}

impl Made {
    /// Make a folder that is not there, and those on the way to it.
    fn folder(&mut self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.folder(parent)?;
        }
        fs::create_dir(path)?;
        self.paths.push((path.to_owned(), true));
        Ok(())
    }

    fn file(&mut self, path: &Path, content: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        self.paths.push((path.to_owned(), false));
        file.write_all(content.as_bytes())
    }

    fn keep(mut self) {
        self.paths.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for (path, is_folder) in self.paths.iter().rev() {
            // A folder in which somebody else put something meanwhile stays.
            let _ = if *is_folder {
                fs::remove_dir(path)
            } else {
                fs::remove_file(path)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATES: [Template; 4] = [
        Template::RustTool,
        Template::RustService,
        Template::Js,
        Template::Python,
    ];

    #[test]
    fn a_template_is_filled_in_everywhere() {
        for template in TEMPLATES {
            for (path, content) in template.files("my-plugin", "/a \"b\" {{name}}") {
                let content = content.replace(r#"path = "/a \"b\" {{name}}""#, "");
                assert!(!content.contains("{{"), "{path}: {content}");
                assert!(content.ends_with('\n') && !content.contains('\r'), "{path}");
            }
        }
    }

    #[test]
    fn a_manifest_of_a_template_has_nothing_wrong_with_it() {
        for template in TEMPLATES {
            let files = template.files("my-plugin", "pdk");
            let (_, manifest) = files.iter().find(|(path, _)| *path == "plugin.toml").unwrap();
            let manifest = yoi_host::authority::Manifest::parse(manifest).unwrap();
            assert_eq!(manifest.remarks(), []);
            assert_eq!(manifest.declared().id, "my-plugin");
            assert!(manifest.declared().tools[0].name.starts_with("my_plugin_"));
        }
    }

    #[test]
    fn a_name_fits_a_crate_a_file_and_a_tool() {
        for name in ["a", "greeter", "my-plugin_2", &"x".repeat(NAME_BYTES)] {
            assert_eq!(check_name(name, Template::RustTool), Ok(()), "{name}");
        }
        let wrong = [
            "",
            "Greeter",
            "2nd",
            "-a",
            "é",
            "my plugin",
            "a.b",
            "fn",
            "yoi-pdk",
            &"x".repeat(NAME_BYTES + 1),
        ];
        let reasons = wrong.map(|name| {
            check_name(name, Template::RustTool)
                .unwrap_err()
                .replace("; choose another with `--name`", "")
        });
        insta::assert_snapshot!(reasons.join("\n"), @"
        it has to begin with a letter from a to z
        it has to begin with a letter from a to z
        it has to begin with a letter from a to z
        it has to begin with a letter from a to z
        it has to begin with a letter from a to z
        it may have lower-case letters, digits, `-` and `_`
        it may have lower-case letters, digits, `-` and `_`
        the name means something else in Rust
        the name means something else in Rust
        it has more than 64 bytes
        ");
        assert_eq!(check_name("match", Template::Js), Ok(()));
    }

    #[test]
    fn the_kit_is_asked_for_where_the_checkout_is_gone() {
        let empty = tempfile::tempdir().unwrap();
        insta::assert_snapshot!(pdk(None, empty.path()).unwrap_err(), @"the crate `yoi-pdk`, which a plugin is written with, is not on crates.io yet, and the checkout that yoikit was built from is gone: name the crate's folder, `guests/pdk` of a checkout, with `--pdk`");
        assert!(pdk(Some(Path::new(PDK)), empty.path()).is_ok());
    }

    #[test]
    fn what_was_made_goes_again_when_something_fails() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/b");
        let mut made = Made::default();
        made.folder(&folder).unwrap();
        made.file(&folder.join("one"), "1").unwrap();
        assert!(made.file(&folder.join("one"), "2").is_err());
        drop(made);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);

        let mut made = Made::default();
        made.folder(&folder).unwrap();
        made.file(&folder.join("one"), "1").unwrap();
        made.keep();
        assert_eq!(fs::read(folder.join("one")).unwrap(), b"1");
    }

    #[test]
    fn a_path_is_a_string_of_toml() {
        assert_eq!(toml_string("/a/b"), "\"/a/b\"");
        assert_eq!(toml_string("/a \"b\"\\\n\u{7f}"), r#""/a \"b\"\\\n\u007F""#);
    }
}

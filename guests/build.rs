//! Builds the guests in `rust/`, lays each out as the directory of a package in `OUT_DIR`, and names them for
//! the library. So it does with the dialects in `dialects/`, which are components and no packages.

#[path = "build/cargo.rs"]
mod cargo;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cargo::{TARGET, build_components, ensure_target, var};

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let here = PathBuf::from(var("CARGO_MANIFEST_DIR"));
    let out_dir = PathBuf::from(var("OUT_DIR"));
    let workspace = here.join("rust");
    let guests = guests_in(&workspace).map_err(failed("list", &workspace))?;

    watch(&here, &guests);
    ensure_target()?;
    build_components(&workspace, &[])?;

    let artifacts = workspace.join("target").join(TARGET).join("release");
    let packages = out_dir.join("packages");
    for guest in &guests {
        let package = packages.join(guest);
        fs::create_dir_all(&package).map_err(failed("create", &package))?;
        let manifest = workspace.join(guest).join("plugin.toml");
        fs::copy(&manifest, package.join("plugin.toml")).map_err(failed("copy", &manifest))?;
        let component = artifacts.join(format!("{}.wasm", guest.replace('-', "_")));
        fs::copy(&component, package.join(format!("{guest}.wasm"))).map_err(failed("copy", &component))?;
    }

    let dialects = dialects(&here, &out_dir)?;
    let names = out_dir.join("names.rs");
    fs::write(&names, names_of(&guests, &packages) + &dialects).map_err(failed("write", &names))
}

/// Builds the dialects, each an example of one package, and names them.
fn dialects(here: &Path, out_dir: &Path) -> Result<String, String> {
    let package = here.join("dialects");
    build_components(&package, &["--examples"])?;
    let built = package.join("target").join(TARGET).join("release/examples");
    let (examples, to) = (package.join("examples"), out_dir.join("dialects"));
    fs::create_dir_all(&to).map_err(failed("create", &to))?;
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&examples).map_err(failed("list", &examples))? {
        let path = entry.map_err(failed("list", &examples))?.path();
        let name = path.file_stem().expect("a source has a name");
        names.push(name.to_str().expect("a dialect has a name in ASCII").to_owned());
    }
    names.sort();
    let mut constants = String::from("const DIALECTS: &[(&str, &str)] = &[");
    for name in names {
        let component = built.join(format!("{}.wasm", name.replace('-', "_")));
        let to = to.join(format!("{name}.wasm"));
        fs::copy(&component, &to).map_err(failed("copy", &component))?;
        write!(constants, "({name:?}, {to:?}), ").expect("a string takes everything");
    }
    Ok(constants + "];\n")
}

/// The folders with a manifest, in order of name.
fn guests_in(workspace: &Path) -> io::Result<Vec<String>> {
    let mut guests = Vec::new();
    for entry in fs::read_dir(workspace)? {
        let entry = entry?;
        if entry.path().join("plugin.toml").is_file() {
            guests.push(
                entry
                    .file_name()
                    .into_string()
                    .expect("a guest has a name in ASCII"),
            );
        }
    }
    guests.sort();
    Ok(guests)
}

/// Names everything that the components are made of, but not `rust/` as a whole: its target directory changes
/// with every build. A new guest changes the list of members.
fn watch(here: &Path, guests: &[String]) {
    let parts = [
        "build.rs",
        "build",
        "pdk/Cargo.toml",
        "pdk/src",
        "rust/Cargo.toml",
        "rust/Cargo.lock",
        "dialects/Cargo.toml",
        "dialects/Cargo.lock",
        "dialects/src",
        "dialects/examples",
    ];
    // The kit and the dialects take versions and lints from the outer workspace.
    let around = [
        "../Cargo.toml",
        "../wit/plugin",
        "../wit/bridge",
        "../dialects/Cargo.toml",
        "../dialects/src",
    ];
    for part in parts.into_iter().chain(around) {
        println!("cargo::rerun-if-changed={}", here.join(part).display());
    }
    for guest in guests {
        println!(
            "cargo::rerun-if-changed={}",
            here.join("rust").join(guest).display()
        );
    }
}

/// The constants and the macro that the library includes.
fn names_of(guests: &[String], packages: &Path) -> String {
    let mut constants = String::new();
    let mut all = String::new();
    let mut calls = String::new();
    for guest in guests {
        let snake = guest.replace('-', "_");
        let constant = snake.to_uppercase();
        let package = packages.join(guest);
        let component = package.join(format!("{guest}.wasm"));
        writeln!(
            constants,
            "/// The guest `{guest}`.\n\
             pub const {constant}: Guest = Guest {{ name: {guest:?}, package: {package:?}, component: {component:?} }};"
        )
        .expect("a string takes everything");
        write!(all, "{constant}, ").expect("a string takes everything");
        write!(calls, "$name!({snake}); ").expect("a string takes everything");
    }
    format!(
        "{constants}\n\
         const ALL: &[Guest] = &[{all}];\n\n\
         /// Calls the macro `$name` once for each guest, with the guest's name in snake case.\n\
         ///\n\
         /// A test suite that is to have one test for each guest makes a macro of it that uses an item of that\n\
         /// name: then it does not compile while one is missing.\n\
         ///\n\
         /// ```\n\
         /// mod tests {{\n\
         {items}\
         ///     macro_rules! has_a_test {{\n\
         ///         ($guest:ident) => {{\n\
         ///             const _: fn() = $guest;\n\
         ///         }};\n\
         ///     }}\n\
         ///     yoi_guests::for_each_guest!(has_a_test);\n\
         /// }}\n\
         /// ```\n\
         #[macro_export]\n\
         macro_rules! for_each_guest {{\n    ($name:ident) => {{ {calls} }};\n}}\n",
        items = guests
            .iter()
            .map(|guest| format!("///     fn {}() {{}}\n", guest.replace('-', "_")))
            .collect::<String>(),
    )
}

fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> String {
    let context = format!("failed to {what} {}", path.display());
    move |error| format!("{context}: {error}")
}

//! A plugin's first lines, and its way to an archive.

use super::*;

#[test]
fn a_tool_goes_from_its_first_line_to_its_archive() {
    let place = Place::with("rust-tool", "greeter");
    place.cargo("greeter", &["test"]);
    place.cargo("greeter", &["build", "--target", "wasm32-wasip2", "--release"]);
    // What is not built yet is told so.
    assert_plugin!(place.run(&["plugin", "check", "greeter"]), @r#"
    exit 1
    --- stdout
    package     greeter

    refused: plugin manifest references a path not present in the package
      in greeter/plugin.toml:10:13
      10 | component = "greeter.wasm"
         |             ^^^^^^^^^^^^^^

    status      rejected (profile documented)
    next        yoikit plugin build greeter
    "#);
    assert_plugin!(place.build(&["greeter"]), @"
    exit 0
    --- stdout
    built       greeter (cargo, release, [SIZE])
    component   greeter/greeter.wasm (tool, [SIZE])
                [SIZE] smaller without debugging information and the like
    documented  fits
    next        yoikit plugin check greeter
                yoikit plugin pack greeter
    --- stderr
    building greeter
    ");
    assert_plugin!(place.run(&["plugin", "check", "greeter"]), @"
    exit 0
    --- stdout
    package     greeter (folder, 3 files)
    plugin      greeter 0.1.0
    digest      sha256:[…]
    component   greeter.wasm (tool, [SIZE])
    documented  fits

    grants      all that the manifest asks for
    tool        greeter_greet  eligible

    status      active (profile documented)
    next        yoikit plugin pack greeter
    ");
    assert_plugin!(place.run(&["plugin", "pack", "greeter"]), @"
    exit 0
    --- stdout
    package     [PLACE]/greeter.yoi-plugin ([SIZE], 3 files)
    plugin      greeter 0.1.0
    digest      sha256:[…]
    files       README.md, greeter.wasm, plugin.toml
    left out    .gitignore, .yoiignore, Cargo.lock, Cargo.toml, src/
    next        yoikit grant greeter > grants.toml
                mkdir -p .yoi/plugins && cp [PLACE]/greeter.yoi-plugin .yoi[PLACE]/greeter.yoi-plugin
                yoikit plugin enable project:greeter --grant grants.toml
    ");
    assert_plugin!(place.run(&["plugin", "check", "greeter.yoi-plugin", "--profile", "yoi"]), @"
    exit 0
    --- stdout
    package     greeter.yoi-plugin (archive, 3 files)
    plugin      greeter 0.1.0
    digest      sha256:[…]
    component   greeter.wasm (tool, [SIZE])
    yoi         fits

    grants      all that the manifest asks for
    tool        greeter_greet  eligible

    status      active (profile yoi)
    ");
    let call = |path: &str| place.run(&["call", path, "greeter_greet", r#"{"name":"Ada"}"#]);
    for path in ["greeter", "greeter/greeter.wasm"] {
        let called = call(path);
        assert_eq!(called.status, 0, "{}", called.whole());
        assert!(called.stdout.contains("Hello, Ada!"), "{}", called.stdout);
    }
    // Another build of the same is the same archive.
    let before = fs::read(place.path("greeter.yoi-plugin")).unwrap();
    place.build(&["greeter", "--release"]);
    place.run(&["plugin", "pack", "greeter"]);
    assert_eq!(fs::read(place.path("greeter.yoi-plugin")).unwrap(), before);
}

#[test]
fn a_service_goes_from_its_first_line_to_its_archive() {
    // By the name that the yoi program has for it.
    let place = Place::with("rust-component-service", "my-events");
    place.cargo("my-events", &["test"]);
    assert_plugin!(place.build(&["my-events"]), @"
    exit 0
    --- stdout
    built       my-events (cargo, release, [SIZE])
    component   my-events/my-events.wasm (instance, [SIZE])
                [SIZE] smaller without debugging information and the like
    documented  fits
    next        yoikit plugin check my-events
                yoikit plugin pack my-events
    --- stderr
    building my-events
    ");
    assert_plugin!(place.run(&["plugin", "check", "my-events"]), @"
    exit 0
    --- stdout
    package     my-events (folder, 3 files)
    plugin      my-events 0.1.0
    digest      sha256:[…]
    component   my-events.wasm (instance, [SIZE])
    documented  fits

    grants      all that the manifest asks for
    tool        my_events_count  eligible
    service     my-events  eligible
    ingress     events  eligible

    status      active (profile documented)
    next        yoikit plugin pack my-events
    ");
    let packed = place.run(&["plugin", "pack", "my-events", "-o", "out/events.zip"]);
    assert_eq!(packed.status, 0, "{}", packed.whole());
    let checked = place.run(&["plugin", "check", "out/events.zip", "--profile", "yoi"]);
    assert_eq!(checked.status, 0, "{}", checked.whole());
    let words = [
        "call",
        "my-events",
        "my_events_count",
        "{}",
        "--config",
        r#"{"start":10}"#,
    ];
    let called = place.run(&words);
    assert!(called.stdout.contains("10 so far"), "{}", called.whole());
}

#[test]
fn what_the_guests_readme_says_is_true_when_typed() {
    let readme = fs::read_to_string(Path::new(HOUSE).join("guests/README.md")).unwrap();
    let (_, section) = readme
        .split_once("## A plugin of your own, in five minutes\n")
        .unwrap();
    let lines: Vec<_> = section
        .lines()
        .skip_while(|line| *line != "```console")
        .skip(1)
        .take_while(|line| *line != "```")
        .map(|line| line.strip_prefix("$ ").unwrap())
        .collect();
    assert_eq!(lines.len(), 10);
    let place = Place::new();
    let programs = Path::new(env!("CARGO_BIN_EXE_yoikit")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    for line in lines {
        // Nobody is there to be asked.
        let is_asked = line.starts_with("yoikit plugin enable ");
        let line = if is_asked {
            format!("{line} --yes")
        } else {
            line.to_owned()
        };
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(place.0.path())
            .envs(Place::env())
            .env("PATH", &path)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {told}");
        place.lock("greeter");
    }
}

#[test]
fn a_project_says_what_comes_next() {
    let place = Place::new();
    assert_plugin!(place.run(&["plugin", "new", "rust-tool", "plugins/my greeter", "--name", "greeter"]), @r#"
    exit 0
    --- stdout
    plugin      greeter (rust-tool, in plugins/my greeter)
    files       Cargo.toml, plugin.toml, src/lib.rs, README.md, .gitignore, .yoiignore
    next        yoikit plugin build 'plugins/my greeter'
                yoikit call 'plugins/my greeter' greeter_greet '{"name":"Ada"}'
                yoikit plugin pack 'plugins/my greeter'
    "#);
    assert_eq!(
        place.names("plugins/my greeter"),
        [
            ".gitignore",
            ".yoiignore",
            "Cargo.toml",
            "README.md",
            "plugin.toml",
            "src"
        ]
    );
    // An empty folder will do, and so will the one that is worked in.
    fs::create_dir(place.path("here")).unwrap();
    let ran = yoikit(&place.path("here"), &["plugin", "new", "rust-service", "."]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    let manifest = fs::read_to_string(place.path("here/plugin.toml")).unwrap();
    assert!(manifest.contains("id = \"here\""), "{manifest}");
}

#[test]
fn a_project_is_written_over_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    symlink("empty", place.path("link")).unwrap();
    symlink("nowhere", place.path("dangling")).unwrap();
    fs::write(place.path("file"), "mine").unwrap();
    fs::create_dir_all(place.path("full/of")).unwrap();
    let before = place.names(".");
    let new = |words: &[&str]| place.run(&[&["plugin", "new", "rust-tool"], words].concat());
    assert_plugin!(new(&["link"]), @"
    exit 2
    --- stderr
    error: link is a symbolic link: name the folder itself
    ");
    assert_eq!(new(&["link/"]).whole(), new(&["link"]).whole());
    assert_plugin!(new(&["dangling"]), @"
    exit 2
    --- stderr
    error: dangling is a symbolic link: name the folder itself
    ");
    assert_plugin!(new(&["file"]), @"
    exit 2
    --- stderr
    error: file is there already, and is not a folder
    ");
    assert_plugin!(new(&["full"]), @"
    exit 2
    --- stderr
    error: full is not empty: a project gets a folder of its own
    ");
    assert_plugin!(new(&["file/within"]), @"
    exit 3
    --- stderr
    error: failed to look at file/within: Not a directory (os error 20)
    ");
    assert_plugin!(new(&["Greeter"]), @"
    exit 2
    --- stderr
    error: a plugin cannot be called `Greeter`: it has to begin with a letter from a to z; choose another with `--name`
    ");
    assert_plugin!(new(&["new/one", "--pdk", "full"]), @"
    exit 2
    --- stderr
    error: there is no crate `yoi-pdk` in full
    ");
    assert_plugin!(place.run(&["plugin", "new", "python-tool", "new"]), @"
    exit 2
    --- stderr
    error: invalid value 'python-tool' for '<TEMPLATE>'
      [possible values: rust-tool, rust-service, js, python]

      tip: a similar value exists: 'python'

    For more information, try '--help'.
    ");
    assert_eq!(place.names("."), before);
    assert_eq!(place.names("empty"), [""; 0]);
    assert_eq!(place.names("full"), ["of"]);
}

//! Which child agent is installed here, and whether it has the words by which it is driven.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::timeout;

use super::event::BridgeFailure;
use super::launch::{Start, launch};
use super::spec::{Adapter, ExternalRuntimeSpec};
use crate::limits::{BRIDGE_PROBE_TIME, BRIDGE_SOFT_TIME, MESSAGE_BYTES};
use crate::text::bounded;
use crate::wire::Line;
use crate::wire::child::{Child, Farewell, Launch, StartError};

/// What is known of an installed child agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Probe {
    /// The program, where it was found.
    pub program: PathBuf,
    /// What it says of its version, in a line; none where it says nothing in time.
    pub version: Option<String>,
    /// The adapter whose words it speaks, where that is known to be another.
    pub instead: Option<Adapter>,
    /// The words that the bridge uses, and whether its help has them.
    pub words: Vec<ProbedWord>,
    /// Why it cannot be driven, besides words that its help does not have.
    pub trouble: Option<String>,
}

/// A word that a child is driven by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProbedWord {
    /// The word.
    pub word: &'static str,
    /// Whether the program's help has it.
    pub found: bool,
}

impl Probe {
    /// Whether the program has every word, is none that speaks otherwise, and nothing else is in the way.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.instead.is_none() && self.trouble.is_none() && self.words.iter().all(|word| word.found)
    }
}

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// It cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// What it would be started with cannot be meant.
    #[error("{}", .0.message)]
    Launch(BridgeFailure),
}

/// Ask a program for its version and its help. Nothing is asked of a model.
///
/// # Errors
///
/// Where there is no such program.
pub async fn probe(adapter: Adapter, spec: &ExternalRuntimeSpec) -> Result<Probe, ProbeError> {
    let mut launch = launch(adapter, spec, &Start::default()).map_err(ProbeError::Launch)?;
    launch.args.clear();
    let program = found(&launch).ok_or_else(|| match Path::new(&launch.program).is_dir() {
        true => StartError::Folder(launch.program.clone()),
        false => StartError::NoProgram(launch.program.clone()),
    })?;
    launch.program = program.clone().into();
    let (help, words): (&[&str], &[&'static str]) = match adapter {
        Adapter::ClaudeCli => (
            &["--help"],
            &[
                "--print",
                "--output-format",
                "--verbose",
                "--include-partial-messages",
                "--resume",
            ],
        ),
        Adapter::CodexCli => (
            &["exec", "--help"],
            &["--json", "--skip-git-repo-check", "resume"],
        ),
        Adapter::CodexAppServer => (&["--help"], &["app-server"]),
        Adapter::IndusagiCli | Adapter::IndusagiWire => (&["--help"], &["--rpc"]),
    };
    // Both at once: one that hangs does so both times.
    let (version, help) = tokio::join!(said(&launch, &["--version"]), said(&launch, help));
    let (version, help) = (version?, help?);
    let first = version.text.lines().map(str::trim).find(|line| !line.is_empty());
    // Its help has the word for both, and it speaks one of them.
    let is_indusagi = first.is_some_and(|line| line.starts_with("indusagi "));
    let instead = (adapter == Adapter::IndusagiCli && is_indusagi).then_some(Adapter::IndusagiWire);
    let trouble = (!help.in_time)
        .then(|| format!("it did not come to the end of its help within {BRIDGE_PROBE_TIME:?}"));
    let help = help.text;
    Ok(Probe {
        program,
        instead,
        version: first.map(|line| bounded(line, MESSAGE_BYTES).into_owned()),
        words: words
            .iter()
            .map(|&word| ProbedWord {
                word,
                found: help.contains(word),
            })
            .collect(),
        trouble,
    })
}

struct Told {
    text: String,
    /// Whether it was done in time.
    in_time: bool,
}

/// What a program says when it is asked something, on either of its outputs.
async fn said(launch: &Launch, words: &[&str]) -> Result<Told, StartError> {
    let mut launch = launch.clone();
    launch.args = words.iter().map(Into::into).collect();
    let mut child = Child::start(&launch)?;
    child.say_no_more();
    let mut said = String::new();
    let listening = async {
        while let Ok(Some(line)) = child.hear().await {
            if let Line::Text(line) = line {
                said += &line;
                said.push('\n');
            }
        }
    };
    // One that takes too long has said what it has said.
    let in_time = timeout(BRIDGE_PROBE_TIME, listening).await.is_ok();
    let farewell = Farewell {
        alone: Duration::ZERO,
        asked: BRIDGE_SOFT_TIME,
    };
    let text = said + &child.end(farewell).await.stderr;
    Ok(Told { text, in_time })
}

/// The file that would be run.
fn found(launch: &Launch) -> Option<PathBuf> {
    let program = Path::new(&launch.program);
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = launch.environment.iter().find(|(name, _)| *name == "PATH");
    let folders: Vec<_> = path
        .map(|(_, path)| env::split_paths(path).collect())
        .unwrap_or_default();
    folders
        .into_iter()
        .map(|folder: PathBuf| folder.join(program))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn spec(binary: &Path) -> ExternalRuntimeSpec {
        ExternalRuntimeSpec {
            binary_path: Some(binary.to_str().unwrap().to_owned()),
            ..Adapter::CodexCli.spec()
        }
    }

    /// What is known of a program that says this of its version, and that of how it is used.
    async fn probed(adapter: Adapter, version: &str, usage: &str) -> Probe {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in --version) echo; echo '{version}';; *) echo 'usage: {usage}' >&2;; esac\n"
        );
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        // Another test may just be starting a process that has the file open for writing.
        loop {
            match probe(adapter, &spec(&file)).await {
                Err(ProbeError::Start(StartError::Refused { cause, .. }))
                    if cause.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                probed => return probed.unwrap(),
            }
        }
    }

    #[tokio::test]
    async fn a_program_that_speaks_like_another_adapter_is_said_to() {
        let wire = probed(Adapter::IndusagiWire, "indusagi 0.1.5", "--rpc").await;
        assert_eq!((wire.fits(), wire.instead), (true, None));
        let peer = probed(Adapter::IndusagiCli, "indusagi 0.1.5", "--rpc").await;
        assert_eq!((peer.fits(), peer.instead), (false, Some(Adapter::IndusagiWire)));
        // Whoever speaks it is called otherwise.
        assert!(probed(Adapter::IndusagiCli, "mine 1", "--rpc").await.fits());
    }

    #[tokio::test]
    async fn a_program_is_known_by_its_version_and_its_help() {
        let probed = probed(Adapter::CodexCli, "codex 1.2", "--json").await;
        assert_eq!(probed.version.as_deref(), Some("codex 1.2"));
        let found: Vec<_> = probed.words.iter().map(|word| (word.word, word.found)).collect();
        assert_eq!(
            found,
            [
                ("--json", true),
                ("--skip-git-repo-check", false),
                ("resume", false)
            ]
        );
        assert!(!probed.fits());
    }

    #[tokio::test]
    async fn a_folder_and_a_script_without_its_interpreter_are_called_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let error = probe(Adapter::CodexCli, &spec(folder.path())).await.unwrap_err();
        assert!(
            error.to_string().ends_with("is a folder, and no program"),
            "{error}"
        );
        let file = folder.path().join("codex");
        fs::write(&file, "#!/no/such/python\n").unwrap();
        let refused = |error: ProbeError| error.to_string();
        let error = refused(probe(Adapter::CodexCli, &spec(&file)).await.unwrap_err());
        assert!(error.contains("may not be run"), "{error}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        let error = loop {
            match probe(Adapter::CodexCli, &spec(&file)).await {
                Err(ProbeError::Start(StartError::Refused { cause, .. }))
                    if cause.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                probed => break refused(probed.unwrap_err()),
            }
        };
        assert!(
            error.contains("is there, but not the program that its first line"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_said_not_to_be() {
        let error = probe(Adapter::CodexCli, &spec(Path::new("/no/such/codex")))
            .await
            .unwrap_err();
        insta::assert_snapshot!(error, @"there is no program `/no/such/codex`");
    }
}

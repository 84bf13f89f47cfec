//! How the children are started: arguments, environment, and what is checked before anything reaches either.

use std::ffi::OsString;
use std::path::PathBuf;

use super::event::{BridgeFailure, FailureCode};
use super::spec::{Adapter, ExternalRuntimeSpec};
use crate::limits::RESUME_TOKEN_BYTES;
use crate::text::bounded;
use crate::wire::child::{Environment, Launch};

/// What a start depends on besides the spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// The conversation that is to be taken up again.
    pub resume: Option<String>,
    /// The model, where the child is not to choose.
    pub model: Option<String>,
    /// The folder that the child works in.
    pub cwd: Option<PathBuf>,
}

/// How a child of this adapter is started.
///
/// # Errors
///
/// Where a token or a model's name cannot be one.
pub fn launch(adapter: Adapter, spec: &ExternalRuntimeSpec, start: &Start) -> Result<Launch, BridgeFailure> {
    if let Some(token) = &start.resume {
        check("resume token", token)?;
    }
    if let Some(model) = &start.model {
        check("model", model)?;
    }
    let mut args: Vec<String> = spec.args.clone();
    let mut add = |words: &[&str]| args.extend(words.iter().map(|&word| word.to_owned()));
    let listed: &[&str] = match adapter {
        Adapter::ClaudeCli => {
            add(&[
                "-p",
                "--output-format",
                "stream-json",
                "--verbose",
                "--include-partial-messages",
            ]);
            if let Some(model) = &start.model {
                add(&["--model", model]);
            }
            if let Some(token) = &start.resume {
                add(&[&format!("--resume={token}")]);
            }
            &["ANTHROPIC_*", "CLAUDE_*"]
        }
        Adapter::CodexCli => {
            add(&["exec"]);
            if start.resume.is_some() {
                add(&["resume"]);
            }
            add(&["--json", "--skip-git-repo-check"]);
            if let Some(model) = &start.model {
                add(&["--model", model]);
            }
            if let Some(token) = &start.resume {
                add(&[token]);
            }
            // The prompt comes on standard input, where no length is too long and nothing is taken for a flag.
            add(&["-"]);
            &["CODEX_*", "OPENAI_*"]
        }
        Adapter::CodexAppServer => {
            add(&["app-server"]);
            &["CODEX_*", "OPENAI_*"]
        }
        Adapter::IndusagiCli | Adapter::IndusagiWire => {
            add(&["--rpc"]);
            if let Some(model) = &start.model {
                add(&["-m", model]);
            }
            &["INDUSAGI_*", "ANTHROPIC_*", "OPENAI_*", "GEMINI_*", "GOOGLE_*"]
        }
    };
    let mut environment = Environment::listed(listed);
    for (name, value) in &spec.env {
        environment = environment.with(name, value);
    }
    Ok(Launch {
        program: spec
            .binary_path
            .clone()
            .unwrap_or_else(|| default_binary(adapter))
            .into(),
        args: args.into_iter().map(OsString::from).collect(),
        environment,
        cwd: start.cwd.clone(),
    })
}

fn default_binary(adapter: Adapter) -> String {
    adapter.spec().binary_path.unwrap_or_default()
}

/// What becomes an argument of a child must not be taken for a flag, and looks like a name.
fn check(what: &str, name: &str) -> Result<(), BridgeFailure> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+[]".contains(c);
    let fault = if name.is_empty() {
        "is empty".to_owned()
    } else if name.len() > RESUME_TOKEN_BYTES {
        format!("has {} bytes, more than {RESUME_TOKEN_BYTES}", name.len())
    } else if name.starts_with('-') {
        "would be taken for a flag".to_owned()
    } else if let Some(other) = name.chars().find(|&c| !is_name(c)) {
        format!("has the character {other:?}")
    } else {
        return Ok(());
    };
    let message = format!("the {what} `{}` {fault}", bounded(name, 64));
    Err(BridgeFailure::new(FailureCode::BadToken, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(adapter: Adapter, start: &Start) -> String {
        let launch = launch(adapter, &adapter.spec(), start).unwrap();
        let mut words = vec![launch.program.into_string().unwrap()];
        words.extend(launch.args.into_iter().map(|arg| arg.into_string().unwrap()));
        words.join(" ")
    }

    #[test]
    fn the_children_are_started_by_words_that_they_accept() {
        let fresh = Start::default();
        let again = Start {
            resume: Some("01a1-ff".to_owned()),
            model: Some("m-1".to_owned()),
            cwd: None,
        };
        let all: Vec<String> = Adapter::ALL
            .into_iter()
            .flat_map(|adapter| [words(adapter, &fresh), words(adapter, &again)])
            .collect();
        insta::assert_snapshot!(all.join("\n"), @r"
        claude -p --output-format stream-json --verbose --include-partial-messages
        claude -p --output-format stream-json --verbose --include-partial-messages --model m-1 --resume=01a1-ff
        codex exec --json --skip-git-repo-check -
        codex exec resume --json --skip-git-repo-check --model m-1 01a1-ff -
        codex app-server
        codex app-server
        indusagi --rpc
        indusagi --rpc -m m-1
        indusagi --rpc
        indusagi --rpc -m m-1
        ");
    }

    #[test]
    fn a_specs_arguments_come_first_and_its_variables_are_added() {
        let mut spec = Adapter::CodexCli.spec();
        spec.args = vec!["-c".to_owned(), "model_provider=\"mock\"".to_owned()];
        spec.env.insert("MOCK_KEY".to_owned(), "k".to_owned());
        let launch = launch(Adapter::CodexCli, &spec, &Start::default()).unwrap();
        assert_eq!(launch.args[..3], ["-c", "model_provider=\"mock\"", "exec"]);
        assert!(
            launch
                .environment
                .iter()
                .any(|(name, value)| name == "MOCK_KEY" && value == "k")
        );
    }

    #[test]
    fn what_could_be_a_flag_or_worse_never_becomes_an_argument() {
        let refused = |token: &str| {
            let start = Start {
                resume: Some(token.to_owned()),
                ..Start::default()
            };
            launch(Adapter::CodexCli, &Adapter::CodexCli.spec(), &start)
                .unwrap_err()
                .message
        };
        let all = ["", "--yolo", "a b", "a\nb", "語", &"x".repeat(257)].map(refused);
        insta::assert_snapshot!(all.join("\n"), @r#"
        the resume token `` is empty
        the resume token `--yolo` would be taken for a flag
        the resume token `a b` has the character ' '
        the resume token `a b` has the character '\n'
        the resume token `語` has the character '語'
        the resume token `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` has 257 bytes, more than 256
        "#);
    }
}

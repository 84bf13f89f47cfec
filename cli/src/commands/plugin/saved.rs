//! The call that `yoikit plugin dev` makes after each build, and the file that keeps it: `.yoi/dev.toml` in the
//! plugin's folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::args::{Budget, PluginDev, parse_bytes, parse_time};
use crate::commands::whole::write_whole;
use crate::commands::{json_argument, read_text};
use crate::failure::Failure;
use yoi_host::limits::{CONFIG_BYTES, MANIFEST_BYTES, TOOL_INPUT_BYTES};

/// Where the file is, in the plugin's folder. What a workspace keeps in `.yoi` is no part of a package.
const FILE: &str = ".yoi/dev.toml";

const HEAD: &str =
    "# What `yoikit plugin dev` calls after each build. Paths are those from the plugin's folder.\n";

/// A call, as it is written down. What begins with `@` names a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedCall {
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fuel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
}

/// A call, as it is made: what was typed, and for the rest what was saved.
#[derive(Debug)]
pub(super) struct Plan {
    /// Read again for each call.
    call: SavedCall,
    folder: PathBuf,
    pub(super) budget: Budget,
}

/// What goes into one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) tool: String,
    pub(super) input: String,
    pub(super) config: String,
}

impl Plan {
    /// The file of a plugin's folder.
    pub(super) fn file(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// What was typed, before what was saved.
    pub(super) fn of(args: &PluginDev) -> Result<Self, Failure> {
        let saved = SavedCall::read(&Self::file(&args.folder))?.unwrap_or_default();
        let (tool, input) = match args.call.as_deref() {
            Some([tool, input]) => (Some(tool.clone()), Some(from_here(input, &args.folder)?)),
            _ => (saved.tool, saved.input),
        };
        let config = match &args.config {
            Some(config) => Some(from_here(config, &args.folder)?),
            None => saved.config,
        };
        let grants = match &args.grants {
            Some(file) => Some(path_from(file, &args.folder)?),
            None => saved.grants,
        };
        let call = SavedCall {
            tool,
            input,
            config,
            grants,
            fuel: args.budget.fuel.or(saved.fuel),
            memory: args.budget.memory.map(|bytes| bytes.to_string()).or(saved.memory),
            timeout: args
                .budget
                .timeout
                .map(|time| format!("{}ms", time.as_millis()))
                .or(saved.timeout),
        };
        let budget = Budget {
            fuel: call.fuel,
            memory: call.number(("memory", "8MiB"), call.memory.as_deref(), parse_bytes)?,
            timeout: call.number(("timeout", "500ms"), call.timeout.as_deref(), parse_time)?,
        };
        Ok(Self {
            call,
            folder: args.folder.clone(),
            budget,
        })
    }

    /// Write it down.
    pub(super) fn save(&self) -> Result<PathBuf, Failure> {
        if self.call.tool.is_none() {
            let reason = "there is no call to save: name it with `--call TOOL JSON`";
            return Err(Failure::Usage(reason.to_owned()));
        }
        // What is saved is called again and again: what cannot be meant is not to be found out then.
        if let Some(words) = self.words()? {
            for (what, text) in [("input", &words.input), ("configuration", &words.config)] {
                serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
                    Failure::Usage(format!("the {what} is not JSON, and nothing was saved: {error}"))
                })?;
            }
        }
        let path = Self::file(&self.folder);
        let failed = |cause| Failure::File {
            path: path.clone(),
            doing: "save the call to",
            cause,
        };
        let text =
            toml_edit::ser::to_string_pretty(&self.call).map_err(|error| failed(io::Error::other(error)))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        write_whole(&path, format!("{HEAD}{text}").as_bytes()).map_err(failed)?;
        Ok(path)
    }

    /// What is called, if that was said, as the files that it names have it now.
    pub(super) fn words(&self) -> Result<Option<Words>, Failure> {
        let Some(tool) = &self.call.tool else {
            return Ok(None);
        };
        let read = |what, typed: Option<&String>, otherwise: &str, limit| match typed {
            None => Ok(otherwise.to_owned()),
            Some(typed) => match typed.strip_prefix('@') {
                Some(file) => json_argument(what, &format!("@{}", self.folder.join(file).display()), limit),
                None => Ok(typed.clone()),
            },
        };
        Ok(Some(Words {
            tool: tool.clone(),
            input: read("input", self.call.input.as_ref(), "{}", TOOL_INPUT_BYTES)?,
            config: read("configuration", self.call.config.as_ref(), "null", CONFIG_BYTES)?,
        }))
    }

    /// The file with the grants.
    pub(super) fn grants(&self) -> Option<PathBuf> {
        Some(self.folder.join(self.call.grants.as_ref()?))
    }

    /// All files that the call is made of.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let named = [&self.call.input, &self.call.config];
        let named = named
            .into_iter()
            .flatten()
            .filter_map(|typed| typed.strip_prefix('@'));
        named
            .map(|file| self.folder.join(file))
            .chain(self.grants())
            .chain([Self::file(&self.folder)])
            .collect()
    }
}

impl SavedCall {
    fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let failed = |cause| Failure::File {
            path: path.to_owned(),
            doing: "read the saved call in",
            cause,
        };
        let text = match fs::File::open(path).and_then(|file| read_text(file, MANIFEST_BYTES)) {
            Ok(text) if text.len() > MANIFEST_BYTES => {
                return Err(failed(io::Error::other(format!(
                    "it has more than {MANIFEST_BYTES} bytes"
                ))));
            }
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(failed(cause)),
        };
        toml_edit::de::from_str(&text).map(Some).map_err(|error| {
            Failure::Usage(format!(
                "the saved call in {} cannot be used\n{error}",
                path.display()
            ))
        })
    }

    fn number<T>(
        &self,
        (key, example): (&str, &str),
        written: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let parsed = written.map(parse).transpose();
        parsed.map_err(|reason| {
            Failure::Usage(format!(
                "`{key}` of the saved call cannot be used: {reason}; write it as `{example}`"
            ))
        })
    }
}

/// A JSON argument that may name a file from where this program was started.
fn from_here(typed: &str, folder: &Path) -> Result<String, Failure> {
    match typed.strip_prefix('@') {
        None => Ok(typed.to_owned()),
        Some(file) => Ok(format!("@{}", path_from(Path::new(file), folder)?.display())),
    }
}

/// A path from a folder: within it as it goes on from there, elsewhere whole.
fn path_from(path: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let whole = |path: &Path| {
        path.canonicalize().map_err(|cause| Failure::File {
            path: path.to_owned(),
            doing: "read",
            cause,
        })
    };
    let path = whole(path)?;
    Ok(path
        .strip_prefix(whole(folder)?)
        .map_or(path.clone(), Path::to_owned))
}

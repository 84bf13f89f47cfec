//! Tools that are local commands: JSON in, JSON out.

use std::collections::BTreeMap;
use std::io;

use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::call::{ToolCall, ToolError, ToolResult};
use super::drive::Tools;
use super::group::Group;
use crate::limits::PTC_SHOWN_BYTES;
use crate::text::bounded;
use crate::world::Pending;

/// Tools that are local commands, each by its name.
///
/// A command is run by the shell, once a call and in a process group of its own, which is killed when nobody waits
/// for the call any more. It gets the arguments on standard input, as a JSON object, and answers on standard output,
/// with JSON or with nothing, which is `null`. A status other than 0 is a failure, whose message is the end of
/// standard error.
#[derive(Debug)]
pub struct CommandTools {
    commands: BTreeMap<String, String>,
    answer_bytes: usize,
}

impl CommandTools {
    /// These tools, which may answer with so many bytes each.
    #[must_use]
    pub fn new(commands: impl IntoIterator<Item = (String, String)>, answer_bytes: usize) -> Self {
        Self {
            commands: commands.into_iter().collect(),
            answer_bytes,
        }
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.commands.keys().cloned().collect()
    }

    async fn run(&self, call: &ToolCall) -> ToolResult {
        let Some(command) = self.commands.get(&call.tool) else {
            let said = format!("there is no command for the tool '{}'", call.tool);
            return Err(ToolError::new("UnknownTool", said));
        };
        let failed = |cause: io::Error| ToolError::new("OSError", format!("`{command}` failed: {cause}"));
        let mut group = Group::spawn(command).map_err(failed)?;
        let child = &mut group.child;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let give = async {
            if let Some(mut stdin) = stdin {
                // One that does not read them does not need them.
                let _ = stdin.write_all(call.args.get().as_bytes()).await;
            }
        };
        // Both at once: a command that fills one pipe waits for nobody to empty the other.
        let ((), stdout, stderr) = tokio::join!(
            give,
            read(stdout, self.answer_bytes),
            read(stderr, PTC_SHOWN_BYTES)
        );
        let ((stdout, bytes), (stderr, _)) = (stdout.map_err(failed)?, stderr.map_err(failed)?);
        let status = group.child.wait().await.map_err(failed)?;
        if !status.success() {
            let said = String::from_utf8_lossy(&stderr);
            let said = match said.trim() {
                "" => format!("`{command}` ended with {status}"),
                said => bounded(said, PTC_SHOWN_BYTES).into_owned(),
            };
            return Err(ToolError::new("ToolError", said));
        }
        if bytes > self.answer_bytes {
            return Err(ToolError::too_large(bytes, self.answer_bytes));
        }
        if stdout.trim_ascii().is_empty() {
            return Ok(RawValue::NULL.to_owned());
        }
        let answer = String::from_utf8(stdout).map_err(|_| "it is not UTF-8".to_owned());
        let answer =
            answer.and_then(|answer| RawValue::from_string(answer).map_err(|error| error.to_string()));
        answer.map_err(|why| {
            let said = format!("`{command}` did not answer with JSON: {why}");
            ToolError::new("ValueError", said)
        })
    }
}

impl Tools for CommandTools {
    fn call(&self, call: ToolCall) -> Pending<'_, ToolResult> {
        Box::pin(async move { self.run(&call).await })
    }
}

/// All of it is read and counted, so that nobody waits to write it; so many bytes are kept.
async fn read(from: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<(Vec<u8>, usize)> {
    let mut kept = Vec::new();
    let Some(mut from) = from else {
        return Ok((kept, 0));
    };
    (&mut from).take(limit as u64).read_to_end(&mut kept).await?;
    let rest = tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    let bytes = kept.len() + usize::try_from(rest).unwrap_or(usize::MAX - limit);
    Ok((kept, bytes))
}

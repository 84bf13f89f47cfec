//! A plugin that keeps notes in the directory that the operator has granted, through the host.

use serde::Deserialize;
use yoi_pdk::host::fs;
use yoi_pdk::{Result, ToolContext, ToolOutput, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    path: String,
    content: String,
}

/// The content of the answer is that of the note, as far as an answer has room for it.
fn read(_: &ToolContext, input: At) -> Result<ToolOutput> {
    let note = fs::read(&input.path)?;
    let more = and_more(note.truncated);
    let summary = format!("read {} bytes of {}{more}", note.content.len(), note.path);
    Ok(ToolOutput::new(summary).with_content(note.content))
}

/// The content of the answer is `{"path", "entries": [{"name", "kind"}], "truncated"}`.
fn list(_: &ToolContext, input: At) -> Result<ToolOutput> {
    let listing = fs::list(&input.path)?;
    let more = and_more(listing.truncated);
    let summary = format!("entries of {}: {}{more}", listing.path, listing.entries.len());
    ToolOutput::json(summary, &listing)
}

/// The content of the answer is `{"path", "bytes_written"}`.
fn write(_: &ToolContext, input: Write) -> Result<ToolOutput> {
    let bytes = fs::write(&input.path, &input.content)?;
    ToolOutput::json(
        format!("wrote {bytes} bytes"),
        &json!({ "path": input.path, "bytes_written": bytes }),
    )
}

fn and_more(truncated: bool) -> &'static str {
    if truncated { ", and there is more" } else { "" }
}

yoi_pdk::export_tool!("notes_read" => read, "notes_list" => list, "notes_write" => write);

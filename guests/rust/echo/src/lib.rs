//! The smallest plugin there is: it says what it was told.

use serde::Deserialize;
use yoi_pdk::{Result, ToolContext, ToolOutput};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    text: String,
}

fn echo(_: &ToolContext, input: Input) -> Result<ToolOutput> {
    let summary = format!("echoed {} bytes", input.text.len());
    Ok(ToolOutput::new(summary).with_content(input.text))
}

yoi_pdk::export_tool!("example_echo" => echo);

//! A plugin with one tool, which greets.

use serde::Deserialize;
use yoi_pdk::{Result, ToolContext, ToolError, ToolOutput};

/// What the tool is given. `plugin.toml` tells a model the same, as a schema.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Greet {
    name: String,
}

fn greet(_: &ToolContext, input: Greet) -> Result<ToolOutput> {
    let name = input.name.trim();
    if name.is_empty() {
        return Err(ToolError::invalid_input("`name` is empty"));
    }
    Ok(ToolOutput::new("greeted").with_content(format!("Hello, {name}!")))
}

yoi_pdk::export_tool!("{{prefix}}_greet" => greet);

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(input: &str) -> String {
        yoi_pdk::run_tool("{{prefix}}_greet", input, greet)
    }

    #[test]
    fn somebody_is_greeted_by_name() {
        assert_eq!(
            answer(r#"{"name":"Ada"}"#),
            r#"{"summary":"greeted","content":"Hello, Ada!"}"#
        );
    }

    #[test]
    fn nobody_is_not_greeted() {
        assert!(answer(r#"{"name":" "}"#).contains("`name` is empty"));
    }
}

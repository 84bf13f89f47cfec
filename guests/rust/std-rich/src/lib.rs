//! A plugin that takes more of the standard library than a host without WASI can give: a hash map wants random
//! seeds, and the clocks want clocks. Its component keeps WASI imports, for a host to deny or to explain.

use std::collections::HashMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use yoi_pdk::{Result, ToolContext, ToolError, ToolOutput, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    text: String,
}

/// Counts how often each word occurs, and takes the time.
fn count_words(_: &ToolContext, input: Input) -> Result<ToolOutput> {
    let begun = Instant::now();
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for word in input.text.split_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|error| ToolError::failed(error.to_string()))?;
    println!("counted {} words", counts.len());
    ToolOutput::json(
        format!("{} different words", counts.len()),
        &json!({
            "counts": counts,
            "seconds_since_1970": now.as_secs(),
            "took_nanoseconds": begun.elapsed().as_nanos() as u64,
        }),
    )
}

yoi_pdk::export_tool!("count_words" => count_words);

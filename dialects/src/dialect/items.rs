//! The items of a codex thread that are no text: what it does by itself. `codex exec` writes their names
//! `like_this`, `codex app-server` `likeThis`; they are the same.

use serde_json::value::RawValue;

use crate::event::{Activity, ActivityState};
use crate::json::{self, Json};

/// What an item tells of something that is done. None where it is no such item.
pub(super) fn activity(kind: &str, item: &RawValue, over: bool) -> Option<Activity> {
    // Of a web search the id comes twice: the item's, and then the search's.
    let id = json::string(json::first(item, "id"))
        .unwrap_or_default()
        .into_owned();
    let [status, command, query, server, tool, changes, text] = json::of(
        Some(item),
        ["status", "command", "query", "server", "tool", "changes", "text"],
    );
    let one = |value| json::string(value).unwrap_or_default().into_owned();
    let title = match kind {
        "command_execution" | "commandExecution" => one(command),
        "web_search" | "webSearch" => one(query),
        "mcp_tool_call" | "mcpToolCall" => match (one(server), one(tool)) {
            (server, tool) if server.is_empty() => tool,
            (server, tool) => format!("{server}.{tool}"),
        },
        "collab_tool_call" | "collabToolCall" | "collabAgentToolCall" | "dynamicToolCall" => one(tool),
        "file_change" | "fileChange" => json::elements(changes)
            .into_iter()
            .filter_map(|change| json::string(json::of(Some(change), ["path"])[0]))
            .collect::<Vec<_>>()
            .join(", "),
        "plan" => one(text),
        "todo_list" | "todoList" | "imageView" | "enteredReviewMode" | "exitedReviewMode"
        | "contextCompaction" => String::new(),
        _ => return None,
    };
    let state = match json::string(status).as_deref() {
        Some("completed") => ActivityState::Done,
        Some("failed") => ActivityState::Failed,
        Some("declined") => ActivityState::Declined,
        Some("in_progress" | "inProgress") => ActivityState::Running,
        _ if over => ActivityState::Done,
        _ => ActivityState::Running,
    };
    Some(Activity {
        id,
        tool: kind.to_owned(),
        state,
        title,
        detail: Some(Json::from(item)),
    })
}

/// Whether codex says that it does not know the conversation it is to take up.
pub(super) fn is_unknown_thread(text: &str) -> bool {
    const WORDS: [&str; 3] = [
        "no rollout found for thread id",
        "thread/resume failed",
        // What is no name of a thread at all.
        "invalid session id",
    ];
    WORDS.iter().any(|words| text.contains(words))
}

/// Whether a failure says that the model was cut off at the bound on its output.
pub(super) fn is_cut_off(message: &str) -> bool {
    message.contains("reason: max_output_tokens")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, item: &str, over: bool) -> (String, ActivityState, String) {
        let activity = activity(kind, serde_json::from_str(item).unwrap(), over).unwrap();
        (activity.id, activity.state, activity.title)
    }

    #[test]
    fn an_item_is_known_by_its_first_id() {
        let item = r#"{"id":"item_1","type":"web_search","id":"ws_1","query":"rust wasm"}"#;
        let (id, state, title) = of("web_search", item, true);
        assert_eq!(
            (id.as_str(), state, title.as_str()),
            ("item_1", ActivityState::Done, "rust wasm")
        );
    }

    #[test]
    fn what_an_item_says_of_its_state_counts_for_more_than_the_event() {
        let item = r#"{"id":"1","command":"false","exit_code":1,"status":"failed"}"#;
        assert_eq!(of("command_execution", item, true).1, ActivityState::Failed);
        let item = r#"{"id":"1","changes":[{"path":"a.rs"},{"path":"b.rs"}],"status":"declined"}"#;
        let (_, state, title) = of("fileChange", item, true);
        assert_eq!((state, title.as_str()), (ActivityState::Declined, "a.rs, b.rs"));
    }
}

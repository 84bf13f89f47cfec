//! A conversation as one text: child agents take a prompt, not a list of messages.

use super::event::{BridgeFailure, FailureCode};
use super::message::{Content, Context, Message, Part};

/// What is asked of a child. One that remembers the conversation is asked the last question alone; another is told
/// what was said before.
///
/// # Errors
///
/// Where there is no question, or one that is no text.
pub fn prompt(context: &Context, remembers: bool) -> Result<String, BridgeFailure> {
    let unsupported = |message: &str| BridgeFailure::new(FailureCode::Unsupported, message);
    let Some((Message::User { content, .. }, before)) = context.messages.split_last() else {
        return Err(unsupported(
            "the conversation does not end with a message of its user",
        ));
    };
    let question = match content {
        Content::Text(text) => text.clone(),
        Content::Parts(parts) if parts.iter().any(|part| matches!(part, Part::Image { .. })) => {
            return Err(unsupported(
                "a child agent is asked in text, and the message has a picture",
            ));
        }
        Content::Parts(parts) => texts(parts),
    };
    if question.trim().is_empty() {
        return Err(unsupported("there is nothing to ask: the prompt is empty"));
    }
    let mut told = String::new();
    if !remembers {
        if let Some(system) = context
            .system_prompt
            .as_deref()
            .filter(|system| !system.trim().is_empty())
        {
            told += &format!("{}\n\n", system.trim_end());
        }
        if !before.is_empty() {
            told += "What was said before:\n\n";
            for message in before {
                let (who, text) = match message {
                    Message::User {
                        content: Content::Text(text),
                        ..
                    } => ("User", text.clone()),
                    Message::User {
                        content: Content::Parts(parts),
                        ..
                    } => ("User", texts(parts)),
                    Message::Assistant(message) => ("Assistant", message.text()),
                    // The agent that is asked now has tools of its own.
                    Message::ToolResult { .. } => continue,
                };
                if !text.trim().is_empty() {
                    told += &format!("{who}: {}\n\n", text.trim_end());
                }
            }
            told += "What is asked now:\n\n";
        }
    }
    Ok(told + &question)
}

fn texts(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Message {
        Message::User {
            content: Content::Text(text.to_owned()),
            timestamp: None,
        }
    }

    #[test]
    fn a_child_that_remembers_is_asked_the_question_alone() {
        let mut context = Context::of_prompt("and now?");
        context.messages.insert(0, user("first"));
        context.system_prompt = Some("Be brief.".to_owned());
        assert_eq!(prompt(&context, true).unwrap(), "and now?");
        insta::assert_snapshot!(prompt(&context, false).unwrap(), @r"
        Be brief.

        What was said before:

        User: first

        What is asked now:

        and now?
        ");
    }

    #[test]
    fn what_is_no_question_is_refused() {
        let refused = |context: &Context| prompt(context, false).unwrap_err().message;
        let picture = Message::User {
            content: Content::Parts(vec![Part::Image {
                data: String::new(),
                mime_type: "image/png".to_owned(),
            }]),
            timestamp: None,
        };
        let messages = [vec![], vec![user(" ")], vec![picture]];
        let all = messages.map(|messages| {
            refused(&Context {
                messages,
                ..Context::default()
            })
        });
        insta::assert_snapshot!(all.join("\n"), @"
        the conversation does not end with a message of its user
        there is nothing to ask: the prompt is empty
        a child agent is asked in text, and the message has a picture
        ");
    }
}

//! What a line of the room asks the bot for.

/// Most bytes of an answer: a chat is read by people.
pub(crate) const MOST_BYTES: usize = 1024;

/// What is asked for by a line that speaks to the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    Help,
    Stats,
    Learn { what: &'a str, fact: &'a str },
    Tell { what: &'a str },
    Forget { what: &'a str },
    Unknown { command: &'a str },
}

impl<'a> Asked<'a> {
    /// What `line` asks for, if it begins with `prefix` and thereby speaks to the bot.
    pub(crate) fn of(prefix: &str, line: &'a str) -> Option<Self> {
        let spoken = line.trim().strip_prefix(prefix)?;
        let (command, rest) = spoken.split_once(char::is_whitespace).unwrap_or((spoken, ""));
        let rest = rest.trim();
        let asked = match (command, rest) {
            ("help", "") => Self::Help,
            ("stats", "") => Self::Stats,
            ("learn", rest) => match rest.split_once('=') {
                Some((what, fact)) if !what.trim().is_empty() && !fact.trim().is_empty() => Self::Learn {
                    what: what.trim(),
                    fact: fact.trim(),
                },
                _ => Self::Help,
            },
            ("what" | "forget", "") => Self::Help,
            ("what", what) => Self::Tell { what },
            ("forget", what) => Self::Forget { what },
            (command, _) => Self::Unknown { command },
        };
        Some(asked)
    }
}

pub(crate) fn help(prefix: &str) -> String {
    let commands = ["learn WHAT = FACT", "what WHAT", "forget WHAT", "stats", "help"];
    let commands = commands.map(|command| format!("{prefix}{command}"));
    format!("Say {}", commands.join(", "))
}

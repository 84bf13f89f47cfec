//! A report for GitHub's pages: annotations beside a change, and the summary of a step.

use std::fmt::Write;

use super::{CaseLine, Report};
use crate::{Level, Verdict};

/// How many annotations of a step GitHub shows. It drops the rest without a word, so the last says how many more.
const ANNOTATIONS: usize = 10;

impl Report {
    /// Workflow commands, one a line: at most nine failures, and a tenth that counts the rest.
    #[must_use]
    pub fn to_annotations(&self) -> String {
        let told: Vec<_> = self
            .cases
            .iter()
            .filter_map(|line| self.annotation(line))
            .collect();
        let mut text = String::new();
        let shown = if told.len() < ANNOTATIONS {
            told.len()
        } else {
            ANNOTATIONS - 1
        };
        for line in &told[..shown] {
            text += line;
            text.push('\n');
        }
        if told.len() > shown {
            let _ = writeln!(
                text,
                "::error title=yoikit::{} more; the report has them all",
                told.len() - shown
            );
        }
        text
    }

    fn annotation(&self, line: &CaseLine) -> Option<String> {
        let subject = &self.run.subjects[line.subject];
        let (level, said) = match &line.verdict {
            Verdict::Fail(evidence) if line.known.is_none() => {
                let finding = &evidence.finding;
                let mut said = format!("expected {}\nseen: {}", finding.expected, finding.seen);
                if let Some(repeat) = &line.repeat {
                    let _ = write!(said, "\n{repeat}");
                }
                let must = self
                    .run
                    .case(&line.case)
                    .is_none_or(|info| info.level == Level::Must);
                (
                    if subject.judged && must {
                        "error"
                    } else {
                        "warning"
                    },
                    said,
                )
            }
            Verdict::HarnessFault { message } => ("error", format!("the harness broke: {message}")),
            _ => return None,
        };
        let title = format!(
            "{} ({}, {})",
            line.case, subject.about.name, subject.about.profile
        );
        Some(format!("::{level} title={}::{}", property(&title), data(&said)))
    }

    /// Markdown for the summary of a step.
    #[must_use]
    pub fn to_summary(&self) -> String {
        let mut text = String::from("## yoikit test\n\n");
        for (number, subject) in self.run.subjects.iter().enumerate() {
            let name = markdown(&subject.about.name);
            let _ = writeln!(text, "- **{name}** {}", markdown(&self.verdict_line(number)));
        }
        let failing: Vec<_> = self
            .cases
            .iter()
            .filter(|line| line.verdict.evidence().is_some())
            .collect();
        if !failing.is_empty() {
            text += "\n| case | target | expected | seen |\n|---|---|---|---|\n";
        }
        for line in failing {
            let Some(evidence) = line.verdict.evidence() else {
                continue;
            };
            let about = &self.run.subjects[line.subject].about;
            let _ = writeln!(
                text,
                "| `{}`{} | {}, {} | {} | {} |",
                line.case,
                if line.known.is_some() { " (known)" } else { "" },
                markdown(&about.name),
                about.profile,
                markdown(&evidence.finding.expected),
                markdown(&evidence.finding.seen)
            );
        }
        let _ = writeln!(text, "\nSeed {}, run `{}`.", self.run.seed, self.run.run);
        text
    }
}

/// A text in a workflow command, as GitHub's runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A target's text in a cell of a table: on one line, without a mark-up of its own.
fn markdown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => shown.push(' '),
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '@' | '#' | '!' => {
                shown.push('\\');
                shown.push(c);
            }
            c if c.is_control() => shown.push(' '),
            c => shown.push(c),
        }
    }
    shown
}

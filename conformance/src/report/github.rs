//! A report for GitHub's pages: annotations beside a change, and the summary of a step.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::{CaseLine, Report, Weight};
use crate::Verdict;

/// How many annotations of a step GitHub shows. It drops the rest without a word, so the last says how many more.
const ANNOTATIONS: usize = 10;

/// Most failures that a summary lists. GitHub drops a summary of more than 1 MiB whole; these have a third of that where
/// every text is as long as it may be and every byte of it is escaped.
const SUMMARY_ROWS: usize = 50;

impl Report {
    /// Workflow commands, one a line: at most nine, the worst first, and a tenth that counts the rest. Cases that were
    /// left open or out for one reason are one.
    #[must_use]
    pub fn to_annotations(&self) -> String {
        let mut told: Vec<(Weight, String)> = Vec::new();
        let mut open: BTreeMap<(usize, &str), (Weight, usize)> = BTreeMap::new();
        for line in &self.cases {
            let weight = self.run.weight(line);
            let reason = match &line.verdict {
                Verdict::CouldNotRun { reason } | Verdict::Skipped { reason, .. } => Some(reason.as_str()),
                _ => None,
            };
            match reason {
                Some(reason) if weight > Weight::Advice => {
                    open.entry((line.subject, reason)).or_insert((weight, 0)).1 += 1;
                }
                None if weight > Weight::Nothing => told.push((weight, self.annotation(weight, line))),
                _ => {}
            }
        }
        for ((subject, reason), (weight, count)) in open {
            let what = match count {
                1 => "1 case without a verdict".to_owned(),
                count => format!("{count} cases without a verdict"),
            };
            told.push((weight, self.command(weight, &what, subject, reason)));
        }
        if let Some(said) = self.interruption() {
            let command = format!("::error title=yoikit::{}", data(&said));
            told.insert(0, (Weight::Breakage, command));
        }
        told.sort_by_key(|(weight, _)| Reverse(*weight));
        let shown = match told.len() {
            ..ANNOTATIONS => told.len(),
            _ => ANNOTATIONS - 1,
        };
        let mut text = String::new();
        for (_, line) in &told[..shown] {
            text += line;
            text.push('\n');
        }
        if let [(worst, _), ..] = &told[shown..] {
            let _ = writeln!(
                text,
                "::{} title=yoikit::{} more; the report has them all",
                level(*worst),
                told.len() - shown
            );
        }
        text
    }

    fn annotation(&self, weight: Weight, line: &CaseLine) -> String {
        let mut said = match &line.verdict {
            Verdict::Fail(evidence) => {
                let finding = &evidence.finding;
                format!("expected {}\nseen: {}", finding.expected, finding.seen)
            }
            Verdict::HarnessFault { message } => format!("the harness broke: {message}"),
            _ => "passes though the baseline lists it: take it out".to_owned(),
        };
        if let Some(repeat) = &line.repeat {
            let _ = write!(said, "\n{repeat}");
        }
        self.command(weight, &line.case, line.subject, &said)
    }

    fn command(&self, weight: Weight, what: &str, subject: usize, said: &str) -> String {
        let about = &self.run.subjects[subject].about;
        let title = format!("{what} ({}, {})", about.name, about.profile);
        format!("::{} title={}::{}", level(weight), property(&title), data(said))
    }

    /// Markdown for the summary of a step.
    #[must_use]
    pub fn to_summary(&self) -> String {
        let mut text = String::from("## yoikit test\n\n");
        if let Some(said) = self.interruption() {
            let _ = writeln!(text, "**{}**\n", markdown(&said));
        }
        for (number, subject) in self.run.subjects.iter().enumerate() {
            let name = markdown(&subject.about.name);
            let judged = if subject.judged { "" } else { " — not judged" };
            let line = markdown(&self.verdict_line(number));
            let _ = writeln!(text, "- **{name}** {line}{judged}");
        }
        let failing: Vec<_> = self
            .cases
            .iter()
            .filter(|line| line.verdict.evidence().is_some())
            .collect();
        if !failing.is_empty() {
            text += "\n| case | target | expected | seen |\n|---|---|---|---|\n";
        }
        for line in failing.iter().take(SUMMARY_ROWS) {
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
        if failing.len() > SUMMARY_ROWS {
            let _ = writeln!(
                text,
                "\n{} more; the report has them all.",
                failing.len() - SUMMARY_ROWS
            );
        }
        let _ = writeln!(text, "\nSeed {}, run `{}`.", self.run.seed, self.run.run);
        text
    }
}

fn level(weight: Weight) -> &'static str {
    if weight > Weight::Advice {
        "error"
    } else {
        "warning"
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

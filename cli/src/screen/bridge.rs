//! The screens of `yoikit bridge`.
//!
//! The answer alone goes to standard output, as it comes; what was done for it goes to standard error.

use std::io::{self, Write};

use yoi_host::bridge::{ActivityState, FinishReason, LineCounts, NormalizedEvent, Usage, Voice};

use super::{BAD, DIM, GOOD, WARN, label};
use crate::harmless::{harmless, harmless_line};
use crate::report::bridge::{BridgeLine, ProbeReport};

/// One line of JSON, at once.
pub(crate) fn line(line: &BridgeLine) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// What a person sees of an exchange while it goes on.
#[derive(Debug, Default)]
pub(crate) struct Show {
    /// Whether the answer's last line is not ended.
    in_line: bool,
    /// Whether thoughts are being shown.
    thinks: bool,
    used: Usage,
    token: Option<String>,
}

impl Show {
    pub(crate) fn event(&mut self, event: &NormalizedEvent) -> io::Result<()> {
        match event {
            NormalizedEvent::Text { delta } => {
                self.end_thought()?;
                let mut out = anstream::stdout().lock();
                write!(out, "{}", harmless(delta))?;
                out.flush()?;
                self.in_line = !delta.ends_with('\n');
            }
            NormalizedEvent::Thinking { delta } => {
                self.end_line()?;
                self.thinks = true;
                let mut err = anstream::stderr().lock();
                write!(err, "{DIM}{}{DIM:#}", harmless(delta))?;
                err.flush()?;
            }
            NormalizedEvent::Break => self.end_line()?,
            NormalizedEvent::Discard { of: Voice::Text, .. } => {
                self.remark(&format!(
                    "{WARN}begun over{WARN:#}: what was said last does not count"
                ))?;
            }
            NormalizedEvent::Discard { .. } => self.end_thought()?,
            NormalizedEvent::ToolCall { call } => {
                let arguments = harmless_line(call.arguments.text());
                self.remark(&format!(
                    "{DIM}calls {} {arguments}{DIM:#}",
                    harmless_line(&call.name)
                ))?;
            }
            NormalizedEvent::Activity(activity) => {
                let state = match activity.state {
                    ActivityState::Running => "runs",
                    ActivityState::Done => "ran",
                    ActivityState::Failed => "failed at",
                    ActivityState::Declined => "was not allowed",
                };
                let what = harmless_line(&format!("{} {}", activity.tool, activity.title));
                self.remark(&format!("{DIM}{state} {}{DIM:#}", what.trim_end()))?;
            }
            NormalizedEvent::Notice { message } => {
                self.remark(&format!("{WARN}notice{WARN:#}: {}", harmless(message.trim_end())))?;
            }
            NormalizedEvent::Usage { usage, .. } => self.used = self.used.plus(usage),
            NormalizedEvent::Resume { resume_token } => self.token = Some(resume_token.clone()),
            NormalizedEvent::Finish { reason } => match reason {
                FinishReason::Stop => self.remark(&format!("{GOOD}done{GOOD:#}"))?,
                FinishReason::Length => {
                    self.remark(&format!("{WARN}cut off{WARN:#}: the model may not write more"))?;
                }
                FinishReason::ToolUse => {
                    self.remark(&format!("{WARN}waits for a tool{WARN:#}, which nobody runs here"))?;
                }
            },
            NormalizedEvent::Failed { error } => {
                let word = match error.aborted {
                    true => "aborted",
                    false => "failed",
                };
                self.remark(&format!(
                    "{BAD}{word}{BAD:#}: {}",
                    harmless(error.message.trim_end())
                ))?;
            }
            // Counted, and shown with the count.
            _ => {}
        }
        Ok(())
    }

    /// What is known in the end, whether or not the conversation was to be remembered.
    pub(crate) fn end(
        &mut self,
        counts: &LineCounts,
        remembers: bool,
        advice: Option<&str>,
    ) -> io::Result<()> {
        if let Some(advice) = advice {
            self.remark(&format!("{GOOD}help{GOOD:#}: {advice}"))?;
        }
        let mut known = Vec::new();
        if !self.used.is_nothing() {
            let Usage {
                input,
                output,
                cache_read,
                ..
            } = self.used;
            known.push(format!(
                "{input} tokens in, {output} out, {cache_read} out of a cache"
            ));
            if self.used.cost.total > 0.0 {
                known.push(format!("${:.4}", self.used.cost.total));
            }
        }
        for (count, what) in [
            (counts.unknown, "said what is not known (`--json` has them)"),
            (counts.noise, "were none of the protocol's"),
            (counts.too_long, "were too long"),
            (counts.not_text, "were no text"),
        ] {
            if count > 0 {
                known.push(format!("{count} of {} lines {what}", counts.lines));
            }
        }
        if let Some(token) = &self.token {
            known.push(format!("`--resume {}` goes on", harmless_line(token)));
        } else if remembers && counts.lines > 0 {
            known.push(
                "there is nothing to remember: it said no name by which its conversation is taken up again"
                    .to_owned(),
            );
        }
        if !known.is_empty() {
            self.remark(&format!("{DIM}{}{DIM:#}", known.join("; ")))?;
        }
        Ok(())
    }

    fn remark(&mut self, what: &str) -> io::Result<()> {
        self.end_line()?;
        writeln!(anstream::stderr().lock(), "{what}")
    }

    fn end_line(&mut self) -> io::Result<()> {
        if self.in_line {
            self.in_line = false;
            writeln!(anstream::stdout().lock())?;
        }
        self.end_thought()
    }

    fn end_thought(&mut self) -> io::Result<()> {
        if self.thinks {
            self.thinks = false;
            writeln!(anstream::stderr().lock())?;
        }
        Ok(())
    }
}

pub(crate) fn probed(report: &ProbeReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "adapter")?;
    writeln!(out, "{}", report.adapter)?;
    label(&mut out, "program")?;
    writeln!(out, "{}", harmless_line(&report.program.display().to_string()))?;
    label(&mut out, "version")?;
    writeln!(
        out,
        "{}",
        harmless_line(report.version.as_deref().unwrap_or("it does not say"))
    )?;
    label(&mut out, "run as")?;
    writeln!(out, "{}", harmless_line(&report.command.join(" ")))?;
    label(&mut out, "fits")?;
    let missing: Vec<_> = report
        .words
        .iter()
        .filter(|word| !word.found)
        .map(|word| word.word)
        .collect();
    if let Some(instead) = report.instead {
        writeln!(out, "{BAD}no{BAD:#}: what it speaks is `{instead}`")?;
    } else if let Some(trouble) = &report.trouble {
        writeln!(out, "{BAD}no{BAD:#}: {trouble}")?;
    } else if missing.is_empty() {
        writeln!(out, "{GOOD}yes{GOOD:#}")?;
    } else {
        writeln!(
            out,
            "{BAD}no{BAD:#}: its help does not have {}",
            missing.join(", ")
        )?;
    }
    out.flush()
}

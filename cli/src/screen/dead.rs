//! What a person sees of the events that a service gave up.

use std::io::{self, Write};

use yoi_host::plugin::service::Letter;

use super::{BAD, BOLD, DIM, GOOD, label};
use crate::harmless::harmless_line;
use crate::report::dead::{Action, DeadReport};

/// Most characters of an event's own data on a line.
const DATA: usize = 200;

pub(crate) fn dead(report: &DeadReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "kept in")?;
    writeln!(
        out,
        "{} {DIM}(of the plugin {}){DIM:#}",
        harmless_line(&report.place),
        harmless_line(&report.plugin)
    )?;
    let (what, style) = match report.action {
        Action::List => ("given up", BOLD),
        Action::Requeue => ("requeued", GOOD),
        Action::Drop => ("dropped", GOOD),
    };
    label(&mut out, what)?;
    match report.letters.len() {
        0 => writeln!(out, "nothing")?,
        1 => writeln!(out, "{style}1 event{style:#}")?,
        count => writeln!(out, "{style}{count} events{style:#}")?,
    }
    for letter in &report.letters {
        writeln!(out)?;
        show(&mut out, letter, report.action == Action::List)?;
    }
    match report.action {
        Action::List if !report.letters.is_empty() => writeln!(
            out,
            "\n{DIM}`yoikit dead requeue` with a number has one delivered again, `yoikit dead drop` drops it{DIM:#}"
        )?,
        Action::List => {}
        Action::Requeue | Action::Drop if report.left > 0 => {
            writeln!(out, "\n{DIM}left there: {}{DIM:#}", report.left)?;
        }
        Action::Requeue | Action::Drop => {}
    }
    out.flush()
}

fn show(out: &mut impl Write, letter: &Letter, in_full: bool) -> io::Result<()> {
    label(out, &letter.number.to_string())?;
    let data = match &letter.event {
        Some(event) => {
            writeln!(
                out,
                "{BOLD}{}{BOLD:#}  {} {DIM}{} from {}, attempt {}, {}{DIM:#}",
                harmless_line(&event.correlation_id),
                harmless_line(&event.ingress_name),
                harmless_line(&event.kind),
                harmless_line(&event.source),
                event.attempt,
                harmless_line(&event.created_at)
            )?;
            event.payload.to_string()
        }
        None => {
            writeln!(out, "{BAD}no event{BAD:#}")?;
            letter.text.clone().unwrap_or_default()
        }
    };
    if !in_full {
        return Ok(());
    }
    if let Some(why) = &letter.why {
        label(out, "")?;
        writeln!(out, "{}", harmless_line(why))?;
    }
    label(out, "")?;
    let data = harmless_line(&data);
    let shown: String = data.chars().take(DATA).collect();
    let more = if shown.len() < data.len() { "…" } else { "" };
    writeln!(out, "{DIM}{shown}{more}{DIM:#}")
}

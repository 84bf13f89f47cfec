//! What a person sees of a service: a line for whatever happens, and what became of an event that was sent.

use std::io::{self, Write};

use anstyle::Style;
use serde_json::Value;
use yoi_host::authority::Missing;
use yoi_host::plugin::service::{
    CommandResult, CommandStatus, Ending, Happening, Report, Settlement, SocketState, State, What,
};

use super::units::{bytes, time};
use super::{BAD, BOLD, DIM, GOOD, WARN, block, label, plugin_line};
use crate::harmless::{harmless, harmless_line};
use crate::report::service::{ProgramEvent, ProgramLine, SendReport, ServeEvent, Verdict};

/// Most characters of a plugin's own data on a line.
const DATA: usize = 200;

/// Print one line, or the few that belong together. What only repeats another line has none.
pub(crate) fn line(event: &ServeEvent) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match event {
        ServeEvent::Program(event) => program(&mut out, event)?,
        ServeEvent::Service(happening) => service(&mut out, happening)?,
    }
    out.flush()
}

/// Refusals like the one that was printed before.
pub(crate) fn refused_as_well(count: u64) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{:14}{WARN}and {count} more{WARN:#} like it", "")?;
    out.flush()
}

fn program(out: &mut impl Write, line: &ProgramLine) -> io::Result<()> {
    match &line.what {
        ProgramEvent::Serving {
            profile,
            plugin,
            name,
            socket,
            metrics,
            durable,
            stream,
            status,
        } => {
            plugin_line(out, plugin, &format!("profile {profile}"))?;
            label(out, "service")?;
            writeln!(
                out,
                "{BOLD}{}{BOLD:#} is {}",
                harmless_line(name),
                state(status.lifecycle)
            )?;
            let places = [
                ("send", socket),
                ("metrics", metrics),
                ("durable", durable),
                ("stream", stream),
            ];
            for (what, place) in places {
                if let Some(place) = place {
                    label(out, what)?;
                    writeln!(out, "{}", harmless_line(place))?;
                }
            }
            writeln!(out)
        }
        #[cfg(feature = "nats")]
        ProgramEvent::Stream { taken } => taken_from_stream(out, &line.at, taken),
        ProgramEvent::Signal { again: false } => {
            begin(out, &line.at, "signal", Style::new())?;
            writeln!(out, "stopping in order; once more ends it at once")
        }
        ProgramEvent::Signal { again: true } => {
            begin(out, &line.at, "signal", WARN)?;
            writeln!(out, "ending it at once")
        }
        ProgramEvent::Missed { count } => {
            begin(out, &line.at, "missed", WARN)?;
            writeln!(
                out,
                "{count} lines are missing: more happened than could be printed"
            )
        }
        ProgramEvent::Ended { ending, .. } => ended(out, ending),
    }
}

/// The beginning of a line: when, and what.
fn begin(out: &mut impl Write, at: &str, what: &str, style: Style) -> io::Result<()> {
    let at = at.get(11..23).unwrap_or(at);
    write!(out, "{DIM}{at}{DIM:#}  {style}{what:<10}{style:#} ")
}

#[cfg(feature = "nats")]
fn taken_from_stream(
    out: &mut impl Write,
    at: &str,
    taken: &yoi_host::plugin::service::nats::Taken,
) -> io::Result<()> {
    use yoi_host::plugin::service::nats::Taken;
    let id = |id: &str| harmless_line(id);
    let style = match taken {
        // That it was delivered is a line of its own.
        Taken::Acknowledged { .. } => return Ok(()),
        Taken::Retried { .. } => Style::new(),
        Taken::Found { .. } => GOOD,
        Taken::Dead { .. } | Taken::Lost | Taken::Gone { .. } => BAD,
        _ => WARN,
    };
    begin(out, at, "stream", style)?;
    match taken {
        // Why is on the line of the delivery.
        Taken::Retried {
            correlation_id,
            again_in,
            ..
        } => writeln!(
            out,
            "{} is given out again in {}",
            id(correlation_id),
            time(*again_in)
        ),
        Taken::Returned {
            correlation_id,
            attempt,
            why,
        } => {
            let after = attempt.map_or_else(String::new, |attempt| format!(", after attempt {attempt}"));
            writeln!(
                out,
                "{} was given back{after}: {}",
                id(correlation_id),
                harmless_line(why)
            )
        }
        Taken::Dead { correlation_id, why } => writeln!(
            out,
            "{} was put aside: {}",
            id(correlation_id.as_deref().unwrap_or("what has no id")),
            harmless_line(why)
        ),
        Taken::Overtaken { correlation_id } => writeln!(
            out,
            "{} is another host's: this one said nothing of it for too long",
            id(correlation_id)
        ),
        Taken::Misplaced {
            correlation_id,
            source,
            partition,
            belongs,
        } => writeln!(
            out,
            "{} lies in partition {partition}, and those of its source `{}` belong in {belongs}: their order is not kept",
            id(correlation_id),
            harmless_line(source)
        ),
        Taken::Lost => writeln!(out, "the server cannot be reached; it is tried again and again"),
        Taken::Found { after } => writeln!(out, "the server is there again, after {}", time(*after)),
        Taken::Trouble { why } | Taken::Gone { why } => writeln!(out, "{}", harmless_line(why)),
        _ => writeln!(out),
    }
}

fn ended(out: &mut impl Write, ending: &Ending) -> io::Result<()> {
    writeln!(out)?;
    label(out, "service")?;
    match &ending.error {
        None => write!(out, "{GOOD}{}{GOOD:#}", state(ending.state))?,
        Some(error) => write!(
            out,
            "{BAD}{}{BAD:#}: {}",
            state(ending.state),
            harmless_line(error)
        )?,
    }
    if ending.forced {
        write!(out, ", {WARN}by force{WARN:#}")?;
    }
    if ending.abandoned > 0 {
        write!(out, ", {WARN}{}{WARN:#}", left(ending.abandoned, ending.kept))?;
    }
    writeln!(out)?;
    if let Some(status) = &ending.status {
        label(out, "last word")?;
        let said = status.state.as_deref().unwrap_or("(no state)");
        write!(out, "{}", harmless_line(said))?;
        data(out, &status.data)?;
        writeln!(out)?;
    }
    Ok(())
}

fn service(out: &mut impl Write, happening: &Happening) -> io::Result<()> {
    let mut begin = |what: &str, style: Style| begin(out, &happening.at, what, style);
    let plain = Style::new();
    match &happening.what {
        // It was said that it runs.
        What::State {
            to: State::Starting, ..
        }
        | What::State {
            from: State::Starting,
            to: State::Running,
            ..
        } => Ok(()),
        // A line that says when it is restarted, and why, comes next.
        What::State {
            to: State::Restarting,
            ..
        } => Ok(()),
        What::State { from: _, to, why } => {
            begin("state", plain)?;
            write!(out, "{}", state(*to))?;
            because(out, why.as_deref())
        }
        // What becomes of it is a line of its own.
        What::Accepted { .. } | What::Command(_) | What::Status { .. } => Ok(()),
        What::Duplicate { correlation_id } => {
            begin("duplicate", DIM)?;
            writeln!(out, "{}", harmless_line(correlation_id))
        }
        What::Refused {
            ingress,
            why,
            missing,
            ..
        } => {
            begin("refused", WARN)?;
            writeln!(out, "{}  {}", harmless_line(ingress), harmless_line(&why.message))?;
            lines_to_add(out, missing)
        }
        What::Delivery {
            report,
            settlement,
            retry_in,
        } => {
            let (word, style) = match settlement {
                Some(Settlement::Accepted) => ("accepted", GOOD),
                Some(Settlement::Declined) => ("declined", plain),
                Some(Settlement::Returned) | None => ("failed", WARN),
                Some(_) => ("given up", BAD),
            };
            begin(word, style)?;
            delivery(out, report)?;
            if let Some(pause) = retry_in {
                write!(out, ", again in {}", time(*pause))?;
            }
            writeln!(out)?;
            report.commands.iter().try_for_each(|result| command(out, result))
        }
        What::Dropped {
            correlation_id,
            ingress,
        } => {
            begin("dropped", WARN)?;
            writeln!(
                out,
                "{}  {} for a newer one",
                harmless_line(ingress),
                harmless_line(correlation_id)
            )
        }
        What::Abandoned { events, kept } => {
            begin("left", WARN)?;
            writeln!(out, "{}", left(*events as u64, *kept))
        }
        What::Tool { tool, failure, wall } => {
            begin("tool", plain)?;
            write!(out, "{}", harmless_line(tool))?;
            if let Some(wall) = wall {
                write!(out, "  {}", time(*wall))?;
            }
            because(out, failure.as_ref().map(|failure| failure.message.as_str()))
        }
        What::HostCall {
            import,
            message,
            missing,
        } => {
            begin("host call", WARN)?;
            writeln!(out, "{}: {}", import.name(), harmless_line(message))?;
            lines_to_add(out, missing)
        }
        What::Restart {
            counts: true,
            count,
            pause,
            why,
        } => {
            begin("restart", WARN)?;
            write!(out, "in {}, number {count} in a row", time(*pause))?;
            because(out, Some(why))
        }
        // The event that it is for was told with its reason.
        What::Restart { pause, .. } => {
            begin("restart", WARN)?;
            writeln!(out, "in {}", time(*pause))
        }
        // What comes of it is a line of its own.
        What::Socket {
            state: SocketState::Connecting,
            ..
        } => Ok(()),
        What::Socket {
            url,
            ingress,
            state,
            why,
            missing,
            again_in,
        } => {
            let (word, style) = match state {
                SocketState::Connected => ("is connected", GOOD),
                _ => ("is not connected", WARN),
            };
            begin("socket", style)?;
            write!(out, "{}  {} {word}", harmless_line(ingress), harmless_line(url))?;
            if let Some(why) = why {
                write!(out, ": {}", harmless_line(why))?;
            }
            match again_in {
                Some(pause) => writeln!(out, "; again in {}", time(*pause))?,
                None => writeln!(out)?,
            }
            lines_to_add(out, missing)
        }
        What::SocketTrouble { why, missing } => {
            begin("socket", WARN)?;
            writeln!(out, "{}", harmless_line(why))?;
            lines_to_add(out, missing)
        }
        What::Log { text, lost_bytes } => {
            begin("log", plain)?;
            match lost_bytes {
                0 => writeln!(out)?,
                lost => writeln!(out, "the last of it: {} before are lost", bytes(*lost))?,
            }
            block(out, text.trim_matches('\n'))
        }
        _ => Ok(()),
    }
}

/// Events that the service did not get to.
fn left(events: u64, kept: bool) -> String {
    let events = match events {
        1 => "1 event".to_owned(),
        events => format!("{events} events"),
    };
    if kept {
        format!("{events} not dealt with, kept for the next one")
    } else {
        format!("{events} not dealt with")
    }
}

fn delivery(out: &mut impl Write, report: &Report) -> io::Result<()> {
    write!(
        out,
        "{}  {} {DIM}{}{DIM:#}",
        harmless_line(&report.ingress),
        harmless_line(&report.kind),
        harmless_line(&report.correlation_id)
    )?;
    if report.attempt > 1 {
        write!(out, "  attempt {}", report.attempt)?;
    }
    if let Some(measures) = &report.measures {
        write!(out, "  {}", time(measures.wall))?;
    }
    match &report.failure {
        Some(failure) => write!(out, ": {}", harmless_line(&failure.message)),
        None => Ok(()),
    }
}

fn command(out: &mut impl Write, result: &CommandResult) -> io::Result<()> {
    let style = match result.status {
        CommandStatus::Recorded => DIM,
        _ => WARN,
    };
    let id = result.command_id.as_deref().unwrap_or("(no id)");
    writeln!(
        out,
        "{:14}{style}{}{style:#}  {}",
        "",
        harmless_line(id),
        harmless_line(&result.message)
    )?;
    lines_to_add(out, &result.missing)
}

fn because(out: &mut impl Write, why: Option<&str>) -> io::Result<()> {
    match why {
        Some(why) => writeln!(out, ": {}", harmless_line(why)),
        None => writeln!(out),
    }
}

fn lines_to_add(out: &mut impl Write, missing: &[Missing]) -> io::Result<()> {
    missing
        .iter()
        .try_for_each(|missing| to_add(out, &missing.to_string()))
}

fn to_add(out: &mut impl Write, text: &str) -> io::Result<()> {
    for line in text.lines() {
        match line.trim() {
            "" => writeln!(out)?,
            _ => writeln!(out, "{:14}{GOOD}{}{GOOD:#}", "", harmless_line(line))?,
        }
    }
    Ok(())
}

fn state(state: State) -> String {
    state.to_string().to_lowercase()
}

fn data(out: &mut impl Write, data: &Value) -> io::Result<()> {
    if data.is_null() {
        return Ok(());
    }
    let text = harmless_line(&data.to_string());
    let shown: String = text.chars().take(DATA).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    write!(out, " {DIM}{shown}{more}{DIM:#}")
}

/// What became of an event that was sent.
pub(crate) fn sent(report: &SendReport) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    label(&mut out, "plugin")?;
    let by = if report.fresh {
        "started for this event"
    } else {
        "served already"
    };
    writeln!(
        out,
        "{} {DIM}({by}, profile {}){DIM:#}",
        harmless_line(&report.plugin),
        report.profile
    )?;
    label(&mut out, "event")?;
    let id = report.correlation_id.as_deref().unwrap_or("(no id)");
    write!(
        out,
        "{}  {DIM}{}{DIM:#}",
        harmless_line(&report.ingress),
        harmless_line(id)
    )?;
    match report.attempt {
        Some(attempt) if attempt > 1 => writeln!(out, "  attempt {attempt}")?,
        _ => writeln!(out)?,
    }
    label(&mut out, "verdict")?;
    verdict(&mut out, report)?;
    if let Some(answer) = report.answer.as_ref().filter(|answer| !answer.is_null()) {
        label(&mut out, "answer")?;
        writeln!(out, "{}", harmless_line(&answer.to_string()))?;
    }
    for (n, command) in report.commands.iter().enumerate() {
        label(&mut out, if n == 0 { "commands" } else { "" })?;
        let (word, style) = match command.verdict {
            Verdict::Recorded => ("done", GOOD),
            Verdict::Rejected => ("refused", BAD),
            Verdict::Unsupported => ("unsupported", WARN),
            Verdict::Withheld => ("withheld", WARN),
        };
        let id = command.command_id.as_deref().unwrap_or("(no id)");
        writeln!(
            out,
            "{}  {style}{word}{style:#}: {}",
            harmless_line(id),
            harmless(&command.message)
        )?;
        command
            .missing
            .iter()
            .try_for_each(|lines| to_add(&mut out, lines))?;
    }
    if let Some(error) = &report.stop_error {
        label(&mut out, "stop")?;
        writeln!(out, "{BAD}{}{BAD:#}", harmless_line(error))?;
    }
    if let Some(status) = report.status.as_ref().filter(|status| !status.is_null()) {
        label(&mut out, "last word")?;
        writeln!(out, "{DIM}{}{DIM:#}", harmless_line(&status.to_string()))?;
    }
    out.flush()
}

fn verdict(out: &mut impl Write, report: &SendReport) -> io::Result<()> {
    let (word, style) = match report.settlement {
        None => ("not accepted", BAD),
        Some(Settlement::Accepted) => ("accepted", GOOD),
        Some(Settlement::Declined) => ("declined", GOOD),
        Some(Settlement::Dead) => ("given up", BAD),
        Some(Settlement::Returned) => ("failed, and is not tried again unless it is sent again", BAD),
        Some(Settlement::Dropped) => ("dropped for a newer event", BAD),
        Some(Settlement::Abandoned) if report.kept => (
            "not dealt with yet: the service ended, and keeps the event for the next one",
            WARN,
        ),
        Some(Settlement::Abandoned) => ("not dealt with: the service ended before", BAD),
    };
    write!(out, "{style}{word}{style:#}")?;
    if report.duplicate {
        write!(
            out,
            " {DIM}(an event with this id was known already; nothing was delivered again){DIM:#}"
        )?;
    }
    let Some(failure) = &report.failure else {
        return writeln!(out);
    };
    writeln!(out, ": {}", harmless_line(&failure.message))?;
    failure.missing.iter().try_for_each(|lines| to_add(out, lines))
}

//! `yoikit send`: one event for a service, the one that runs or one for its sake.

use std::io;

use yoi_host::limits::INGRESS_EVENT_BYTES;
use yoi_host::plugin::service::{Service, ServiceOptions, StartError, StopTimes};

use super::door::{self, Answer, QUESTION, Question};
use super::hand_over::Desk;
use super::served::Meant;
use super::{json_argument, read_text};
use crate::args::Send;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::service::SendReport;
use crate::screen;

pub(super) fn run(args: &Send) -> Result<Exit, Failure> {
    let event = match args.event.as_str() {
        "-" => read_text(io::stdin().lock(), INGRESS_EVENT_BYTES).map_err(|cause| {
            Failure::Other(format!("failed to read the event from standard input: {cause}"))
        })?,
        typed => json_argument("event", typed, INGRESS_EVENT_BYTES)?,
    };
    let meant = Meant::of(&args.of)?;
    let answer = match running(args, &meant, &event)? {
        Some(answer) => {
            if args.of.grants.is_some() || args.of.config.is_some() {
                screen::warning(
                    "the `yoikit serve` that runs for this plugin has its own grants and configuration; `--fresh` starts \
                     an instance for the event, with those that were typed",
                );
            }
            answer
        }
        None if args.of.socket.is_some() && !args.fresh => {
            return Err(Failure::Other(
                "no `yoikit serve` listens on that socket; without `--socket` an instance is started for the event"
                    .to_owned(),
            ));
        }
        None => fresh(args, meant, &event)?,
    };
    let report = match answer {
        Answer::Report(report) => report,
        // Another one follows it, and that was waited for.
        Answer::Accepted { .. } => unreachable!("it is not the last answer"),
        Answer::Usage(reason) => return Err(Failure::Usage(reason)),
        Answer::Trouble(reason) => return Err(Failure::Other(reason)),
    };
    if args.json {
        screen::to_the_end(screen::json(&report))?;
    } else {
        screen::to_the_end(screen::service::sent(&report))?;
    }
    Ok(if report.ok { Exit::Ok } else { Exit::PluginFailed })
}

/// What the service that runs for this plugin makes of it, if one does.
fn running(args: &Send, meant: &Meant, event: &str) -> Result<Option<Answer>, Failure> {
    if args.fresh {
        return Ok(None);
    }
    let place = door::place(args.of.socket.as_deref(), &meant.identity()?)?;
    let question = Question {
        schema: QUESTION.to_owned(),
        ingress: args.ingress.clone(),
        event: event.to_owned(),
    };
    door::ask(&place, &question)
}

/// An instance for the sake of this event: started, fed, stopped.
fn fresh(args: &Send, meant: Meant, event: &str) -> Result<Answer, Failure> {
    let ready = meant.ready(&args.of)?;
    let service = Service::start(ready.plan(ServiceOptions::of(args.of.run.profile)))
        .map_err(|error| not_started(&args.of.plugin, &error))?;
    let desk = Desk::new(service.clone(), args.of.run.profile, &ready.name, &ready.manifest);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let answer = runtime.block_on(async {
        match desk.hand_over(&args.ingress, event).await {
            Ok(event) => event.settled().await,
            Err(answer) => answer,
        }
    });
    let ending = service.stop(StopTimes::default()).wait();
    Ok(match answer {
        Answer::Report(mut report) => {
            report.ended(&ending);
            Answer::Report(report)
        }
        other => other,
    })
}

/// Why a service did not start, with what to do.
pub(super) fn not_started(plugin: &str, error: &StartError) -> Failure {
    let StartError::Denied(denial) = error else {
        return match error {
            StartError::Journal(_) | StartError::Thread(_) => Failure::Other(error.to_string()),
            _ => Failure::Plugin(error.to_string()),
        };
    };
    let mut reason = format!("{error}\n");
    for missing in denial.lines() {
        reason.push_str(&missing.to_string());
        reason.push('\n');
    }
    reason.push_str(&format!(
        "\n`yoikit grant {plugin} > grants.toml` writes all that it asks for: read it, and add `--grants grants.toml`"
    ));
    Failure::Plugin(reason)
}

impl SendReport {
    /// A report of an instance that was started for it, and how that ended.
    fn ended(&mut self, ending: &yoi_host::plugin::service::Ending) {
        self.fresh = true;
        if let Some(error) = &ending.error {
            self.ok = false;
            self.stop_error = Some(error.clone());
        }
        self.status = ending
            .status
            .clone()
            .map(|status| serde_json::to_value(status).unwrap_or_default());
    }
}

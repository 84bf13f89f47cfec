//! What a client asks for: answered at once where no engine is needed, handed to the session's thread otherwise.

use std::collections::BTreeMap;
use std::io::Write;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread::Scope;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::work::{Event, Worker};
use super::{Id, Job, Shared};
use crate::limits::{PTC_SHOWN_BYTES, PTC_WAITING_ANSWER_BYTES, PTC_WAITING_REQUESTS, PtcLimits};
use crate::ptc::call::ToolResult;
use crate::ptc::ended::Ended;
use crate::ptc::envelope::Envelope;
use crate::ptc::protocol::{Params, Refusal, call_name, call_of_name};
use crate::ptc::session::Session;
use crate::text::bounded;

/// The version that `init` answers with: that of the published protocol.
const VERSION: &str = "0.1.0";

/// What an answer counts for besides its value.
const ANSWER_BYTES: usize = 128;

impl<W: Write + Send, N: Write + Send> Shared<'_, W, N> {
    /// Answer a request; `None` if another thread does.
    pub(super) fn request<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        id: Option<&RawValue>,
        method: &str,
        params: &Params,
        worker: &mut Option<Worker<'scope>>,
    ) -> Result<Option<Value>, Refusal> {
        let lacks = |what: &str| {
            let said = format!(
                "{method} is not supported: the engine {} has no {what}",
                self.host.engine
            );
            Err(Refusal::new("unsupported", said))
        };
        match method {
            "init" => {
                let files = params.get("initialFiles");
                if files.is_some_and(|files| !matches!(files.get(), "[]" | "null")) {
                    return lacks("files (initialFiles)");
                }
                self.boot(scope, worker)?;
                Ok(Some(
                    json!({"events": [{"Version": VERSION}], "version": VERSION}),
                ))
            }
            "runPtc" => {
                let job = self.job(id, params)?;
                self.boot(scope, worker)?;
                let mut jobs = self.jobs();
                if jobs.waiting.len() >= PTC_WAITING_REQUESTS {
                    let said = format!("{PTC_WAITING_REQUESTS} runs wait already");
                    return Err(Refusal::new("limit.requests", said));
                }
                jobs.waiting.push_back(job);
                drop(jobs);
                if let Some(worker) = worker {
                    let _ = worker.events.send(Event::Look);
                }
                Ok(None)
            }
            "cancel" => {
                let Some(target) = params.get("id") else {
                    return Err(Refusal::new(
                        "request.params",
                        "cancel requires the `id` of a request",
                    ));
                };
                let cancelled = self.cancel(target, worker.as_ref());
                Ok(Some(json!({"cancelled": cancelled})))
            }
            "run" => lacks("shell"),
            "readFile" | "writeFile" | "listDir" => lacks("files"),
            "installPythonPackages" => lacks("packages to install"),
            other => {
                let said = format!("unknown method: {}", bounded(other, PTC_SHOWN_BYTES));
                Err(Refusal::new("request.method", said))
            }
        }
    }

    /// See to it that there is a session.
    pub(super) fn boot<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        worker: &mut Option<Worker<'scope>>,
    ) -> Result<(), Refusal> {
        if worker.is_some() {
            return Ok(());
        }
        let interpreter = (self.host.boot)().map_err(|error| Refusal::new("engine.start", error))?;
        let session = Session::new(&interpreter, self.host.limits.clone());
        let canceller = session.canceller().clone();
        let (events, inbox) = channel();
        let (works, done) = channel();
        let thread = scope.spawn(move || {
            self.work(session, &inbox);
            drop(works);
        });
        *worker = Some(Worker {
            events,
            canceller,
            done,
            thread,
        });
        Ok(())
    }

    pub(super) fn job(&self, id: Option<&RawValue>, params: &Params) -> Result<Job, Refusal> {
        let wrong = |said: &str| Refusal::new("request.params", said);
        let code = params
            .string("code")
            .ok_or_else(|| wrong("runPtc requires `code` (string)"))?;
        let tools = match params.get("tools") {
            None => Vec::new(),
            Some(tools) => serde_json::from_str(tools.get())
                .map_err(|_| wrong("runPtc `tools` must be an array of names"))?,
        };
        let mut limits = self.host.limits.clone();
        if let Some(budgets) = params.get("budgets") {
            narrow(&mut limits, budgets).map_err(|why| wrong(&format!("runPtc `budgets` {why}")))?;
        }
        Ok(Job {
            id: id.map(ToOwned::to_owned),
            code,
            tools,
            limits,
        })
    }

    /// End a run that waits its turn or is under way. Whether there was one.
    pub(super) fn cancel(&self, target: &RawValue, worker: Option<&Worker<'_>>) -> bool {
        let is_target = |id: &Id| id.as_deref().is_some_and(|id| id.get() == target.get());
        let mut jobs = self.jobs();
        if let Some(worker) = worker.filter(|_| jobs.under_way.as_ref().is_some_and(is_target)) {
            // Under the lock, so that it is this run and not the next.
            worker.canceller.cancel();
            drop(jobs);
            let _ = worker.events.send(Event::Look);
            return true;
        }
        let Some(at) = jobs.waiting.iter().position(|job| is_target(&job.id)) else {
            return false;
        };
        let job = jobs.waiting.remove(at);
        drop(jobs);
        if let Some(job) = job {
            self.finish(&job.id, &Envelope::unstarted(Ended::Cancelled));
        }
        true
    }

    /// End every run that waits its turn or is under way.
    pub(super) fn cancel_all(&self, worker: &Worker<'_>) {
        let mut jobs = self.jobs();
        let waiting = mem::take(&mut jobs.waiting);
        if jobs.under_way.is_some() {
            worker.canceller.cancel();
        }
        drop(jobs);
        for job in waiting {
            self.finish(&job.id, &Envelope::unstarted(Ended::Cancelled));
        }
    }

    pub(super) fn take_answer(&self, id: Option<Value>, outcome: ToolResult, worker: Option<&Worker<'_>>) {
        let name = id.as_ref().and_then(Value::as_str);
        let call = name.and_then(|name| call_of_name(self.host.process, name));
        match (call, worker) {
            (Some(id), Some(worker)) => {
                let bytes = ANSWER_BYTES + outcome.as_ref().map_or(0, |value| value.get().len());
                let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
                if waiting + bytes > PTC_WAITING_ANSWER_BYTES {
                    self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                    let name = call_name(self.host.process, id);
                    self.note(&format!("host_call_result for {name} dropped: too much waits"));
                    return;
                }
                let _ = worker.events.send(Event::Answer { id, outcome, bytes });
            }
            _ => {
                let id = id.map_or_else(
                    || "undefined".to_owned(),
                    |id| match id {
                        Value::String(name) => name,
                        other => other.to_string(),
                    },
                );
                self.note(&format!("host_call_result for unknown id {id}"));
            }
        }
    }
}

/// What a client allows a run: it can only be less than the host allows.
fn narrow(limits: &mut PtcLimits, budgets: &RawValue) -> Result<(), String> {
    let budgets: Option<BTreeMap<String, Value>> =
        serde_json::from_str(budgets.get()).map_err(|_| "must be an object of numbers".to_owned())?;
    for (name, budget) in budgets.into_iter().flatten() {
        // No call at a time would wait for ever.
        let least = u64::from(name == "maxCallsInFlight");
        let budget = budget
            .as_u64()
            .filter(|budget| *budget >= least)
            .ok_or_else(|| format!("`{name}` must be a whole number, {least} at least"))?;
        let count = usize::try_from(budget).unwrap_or(usize::MAX);
        let time = Duration::from_millis(budget);
        let limit = match name.as_str() {
            "maxCalls" => &mut limits.calls,
            "maxCallsInFlight" => &mut limits.calls_in_flight,
            "maxArgumentBytes" => &mut limits.argument_bytes,
            "maxOutputBytes" => &mut limits.output_bytes,
            "callTimeoutMs" => {
                limits.call_time = limits.call_time.min(time);
                continue;
            }
            "runTimeoutMs" => {
                limits.run_time = limits.run_time.min(time);
                continue;
            }
            _ => {
                return Err(format!(
                    "have no `{}`: there are maxCalls, maxCallsInFlight, maxArgumentBytes, maxOutputBytes, \
                     callTimeoutMs, runTimeoutMs",
                    bounded(&name, PTC_SHOWN_BYTES)
                ));
            }
        };
        *limit = (*limit).min(count);
    }
    Ok(())
}

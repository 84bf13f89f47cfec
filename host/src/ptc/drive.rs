//! Driving a session by an executor: calls go to async tools, several at a time.

use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::call::{ToolCall, ToolResult};
use super::ended::Ended;
use super::envelope::Envelope;
use super::session::{Progress, RefusedRun, Session};
use crate::limits::PtcLimits;
use crate::world::Pending;

/// Who answers the calls of a run.
pub trait Tools: Send + Sync {
    /// Answer one call. Several are under way at a time; one that is answered too late, or when its run is over,
    /// is dropped at the latest when the run is.
    fn call(&self, call: ToolCall) -> Pending<'_, ToolResult>;
}

impl<F, R> Tools for F
where
    F: Fn(ToolCall) -> R + Send + Sync,
    R: Future<Output = ToolResult> + Send + 'static,
{
    fn call(&self, call: ToolCall) -> Pending<'_, ToolResult> {
        Box::pin(self(call))
    }
}

impl Session {
    /// Run `code`, its calls answered by `tools`, under the session's limits.
    ///
    /// The thread that drives this computes what the code computes: where others need that thread, give the
    /// session one of its own. To drop the future ends nothing that is paused: the next run does.
    ///
    /// # Errors
    ///
    /// [`RefusedRun`]: nothing was run.
    pub async fn run(
        &mut self,
        code: &str,
        names: &[String],
        tools: &dyn Tools,
    ) -> Result<Envelope, RefusedRun> {
        self.run_with(code, names, tools, self.limits().clone()).await
    }

    /// The same on this thread, which is the executor until the run is over.
    ///
    /// # Errors
    ///
    /// As [`Session::run`], and where there can be no executor.
    pub fn run_blocking(
        &mut self,
        code: &str,
        names: &[String],
        tools: &dyn Tools,
    ) -> Result<Envelope, RefusedRun> {
        let executor = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RefusedRun::Executor)?;
        executor.block_on(self.run(code, names, tools))
    }

    /// The same, under limits of its own.
    ///
    /// # Errors
    ///
    /// As [`Session::run`].
    pub async fn run_with(
        &mut self,
        code: &str,
        names: &[String],
        tools: &dyn Tools,
        limits: PtcLimits,
    ) -> Result<Envelope, RefusedRun> {
        // A future that was dropped has left its run behind.
        self.end(Ended::Cancelled, Instant::now());
        let canceller = self.canceller().clone();
        let mut progress = self.start_with(code, names, limits, Instant::now())?;
        let mut with_tools = FuturesUnordered::new();
        loop {
            if let Progress::Finished(envelope) = progress {
                return Ok(envelope);
            }
            while let Some(call) = self.next_call(Instant::now()) {
                let id = call.id;
                with_tools.push(tools.call(call).map(move |outcome| (id, outcome)));
            }
            let due = self.due().unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                () = canceller.cancelled() => {}
                Some((id, outcome)) = with_tools.next(), if !with_tools.is_empty() => {
                    // Late is the only thing that it can be, and then nobody waits for it.
                    let _ = self.answer(id, outcome, Instant::now());
                    // The engine is entered once for all that are there.
                    while let Some(Some((id, outcome))) = with_tools.next().now_or_never() {
                        let _ = self.answer(id, outcome, Instant::now());
                    }
                }
                () = tokio::time::sleep_until(due.into()) => {}
            }
            progress = self.go_on(Instant::now());
        }
    }
}

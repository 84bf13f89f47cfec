//! A run that was recorded is had again: the same answers, in the same order and company, and nothing else asked.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use yoi_engines::Recipe;
use yoi_host::ptc::transcript::{Header, Recorder, Replay, ReplayFault, Transcript, TranscriptError};
use yoi_host::ptc::{Envelope, Interpreter, PtcLimits, Session, ToolCall, ToolError, ToolResult};

use crate::support::{error, json, made, monty, names, number, value};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Run code and keep its calls.
async fn record<F, R>(code: &str, tools: &[&str], limits: PtcLimits, tool: F) -> (Envelope, String)
where
    F: Fn(ToolCall) -> R + Send + Sync,
    R: Future<Output = ToolResult> + Send + 'static,
{
    record_on(monty(), code, tools, limits, tool).await
}

/// The same, on this engine.
async fn record_on<F, R>(
    engine: &Interpreter,
    code: &str,
    tools: &[&str],
    limits: PtcLimits,
    tool: F,
) -> (Envelope, String)
where
    F: Fn(ToolCall) -> R + Send + Sync,
    R: Future<Output = ToolResult> + Send + 'static,
{
    let tools = names(tools);
    let kept = Kept::default();
    let recorder = Recorder::new(kept.clone(), &Header::of_run("monty", code, &tools));
    let mut session = Session::recorded(engine, limits, recorder.clone());
    let envelope = session.run(code, &tools, &tool).await.unwrap();
    recorder.finish().unwrap();
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    (envelope, text)
}

fn replay(transcript: &str, code: &str) -> (Envelope, Option<ReplayFault>) {
    replay_on(monty(), transcript, code)
}

fn replay_on(engine: &Interpreter, transcript: &str, code: &str) -> (Envelope, Option<ReplayFault>) {
    let replay = Replay::new(Transcript::read(transcript.as_bytes()).unwrap());
    let mut session = replay.session(engine, PtcLimits::default());
    replay.run(&mut session, code).unwrap()
}

/// The lines, without what is another one each time.
fn told(transcript: &str) -> String {
    let lines = transcript.lines().map(|line| {
        let line: String = match line.split_once("\"began\"") {
            Some((header, _)) => format!("{header}…}}"),
            None => line.to_owned(),
        };
        match line
            .strip_prefix("{\"at\":")
            .and_then(|rest| rest.split_once(','))
        {
            Some((_, rest)) => format!("{{\"at\":…,{rest}"),
            None => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The later a tool was called, the earlier it answers. It fails for what it does not like.
fn backwards(call: ToolCall) -> impl Future<Output = ToolResult> + Send + 'static {
    let id = call.id.get();
    let fails = matches!(call.args.get(), "{\"n\":4}" | "{\"a\":[]}");
    async move {
        for _ in id..8 {
            tokio::task::yield_now().await;
        }
        match fails {
            true => Err(ToolError::new("ValueError", "no")),
            false => Ok(number(id.try_into().unwrap())),
        }
    }
}

const CODE: &str = "\
import asyncio
from datetime import datetime
seen = []
async def one(n):
    seen.append([n, await tools.f(n=n)])
began = datetime.now().isoformat()
await asyncio.gather(*[one(n) for n in range(4)])
try:
    await tools.f(n=4)
except ValueError as e:
    seen.append(str(e))
[seen, began, datetime.now().isoformat()]";

#[tokio::test]
async fn a_run_is_had_again_with_its_order_and_its_clock() {
    let (first, transcript) = record(CODE, &["f"], PtcLimits::default(), backwards).await;
    let (again, fault) = replay(&transcript, CODE);
    assert_eq!(fault, None);
    assert_eq!(json(&again), json(&first));
    assert!(
        value(&first).starts_with("[[[3,4],[2,3],[1,2],[0,1],\"no\"]"),
        "{}",
        value(&first)
    );
}

/// A call that is too slow for its timer, beside one that is not, between two more timers.
const TIMED: [(Recipe, &str); 2] = [
    (
        Recipe::CPython,
        "import asyncio, time\nbegan = time.time()\nslow = asyncio.create_task(asyncio.wait_for(tools.f(n=1), 0.06))\n\
         await asyncio.sleep(0.02)\nquick = await tools.f(n=2)\ntry:\n    slow = await slow\nexcept TimeoutError:\n    \
         slow = 'late'\nawait asyncio.sleep(0.02)\n[slow, quick, time.time() - began]",
    ),
    (
        Recipe::QuickJs,
        "const began = Date.now(), after = (ms, x) => new Promise((done) => setTimeout(done, ms, x))\n\
         const slow = Promise.race([tools.f({n: 1}), after(60, 'late')])\nawait after(20)\n\
         const quick = await tools.f({n: 2}), x = await slow\nawait after(20)\n;[x, quick, Date.now() - began]",
    ),
];

#[tokio::test]
async fn timers_go_off_where_they_did_and_no_replay_waits_for_them() {
    let first_never = |call: ToolCall| async move {
        match call.id.get() {
            1 => std::future::pending().await,
            _ => Ok(number(2)),
        }
    };
    for (recipe, code) in TIMED {
        let Some(engine) = made(recipe) else { continue };
        let limits = PtcLimits::default();
        let (first, transcript) = record_on(&engine, code, &["f"], limits, first_never).await;
        assert!(value(&first).starts_with("[\"late\",2,"), "{}", value(&first));
        assert!(transcript.contains("\"woken\":true"), "{transcript}");
        let (again, fault) = replay_on(&engine, &transcript, code);
        assert_eq!((fault, json(&again)), (None, json(&first)));
    }
}

#[tokio::test]
async fn a_transcript_can_be_read_by_people() {
    let code = "import asyncio\nr = await asyncio.gather(tools.f(a=1), tools.g())\ntry:\n    await tools.f(a=[])\nexcept ValueError:\n    pass";
    let (_, transcript) = record(code, &["f", "g"], PtcLimits::default(), backwards).await;
    insta::assert_snapshot!(told(&transcript));
}

#[tokio::test]
async fn what_the_host_refused_is_refused_again() {
    let code = "r = []\nfor name in ['f', 'ghost']:\n    try:\n        r.append(await getattr(tools, name)())\n    except Exception as e:\n        r.append(str(e))\nr";
    let (first, transcript) = record(code, &["f"], PtcLimits::default(), backwards).await;
    let (again, fault) = replay(&transcript, code);
    assert_eq!((json(&again), fault), (json(&first), None));
}

#[tokio::test]
async fn a_call_that_ran_into_its_time_does_so_again_at_once() {
    let mut limits = PtcLimits::default();
    limits.call_time = Duration::from_millis(20);
    let code = "try:\n    await tools.f()\nexcept TimeoutError as e:\n    x = str(e)\nx";
    let never = |_: ToolCall| std::future::pending();
    let (first, transcript) = record(code, &["f"], limits, never).await;
    let (again, _) = replay(&transcript, code);
    assert_eq!(json(&again), json(&first));
}

#[tokio::test]
async fn a_run_that_the_host_ended_while_it_waited_ends_there_again() {
    let mut limits = PtcLimits::default();
    limits.run_time = Duration::from_millis(50);
    let code = "await tools.f()";
    let never = |_: ToolCall| std::future::pending();
    let (first, transcript) = record(code, &["f"], limits, never).await;
    assert_eq!(error(&first), "TimeoutError: the run took longer than 50ms");
    let (again, _) = replay(&transcript, code);
    insta::assert_snapshot!(error(&again), @"ReplayError: the run ends here, as it did when it was recorded (run.deadline)");
}

#[tokio::test]
async fn the_first_difference_ends_the_run_and_is_told() {
    let code = "a = await tools.f(n={'x': [1, 2]})\nb = await tools.g()\n[a, b]";
    let (_, transcript) = record(code, &["f", "g"], PtcLimits::default(), backwards).await;
    let mut said = String::new();
    for other in [
        "await tools.f(n={'x': [1, 3]})",
        "await tools.g()",
        "import asyncio\nawait asyncio.gather(tools.f(n={'x': [1, 2]}), tools.g())",
        "await tools.f(n={'x': [1, 2]})\nawait tools.g()\nawait tools.g()",
        "1",
        "await tools.f(n={'x': [1, 2]})",
    ] {
        let (envelope, fault) = replay(&transcript, other);
        let ended = envelope.error().map(|(_, message)| message);
        said += &format!(
            "{other}\n  ended: {ended:?}\n  fault: {}\n",
            fault.map_or_else(|| "none".to_owned(), |fault| fault.to_string())
        );
    }
    insta::assert_snapshot!(said);
}

#[test]
fn what_is_no_whole_transcript_is_refused_by_its_line() {
    let header = "{\"schema\":\"yoikit.ptc-transcript/1\",\"engine\":\"monty\",\"code\":\"c\",\"tools\":[],\"began\":1,\"seed\":1}";
    let mut said = String::new();
    for (name, text) in [
        ("nothing", String::new()),
        (
            "another schema",
            "{\"schema\":\"yoikit.transcript/1\"}".to_owned(),
        ),
        ("no JSON", "nonsense".to_owned()),
        ("no end", format!("{header}\n{{\"at\":1,\"woken\":true}}\n")),
        ("a line that was cut", format!("{header}\n{{\"at\":1,\"wo")),
        ("a line of nothing", format!("{header}\n{{\"at\":1}}\n")),
        (
            "both",
            format!(
                "{header}\n{{\"at\":1,\"answered\":1,\"value\":1,\"error\":{{\"name\":\"E\",\"message\":\"\"}}}}\n"
            ),
        ),
        (
            "a member that there is not",
            format!("{header}\n{{\"at\":1,\"woken\":true,\"x\":1}}\n"),
        ),
        ("a wrong count", format!("{header}\n{{\"end\":1}}\n")),
        (
            "more after the end",
            format!("{header}\n{{\"end\":0}}\n{{\"at\":1,\"woken\":true}}\n"),
        ),
    ] {
        let error: TranscriptError = Transcript::read(text.as_bytes()).unwrap_err();
        said += &format!("{name}: {error}\n");
    }
    insta::assert_snapshot!(said);
}

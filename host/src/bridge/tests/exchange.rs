//! Exchanges over scripted children: ends, deadlines, slow readers.

use std::sync::Arc;
use std::time::Duration;

use super::scripted::{Scripts, Step, exited, model, says};
use super::text_of;
use crate::bridge::{
    BridgeFailure, Broker, Context, Exchange, ExchangeOptions, ExchangeTimes, FailureCode, NormalizedEvent,
    Transport, TransportContext, TransportFactory,
};
use crate::limits::{BRIDGE_IDLE_TIME, BRIDGE_START_TIME, BRIDGE_TOTAL_TIME, BRIDGE_WAITING_EVENTS};

const DELTA: &str = r#"{"type":"event","event":{"kind":"text_delta","delta":"some text"}}"#;
const RESULT: &str = r#"{"type":"result","snapshot":{"phase":"settled"}}"#;

pub(super) const STARTED: &str = r#"{"type":"thread.started","thread_id":"new"}"#;
pub(super) const COMPLETED: &str =
    r#"{"type":"turn.completed","usage":{"input_tokens":5,"output_tokens":6}}"#;

fn begin(scripts: &Arc<Scripts>) -> Exchange {
    begin_with(scripts, "indusagi-wire", &ExchangeOptions::default())
}

pub(super) fn begin_with(scripts: &Arc<Scripts>, adapter: &str, options: &ExchangeOptions) -> Exchange {
    let broker = Broker::new().with_factory(Some(scripts.clone()));
    broker
        .begin(&model(adapter), &Context::of_prompt("hi"), options)
        .unwrap()
}

pub(super) async fn all(exchange: &mut Exchange) -> Vec<NormalizedEvent> {
    let mut events = Vec::new();
    while let Some(event) = exchange.next().await {
        events.push(event);
    }
    let terminals = events.iter().filter(|event| event.is_terminal()).count();
    assert_eq!(terminals, 1, "{events:?}");
    assert!(events.last().unwrap().is_terminal());
    events
}

pub(super) fn code(events: &[NormalizedEvent]) -> Option<FailureCode> {
    match events.last() {
        Some(NormalizedEvent::Failed { error }) => error.code,
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_is_asked_heard_and_taken_down_once() {
    let scripts = Scripts::saying(&format!("{DELTA}\n{RESULT}"));
    let mut exchange = begin(&scripts);
    let events = all(&mut exchange).await;
    assert_eq!(text_of(&events), "some text");
    let report = exchange.ended().await;
    assert_eq!((report.ending, report.attempts), (Some(exited(0)), 1));
    let record = scripts.record.lock().unwrap();
    let told = vec![(vec![r#"{"input":"hi","type":"submit"}"#.to_owned()], true)];
    assert_eq!((&record.told, record.ended), (&told, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_after_the_end_is_not_heard() {
    let scripts = Scripts::saying(&format!("{RESULT}\n{DELTA}\n{RESULT}"));
    let events = all(&mut begin(&scripts)).await;
    assert_eq!(events.len(), 1, "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_silent_is_ended_at_each_of_its_deadlines() {
    let cases = [
        (vec![Step::Hang], BRIDGE_START_TIME),
        (vec![Step::Say(DELTA.to_owned()), Step::Hang], BRIDGE_IDLE_TIME),
    ];
    for (steps, time) in cases {
        let scripts = Scripts::of([(steps, exited(0))]);
        let began = tokio::time::Instant::now();
        let mut exchange = begin(&scripts);
        let events = all(&mut exchange).await;
        assert_eq!(code(&events), Some(FailureCode::Deadline));
        assert_eq!(began.elapsed().as_secs(), time.as_secs());
        exchange.ended().await;
        assert_eq!(scripts.record.lock().unwrap().ended, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_resets_the_idle_deadline_and_not_the_total_one() {
    let life = [
        Step::Say(r#"{"type":"event","event":{"kind":"snapshot"}}"#.to_owned()),
        Step::Wait(BRIDGE_IDLE_TIME - Duration::from_secs(1)),
    ];
    let count = (BRIDGE_TOTAL_TIME.as_secs() / BRIDGE_IDLE_TIME.as_secs() + 2) as usize;
    let steps = std::iter::repeat_n(life, count).flatten().collect();
    let scripts = Scripts::of([(steps, exited(0))]);
    let began = tokio::time::Instant::now();
    let events = all(&mut begin(&scripts)).await;
    assert_eq!(code(&events), Some(FailureCode::Deadline));
    assert_eq!(began.elapsed().as_secs(), BRIDGE_TOTAL_TIME.as_secs());
}

const RECONNECTS: &str = r#"{"type":"error","message":"Reconnecting... waiting for network"}"#;

#[tokio::test(start_paused = true)]
async fn a_child_that_says_nothing_but_notices_is_as_good_as_silent() {
    let notice = [
        Step::Say(RECONNECTS.to_owned()),
        Step::Wait(BRIDGE_IDLE_TIME / 4 * 3),
    ];
    let mut steps = vec![
        Step::Say(STARTED.to_owned()),
        Step::Wait(BRIDGE_IDLE_TIME / 4),
        Step::Say(RECONNECTS.to_owned()),
        Step::Wait(BRIDGE_IDLE_TIME / 2),
        // There it is again.
        Step::Say(r#"{"type":"turn.started"}"#.to_owned()),
    ];
    steps.extend(std::iter::repeat_n(notice, 10).flatten());
    let scripts = Scripts::of([(steps, exited(0))]);
    let began = tokio::time::Instant::now();
    let events = all(&mut begin_with(
        &scripts,
        "codex-cli",
        &ExchangeOptions::default(),
    ))
    .await;
    assert_eq!(
        began.elapsed().as_secs(),
        (BRIDGE_IDLE_TIME / 4 * 7).as_secs(),
        "{events:?}"
    );
    insta::assert_snapshot!(super::json(&events[4..]), @r#"{"kind":"failed","error":{"message":"the child said nothing but notices within 900s, the last of them: Reconnecting... waiting for network","aborted":false,"code":"deadline"}}"#);
}

#[tokio::test(start_paused = true)]
async fn while_a_reader_is_slow_it_is_not_the_child_that_is_silent() {
    for line in [RECONNECTS, r#"{"type":"new_thing"}"#] {
        let mut steps = says(&format!("{line}\n").repeat(BRIDGE_WAITING_EVENTS + 2));
        steps.push(Step::Wait(BRIDGE_IDLE_TIME / 2));
        steps.extend(says(COMPLETED));
        let scripts = Scripts::of([(steps, exited(0))]);
        let mut exchange = begin_with(&scripts, "codex-cli", &ExchangeOptions::default());
        tokio::time::sleep(BRIDGE_IDLE_TIME * 3).await;
        let events = all(&mut exchange).await;
        assert!(
            matches!(events.last(), Some(NormalizedEvent::Finish { .. })),
            "{line}: {events:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_is_aborted_at_any_moment_and_once() {
    // Before it begins, and after each event of it.
    for moment in 0..4 {
        let steps = vec![
            Step::Say(DELTA.to_owned()),
            Step::Say(DELTA.to_owned()),
            Step::Hang,
        ];
        let scripts = Scripts::of([(steps, exited(0))]);
        let mut exchange = begin(&scripts);
        for _ in 0..moment.min(2) {
            exchange.next().await.unwrap();
        }
        exchange.cancel();
        exchange.cancel();
        let events = all(&mut exchange).await;
        assert_eq!(code(&events), Some(FailureCode::Aborted));
        exchange.ended().await;
        let record = scripts.record.lock().unwrap();
        assert_eq!(record.ended, record.told.len());
    }
}

#[tokio::test(start_paused = true)]
async fn aborting_what_is_over_changes_nothing() {
    let scripts = Scripts::saying(RESULT);
    let mut exchange = begin(&scripts);
    exchange.ended().await;
    exchange.cancel();
    assert!(matches!(
        all(&mut exchange).await[..],
        [NormalizedEvent::Finish { .. }]
    ));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_makes_the_child_wait_and_can_still_abort() {
    let scripts = Scripts::of([(vec![Step::Chatter(DELTA.to_owned())], exited(0))]);
    let mut exchange = begin(&scripts);
    // Everything that can go on has gone on when the clock moves.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let heard = scripts.record.lock().unwrap().heard;
    assert!(
        heard <= BRIDGE_WAITING_EVENTS + 2,
        "{heard} lines were heard of a child that nobody reads"
    );
    let began = tokio::time::Instant::now();
    exchange.cancel();
    exchange.ended().await;
    assert!(began.elapsed() < Duration::from_millis(100));
    assert_eq!(code(&all(&mut exchange).await), Some(FailureCode::Aborted));
    assert_eq!(scripts.record.lock().unwrap().heard, heard);
}

#[tokio::test(start_paused = true)]
async fn an_abort_in_the_middle_of_the_last_line_is_the_end() {
    let thought = r#"{"type":"event","event":{"kind":"thinking_delta","delta":"hm"}}"#;
    // Its result is an answer, usage and an end: more events than there is room for.
    let result = r#"{"type":"result","snapshot":{"phase":"settled","usageTotal":{"inputTokens":1},
        "messages":[{"role":"assistant","blocks":[{"kind":"text","text":"Hi"}]}]}}"#
        .replace('\n', "");
    let lines = format!("{thought}\n").repeat(BRIDGE_WAITING_EVENTS) + &result;
    let scripts = Scripts::saying(&lines);
    let mut exchange = begin(&scripts);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(scripts.record.lock().unwrap().heard, BRIDGE_WAITING_EVENTS + 1);
    exchange.cancel();
    exchange.ended().await;
    assert_eq!(code(&all(&mut exchange).await), Some(FailureCode::Aborted));
}

#[tokio::test(start_paused = true)]
async fn large_events_wait_one_at_a_time() {
    let large = format!(r#"{{"type":"new_thing","x":"{}"}}"#, "x".repeat(700_000));
    let scripts = Scripts::of([(vec![Step::Chatter(large)], exited(0))]);
    let exchange = begin(&scripts);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let heard = scripts.record.lock().unwrap().heard;
    assert!(heard <= 2, "{heard}");
    drop(exchange);
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_nobody_holds_takes_its_child_down() {
    let scripts = Scripts::of([(vec![Step::Hang], exited(0))]);
    let exchange = begin(&scripts);
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(exchange);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(scripts.record.lock().unwrap().ended, 1);
}

#[tokio::test(start_paused = true)]
async fn a_pipe_that_breaks_and_a_child_that_is_not_there_are_failures() {
    let broken = Scripts::of([(vec![Step::Break], exited(0))]);
    assert_eq!(
        code(&all(&mut begin(&broken)).await),
        Some(FailureCode::Transport)
    );
    let absent = Scripts::of([]);
    assert_eq!(
        code(&all(&mut begin(&absent)).await),
        Some(FailureCode::NotStarted)
    );
}

#[tokio::test(start_paused = true)]
async fn an_exchange_whose_driver_panics_has_its_last_event_all_the_same() {
    struct Panics;

    impl TransportFactory for Panics {
        fn connect(&self, _: &TransportContext) -> Result<Box<dyn Transport>, BridgeFailure> {
            panic!("a factory of somebody else's");
        }
    }

    let broker = Broker::new().with_factory(Some(Arc::new(Panics)));
    let context = Context::of_prompt("hi");
    let mut exchange = broker
        .begin(&model("codex-cli"), &context, &ExchangeOptions::default())
        .unwrap();
    assert_eq!(code(&all(&mut exchange).await), Some(FailureCode::Transport));
    assert_eq!(exchange.next().await, None);
    assert_eq!(exchange.ended().await.ending, None);
}

#[tokio::test(start_paused = true)]
async fn times_can_be_chosen() {
    let scripts = Scripts::of([(vec![Step::Hang], exited(0))]);
    let options = ExchangeOptions {
        times: ExchangeTimes {
            total: Duration::from_secs(3),
            ..ExchangeTimes::default()
        },
        ..ExchangeOptions::default()
    };
    let mut exchange = begin_with(&scripts, "indusagi-wire", &options);
    let events = all(&mut exchange).await;
    insta::assert_snapshot!(super::json(&events), @r#"{"kind":"failed","error":{"message":"the exchange did not end within 3s","aborted":false,"code":"deadline"}}"#);
}

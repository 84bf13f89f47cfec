//! Conversations that are remembered, taken up again, refused and forgotten.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use super::exchange::{COMPLETED, STARTED, all, begin_with, code};
use super::scripted::{Scripts, Step, exited, model, says};
use super::text_of;
use crate::bridge::{
    Broker, Context, ExchangeOptions, FailureCode, LinkError, LinkKey, LinkStore, LinksInMemory,
    NormalizedEvent, RuntimeLink,
};
use crate::limits::BRIDGE_LINK_TIME;
use crate::wire::child::{Ending, How};
use crate::world::Pending;

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_token_never_reaches_a_child() {
    let scripts = Scripts::saying("");
    let options = ExchangeOptions {
        resume: Some("--dangerously".to_owned()),
        ..ExchangeOptions::default()
    };
    let events = all(&mut begin_with(&scripts, "codex-cli", &options)).await;
    assert_eq!(code(&events), Some(FailureCode::BadToken));
    assert!(scripts.record.lock().unwrap().told.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_token_is_not_remembered_and_one_that_was_is_dropped() {
    let links = Arc::new(LinksInMemory::new());
    links.save(link("--dangerously")).await.unwrap();
    let scripts = Scripts::saying(&format!("{}\n{COMPLETED}", STARTED.replace("new", "-x")));
    let broker = Broker::new()
        .with_factory(Some(scripts.clone()))
        .with_links(links.clone());
    let mut exchange = broker
        .begin(
            &model("codex-cli"),
            &Context::of_prompt("hi"),
            &ExchangeOptions::default(),
        )
        .unwrap();
    let events = all(&mut exchange).await;
    insta::assert_snapshot!(super::json(&events[..2]), @r#"
    {"kind":"notice","message":"the resume token `--dangerously` would be taken for a flag: what was remembered is dropped, and a new conversation begun"}
    {"kind":"notice","message":"the resume token `-x` would be taken for a flag: the child calls its conversation so, and it cannot be taken up again"}
    "#);
    assert!(
        matches!(events.last(), Some(NormalizedEvent::Finish { .. })),
        "{events:?}"
    );
    assert_eq!(scripts.record.lock().unwrap().resumed, [None]);
    assert_eq!(remembered(&links).await, None);
}

fn link(token: &str) -> RuntimeLink {
    RuntimeLink {
        source: "p".to_owned(),
        model: "m".to_owned(),
        bridge: "codex-cli".to_owned(),
        resume_token: token.to_owned(),
        at: String::new(),
        used: None,
    }
}

async fn remembered(links: &LinksInMemory) -> Option<RuntimeLink> {
    links
        .find(&LinkKey::of(&model("codex-cli"), "codex-cli"))
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_remembered_with_what_it_used_and_taken_up_again() {
    let links = Arc::new(LinksInMemory::new());
    let turn = || (says(&format!("{STARTED}\n{COMPLETED}")), exited(0));
    let scripts = Scripts::of([turn(), turn()]);
    let broker = Broker::new()
        .with_factory(Some(scripts.clone()))
        .with_links(links.clone());
    let (model, context) = (model("codex-cli"), Context::of_prompt("hi"));
    let begin = || {
        broker
            .begin(&model, &context, &ExchangeOptions::default())
            .unwrap()
    };
    all(&mut begin()).await;
    let link = remembered(&links).await.unwrap();
    assert_eq!(
        (link.resume_token.as_str(), link.used.unwrap().total_tokens),
        ("new", 11)
    );
    // The child counts on, and this turn used nothing: no usage is told.
    let events = all(&mut begin()).await;
    assert!(!events.iter().any(|event| event.kind() == "usage"), "{events:?}");
    assert_eq!(
        scripts.record.lock().unwrap().resumed,
        [None, Some("new".to_owned())]
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_child_refuses_is_dropped_and_the_turn_tried_once_without() {
    let refusals = [
        // In its last words, and by saying nothing at all.
        Ending {
            how: How::Exited(1),
            stderr: "no rollout found for thread id old".to_owned(),
            ..Ending::default()
        },
        exited(1),
    ];
    for refusal in refusals {
        let links = Arc::new(LinksInMemory::new());
        links.save(link("old")).await.unwrap();
        let scripts = Scripts::of([
            (Vec::new(), refusal),
            (says(&format!("{STARTED}\n{COMPLETED}")), exited(0)),
        ]);
        let broker = Broker::new()
            .with_factory(Some(scripts.clone()))
            .with_links(links.clone());
        let model = model("codex-cli");
        let mut exchange = broker
            .begin(&model, &Context::of_prompt("hi"), &ExchangeOptions::default())
            .unwrap();
        let events = all(&mut exchange).await;
        assert!(
            matches!(events.last(), Some(NormalizedEvent::Finish { .. })),
            "{events:?}"
        );
        assert_eq!(exchange.ended().await.attempts, 2);
        assert_eq!(
            scripts.record.lock().unwrap().resumed,
            [Some("old".to_owned()), None]
        );
        assert_eq!(remembered(&links).await.unwrap().resume_token, "new");
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_not_tried_again_once_something_was_said() {
    let answered = r#"{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"half"}}"#;
    let scripts = Scripts::of([(says(answered), exited(1))]);
    let options = ExchangeOptions {
        resume: Some("old".to_owned()),
        ..ExchangeOptions::default()
    };
    let events = all(&mut begin_with(&scripts, "codex-cli", &options)).await;
    assert_eq!(code(&events), Some(FailureCode::ChildEnded));
    assert_eq!(text_of(&events), "half");
}

#[tokio::test(start_paused = true)]
async fn exchanges_with_one_conversation_go_one_after_the_other() {
    let slow = |token: &str| {
        let mut steps = says(&STARTED.replace("new", token));
        steps.push(Step::Wait(Duration::from_secs(10)));
        steps.extend(says(COMPLETED));
        (steps, exited(0))
    };
    let scripts = Scripts::of([slow("one"), slow("two")]);
    let broker = Broker::new()
        .with_factory(Some(scripts.clone()))
        .with_links(Arc::new(LinksInMemory::new()));
    let (model, context) = (model("codex-cli"), Context::of_prompt("hi"));
    let begin = || {
        broker
            .begin(&model, &context, &ExchangeOptions::default())
            .unwrap()
    };
    let (mut first, mut second) = (begin(), begin());
    tokio::join!(all(&mut first), all(&mut second));
    assert_eq!(
        scripts.record.lock().unwrap().resumed,
        [None, Some("one".to_owned())]
    );
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_waits_for_its_turn_can_be_aborted() {
    let scripts = Scripts::of([(vec![Step::Hang], exited(0))]);
    let broker = Broker::new()
        .with_factory(Some(scripts.clone()))
        .with_links(Arc::new(LinksInMemory::new()));
    let (model, context) = (model("codex-cli"), Context::of_prompt("hi"));
    let begin = || {
        broker
            .begin(&model, &context, &ExchangeOptions::default())
            .unwrap()
    };
    let first = begin();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut second = begin();
    second.cancel();
    assert_eq!(code(&all(&mut second).await), Some(FailureCode::Aborted));
    assert_eq!(scripts.record.lock().unwrap().told.len(), 1);
    drop(first);
}

/// A store that never answers.
struct Hangs;

impl LinkStore for Hangs {
    fn find<'a>(&'a self, _: &'a LinkKey) -> Pending<'a, Result<Option<RuntimeLink>, LinkError>> {
        Box::pin(pending())
    }

    fn save(&self, _: RuntimeLink) -> Pending<'_, Result<(), LinkError>> {
        Box::pin(pending())
    }

    fn forget<'a>(&'a self, _: &'a LinkKey) -> Pending<'a, Result<(), LinkError>> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_told_of_and_gone_on_without() {
    let scripts = Scripts::saying(&format!("{STARTED}\n{COMPLETED}"));
    let broker = Broker::new()
        .with_factory(Some(scripts))
        .with_links(Arc::new(Hangs));
    let context = Context::of_prompt("hi");
    let mut exchange = broker
        .begin(&model("codex-cli"), &context, &ExchangeOptions::default())
        .unwrap();
    let events = all(&mut exchange).await;
    let told = |event: &&NormalizedEvent| matches!(event.kind(), "notice" | "finish");
    let told: Vec<NormalizedEvent> = events.iter().filter(told).cloned().collect();
    insta::assert_snapshot!(super::json(&told), @r#"
    {"kind":"notice","message":"no earlier conversation is taken up: what remembers conversations did not answer within 10s"}
    {"kind":"notice","message":"the conversation is not remembered: what remembers conversations did not answer within 10s"}
    {"kind":"notice","message":"the conversation is not remembered: what remembers conversations did not answer within 10s"}
    {"kind":"finish","reason":"stop"}
    "#);
}

#[tokio::test(start_paused = true)]
async fn while_a_store_does_not_answer_an_exchange_can_be_ended() {
    // While it looks for the conversation, and while it keeps it.
    for wait in [Duration::from_secs(1), BRIDGE_LINK_TIME + Duration::from_secs(1)] {
        let mut steps = says(STARTED);
        steps.push(Step::Hang);
        let scripts = Scripts::of([(steps, exited(0))]);
        let broker = Broker::new()
            .with_factory(Some(scripts.clone()))
            .with_links(Arc::new(Hangs));
        let context = Context::of_prompt("hi");
        let mut exchange = broker
            .begin(&model("codex-cli"), &context, &ExchangeOptions::default())
            .unwrap();
        tokio::time::sleep(wait).await;
        let began = tokio::time::Instant::now();
        exchange.cancel();
        assert_eq!(code(&all(&mut exchange).await), Some(FailureCode::Aborted));
        exchange.ended().await;
        assert!(
            began.elapsed() < Duration::from_millis(100),
            "{:?}",
            began.elapsed()
        );
        let record = scripts.record.lock().unwrap();
        assert_eq!(record.ended, record.told.len());
    }
}

//! Who answers for a model.

use std::sync::Arc;

use super::scripted::{Scripts, model};
use crate::bridge::{
    Adapter, BridgeFailure, Broker, Context, Dialect, ExchangeOptions, ExternalRuntimeSpec, FailureCode,
    Mode, Opening, Route, RuntimeAuthMode, RuntimeBridge, Start, StopReason, StreamEvent,
};
use crate::wire::child::Launch;

/// A bridge of somebody else's.
struct Other(&'static str);

impl RuntimeBridge for Other {
    fn adapter(&self) -> &str {
        "other-cli"
    }

    fn spec(&self) -> ExternalRuntimeSpec {
        ExternalRuntimeSpec {
            adapter: "other-cli".to_owned(),
            binary_path: Some(self.0.to_owned()),
            auth_mode: RuntimeAuthMode::ApiKey,
            ..Adapter::IndusagiWire.spec()
        }
    }

    fn dialect(&self, mode: Mode, opening: Opening) -> Result<Box<dyn Dialect>, BridgeFailure> {
        RuntimeBridge::dialect(&Adapter::IndusagiWire, mode, opening)
    }

    fn launch(&self, spec: &ExternalRuntimeSpec, start: &Start) -> Result<Launch, BridgeFailure> {
        RuntimeBridge::launch(&Adapter::IndusagiWire, spec, start)
    }
}

fn binary(broker: &Broker, adapter: &str) -> Option<String> {
    match broker.route(&model(adapter)) {
        Route::External { spec, .. } => spec.binary_path,
        Route::Framework => None,
    }
}

#[test]
fn a_model_is_answered_for_by_whoever_registered_last() {
    let broker = Broker::new();
    assert_eq!(binary(&broker, "claude-cli").as_deref(), Some("claude"));
    assert_eq!(binary(&broker, "other-cli"), None);
    broker.register(Arc::new(Other("one")));
    broker.register(Arc::new(Other("two")));
    assert_eq!(binary(&broker, "other-cli").as_deref(), Some("two"));
}

#[test]
fn a_spec_for_one_model_reaches_its_child() {
    let broker = Broker::new();
    let mut spec = Adapter::CodexCli.spec();
    spec.binary_path = Some("/opt/codex".to_owned());
    let bound = broker.bind(model("elsewhere"), spec.clone());
    assert_eq!(bound.base_url, "bridge:codex-cli");
    assert_eq!(broker.resolve_spec(&bound), Some(spec));
    let mut other = bound;
    other.id = "another".to_owned();
    assert_eq!(
        broker.resolve_spec(&other).unwrap().binary_path.as_deref(),
        Some("codex")
    );
}

#[test]
fn the_reference_knows_its_own_specs_only() {
    let broker = Broker::new().with_mode(Mode::Compat);
    let bound = broker.bind(model("x"), Adapter::CodexCli.spec());
    assert_eq!(broker.resolve_spec(&bound).unwrap().args, ["--json"]);
    broker.register(Arc::new(Other("one")));
    assert_eq!(broker.resolve_spec(&model("other-cli")), None);
    assert_eq!(broker.resolve_spec(&model("codex-app-server")), None);
}

#[test]
fn a_key_has_to_be_there_where_the_spec_says_so() {
    let broker = Broker::new();
    assert!(!broker.requires_credential(&Adapter::ClaudeCli.spec()));
    assert!(broker.requires_credential(&Other("x").spec()));
}

#[tokio::test]
async fn without_children_or_an_adapter_the_framework_answers() {
    let broker = Broker::new().with_factory(None);
    let context = Context::of_prompt("hi");
    let options = ExchangeOptions::default();
    let message = broker
        .exchange(&model("claude-cli"), &context, &options)
        .result()
        .await
        .unwrap();
    assert_eq!(message.stop_reason, StopReason::Error);
    insta::assert_snapshot!(message.error_message.unwrap(), @r#"No streaming backend has been registered for the "messages" API"#);
    let broker = Broker::new().with_framework(Arc::new(|_, _, _| {
        Box::pin(futures_util::stream::empty::<StreamEvent>())
    }));
    let mut plain = model("claude-cli");
    plain.base_url = "https://api.test".to_owned();
    assert!(
        broker
            .exchange(&plain, &context, &options)
            .result()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_child_answers_with_a_message_of_the_framework() {
    let scripts = Scripts::saying(
        r#"
{"type":"event","event":{"kind":"text_delta","delta":"Hello "}}
{"type":"event","event":{"kind":"text_delta","delta":"world"}}
{"type":"result","snapshot":{"phase":"settled","usageTotal":{"inputTokens":3,"outputTokens":2}}}
"#,
    );
    let broker = Broker::new().with_factory(Some(scripts));
    let options = ExchangeOptions::default();
    let stream = broker.exchange(&model("indusagi-wire"), &Context::of_prompt("hi"), &options);
    let kept = stream.keep().await;
    let names: Vec<_> = kept.iter().map(StreamEvent::name).collect();
    assert_eq!(
        names,
        [
            "start",
            "text_start",
            "text_delta",
            "text_delta",
            "text_end",
            "done"
        ]
    );
    let message = kept.result().unwrap();
    assert_eq!(
        (message.text().as_str(), message.usage.total_tokens),
        ("Hello world", 5)
    );
}

#[test]
fn a_mode_that_an_adapter_does_not_have_is_a_failure() {
    let error = RuntimeBridge::dialect(&Adapter::IndusagiWire, Mode::Compat, Opening::default()).err();
    assert_eq!(error.unwrap().code, Some(FailureCode::Unsupported));
}

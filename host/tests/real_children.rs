//! Child agents that exist, against a model that is a few lines on this machine's loopback.
//!
//! Each is skipped, and says so, where it is not installed: `codex` (npm `@openai/codex`) and `indusagi` (PyPI, with
//! `mcp<2`). They are looked for in `PATH`; `YOIKIT_CODEX` and `YOIKIT_INDUSAGI` name them elsewhere.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use yoi_host::bridge::{
    Adapter, AssistantMessage, Broker, Context, Exchange, ExchangeOptions, ExternalRuntimeSpec, LinkKey,
    LinkStore, LinksInMemory, Model, NormalizedEvent, RuntimeLink, StopReason, probe,
};

/// The program of an agent, where it is installed.
fn installed(name: &str, how: &str) -> Option<String> {
    let variable = format!("YOIKIT_{}", name.to_uppercase());
    let named = env::var_os(&variable).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let found = named.or_else(|| {
        env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    });
    match found {
        Some(file) if file.is_file() => Some(file.to_str().unwrap().to_owned()),
        _ => {
            eprintln!("skipped: there is no `{name}` here ({how}, or name it in {variable})");
            None
        }
    }
}

fn model(id: &str) -> Model {
    Model {
        id: id.to_owned(),
        api: "child".to_owned(),
        provider: "mock".to_owned(),
        base_url: String::new(),
    }
}

/// A model behind the Responses API. It says what it was asked last; asked to `hang`, it says nothing for ever.
struct MockModel {
    address: String,
    asked: Arc<AtomicUsize>,
}

impl MockModel {
    async fn start() -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = move |body: String| {
            let count = Arc::clone(&count);
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                let request: Value = serde_json::from_str(&body).unwrap_or_default();
                let question = last_question(&request);
                if question.contains("hang") {
                    std::future::pending::<()>().await;
                }
                (
                    [(CONTENT_TYPE, "text/event-stream")],
                    events(&format!("You said: {question}")),
                )
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = Router::new().route("/v1/responses", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, asked }
    }
}

fn last_question(request: &Value) -> String {
    let items = request["input"].as_array().cloned().unwrap_or_default();
    let mut texts = items
        .iter()
        .rev()
        .filter(|item| item["role"] == "user")
        .filter_map(|item| {
            let parts = item["content"].as_array()?;
            parts.last()?["text"].as_str().map(str::to_owned)
        });
    texts.next().unwrap_or_default().trim().to_owned()
}

fn events(answer: &str) -> String {
    let (head, tail) = answer.split_at(4);
    let message = json!({
        "type": "message", "id": "msg_1", "role": "assistant",
        "content": [{ "type": "output_text", "text": answer }],
    });
    let begun = json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": [] });
    let usage = json!({
        "input_tokens": 11, "input_tokens_details": { "cached_tokens": 4 },
        "output_tokens": 7, "output_tokens_details": { "reasoning_tokens": 2 }, "total_tokens": 18,
    });
    let delta =
        |delta: &str| json!({ "type": "response.output_text.delta", "item_id": "msg_1", "delta": delta });
    let all = [
        json!({ "type": "response.created", "response": { "id": "resp_1" } }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": begun }),
        delta(head),
        delta(tail),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": message }),
        json!({ "type": "response.completed", "response": { "id": "resp_1", "usage": usage } }),
    ];
    let lines = all
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()));
    lines.collect()
}

/// How codex is run against the mock: in a home of its own, its configuration in arguments.
fn codex(adapter: Adapter, binary: &str, home: &std::path::Path, mock: &MockModel) -> ExternalRuntimeSpec {
    let home = home.to_str().unwrap();
    let provider = format!(
        "model_providers.mock={{ name = \"mock\", base_url = \"http://{}/v1\", env_key = \"MOCK_KEY\", \
         wire_api = \"responses\", request_max_retries = 0, stream_max_retries = 0 }}",
        mock.address
    );
    let settings = [
        "model_provider=\"mock\"",
        "model=\"gpt-5.1-codex\"",
        "sandbox_mode=\"read-only\"",
        &provider,
    ];
    let args = settings
        .into_iter()
        .flat_map(|setting| ["-c".to_owned(), setting.to_owned()])
        .collect();
    let env = [("HOME", home), ("CODEX_HOME", home), ("MOCK_KEY", "none")];
    ExternalRuntimeSpec {
        binary_path: Some(binary.to_owned()),
        args,
        env: env
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..adapter.spec()
    }
}

fn options(home: &std::path::Path) -> ExchangeOptions {
    ExchangeOptions {
        cwd: Some(home.to_str().unwrap().to_owned()),
        ..ExchangeOptions::default()
    }
}

async fn all(exchange: &mut Exchange) -> Vec<NormalizedEvent> {
    let mut events = Vec::new();
    while let Some(event) = exchange.next().await {
        events.push(event);
    }
    assert!(
        matches!(events.last(), Some(NormalizedEvent::Finish { .. })),
        "{events:?}"
    );
    events
}

fn text(events: &[NormalizedEvent]) -> Vec<&str> {
    let texts = events.iter().filter_map(|event| match event {
        NormalizedEvent::Text { delta } => Some(delta.as_str()),
        _ => None,
    });
    texts.collect()
}

fn used(events: &[NormalizedEvent]) -> Vec<u64> {
    let used = events.iter().filter_map(|event| match event {
        NormalizedEvent::Usage { usage, .. } => Some(usage.total_tokens),
        _ => None,
    });
    used.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn codex_answers_remembers_and_forgets() {
    let Some(binary) = installed("codex", "npm install -g @openai/codex") else {
        return;
    };
    let (home, mock) = (tempfile::tempdir().unwrap(), MockModel::start().await);
    let spec = codex(Adapter::CodexCli, &binary, home.path(), &mock);
    let probed = probe(Adapter::CodexCli, &spec).await.unwrap();
    assert!(probed.fits(), "{probed:?}");
    let links = Arc::new(LinksInMemory::new());
    let broker = Broker::new().with_links(links.clone());
    let model = broker.bind(model("codex"), spec);
    let key = LinkKey::of(&model, "codex-cli");
    let ask = |question: &str| {
        let exchange = broker.begin(&model, &Context::of_prompt(question), &options(home.path()));
        exchange.unwrap()
    };
    let first = all(&mut ask("one")).await;
    assert_eq!(
        (text(&first).concat().as_str(), used(&first)),
        ("You said: one", vec![18])
    );
    let known = links.find(&key).await.unwrap().unwrap();
    // The same conversation: the child counts on, and only what is new is told.
    let second = all(&mut ask("two")).await;
    assert_eq!(
        (text(&second).concat().as_str(), used(&second)),
        ("You said: two", vec![18])
    );
    assert_eq!(
        links.find(&key).await.unwrap().unwrap().resume_token,
        known.resume_token
    );
    // One that the child never had.
    let unknown = RuntimeLink {
        resume_token: "01a1facc-978e-7312-a75f-9ad384013dd0".to_owned(),
        ..known
    };
    links.save(unknown.clone()).await.unwrap();
    let mut exchange = ask("three");
    assert_eq!(text(&all(&mut exchange).await).concat(), "You said: three");
    assert_eq!(exchange.ended().await.attempts, 2);
    assert_ne!(
        links.find(&key).await.unwrap().unwrap().resume_token,
        unknown.resume_token
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn codex_app_server_streams_what_it_answers() {
    let Some(binary) = installed("codex", "npm install -g @openai/codex") else {
        return;
    };
    let (home, mock) = (tempfile::tempdir().unwrap(), MockModel::start().await);
    let broker = Broker::new();
    let model = broker.bind(
        model("codex"),
        codex(Adapter::CodexAppServer, &binary, home.path(), &mock),
    );
    let mut exchange = broker
        .begin(&model, &Context::of_prompt("hello"), &options(home.path()))
        .unwrap();
    let events = all(&mut exchange).await;
    assert_eq!(
        (text(&events), used(&events)),
        (vec!["You ", "said: hello"], vec![18])
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, NormalizedEvent::Resume { .. }))
    );
    let report = exchange.ended().await;
    assert!(report.ending.unwrap().how.is_success());
    assert_eq!((report.counts.noise, report.counts.unknown), (0, 0), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn codex_that_is_aborted_is_gone_with_all_that_it_started() {
    let Some(binary) = installed("codex", "npm install -g @openai/codex") else {
        return;
    };
    for adapter in [Adapter::CodexCli, Adapter::CodexAppServer] {
        let (home, mock) = (tempfile::tempdir().unwrap(), MockModel::start().await);
        let broker = Broker::new();
        let model = broker.bind(model("codex"), codex(adapter, &binary, home.path(), &mock));
        let mut exchange = broker
            .begin(&model, &Context::of_prompt("hang"), &options(home.path()))
            .unwrap();
        // Until it waits for its model.
        while mock.asked.load(Ordering::SeqCst) == 0 {
            let next = tokio::time::timeout(Duration::from_millis(20), exchange.next()).await;
            assert!(!matches!(next, Ok(None)), "it ended by itself");
        }
        exchange.cancel();
        let mut last = None;
        while let Some(event) = exchange.next().await {
            last = Some(event);
        }
        assert!(
            matches!(&last, Some(NormalizedEvent::Failed { error }) if error.aborted),
            "{last:?}"
        );
        exchange.ended().await;
        let left = processes_in(home.path());
        assert!(left.is_empty(), "{left:?}");
    }
}

/// The command lines of processes whose home is this.
fn processes_in(home: &std::path::Path) -> Vec<String> {
    let wanted = format!("CODEX_HOME={}", home.display());
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let own = all.filter(|entry| {
        std::fs::read(entry.path().join("environ")).is_ok_and(|environ| {
            environ
                .split(|&byte| byte == 0)
                .any(|line| line == wanted.as_bytes())
        })
    });
    own.map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn indusagi_answers_with_its_own_mock() {
    let Some(binary) = installed("indusagi", "pip install indusagi 'mcp<2'") else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut spec = Adapter::IndusagiWire.spec();
    spec.binary_path = Some(binary);
    spec.env
        .insert("HOME".to_owned(), home.path().to_str().unwrap().to_owned());
    let broker = Broker::new();
    let model = broker.bind(model("mock-1"), spec);
    let options = ExchangeOptions {
        child_model: Some("mock-1".to_owned()),
        ..options(home.path())
    };
    let stream = broker.exchange(&model, &Context::of_prompt("hello"), &options);
    let message: AssistantMessage = stream.result().await.unwrap();
    assert_eq!(
        (message.text().as_str(), message.stop_reason),
        ("Hello world", StopReason::Stop)
    );
    assert!(message.usage.total_tokens > 0);
    // The reference's dialect is not what it speaks, and it says so by not understanding.
    let mut spec = broker.resolve_spec(&model).unwrap();
    spec.adapter = "indusagi-cli".to_owned();
    let model = broker.bind(model, spec);
    let message = broker
        .exchange(&model, &Context::of_prompt("hello"), &options)
        .result()
        .await
        .unwrap();
    assert_eq!(message.stop_reason, StopReason::Error);
    assert!(message.error_message.unwrap().contains("`indusagi-wire`"));
}

//! A service's numbers for Prometheus: over HTTP, in the OpenMetrics text format.
//!
//! Whoever connects is answered at once. Where many connect and say nothing, the one who came first is hung up on for the
//! one who came last: so nobody who has something to ask waits for those who have not.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use yoi_host::Profile;
use yoi_host::plugin::service::{LATENCY_BOUNDS, Latencies, Metrics, Service, SocketState, State};

use super::stream::Link;

/// Conversations at once. One server asks every few seconds.
const CONVERSATIONS: usize = 64;

/// How long somebody may take to say what is wanted.
const PATIENCE: Duration = Duration::from_secs(5);

const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where numbers are served.
pub(super) struct MetricsDoor {
    listener: TcpListener,
    address: SocketAddr,
}

impl MetricsDoor {
    pub(super) async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it is: the port may have been left to the system.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answer whoever asks, until this is dropped.
    pub(super) async fn serve(self, service: Service, profile: Profile, link: Option<Link>) {
        let mut registry = Registry::with_prefix("yoikit");
        registry.register_collector(Box::new(Numbers {
            service,
            profile,
            link,
        }));
        let registry = Arc::new(registry);
        let mut conversations = JoinSet::new();
        let mut oldest_first = VecDeque::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = conversations.join_next() => {
                    oldest_first.retain(|one: &AbortHandle| !one.is_finished());
                    continue;
                }
            };
            let Ok((stream, _)) = accepted else {
                // Out of files, for one: the next may be had again.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            if oldest_first.len() >= CONVERSATIONS
                && let Some(oldest) = oldest_first.pop_front()
            {
                oldest.abort();
            }
            oldest_first.push_back(conversations.spawn(converse(Arc::clone(&registry), stream)));
        }
    }
}

async fn converse(registry: Arc<Registry>, stream: TcpStream) {
    let answer = service_fn(|request| {
        let answer = answer(&registry, &request);
        async { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), answer);
    // Who hangs up has what he wanted.
    let _ = served.await;
}

fn answer(registry: &Registry, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let known = request.uri().path() == "/metrics";
    let (status, format, body) = match *request.method() {
        Method::GET | Method::HEAD if known => {
            let mut text = String::new();
            match text::encode(&mut text, registry) {
                Ok(()) => (StatusCode::OK, FORMAT, text),
                Err(fmt::Error) => (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", String::new()),
            }
        }
        _ if known => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new()),
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain",
            "the numbers are at /metrics\n".to_owned(),
        ),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, format)
        .body(Full::from(body));
    response.unwrap_or_else(|_| Response::new(Full::default()))
}

/// A service as a collector: its numbers are taken when somebody asks.
#[derive(Debug)]
struct Numbers {
    service: Service,
    profile: Profile,
    /// To the server of the stream that events are taken from.
    link: Option<Link>,
}

impl Collector for Numbers {
    fn encode(&self, to: DescriptorEncoder<'_>) -> fmt::Result {
        let status = self.service.status();
        let metrics = self.service.metrics();
        let mut to = Encoder { to };
        to.info(
            "service",
            "Which plugin is served",
            &[
                ("plugin", status.plugin_ref.as_str()),
                ("profile", &self.profile.to_string()),
            ],
        )?;
        let running = u64::from(matches!(status.lifecycle, State::Running | State::Ready));
        to.gauge("service_running", "Whether the plugin takes events", running)?;
        to.gauge(
            "queue_events",
            "Events accepted and not settled",
            metrics.queue_depth as u64,
        )?;
        to.gauge("queue_bytes", "Bytes of them", metrics.queue_bytes as u64)?;
        to.gauge(
            "queue_capacity_events",
            "Events that there is room for",
            status.queue_capacity as u64,
        )?;
        to.gauges(
            "source_connected",
            "Whether a WebSocket source of the plugin is connected",
            "url",
            status.websocket_connections.iter().map(|socket| {
                (
                    socket.url.as_str(),
                    u64::from(socket.state == SocketState::Connected),
                )
            }),
        )?;
        if let Some(link) = &self.link {
            to.gauge(
                "stream_connected",
                "Whether the server of the stream can be reached",
                u64::from(link.is_connected()),
            )?;
            to.counter(
                "stream_outages",
                "How often the server of the stream could not be reached any more",
                link.outages(),
            )?;
        }
        events(&mut to, &metrics)?;
        to.counter(
            "restarts",
            "Restarts of the plugin after it failed",
            metrics.restarts,
        )?;
        to.counters(
            "tool_calls",
            "Tool calls, by what came of them",
            "outcome",
            &[
                ("answered", metrics.tools.saturating_sub(metrics.tool_failures)),
                ("failed", metrics.tool_failures),
            ],
        )?;
        to.counter(
            "host_call_failures",
            "Host calls of the plugin that were denied or failed",
            metrics.host_call_failures,
        )?;
        let commands = &metrics.commands;
        to.counters(
            "commands",
            "Output commands of the plugin, by what became of them",
            "status",
            &[
                ("recorded", commands.recorded),
                ("rejected", commands.rejected),
                ("unsupported", commands.unsupported),
                ("withheld", commands.withheld),
            ],
        )?;
        to.seconds(
            "call",
            "What a call of the plugin with an event took",
            &metrics.deliveries,
        )?;
        to.seconds(
            "queue",
            "From the acceptance of an event to its delivery",
            &metrics.queued,
        )
    }
}

fn events(to: &mut Encoder<'_>, metrics: &Metrics) -> fmt::Result {
    to.counter(
        "events_accepted",
        "Events accepted, those of the journal included",
        metrics.accepted,
    )?;
    to.counters(
        "events_refused",
        "Events not accepted, by why",
        "reason",
        &[
            ("denied", metrics.denied),
            ("full", metrics.full),
            ("not_stored", metrics.not_stored),
            (
                "other",
                metrics
                    .refused
                    .saturating_sub(metrics.denied + metrics.full + metrics.not_stored),
            ),
        ],
    )?;
    to.counter(
        "events_duplicate",
        "Events that were known already",
        metrics.duplicates,
    )?;
    to.counters(
        "events_settled",
        "Events dealt with, by what became of them",
        "settlement",
        &[
            ("accepted", metrics.taken),
            ("declined", metrics.declined),
            ("dead", metrics.dead),
            ("dropped", metrics.dropped),
            ("abandoned", metrics.abandoned),
        ],
    )?;
    to.counter("delivery_attempts", "Deliveries begun", metrics.attempts)?;
    to.counter("delivery_failures", "Deliveries that failed", metrics.failures)
}

/// The library's encoder, in the words of this file.
struct Encoder<'a> {
    to: DescriptorEncoder<'a>,
}

impl Encoder<'_> {
    fn info(&mut self, name: &str, help: &str, labels: &[(&str, &str)]) -> fmt::Result {
        let mut metric = self.to.encode_descriptor(name, help, None, MetricType::Info)?;
        metric.encode_info(&labels)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self.to.encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    fn gauges<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl Iterator<Item = (&'a str, u64)>,
    ) -> fmt::Result {
        let mut metric = self.to.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (value, gauge) in values {
            metric.encode_family(&[(label, value)])?.encode_gauge(&gauge)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self.to.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn counters(&mut self, name: &str, help: &str, label: &str, values: &[(&str, u64)]) -> fmt::Result {
        let mut metric = self.to.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (value, count) in values {
            let labels = [(label, *value)];
            metric
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
        Ok(())
    }

    fn seconds(&mut self, name: &str, help: &str, took: &Latencies) -> fmt::Result {
        let unit = Unit::Seconds;
        let mut metric = self
            .to
            .encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?;
        let bounds = LATENCY_BOUNDS.iter().map(|micros| *micros as f64 / 1e6);
        let buckets: Vec<(f64, u64)> = bounds.chain([f64::INFINITY]).zip(took.counts).collect();
        let count = took.counts.iter().sum();
        metric.encode_histogram::<NoLabelSet>(took.sum.as_secs_f64(), count, &buckets, None)
    }
}

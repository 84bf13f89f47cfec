//! `yoikit serve`: a service, run until it is told to stop.
//!
//! - `log`: what happens, line by line; a thread of its own, so that a reader who is slow holds nothing up
//! - `door`: the local socket for `yoikit send`
//! - `metrics`: numbers for Prometheus
//! - `stream`: NATS JetStream, with the feature `nats`

#[cfg(unix)]
mod door;
mod log;
mod metrics;
#[cfg_attr(not(feature = "nats"), path = "no_stream.rs")]
mod stream;

use std::io;
use std::sync::Arc;

use tokio::sync::watch;
use yoi_host::Profile;
use yoi_host::limits::{DURABLE_QUEUE_BYTES, DURABLE_QUEUE_EVENTS};
use yoi_host::plugin::service::disk::DiskJournal;
use yoi_host::plugin::service::{
    Ending, Journal, Service, ServiceOptions, State, StopTimes, WhenFull as Policy,
};

use self::log::Log;
use self::metrics::MetricsDoor;
use self::stream::{Source, Stream};
use super::hand_over::Desk;
use super::send::not_started;
use super::served::{Meant, Ready};
use super::signals::{Order, Orders, Signal};
use crate::args::{Serve, WhenFull};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::service::{ProgramEvent, metrics_url};

pub(super) fn run(args: &Serve) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    // From now on a signal is heard, and whatever was begun is ended in order.
    let orders = runtime.block_on(async { Orders::listen() })?;
    let meant = Meant::of(&args.of)?;
    #[cfg(unix)]
    let door = {
        let _inside = runtime.enter();
        let place = super::door::place(args.of.socket.as_deref(), &meant.identity()?)?;
        door::Door::open(place)?
    };
    let metrics = match args.metrics {
        None => None,
        Some(address) => Some(
            runtime
                .block_on(MetricsDoor::open(address))
                .map_err(|cause| Failure::Other(format!("failed to serve numbers on {address}: {cause}")))?,
        ),
    };
    let ready = meant.ready(&args.of)?;
    let (journal, durable) = match &args.durable {
        None => (None, None),
        Some(file) => {
            let journal =
                DiskJournal::open(file, ready.id()).map_err(|error| Failure::Other(error.to_string()))?;
            (Some(Arc::new(journal)), Some(file.display().to_string()))
        }
    };
    let stream = Stream::open(args, &runtime, ready.id())?;
    let mut options = options(args);
    if let Some(stream) = &stream {
        options = stream.options(options);
    }
    let mut plan = ready.plan(options);
    if let Some(journal) = &journal {
        plan = plan.journal(Arc::clone(journal) as Arc<dyn Journal>);
    }
    let (service, observer) =
        Service::start_observed(plan).map_err(|error| not_started(&args.of.plugin, &error))?;

    let serving = ProgramEvent::Serving {
        profile: args.of.run.profile,
        plugin: Box::new(ready.about.clone()),
        name: ready.name.clone(),
        #[cfg(unix)]
        socket: Some(door.path().display().to_string()),
        #[cfg(not(unix))]
        socket: None,
        metrics: metrics.as_ref().map(|metrics| metrics_url(metrics.address())),
        durable,
        stream: args.stream.clone(),
        status: Box::new(service.status()),
    };
    let log = Log::start(args.json, observer, serving)?;
    let source = match &stream {
        None => None,
        Some(stream) => Some(stream.begin(&runtime, &service, &log)?),
    };
    let (ending, killed) = runtime.block_on(serve(
        args,
        &ready,
        &service,
        orders,
        &log,
        Doors {
            #[cfg(unix)]
            events: door,
            metrics,
        },
        source.as_ref(),
    ));
    let (given_back, gone) = match source {
        None => (0, None),
        Some(source) => runtime.block_on(source.over()),
    };
    // What a stream was given back is not lost.
    let lost = ending.abandoned.saturating_sub(given_back);
    let exit = match &ending {
        Ending {
            state: State::Stopped,
            error: None,
            forced: false,
            kept,
            ..
        } if *kept || lost == 0 => Exit::Ok,
        _ => killed.map_or(Exit::PluginFailed, Signal::exit),
    };
    let ended = ProgramEvent::Ended {
        exit: exit as u8,
        ending: Box::new(ending),
    };
    match log.end(ended) {
        Err(Failure::Print(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Other(
            "nobody reads standard output any more, and so the service was stopped".to_owned(),
        )),
        Ok(()) if let Some(why) = gone => Err(Failure::Other(why)),
        printed => printed.map(|()| exit),
    }
}

/// Where the service can be reached.
struct Doors {
    #[cfg(unix)]
    events: door::Door,
    metrics: Option<MetricsDoor>,
}

/// Everything that goes on until the service has ended. Also the signal that ended it at once.
async fn serve(
    args: &Serve,
    ready: &Ready,
    service: &Service,
    mut orders: Orders,
    log: &Log,
    doors: Doors,
    source: Option<&Source>,
) -> (Ending, Option<Signal>) {
    let profile = args.of.run.profile;
    let numbers = doors
        .metrics
        .map(|metrics| tokio::spawn(metrics.serve(service.clone(), profile, source.map(Source::link))));
    let (over, is_over) = watch::channel(false);
    #[cfg(unix)]
    let door = {
        let desk = Arc::new(Desk::new(service.clone(), profile, &ready.name, &ready.manifest));
        let mut is_over = is_over.clone();
        tokio::spawn(doors.events.serve(desk, async move {
            // Nobody tells any more: it is over as well.
            let _ = is_over.wait_for(|over| *over).await;
        }))
    };
    drop(is_over);

    let mut times = StopTimes::default();
    if let Some(drain) = args.drain {
        times.hard = times.hard.saturating_sub(times.drain) + drain;
        times.drain = drain;
    }
    // What others can have is left to them.
    let shut_down = || {
        if let Some(source) = source {
            source.halt();
        }
        drop(service.shut_down(times));
    };
    let mut stopping = false;
    let mut killed = None;
    let ending = loop {
        tokio::select! {
            ending = service.ended() => break ending,
            order = orders.next() => {
                match order {
                    Order::End(_) => {
                        log.tell(ProgramEvent::Signal { again: false });
                        shut_down();
                    }
                    Order::AtOnce(signal) => {
                        log.tell(ProgramEvent::Signal { again: true });
                        drop(service.kill());
                        killed = Some(signal);
                    }
                }
                stopping = true;
            }
            () = gone(source), if !stopping => {
                // There is nothing more to wait for, and whoever removed the stream may not have meant it.
                shut_down();
                stopping = true;
            }
            () = log.closed(), if !stopping => {
                // A service that nobody can watch is not left alone.
                shut_down();
                stopping = true;
            }
            () = failed(service), if !stopping && profile == Profile::Documented => {
                // Whoever started it can start it again, or call somebody. In profile `yoi` it is left as its host
                // leaves it: there, and deaf.
                shut_down();
                stopping = true;
            }
        }
    };
    let _ = over.send(true);
    #[cfg(unix)]
    let _ = door.await;
    if let Some(numbers) = numbers {
        numbers.abort();
    }
    (ending, killed)
}

fn options(args: &Serve) -> ServiceOptions {
    let mut options = ServiceOptions::of(args.of.run.profile);
    if args.durable.is_some() {
        options.queue_events = DURABLE_QUEUE_EVENTS;
        options.queue_bytes = DURABLE_QUEUE_BYTES;
    }
    if let Some(events) = args.queue {
        options.queue_events = events.get();
    }
    let typed = args.when_full.map(|when_full| match when_full {
        WhenFull::Refuse => Policy::Refuse,
        WhenFull::DropOldest => Policy::DropOldest,
        WhenFull::Wait => Policy::Wait,
    });
    if let Some(policy) = typed {
        options.when_full = policy;
        options.sources_when_full = policy;
    }
    options
}

/// When the stream that is taken from is no more.
async fn gone(source: Option<&Source>) {
    match source {
        None => std::future::pending().await,
        Some(source) => source.gone().await,
    }
}

/// When the service is failed for good. What it is told of is not missed: a state is looked at after each.
async fn failed(service: &Service) {
    let mut observer = service.observe();
    while service.state() != State::Failed {
        if observer.next().await.is_none() {
            return;
        }
    }
}

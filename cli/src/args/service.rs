//! What can be typed to run a service and to send it something.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::run::{Budget, Run};
use super::value::parse_time_or_none;

#[derive(Debug, clap::Args)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) of: Served,

    /// Keep events in this file until the plugin has dealt with them: they outlive a crash, and are delivered again
    #[arg(long, value_name = "FILE", help_heading = "Events")]
    pub(crate) durable: Option<PathBuf>,

    /// Events that may wait [default: 32; with `--durable`, 10000]
    #[arg(long, value_name = "N", value_parser = parse_queue, help_heading = "Events")]
    pub(crate) queue: Option<NonZeroUsize>,

    /// What happens to an event for which there is no room [default: `refuse`; for one of a WebSocket that the manifest
    /// names, `wait`]
    #[arg(long, value_name = "WHAT", help_heading = "Events")]
    pub(crate) when_full: Option<WhenFull>,

    /// Take events from a stream of NATS JetStream as well, as other hosts may: `nats://HOST:PORT`. An event that comes
    /// another way is then delivered once, and waits for room
    #[arg(
        long,
        value_name = "URL",
        value_parser = parse_server,
        requires = "stream",
        conflicts_with_all = ["durable", "when_full"],
        help_heading = "Events"
    )]
    pub(crate) nats: Option<String>,

    /// The stream on that server, of this plugin alone; it is made where there is none
    #[arg(long, value_name = "NAME", requires = "nats", help_heading = "Events")]
    pub(crate) stream: Option<String>,

    /// Serve numbers for Prometheus on this address, `9090` or `127.0.0.1:9090`; port 0 takes any that is free
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    pub(crate) metrics: Option<SocketAddr>,

    /// How long the plugin may go on with what waits, once it is to stop; `0s` leaves it [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = parse_time_or_none)]
    pub(crate) drain: Option<Duration>,

    /// One JSON object a line instead, `yoikit.serve/1`
    #[arg(long)]
    pub(crate) json: bool,
}

const SERVE_HELP: &str = "\
SIGTERM, SIGINT (Ctrl-C) or SIGHUP stops it in order: what waits is delivered, the plugin's `stop` is called. A second
one, half a second later or more, ends it at once. A plugin that breaks is started anew. Once ten things in a row broke
it, within five minutes and without an event or a tool call that went well in between, it has failed, and so has this
program.

A plugin is granted nothing by itself. `yoikit grant PLUGIN > grants.toml` writes all that it asks for; read it, and
hand it over with `--grants grants.toml`.

Exit status:
  0  it stopped in order
  1  the plugin failed, or did not stop in order, or events that nothing keeps were left
  2  usage: what was typed, or what stands in a file of yours, cannot be meant
  3  there was nothing to run, or a file, a socket or an address could not be had
  4  the project did not build
  130, 143, 129  a second signal ended it at once: SIGINT, SIGTERM or SIGHUP";

#[derive(Debug, clap::Args)]
#[command(after_help = SEND_HELP)]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) of: Served,

    /// The ingress, as `plugin.toml` has it
    pub(crate) ingress: String,

    /// The event, as JSON; `@FILE` reads a file, `-` standard input
    pub(crate) event: String,

    /// Do not look for a running `serve`: start an instance for this event, and stop it again
    #[arg(long)]
    pub(crate) fresh: bool,

    /// Print one JSON object instead, `yoikit.send/1`
    #[arg(long)]
    pub(crate) json: bool,
}

const SEND_HELP: &str = "\
The event is an object of these members, all but `payload` with a default:
  payload         what the plugin is to get: any JSON
  kind            what happened [default: the ingress's kind, if it has one; `manual`, if it takes any]
  source          where it comes from [default: `yoikit:send`]
  correlation_id  its id; one that this host knows already is not delivered again (`serve` remembers the last 4096; with
                  `--nats` it remembers none, and only what is put into the stream is known there) [default: a new one]
  created_at      when it happened, RFC 3339 [default: now]
`ingress_name` and `attempt`, which an event of a log has as well, change nothing: it is a first delivery.

It goes to the `yoikit serve` that runs for the same PLUGIN and the same user, or else to an instance that is started
for it and stopped again.

Exit status:
  0  the plugin dealt with the event, and all that it asked for was done
  1  the event was refused or not dealt with, or the plugin failed, or something that it asked for was not done
  2  usage
  3  there was nothing to run, or the `serve` that had the event is gone
  4  the project did not build";

/// Which plugin, and what it may do.
#[derive(Debug, clap::Args)]
pub(crate) struct Served {
    /// A component, a core module, a package, a plugin folder, or a Cargo project, which is built first; or an enabled
    /// plugin, `project:notes`
    pub(crate) plugin: String,

    /// What it may do and reach: a file as for `yoikit call --grants`. Without it nothing is granted
    #[arg(long, value_name = "FILE", conflicts_with = "enablement")]
    pub(crate) grants: Option<PathBuf>,

    /// What turns plugins on [default: `.yoi/enablement.toml` in the workspace]
    #[arg(long, value_name = "FILE")]
    pub(crate) enablement: Option<PathBuf>,

    /// The folder whose `.yoi/plugins` an enabled plugin is looked for in
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) workspace: PathBuf,

    /// What the plugin asks for: its `plugin.toml` [default: that of the folder or package]
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,

    /// What `start` is given, as JSON; `@FILE` reads a file [default: what the enablement has, or `null`]
    #[arg(long, value_name = "JSON")]
    pub(crate) config: Option<String>,

    /// Where `serve` listens for `send`, and `send` looks for it [default: a place of the user's, by PLUGIN]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) run: Run,

    #[command(flatten)]
    pub(crate) budget: Budget,
}

/// What happens to an event for which there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum WhenFull {
    /// It is refused, and its sender told
    Refuse,
    /// The oldest that waits is dropped for it
    DropOldest,
    /// Its sender waits; a WebSocket is not read meanwhile
    Wait,
}

fn parse_queue(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "choose a number of events, 1 at least".to_owned())
}

/// The address of a NATS server, where the program can do anything with one.
pub(super) fn parse_server(text: &str) -> Result<String, String> {
    if cfg!(feature = "nats") {
        return Ok(text.to_owned());
    }
    Err("this yoikit was built without NATS, by `--no-default-features`".to_owned())
}

/// A port by itself is one of this machine's own.
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    text.parse().map_err(|_| {
        "choose a port, or an address with a port: `9090`, `127.0.0.1:9090`, `[::1]:9090`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_nats_says_so() {
        let server = parse_server("nats://127.0.0.1:4222");
        if cfg!(feature = "nats") {
            assert_eq!(server.unwrap(), "nats://127.0.0.1:4222");
        } else {
            assert!(server.unwrap_err().contains("built without NATS"));
        }
    }

    #[test]
    fn a_port_alone_is_not_open_to_others() {
        assert_eq!(parse_address("9090").unwrap().to_string(), "127.0.0.1:9090");
        assert_eq!(parse_address("0.0.0.0:80").unwrap().to_string(), "0.0.0.0:80");
        assert!(parse_address("localhost").is_err() && parse_address("70000").is_err());
    }
}

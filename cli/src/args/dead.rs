//! `yoikit dead`.

use std::path::PathBuf;

use super::service::parse_server;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum DeadCommand {
    /// Show the events that were given up, with the reason for each
    List(DeadList),
    /// Have some delivered again, as if they had never been: of a journal by the next `yoikit serve`, of a stream at once
    Requeue(DeadPick),
    /// Drop some for good
    Drop(DeadPick),
}

/// Where events are kept: one or the other.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("place").required(true).args(["durable", "nats"]))]
pub(crate) struct DeadPlace {
    /// The file of `yoikit serve --durable`, which is to be stopped before
    #[arg(long, value_name = "FILE", conflicts_with = "stream")]
    pub(crate) durable: Option<PathBuf>,

    /// The server of `yoikit serve --nats`, which may go on: `nats://HOST:PORT`
    #[arg(long, value_name = "URL", value_parser = parse_server, requires = "stream")]
    pub(crate) nats: Option<String>,

    /// The stream on that server
    #[arg(long, value_name = "NAME", requires = "nats")]
    pub(crate) stream: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DeadList {
    #[command(flatten)]
    pub(crate) place: DeadPlace,

    /// Print one JSON object instead, `yoikit.dead/1`, with the events as they are
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DeadPick {
    #[command(flatten)]
    pub(crate) place: DeadPlace,

    /// Their numbers, as `yoikit dead list` has them
    #[arg(
        value_name = "NUMBER",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(crate) numbers: Vec<u64>,

    /// All that are there; what is no event is not delivered, and stays where it is
    #[arg(long)]
    pub(crate) all: bool,

    /// Print one JSON object instead, `yoikit.dead/1`
    #[arg(long)]
    pub(crate) json: bool,
}

impl DeadCommand {
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            DeadCommand::List(list) => list.json,
            DeadCommand::Requeue(pick) | DeadCommand::Drop(pick) => pick.json,
        }
    }
}

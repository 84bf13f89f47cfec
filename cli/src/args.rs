//! What can be typed. Every option is declared once, with its help; a file a command.

mod bench;
mod bridge;
mod call;
mod dead;
mod plugin;
mod profile;
pub(crate) mod ptc;
mod run;
mod schema;
mod service;
mod test;
mod value;

use clap::{Parser, Subcommand};

pub(crate) use bench::{Bench, Regression};
pub(crate) use bridge::{Ask, BridgeCommand, BridgeProbe, BridgeReplay, Who, parse_mode};
pub(crate) use call::{Call, Componentize, Grant, Inspect};
pub(crate) use dead::{DeadCommand, DeadPick, DeadPlace};
pub(crate) use plugin::{
    Inventoried, PluginBuild, PluginCheck, PluginCommand, PluginDev, PluginEnable, PluginList, PluginNew,
    PluginPack, PluginShow, Template,
};
pub(crate) use profile::Profile;
pub(crate) use run::{Budget, Run};
pub(crate) use schema::{Report, Schema};
pub(crate) use service::{Send, Serve, Served, WhenFull};
pub(crate) use test::{HostAdapter, ReportCommand, ReportMerge, Test, Write};
pub(crate) use value::{parse_bytes, parse_time};

/// Call, inspect and test components that act as plugins of coding agents.
#[derive(Debug, Parser)]
#[command(name = "yoikit", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit status:
  0  done, and the plugin did what it should
  1  the plugin failed, or the profile refuses it
  2  usage: what was typed, or what stands in a file of yours, cannot be meant
  3  there was nothing to run: no component, or one that does not fit the contract; or a file, a folder, a socket or an
     address could not be had
  4  the project did not build
  5  the harness of `yoikit test` broke: nothing is known of the target";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Call one tool of a plugin, and show what happened
    Call(Box<Call>),
    /// Measure one tool of a plugin: latency, throughput, instructions, memory, host calls
    Bench(Box<Bench>),
    /// Show where a call spends its instructions, as a table and as a flame graph
    Profile(Box<Profile>),
    /// Run a plugin as a service until it is told to stop, and show what happens
    Serve(Box<Serve>),
    /// Send one event to a service, running or not, and show what becomes of it
    Send(Box<Send>),
    /// See the events that a service gave up, and have them delivered again, or drop them
    #[command(subcommand)]
    Dead(DeadCommand),
    /// Print the smallest grants file that a plugin needs for what it did in a recorded run
    Grant(Grant),
    /// Show what a component imports and exports, and whether it fits the contract
    Inspect(Inspect),
    /// Make a component without WASI imports out of a core module or of another component
    Componentize(Componentize),
    /// Be yoikit's own host, asked line by line on standard input: `yoikit.host/1` of plugins, `yoikit.bridge-host/1` of
    /// child agents, as any host may speak it to be held to the contract by `yoikit test --side host -- COMMAND`
    HostAdapter(HostAdapter),
    /// Begin a plugin, build it, check it, pack it
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Say whether whoever stands behind a contract keeps it, and show the smallest way to see that it does not
    Test(Box<Test>),
    /// Work on the reports that `yoikit test` wrote
    #[command(subcommand)]
    Report(ReportCommand),
    /// Drive other agents as children, and see what they do as one stream of events
    #[command(subcommand)]
    Bridge(BridgeCommand),
    /// Run code that calls tools, in a sandbox
    #[command(subcommand)]
    Ptc(ptc::PtcCommand),
    /// Print the JSON Schema of a report
    Schema(Schema),
}

impl Command {
    /// Whether whoever typed this expects one JSON object, also of a failure.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Command::HostAdapter(_) => false,
            Command::Call(call) => call.json,
            Command::Bench(bench) => bench.json,
            Command::Profile(profile) => profile.json,
            Command::Serve(serve) => serve.json,
            Command::Send(send) => send.json,
            Command::Dead(command) => command.wants_json(),
            Command::Inspect(inspect) => inspect.json,
            Command::Bridge(command) => command.wants_json(),
            Command::Plugin(command) => command.wants_json(),
            Command::Test(test) => test.json,
            Command::Report(ReportCommand::Merge(merge)) => merge.json,
            Command::Ptc(command) => command.wants_json(),
            Command::Grant(_) | Command::Componentize(_) | Command::Schema(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declarations_are_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}

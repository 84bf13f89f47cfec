//! `yoikit schema`: what the reports look like, for programs that read them.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use yoi_conformance::suites::bridge::door as bridge;
use yoi_conformance::suites::plugin::door;
use yoi_conformance::suites::plugin::target::process::wire;
use yoi_host::package::Item;
use yoi_host::plugin::message::{IngressEvent, PluginStatus, ToolOutput};

use crate::args;
use crate::args::Report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::bridge::{BridgeLine, ProbeReport};
use crate::report::dead::DeadReport;
use crate::report::dev::DevReport;
use crate::report::inventory::{EnableReport, ListReport};
use crate::report::plugin::{BuildReport, CheckReport, NewReport, PackReport};
use crate::report::ptc::RunReport;
use crate::report::service::{SendReport, ServeLine};
use crate::report::test::{BehavioursReport, ListedReport, MutantsReport};
use crate::report::{CallReport, FailureReport, InspectReport};
use crate::screen;

pub(super) fn run(args: &args::Schema) -> Result<Exit, Failure> {
    screen::json(&match args.report {
        Report::Call => of::<CallReport>(),
        Report::Bench => of::<yoi_meter::report::BenchReport>(),
        Report::Profile => of::<yoi_meter::profile::ProfileReport>(),
        Report::Serve => of::<ServeLine>(),
        Report::Send => of::<SendReport>(),
        Report::Dead => of::<DeadReport>(),
        Report::Inspect => of::<InspectReport>(),
        Report::PluginNew => of::<NewReport>(),
        Report::PluginBuild => of::<BuildReport>(),
        Report::PluginCheck => of::<CheckReport>(),
        Report::PluginPack => of::<PackReport>(),
        Report::PluginList => of::<ListReport>(),
        Report::PluginShow => of::<Item>(),
        Report::PluginEnable => of::<EnableReport>(),
        Report::Test => of::<yoi_conformance::report::Line>(),
        Report::TestList => of::<ListedReport>(),
        Report::TestBehaviours => of::<BehavioursReport>(),
        Report::TestMutants => of::<MutantsReport>(),
        Report::HostAsk => of::<door::Line<door::Ask>>(),
        Report::HostAnswer => read::<door::Line<door::Outcome>>(),
        Report::BridgeHostAsk => of::<door::Line<bridge::Ask>>(),
        Report::BridgeHostAnswer => read::<door::Line<bridge::Outcome>>(),
        Report::PluginLineIn => of::<wire::LineIn>(),
        Report::PluginLineOut => read::<wire::LineOut>(),
        Report::PluginHello => read::<yoi_conformance::suites::plugin::target::Hello>(),
        Report::PluginStatus => read::<PluginStatus>(),
        Report::ToolOutput => read::<ToolOutput>(),
        Report::IngressEvent => of::<IngressEvent>(),
        Report::ServiceOutput => read::<wire::ServiceAnswer>(),
        Report::TestRegression => of::<yoi_conformance::regression::File>(),
        Report::PluginDev => of::<DevReport>(),
        Report::BridgeEvents => of::<BridgeLine>(),
        Report::BridgeProbe => of::<ProbeReport>(),
        Report::PtcRun => of::<RunReport>(),
        Report::Failure => of::<FailureReport>(),
    })?;
    Ok(Exit::Ok)
}

/// The schema of what others write, which is read here: what may be left out need not be there.
fn read<T: JsonSchema>() -> Schema {
    SchemaSettings::default()
        .into_generator()
        .into_root_schema_for::<T>()
}

/// The schema of what is written, where it differs from what could be read.
fn of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::default().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
}

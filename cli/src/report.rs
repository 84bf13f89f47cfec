//! Reports for machines. Each names its schema, `yoikit.NAME/VERSION`; a change that could break a reader
//! gets a new version. `yoikit schema` prints the JSON Schema, which is made from these types.

pub mod bridge;
pub mod dead;
pub mod dev;
pub mod inventory;
pub mod plugin;
pub mod ptc;
pub mod service;
pub mod test;

use schemars::JsonSchema;
use serde::Serialize;
use yoi_host::component::{Fault, Preflight, World};
use yoi_host::imports::HostCall;
use yoi_host::plugin::message::{PluginStatus, ToolError, ToolOutput};
use yoi_host::plugin::{CallError, Entry, Frame, GuestLog, Measures};
use yoi_host::source::Step;
use yoi_host::{Limits, Profile, limits};

use crate::failure::Failure;

/// What `yoikit call --json` prints.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CallReport {
    /// `yoikit.call/1`.
    pub schema: &'static str,
    /// The profile that the result holds under.
    pub profile: Profile,
    /// What was called.
    pub plugin: PluginReport,
    /// The tool.
    pub tool: String,
    /// Whether everything went well: start, tool, status and stop, and the tool in its own terms.
    pub ok: bool,
    /// What the tool answered.
    pub output: Option<ToolOutput>,
    /// What went wrong, in order.
    pub errors: Vec<ErrorReport>,
    /// The plugin's status after the tool. The world `tool` has none.
    pub status: Option<PluginStatus>,
    /// What the plugin may use.
    pub limits: LimitsReport,
    /// What each entry into the guest took, in order.
    pub calls: Vec<Measures>,
    /// Where the host calls were answered from, if not from the world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<ReplayReport>,
    /// The host calls that the guest made in these, the first 256 of each.
    pub host_calls: Vec<HostCall>,
    /// What the guest printed, where it keeps a log.
    pub log: Option<GuestLog>,
}

/// The component that a report is about.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PluginReport {
    /// The file that it is, or was made from.
    pub file: String,
    /// SHA-256 of the component that was run, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// Its world, if it stands in one.
    pub world: Option<World>,
    /// What was done to the file to make it that component.
    pub steps: Vec<StepReport>,
}

/// Something done on the way to a component.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum StepReport {
    /// Cargo built the project.
    Built {
        /// Its package.
        package: String,
    },
    /// A core module was made a component.
    Componentized,
    /// Imports of WASI were replaced by local functions.
    WasiDenied {
        /// The imports.
        imports: Vec<String>,
    },
}

impl StepReport {
    pub(crate) fn of(step: &Step) -> Option<Self> {
        match step {
            Step::Built { package } => Some(Self::Built {
                package: package.clone(),
            }),
            Step::Componentized => Some(Self::Componentized),
            Step::WasiDenied { imports } => Some(Self::WasiDenied {
                imports: imports.clone(),
            }),
            _ => None,
        }
    }
}

/// A recording that answered host calls.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReplayReport {
    /// The file.
    pub file: String,
    /// What it was recorded with that this run was not, in words.
    pub differs: Vec<String>,
}

/// Something that went wrong.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ErrorReport {
    /// What was being done.
    pub entry: Entry,
    /// Which of the known errors it is, as `fault.fuel` or `output.not-json`; `tool.` and a code of the tool's
    /// own where it answered that it failed; `replay.leftover` where a recording was not used up, `plan.unused`
    /// where a planned fault broke nothing.
    pub code: String,
    /// The same in words.
    pub message: String,
    /// What the yoi host shows instead; in profile `yoi` only.
    pub yoi_message: Option<String>,
    /// Where the guest was, innermost first, if it was ended.
    pub trace: Vec<Frame>,
}

impl ErrorReport {
    /// An error that the tool itself reports.
    pub(crate) fn of_tool(entry: Entry, error: &ToolError) -> Self {
        Self {
            entry,
            code: format!("tool.{}", error.code),
            message: format!("the tool says `{}`: {}", error.code, error.message),
            yoi_message: None,
            trace: Vec::new(),
        }
    }

    /// An error that is nobody's answer: the host found it when the run was over.
    pub(crate) fn of_host(entry: Entry, code: &str, message: String) -> Self {
        Self {
            entry,
            code: code.to_owned(),
            message,
            yoi_message: None,
            trace: Vec::new(),
        }
    }

    pub(crate) fn of(entry: Entry, profile: Profile, error: &CallError) -> Self {
        Self {
            entry,
            code: error.code().to_string(),
            message: error.to_string(),
            yoi_message: (profile == Profile::Yoi).then(|| error.in_yoi_words()),
            trace: error.fault().map_or_else(Vec::new, |fault| fault.trace.clone()),
        }
    }
}

/// What a plugin may use.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LimitsReport {
    /// Instructions for one call.
    pub fuel: u64,
    /// Bytes of linear memory.
    pub memory_bytes: usize,
    /// Microseconds for one call.
    pub call_timeout_us: u64,
    /// Bytes of a tool's input.
    pub tool_input_bytes: usize,
    /// Bytes of any answer.
    pub output_bytes: usize,
    /// Bytes of a tool output's summary.
    pub summary_bytes: usize,
}

impl LimitsReport {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            fuel: limits.fuel,
            memory_bytes: limits.memory_bytes,
            call_timeout_us: u64::try_from(limits.call_timeout.as_micros()).unwrap_or(u64::MAX),
            tool_input_bytes: limits::TOOL_INPUT_BYTES,
            output_bytes: limits::TOOL_OUTPUT_BYTES,
            summary_bytes: limits::SUMMARY_BYTES,
        }
    }
}

/// What `yoikit inspect --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InspectReport {
    /// `yoikit.inspect/1`.
    pub schema: &'static str,
    /// What was inspected.
    pub plugin: PluginReport,
    /// What was found in it.
    pub preflight: Preflight,
    /// What each profile says to it.
    pub verdicts: Vec<VerdictReport>,
}

/// What one profile says to a component.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VerdictReport {
    /// The profile.
    pub profile: Profile,
    /// Whether it may be loaded.
    pub fits: bool,
    /// What speaks against it.
    pub faults: Vec<FaultReport>,
}

/// One thing that speaks against a component.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FaultReport {
    /// The thing, as data.
    #[serde(flatten)]
    pub fault: Fault,
    /// The same in words.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl VerdictReport {
    pub(crate) fn of(preflight: &Preflight, profile: Profile, limits: &Limits) -> Self {
        let faults = preflight.faults(profile, limits);
        Self {
            profile,
            fits: !faults.iter().any(Fault::refuses),
            faults: faults
                .into_iter()
                .map(|fault| FaultReport {
                    message: fault.to_string(),
                    advice: fault.advice(),
                    fault,
                })
                .collect(),
        }
    }
}

/// What a command with `--json` prints where there is no result.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FailureReport {
    /// `yoikit.failure/1`.
    pub schema: &'static str,
    /// The exit status.
    pub exit: u8,
    /// Why there is no result.
    pub message: String,
    /// What to do about it, where there is something to do.
    pub advice: Option<&'static str>,
}

impl FailureReport {
    pub(crate) fn of(failure: &Failure) -> Self {
        Self {
            schema: "yoikit.failure/1",
            exit: failure.exit() as u8,
            message: failure.to_string().trim_end().to_owned(),
            advice: failure.advice(),
        }
    }
}

//! `yoikit schema`.

#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// Which report
    pub(crate) report: Report,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Report {
    /// What `yoikit call --json` prints
    Call,
    /// What `yoikit bench --json` prints
    Bench,
    /// What `yoikit profile --json` prints
    Profile,
    /// A line of what `yoikit serve --json` prints
    Serve,
    /// What `yoikit send --json` prints
    Send,
    /// What `yoikit dead --json` prints
    Dead,
    /// What `yoikit inspect --json` prints
    Inspect,
    /// What `yoikit plugin new --json` prints
    PluginNew,
    /// What `yoikit plugin build --json` prints
    PluginBuild,
    /// What `yoikit plugin check --json` prints
    PluginCheck,
    /// What `yoikit plugin pack --json` prints
    PluginPack,
    /// What `yoikit plugin list --json` prints
    PluginList,
    /// What `yoikit plugin show --json` prints
    PluginShow,
    /// What `yoikit plugin enable --json` prints
    PluginEnable,
    /// A line of what `yoikit test --json` prints
    Test,
    /// What `yoikit test --list --json` prints
    TestList,
    /// What `yoikit test --behaviours --json` prints
    TestBehaviours,
    /// What `yoikit test --mutants --json` prints
    TestMutants,
    /// A line that an adapter of a plugin host is given: the protocol `yoikit.host/1`
    HostAsk,
    /// A line that an adapter of a plugin host answers with
    HostAnswer,
    /// A line that an adapter of a host of child agents is given: the protocol `yoikit.bridge-host/1`
    BridgeHostAsk,
    /// A line that such an adapter answers with
    BridgeHostAnswer,
    /// A line that a plugin that is a process is given: the protocol `yoikit.plugin/1`
    PluginLineIn,
    /// A line that such a plugin writes
    PluginLineOut,
    /// What a plugin that is a process says of itself: the answer to `hello` in the protocol `yoikit.plugin/1`
    PluginHello,
    /// What a plugin answers `start`, `status` and `stop` with
    PluginStatus,
    /// What a plugin answers a tool with
    ToolOutput,
    /// The event that a plugin is given
    IngressEvent,
    /// What a plugin answers an event with
    ServiceOutput,
    /// A failing input that `yoikit test` keeps
    TestRegression,
    /// What `yoikit plugin dev --json` prints, a line
    PluginDev,
    /// Each line of what `yoikit bridge run --json` and `yoikit bridge replay` print
    BridgeEvents,
    /// What `yoikit bridge probe --json` prints
    BridgeProbe,
    /// What `yoikit ptc run --json` prints
    PtcRun,
    /// What any of them prints where there is no result
    Failure,
}

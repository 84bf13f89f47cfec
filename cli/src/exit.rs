//! What the exit status says.

use std::process::ExitCode;

/// How a command ended, for scripts. The numbers never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Exit {
    /// It did what was asked, and the plugin did what it should.
    Ok = 0,
    /// It did what was asked, and the plugin failed: a fault, an answer against the contract, or a failure
    /// that the plugin or its tool reported of itself; for `inspect`, a component that the profile refuses.
    PluginFailed = 1,
    /// What was typed makes no sense, or what stands in a file that was named: an unknown option, grants that are none.
    Usage = 2,
    /// There was nothing to run: no such file, no component, one that does not fit the contract, or an
    /// environment in which nothing can run. So is a file that cannot be read or written, whatever would stand in it.
    CouldNotRun = 3,
    /// The project did not build.
    BuildFailed = 4,
    /// The harness of `yoikit test` broke: a bug of ours. Nothing is known of the target where it did.
    HarnessFault = 5,
    /// It was ended by SIGHUP, as by a terminal that is closed, before it was done.
    HungUp = 129,
    /// It was ended by SIGINT, as by Ctrl-C, before it was done.
    Interrupted = 130,
    /// It was ended by SIGTERM before it was done.
    Terminated = 143,
}

impl From<yoi_conformance::Exit> for Exit {
    fn from(exit: yoi_conformance::Exit) -> Self {
        match exit {
            yoi_conformance::Exit::Conforms => Exit::Ok,
            yoi_conformance::Exit::Fails => Exit::PluginFailed,
            yoi_conformance::Exit::Usage => Exit::Usage,
            yoi_conformance::Exit::CouldNotRun => Exit::CouldNotRun,
            yoi_conformance::Exit::Interrupted => Exit::Interrupted,
            // Also of an outcome that is not known here yet.
            _ => Exit::HarnessFault,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

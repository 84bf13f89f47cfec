//! From what a person names to targets, one in each mode.

use std::path::Path;
use std::sync::Arc;

use yoi_host::bridge::{Adapter, DialectComponent, Mode};

use super::door::introduce;
use super::process::ProcessDialect;
use super::{BrokerTarget, DialectTarget, broker, dialect};
use crate::About;
use crate::limits::{PROCESS_INPUT_TIME, REASON_BYTES};
use crate::run::Entrant;
use crate::text::{bounded, name_of};

/// In which modes a dialect is held to the contract. They are the contract's profiles.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The modes; each is judged. None means all that a dialect has, of which `faithful` is judged.
    pub modes: Vec<Mode>,
    /// The known child that a component or a program claims to be the dialect of.
    pub speaks: Option<Adapter>,
}

/// What has no such dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reference has no `{0}`: there is no profile `compat` of it")]
pub struct NoSuchMode(Adapter);

impl Opening {
    /// A dialect of the host's own.
    ///
    /// # Errors
    ///
    /// Where a mode was named that it does not have.
    pub fn native(&self, adapter: Adapter) -> Result<Vec<Entrant>, NoSuchMode> {
        let modes = match &self.modes[..] {
            [] => Mode::ALL,
            named => named,
        };
        let mut entrants = Vec::new();
        for mode in modes {
            match DialectTarget::native(adapter, *mode) {
                Some(target) => {
                    entrants.push(self.entrant(adapter.name(), target, vec![adapter.to_string()]));
                }
                None if self.modes.is_empty() => {}
                None => return Err(NoSuchMode(adapter)),
            }
        }
        Ok(entrants)
    }

    /// A component of the world `yoi:bridge/dialect`. It is a faithful one unless something else was said.
    #[must_use]
    pub fn component(&self, path: &Path, dialect: DialectComponent) -> Vec<Entrant> {
        let targets = self.modes_of_others().map(|mode| {
            let target = DialectTarget::component(dialect.clone(), self.speaks, mode);
            self.entrant(&name_of(path), target, vec![path.display().to_string()])
        });
        targets.collect()
    }

    /// A program that speaks `yoikit.dialect/1`, a faithful dialect unless something else was said.
    #[must_use]
    pub fn command(&self, command: &[String]) -> Vec<Entrant> {
        let name = words_of(command);
        let targets = self.modes_of_others().map(|mode| {
            let target = DialectTarget::process(ProcessDialect::of(command), self.speaks, mode);
            let words = [vec!["--".to_owned()], command.to_vec()].concat();
            self.entrant(&name, target, words)
        });
        targets.collect()
    }

    /// A host: ours, once with children that are played in this process and once with children that are programs, or any
    /// behind an adapter that speaks `yoikit.bridge-host/1`.
    #[must_use]
    pub fn hosts(command: &[String]) -> Vec<Entrant> {
        if command.is_empty() {
            let targets = [BrokerTarget::scripted(), BrokerTarget::processes()];
            let ours = |target| host("yoikit".to_owned(), target, command, None, None);
            return targets.into_iter().map(ours).collect();
        }
        // The host's name and version are its own words.
        let introduced = introduce(command).and_then(|hello| match BrokerTarget::trouble(&hello) {
            Some(trouble) => Err(trouble),
            None => Ok(hello),
        });
        let name = words_of(command);
        vec![match introduced {
            Ok(hello) => {
                let remark = format!("it says that it is {} {}", hello.host, hello.version);
                let target = BrokerTarget::process(command, &hello);
                host(name, target, command, Some(bounded(&remark, REASON_BYTES)), None)
            }
            Err(trouble) => {
                let target = BrokerTarget::in_trouble(&trouble);
                host(name, target, command, None, Some(trouble))
            }
        }]
    }

    fn modes_of_others(&self) -> impl Iterator<Item = Mode> + '_ {
        let default = self.modes.is_empty().then_some(Mode::default());
        default.into_iter().chain(self.modes.iter().copied())
    }

    fn entrant(&self, name: &str, target: DialectTarget, named: Vec<String>) -> Entrant {
        let (mode, process) = (target.mode(), target.door() == "process");
        let about = About {
            name: name.to_owned(),
            door: target.door().to_owned(),
            profile: mode.name().to_owned(),
            digest: None,
            remark: None,
            trouble: None,
        };
        let mut words = vec!["--contract".to_owned(), "bridge".to_owned()];
        if let Some(speaks) = self.speaks {
            words.extend(["--speaks".to_owned(), speaks.to_string()]);
        }
        words.extend(named);
        let (suite, target) = (dialect(), Arc::new(target));
        Entrant {
            subject: match process {
                true => suite.bind_paced(target, about, PROCESS_INPUT_TIME),
                false => suite.bind(target, about),
            },
            judged: !self.modes.is_empty() || mode == Mode::default(),
            words,
        }
    }
}

/// What a command is called.
fn words_of(command: &[String]) -> String {
    let words = command.iter().map(|word| name_of(Path::new(word)));
    words.collect::<Vec<_>>().join(" ")
}

fn host(
    name: String,
    target: BrokerTarget,
    command: &[String],
    remark: Option<String>,
    trouble: Option<String>,
) -> Entrant {
    let about = About {
        name,
        door: target.door().to_owned(),
        profile: Mode::Faithful.name().to_owned(),
        digest: None,
        remark,
        trouble,
    };
    let mut words = ["--contract", "bridge", "--side", "host"]
        .map(str::to_owned)
        .to_vec();
    if !command.is_empty() {
        words.push("--".to_owned());
        words.extend_from_slice(command);
    }
    Entrant {
        subject: broker().bind_paced(Arc::new(target), about, PROCESS_INPUT_TIME),
        judged: true,
        words,
    }
}

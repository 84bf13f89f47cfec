//! From what a person names to targets.

use std::path::Path;
use std::sync::Arc;

use yoi_host::ptc::Interpreter;

use super::{PtcTarget, engine};
use crate::About;
use crate::limits::PROCESS_INPUT_TIME;
use crate::run::Entrant;
use crate::text::name_of;

/// The one profile that there is.
pub const PROFILE: &str = "yoikit";

/// An engine, under the name by which it was asked for.
#[must_use]
pub fn component(named: &Path, interpreter: Interpreter) -> Entrant {
    let words = vec![named.display().to_string()];
    entrant(&name_of(named), PtcTarget::engine(interpreter), words)
}

/// A host that this command starts, which speaks the protocol on standard input and output.
#[must_use]
pub fn command(command: &[String]) -> Entrant {
    let name = command.iter().map(|word| name_of(Path::new(word)));
    let name = name.collect::<Vec<_>>().join(" ");
    let words = [vec!["--".to_owned()], command.to_vec()].concat();
    entrant(&name, PtcTarget::command(command), words)
}

fn entrant(name: &str, target: PtcTarget, named: Vec<String>) -> Entrant {
    let about = About {
        name: name.to_owned(),
        door: target.door().to_owned(),
        profile: PROFILE.to_owned(),
        digest: None,
        remark: None,
        trouble: None,
    };
    let words = [vec!["--contract".to_owned(), "ptc".to_owned()], named].concat();
    Entrant {
        subject: engine().bind_paced(Arc::new(target), about, PROCESS_INPUT_TIME),
        judged: true,
        words,
    }
}

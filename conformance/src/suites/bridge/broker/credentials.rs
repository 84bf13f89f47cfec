//! Who holds the key to a model.

use yoi_host::bridge::{ExternalRuntimeSpec, RuntimeAuthMode};

use super::super::door::Ability;
use super::{BrokerTarget, BrokerTest};
use crate::verdict::expect_eq;
use crate::{Case, Checked, Clause, Context, Side};

const KEY: Clause = Clause::new(
    "contracts/bridge.md#credentials",
    "For a child that holds its key itself none has to be there, and for one whose spec says `api-key` one has to.",
);

pub(super) fn tests() -> Vec<BrokerTest> {
    let case = Case::must("bridge.host.credentials.who-holds-the-key", KEY);
    let case = case.side(Side::Host).profiles(&["faithful"]).next();
    vec![
        case.example(who_holds_the_key)
            .excused(|target: &BrokerTarget| target.lacks(Ability::Credentials)),
    ]
}

fn who_holds_the_key(target: &BrokerTarget, context: &Context) -> Checked {
    let adapters = target.adapters.iter().map(ToString::to_string);
    // Nobody drives the last: what its spec says holds all the same.
    for adapter in adapters.chain(["nobody".to_owned()]) {
        for auth_mode in [RuntimeAuthMode::ExternalCli, RuntimeAuthMode::ApiKey] {
            let spec = ExternalRuntimeSpec {
                adapter: adapter.clone(),
                auth_mode,
                binary_path: None,
                args: Vec::new(),
                env: std::collections::BTreeMap::new(),
                delegate: None,
            };
            let required = target.requires_credential(context, &spec)?;
            expect_eq(
                &format!("whether a key has to be there for `{adapter}`, {auth_mode:?}"),
                &(auth_mode == RuntimeAuthMode::ApiKey),
                &required,
            )?;
        }
    }
    Ok(())
}

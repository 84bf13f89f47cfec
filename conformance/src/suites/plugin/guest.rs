//! What is asked of a plugin.

use proptest::prelude::*;
use serde_json::Value;

use super::target::{GuestTarget, Setup};
use crate::verdict::expect;
use crate::{Case, Checked, Clause, Context, Stop, Test};

const FITS: Clause = Clause::new(
    "wit/plugin",
    "A component stands in the world `tool` or `instance`, and imports nothing but `yoi:host`.",
);
const START: Clause = Clause::new("wit/plugin/instance.wit#start", "Begin. Answers a PluginStatus.");
const TOOL_INPUT: Clause = Clause::new(
    "wit/plugin/tool.wit#call",
    "`input-json` is any JSON value of at most 65536 bytes; the host does not hold it against the tool's schema. \
     The answer is a ToolOutput.",
);

/// All of it.
#[must_use]
pub fn tests() -> Vec<Test<GuestTarget>> {
    vec![
        Case::must("plugin.component.fits-the-contract", FITS)
            .example(fits)
            .applies(|target| target.component().is_some()),
        Case::must("plugin.start.answers-a-status", START)
            .example(starts)
            .applies(GuestTarget::lives),
        Case::must("plugin.tool.answers-any-json", TOOL_INPUT)
            .property(|_| json(), answers_any_json)
            .applies(|target| !target.tools().is_empty()),
    ]
}

fn fits(target: &GuestTarget, _: &Context) -> Checked {
    let trouble = target.about().trouble.as_deref();
    expect(
        trouble.is_none(),
        || "a component that this profile's host loads".into(),
        || trouble.unwrap_or_default().into(),
    )
}

fn starts(target: &GuestTarget, context: &Context) -> Checked {
    let started = target.open(context, Setup::default())?.start();
    match started {
        Ok(_) => Ok(()),
        Err(failure) => Err(Stop::fail("a PluginStatus", failure.message)),
    }
}

fn answers_any_json(target: &GuestTarget, context: &Context, input: &Value) -> Checked {
    let input = input.to_string();
    for tool in target.tools() {
        let mut session = target.started(context, Setup::default())?;
        if let Err(failure) = session.handle_tool(&tool.name, &input) {
            return Err(Stop::fail(
                format!("a ToolOutput from `{}`", tool.name),
                failure.message,
            ));
        }
    }
    Ok(())
}

/// Any JSON of a modest size.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,16}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

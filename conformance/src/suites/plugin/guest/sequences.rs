//! What holds for every order in which a plugin is called.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::excuses::no_tools;
use super::ingress::event;
use super::tools::{Call, fitting_calls};
use super::{GuestTest, told};
use crate::simpler::simpler;
use crate::suites::plugin::target::{CallFailure, GuestTarget, Session, Setup};
use crate::{Case, Clause, Stop, expect_eq};

const LIFE: &str = "contracts/plugin.md#life";

/// One thing that a plugin is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    Tool(Call),
    Nonsense(Call),
    Event {
        ingress: String,
        kind: String,
        payload: Value,
    },
    Status,
}

pub(super) fn tests() -> Vec<GuestTest> {
    vec![
        Case::must(
            "plugin.life.any-sequence",
            Clause::new(
                LIFE,
                "Whatever a plugin is asked in whatever order, it answers, and can be stopped at the end.",
            ),
        )
        .property(sequences, |target: &GuestTarget, ctx, asks: &Vec<Ask>| {
            let mut session = target.started(ctx, Setup::default())?;
            for ask in asks {
                if let Err(failure) = answer(&mut session, ask)
                    && failure.code != "reported"
                {
                    return Err(Stop::fail("an answer", failure.message));
                }
            }
            match session.stop() {
                Ok(_) => Ok(()),
                Err(failure) => Err(Stop::fail("the plugin to stop in order", failure.message)),
            }
        })
        .excused(no_tools),
        Case::should(
            "plugin.life.same-answers",
            Clause::new(
                LIFE,
                "A plugin that asks nothing outside answers the same to the same sequence of calls.",
            ),
        )
        .property(sequences, |target: &GuestTarget, ctx, asks: &Vec<Ask>| {
            let mut first = target.started(ctx, Setup::default())?;
            let mut second = target.started(ctx, Setup::default())?;
            for ask in asks {
                let wanted = told(answer(&mut first, ask));
                let seen = told(answer(&mut second, ask));
                expect_eq("the answer of another life", &wanted, &seen)?;
            }
            Ok(())
        })
        .excused(no_tools),
    ]
}

fn sequences(target: &GuestTarget) -> BoxedStrategy<Vec<Ask>> {
    let fitting = fitting_calls(target).prop_map(Ask::Tool).boxed();
    let nonsense = (fitting_calls(target), super::schema::any_json())
        .prop_map(|(call, input)| Ask::Nonsense(Call { input, ..call }))
        .boxed();
    let mut asks = vec![(4, fitting), (1, nonsense)];
    if target.lives() {
        asks.push((1, Just(Ask::Status).boxed()));
        let ingresses = target.declared().map_or(&[][..], |declared| &declared.ingresses);
        for ingress in ingresses {
            let name = ingress.name.clone();
            let kind = ingress
                .event_kinds
                .first()
                .cloned()
                .unwrap_or_else(|| "test".to_owned());
            let event = simpler(".{0,12}").prop_map(move |text| Ask::Event {
                ingress: name.clone(),
                kind: kind.clone(),
                payload: json!({ "text": text }),
            });
            asks.push((2, event.boxed()));
        }
    }
    prop::collection::vec(prop::strategy::Union::new_weighted(asks), 0..8).boxed()
}

/// The answer to one of them.
fn answer(session: &mut Session<'_>, ask: &Ask) -> Result<Value, CallFailure> {
    match ask {
        Ask::Tool(call) | Ask::Nonsense(call) => session
            .handle_tool(&call.tool, &call.input.to_string())
            .map(|output| json!(output)),
        Ask::Event {
            ingress,
            kind,
            payload,
        } => session
            .handle_ingress(ingress, &event(ingress, kind, payload.clone()))
            .map(|output| json!(output)),
        Ask::Status => session.status().map(|status| json!(status)),
    }
}

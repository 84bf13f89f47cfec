//! What code comes to: blocks, state, values, errors, tools. Each case is data, in [`rows`](super::rows).

use serde_json::value::RawValue;

use super::peer::{Answer, Call, Ran};
use super::rows::ROWS;
use super::{Mark, Marked};
use crate::suite::Test;
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Stop};

use Wanted::{Calls, CallsNothing, Errors, Fails, Raises, Stderr, Stdout, Unreadable, Value};

/// A case: blocks of one session, and what the last of them comes to.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) mark: Mark,
    pub(super) case: fn(&'static str, Clause) -> Case,
    pub(super) id: &'static str,
    pub(super) clause: Clause,
    pub(super) python: Form,
    pub(super) javascript: Form,
}

/// A case in one language.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Blocks(&'static [&'static str], Wanted),
    /// Why the language has no such thing.
    None(&'static str),
}

/// What is wanted of the last block.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// This value, sign by sign.
    Value(&'static str),
    /// An exception of this class, whose message has these words.
    Raises(&'static str, &'static str),
    /// An error of this class, wherever it comes from.
    Errors(&'static str),
    /// That it fails, however.
    Fails,
    /// That its code is refused, without a value.
    Unreadable,
    /// These calls, in this order: the tool and its arguments, sign by sign.
    Calls(&'static [(&'static str, &'static str)]),
    /// That it fails, and calls nothing.
    CallsNothing,
    /// This output.
    Stdout(&'static str),
    /// This in standard error.
    Stderr(&'static str),
}

/// The tools that there are, and what they answer.
const THERE: &[&str] = &[
    "echo", "one", "none", "nested", "absent", "float", "exact", "huge", "names", "order", "fails", "boom",
    "bare", "truthy",
];

fn standard(call: &Call) -> Answer {
    let value = |json: &str| Answer::Value(json.to_owned());
    match call.tool.as_str() {
        "echo" => Answer::Value(call.args.clone()),
        "one" => value("1"),
        "none" => value("null"),
        "nested" => value("{\"a\":null,\"b\":[null]}"),
        "absent" => Answer::Raw(",\"ok\":true"),
        "float" => value("1.0"),
        "exact" => value("9007199254740993"),
        "huge" => value("123456789012345678901234567890"),
        "names" => value("{\"constructor\":1,\"__proto__\":2}"),
        "order" => value("{\"b\":1,\"1\":2,\"a\":3}"),
        "fails" => Answer::Fails("ValueError", "out of luck"),
        "boom" => Answer::Fails("BoomError", "tool exploded"),
        "bare" => Answer::Raw(",\"ok\":false"),
        "truthy" => Answer::Raw(",\"ok\":\"no\",\"value\":7"),
        _ => Answer::Never,
    }
}

pub(super) fn cases() -> Vec<Marked> {
    ROWS.iter().map(|row| row.mark.of(row.test())).collect()
}

impl Row {
    fn test(&'static self) -> Test<super::PtcTarget> {
        (self.case)(self.id, self.clause).example(move |target: &super::PtcTarget, context| {
            let mut lent = target.booted(context)?;
            let language = lent.peer.language();
            let (blocks, wanted) = match language.form(self.python, self.javascript) {
                Form::Blocks(blocks, wanted) => (blocks, wanted),
                Form::None(why) => {
                    lent.give_back();
                    return Err(language.has_no_form(why));
                }
            };
            let mut last = None;
            for block in blocks {
                last = Some(lent.peer.run(context, block, THERE, standard)?);
            }
            let last = last.ok_or_else(|| Stop::Harness("a case has no block".to_owned()))?;
            lent.peer.settle(context)?;
            // A value that is another one harms nobody else.
            lent.give_back();
            wanted.check(&last)
        })
    }
}

impl Wanted {
    fn check(self, ran: &Ran) -> Checked {
        let envelope = &ran.envelope;
        let error = envelope.error.as_deref().unwrap_or_default();
        let message = envelope.message.as_deref().unwrap_or_default();
        let failed = ran.refused.is_none() && !envelope.ok;
        let told = || ran.text.clone();
        let calls: Vec<(&str, &str)> = ran
            .calls
            .iter()
            .map(|call| (call.tool.as_str(), call.args.as_str()))
            .collect();
        match self {
            Value(wanted) => expect(
                ran.value() == Some(wanted),
                || format!("the value {wanted}"),
                told,
            ),
            Raises(name, words) => {
                let as_asked = failed
                    && error == name
                    && message.contains(words)
                    && envelope.traceback.is_some()
                    && envelope.value.as_deref().map(RawValue::get) == Some("null");
                let wanted = || {
                    format!(
                        "an envelope with value null, error {name}, a message with `{words}`, and a traceback"
                    )
                };
                expect(as_asked, wanted, told)
            }
            Errors(name) => expect(failed && error == name, || format!("the error {name}"), told),
            Fails => expect(failed, || "an envelope with an error".to_owned(), told),
            Unreadable => {
                let as_asked = failed
                    && error == "SyntaxError"
                    && envelope.value.is_none()
                    && envelope.traceback.is_none()
                    && envelope.stdout.is_empty();
                expect(
                    as_asked,
                    || "a SyntaxError, no value, no traceback and no output".to_owned(),
                    told,
                )
            }
            Calls(wanted) => {
                expect_eq("the calls", wanted, calls.as_slice())?;
                expect(envelope.ok, || "a value".to_owned(), told)
            }
            CallsNothing => {
                expect_eq("the calls", &[][..], calls.as_slice())?;
                expect(failed, || "an envelope with an error".to_owned(), told)
            }
            Stdout(wanted) => expect_eq("standard output", wanted, envelope.stdout.as_str()),
            Stderr(words) => expect(
                envelope.stderr.contains(words),
                || format!("`{words}` in standard error"),
                told,
            ),
        }
    }
}

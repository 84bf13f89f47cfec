//! Programs that are made up, run beside the machine's own Python.

use std::sync::{Mutex, PoisonError};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::language::Language;
use super::peer::Answer;
use super::{LANGUAGE, Mark, Marked, PtcTarget};
use crate::target::{Child, ChildError};
use crate::verdict::expect;
use crate::{Case, Checked, Context, Stop};

pub(super) fn cases() -> Vec<Marked> {
    let case = Case::must("ptc.python.does-what-python-does", LANGUAGE);
    vec![Mark::Match.of(case.property(|_| program(), does_what_python_does))]
}

/// Whole numbers. Those that a name holds stay small.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Number {
    Literal(i16),
    Name(u8),
    /// One of `+ - * // % & | ^`.
    Of(u8, Box<Number>, Box<Number>),
    Negative(Box<Number>),
    Choice(Box<Truth>, Box<Number>, Box<Number>),
    Length(Box<Text>),
    Sum(Box<List>),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Truth {
    /// One of `< <= == != > >=`.
    Compare(u8, Box<Number>, Box<Number>),
    Not(Box<Truth>),
    And(Box<Truth>, Box<Truth>),
    Contains(Box<Number>, Box<List>),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Text {
    Literal(String),
    Shown(Box<Number>),
    Joined(Box<Text>, Box<Text>),
    Upper(Box<Text>),
    Slice(Box<Text>, i8, i8),
    Repeated(Box<Text>, u8),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum List {
    Literal(Vec<Number>),
    Range(u8),
    /// Of each element, as `e`.
    Each(u8, Box<List>),
    Sorted(Box<List>),
    Slice(Box<List>, i8, i8),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Line {
    Assign(u8, Number),
    Print(Text),
    If(Truth, Vec<Line>, Vec<Line>),
    For(u8, Vec<Line>),
    Try(Vec<Line>),
    /// A function of the first name, called with a number.
    Call(u8, Number, Number),
}

/// A program, and what it comes to: the names, and more.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Program {
    lines: Vec<Line>,
    text: Text,
    list: List,
}

fn number() -> BoxedStrategy<Number> {
    let leaf = prop_oneof![
        any::<i16>().prop_map(Number::Literal),
        (0..4_u8).prop_map(Number::Name)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let pair = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        let compare = (0..6_u8, pair()).prop_map(|(of, (a, b))| Truth::Compare(of, a, b));
        prop_oneof![
            (0..8_u8, pair()).prop_map(|(of, (a, b))| Number::Of(of, a, b)),
            inner.clone().prop_map(|of| Number::Negative(Box::new(of))),
            (compare, pair()).prop_map(|(on, (a, b))| Number::Choice(Box::new(on), a, b)),
            "[a-z]{0,4}".prop_map(|text| Number::Length(Box::new(Text::Literal(text)))),
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|list| Number::Sum(Box::new(List::Literal(list)))),
        ]
    })
    .boxed()
}

fn truth() -> BoxedStrategy<Truth> {
    let compare =
        (0..6_u8, number(), number()).prop_map(|(of, a, b)| Truth::Compare(of, Box::new(a), Box::new(b)));
    let contains =
        (number(), list()).prop_map(|(number, list)| Truth::Contains(Box::new(number), Box::new(list)));
    prop_oneof![compare, contains]
        .prop_recursive(2, 4, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|of| Truth::Not(Box::new(of))),
                (inner.clone(), inner).prop_map(|(a, b)| Truth::And(Box::new(a), Box::new(b))),
            ]
        })
        .boxed()
}

fn text() -> BoxedStrategy<Text> {
    let leaf = prop_oneof![
        "[a-zß ]{0,6}".prop_map(Text::Literal),
        number().prop_map(|of| Text::Shown(Box::new(of)))
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Text::Joined(Box::new(a), Box::new(b))),
            inner.clone().prop_map(|of| Text::Upper(Box::new(of))),
            (inner.clone(), -4..5_i8, -4..5_i8).prop_map(|(of, a, b)| Text::Slice(Box::new(of), a, b)),
            (inner, 0..4_u8).prop_map(|(of, n)| Text::Repeated(Box::new(of), n)),
        ]
    })
    .boxed()
}

fn list() -> BoxedStrategy<List> {
    let leaf = prop_oneof![
        prop::collection::vec(number(), 0..4).prop_map(List::Literal),
        (0..6_u8).prop_map(List::Range)
    ];
    leaf.prop_recursive(2, 6, 1, |inner| {
        prop_oneof![
            (0..3_u8, inner.clone()).prop_map(|(of, list)| List::Each(of, Box::new(list))),
            inner.clone().prop_map(|list| List::Sorted(Box::new(list))),
            (inner, -4..5_i8, -4..5_i8).prop_map(|(list, a, b)| List::Slice(Box::new(list), a, b)),
        ]
    })
    .boxed()
}

fn line() -> BoxedStrategy<Line> {
    let leaf = prop_oneof![
        (0..4_u8, number()).prop_map(|(name, of)| Line::Assign(name, of)),
        text().prop_map(Line::Print),
        (0..4_u8, number(), number()).prop_map(|(name, body, with)| Line::Call(name, body, with)),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let block = prop::collection::vec(inner, 1..3);
        prop_oneof![
            (truth(), block.clone(), block.clone()).prop_map(|(on, then, or)| Line::If(on, then, or)),
            (0..4_u8, block.clone()).prop_map(|(times, block)| Line::For(times, block)),
            block.prop_map(Line::Try),
        ]
    })
    .boxed()
}

fn program() -> impl Strategy<Value = Program> {
    (prop::collection::vec(line(), 0..6), text(), list()).prop_map(|(lines, text, list)| Program {
        lines,
        text,
        list,
    })
}

impl Number {
    fn code(&self) -> String {
        const OF: [&str; 8] = ["+", "-", "*", "//", "%", "&", "|", "^"];
        match self {
            Self::Literal(number) => format!("({number})"),
            Self::Name(name) => format!("n{name}"),
            Self::Of(of, a, b) => format!("({} {} {})", a.code(), OF[usize::from(*of) % 8], b.code()),
            Self::Negative(of) => format!("(-{})", of.code()),
            Self::Choice(on, a, b) => format!("({} if {} else {})", a.code(), on.code(), b.code()),
            Self::Length(text) => format!("len({})", text.code()),
            Self::Sum(list) => format!("sum({})", list.code()),
        }
    }
}

impl Truth {
    fn code(&self) -> String {
        const OF: [&str; 6] = ["<", "<=", "==", "!=", ">", ">="];
        match self {
            Self::Compare(of, a, b) => format!("({} {} {})", a.code(), OF[usize::from(*of) % 6], b.code()),
            Self::Not(of) => format!("(not {})", of.code()),
            Self::And(a, b) => format!("({} and {})", a.code(), b.code()),
            Self::Contains(number, list) => format!("({} in {})", number.code(), list.code()),
        }
    }
}

impl Text {
    fn code(&self) -> String {
        match self {
            Self::Literal(text) => format!("'{text}'"),
            Self::Shown(number) => format!("f'<{{{}}}>'", number.code().replace('\'', "\"")),
            Self::Joined(a, b) => format!("({} + {})", a.code(), b.code()),
            Self::Upper(of) => format!("{}.upper()", of.code()),
            Self::Slice(of, a, b) => format!("{}[{a}:{b}]", of.code()),
            Self::Repeated(of, times) => format!("({} * {times})", of.code()),
        }
    }
}

impl List {
    fn code(&self) -> String {
        const EACH: [&str; 3] = ["e * 2", "e - 1", "str(e)[0:2].count('1')"];
        match self {
            Self::Literal(list) => {
                let elements: Vec<_> = list.iter().map(Number::code).collect();
                format!("[{}]", elements.join(", "))
            }
            Self::Range(to) => format!("list(range({to}))"),
            Self::Each(of, list) => format!("[{} for e in {}]", EACH[usize::from(*of) % 3], list.code()),
            Self::Sorted(list) => format!("sorted({})", list.code()),
            Self::Slice(list, a, b) => format!("{}[{a}:{b}]", list.code()),
        }
    }
}

impl Program {
    fn code(&self) -> String {
        let mut code = "n0 = n1 = n2 = n3 = 1\n".to_owned();
        write_lines(&self.lines, 0, &mut code);
        code += &format!("[n0, n1, n2, n3, {}, {}]", self.text.code(), self.list.code());
        code
    }
}

fn write_lines(lines: &[Line], depth: usize, code: &mut String) {
    let indent = "    ".repeat(depth);
    for line in lines {
        match line {
            Line::Assign(name, of) => *code += &format!("{indent}n{name} = {} % 1000003\n", of.code()),
            Line::Print(text) => *code += &format!("{indent}print({})\n", text.code()),
            Line::If(on, then, or) => {
                *code += &format!("{indent}if {}:\n", on.code());
                write_lines(then, depth + 1, code);
                *code += &format!("{indent}else:\n");
                write_lines(or, depth + 1, code);
            }
            Line::For(times, block) => {
                *code += &format!("{indent}for _ in range({times}):\n");
                write_lines(block, depth + 1, code);
            }
            Line::Try(block) => {
                *code += &format!("{indent}try:\n");
                write_lines(block, depth + 1, code);
                *code += &format!("{indent}except ZeroDivisionError as e:\n{indent}    print(e)\n");
            }
            Line::Call(name, body, with) => {
                *code += &format!(
                    "{indent}def f(n{name}):\n{indent}    return {} % 1000003\n{indent}n{name} = f({})\n",
                    body.code(),
                    with.code()
                );
            }
        }
    }
}

/// Runs one program for each line that it reads, in names of its own, and says what it came to.
const RUNNER: &str = r"
import ast, contextlib, io, json, sys
for line in sys.stdin:
    block, out = ast.parse(json.loads(line)), io.StringIO()
    last, names = ast.Expression(block.body.pop().value), {}
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(block, 'p', 'exec'), names)
            came = {'value': eval(compile(last, 'p', 'eval'), names)}
        except Exception as e:
            came = {'error': type(e).__name__, 'message': str(e)}
    print(json.dumps({**came, 'stdout': out.getvalue()}), flush=True)
";

/// The machine's Python, once it was needed.
static PYTHON: Mutex<Option<Child>> = Mutex::new(None);

fn of_python(context: &Context, code: &str) -> Result<Value, Stop> {
    let mut python = PYTHON.lock().unwrap_or_else(PoisonError::into_inner);
    if python.is_none() {
        let words = ["-c".to_owned(), RUNNER.to_owned()];
        let child = Child::spawn("python3", &words);
        *python =
            Some(child.map_err(|error| Stop::Skip(format!("there is no Python to compare with: {error}")))?);
    }
    let Some(child) = python.as_mut() else {
        return Err(Stop::Harness("there is no Python".to_owned()));
    };
    let asked = child
        .send(&json!(code))
        .and_then(|()| child.receive(context.remaining()));
    asked.map_err(|error| {
        *python = None;
        match error {
            ChildError::Ended { .. } => Stop::Skip(format!("there is no Python to compare with: {error}")),
            error => Stop::Harness(format!("the machine's Python: {error}")),
        }
    })
}

fn does_what_python_does(target: &PtcTarget, context: &Context, program: &Program) -> Checked {
    let code = program.code();
    let mut lent = target.booted(context)?;
    let language = lent.peer.language();
    if language != Language::Python {
        lent.give_back();
        return Err(language.has_no_form("the programs are Python"));
    }
    let wanted = of_python(context, &code)?;
    let ran = lent.peer.run(context, &code, &[], |_| Answer::Never)?;
    let envelope = &ran.envelope;
    let mut seen = match ran
        .value()
        .and_then(|value| serde_json::from_str::<Value>(value).ok())
    {
        Some(value) => json!({"value": value}),
        None => json!({"error": envelope.error, "message": envelope.message}),
    };
    seen["stdout"] = json!(envelope.stdout);
    expect(
        seen == wanted,
        || format!("{wanted}, as Python has it, of\n{code}"),
        || seen.to_string(),
    )?;
    lent.give_back();
    Ok(())
}

//! The lines that would allow something: what they are, which file they belong to and where in it.
//!
//! A denial that only says no sends a person to the manual. This one hands over text that can be pasted, in
//! the form in which the file is already written: TOML forbids to continue `request = [..]` by `[[request]]`.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use toml::de::{DeTable, DeValue};

use super::grants::FsGrant;
use super::permission::Permission;
use super::target::{RequestTarget, WebsocketTarget};

/// The two that have to agree before anything is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The plugin's `plugin.toml`, which asks.
    Manifest,
    /// The person's grants, which give.
    Grants,
}

/// Lines that have to be added to one of the two, in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// Which of them.
    pub file: Side,
    /// Where in it.
    pub place: Place,
    /// The lines, TOML, without a final line break.
    pub lines: String,
    /// Whether values in them are examples, because what the plugin wants is not known yet.
    pub example: bool,
    /// The table in which the grants stand, if they have no file of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

/// Where lines belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before the first table.
    Top,
    /// Among the elements of this array.
    Within(&'static str),
    /// In place of the line that sets this key.
    Replacing(&'static str),
    /// After everything else.
    End,
}

/// How a list is written in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Not at all.
    #[default]
    Absent,
    /// `list = [..]`.
    Inline,
    /// `[[list]]`.
    Tables,
}

/// How the lists of a file are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Forms {
    permissions: Form,
    request: Form,
    websocket: Form,
    fs: Form,
    home: Home,
}

/// Where the lists stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Home {
    /// At the top level of a file of their own.
    #[default]
    File,
    /// In the `grants` of an enablement, which may not be there yet.
    Enablement { exists: bool },
}

/// The table of an enablement's grants.
const ENABLEMENT: &str = "plugins.enabled.grants";

impl Forms {
    pub(super) fn of(table: &DeTable<'_>, text: &str, home: Home) -> Self {
        let form = |key| match table.get(key).map(|value| value.get_ref()) {
            Some(DeValue::Array(items)) => match items.first() {
                // The span of an element of `[[list]]` begins at its header.
                Some(item) if text[item.span().start..].starts_with('[') => Form::Tables,
                _ => Form::Inline,
            },
            _ => Form::Absent,
        };
        Self {
            permissions: form("permissions"),
            request: form("request"),
            websocket: form("websocket"),
            fs: form("fs"),
            home,
        }
    }

    fn form(&self, list: &str) -> Form {
        match list {
            "permissions" => self.permissions,
            "request" => self.request,
            "websocket" => self.websocket,
            _ => self.fs,
        }
    }
}

/// One thing that has to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Binding {
        key: &'static str,
        value: String,
        replaces: bool,
    },
    Permission(Permission),
    Request(RequestTarget),
    Websocket(WebsocketTarget),
    Fs(FsGrant),
}

/// The pieces as lines, each in the place where the file, as it is written, takes them.
pub(super) fn missing(file: Side, forms: &Forms, pieces: &[Piece], example: bool) -> Vec<Missing> {
    let mut out: Vec<Missing> = Vec::new();
    let table = match forms.home {
        Home::File => None,
        Home::Enablement { .. } => Some(ENABLEMENT),
    };
    let mut put = |place, lines: String, separator: &str, example| {
        let there = out.iter_mut().find(|missing| missing.place == place);
        if let Some(missing) = there {
            missing.lines.push_str(separator);
            missing.lines.push_str(&lines);
            missing.example |= example;
        } else {
            out.push(Missing {
                file,
                place,
                lines,
                example,
                table: table.map(str::to_owned),
            });
        }
    };
    if matches!(forms.home, Home::Enablement { exists: false }) {
        put(Place::Top, format!("[{ENABLEMENT}]"), "\n", false);
    }
    for piece in pieces {
        if let Piece::Binding { key, value, replaces } = piece {
            let place = if *replaces {
                Place::Replacing(key)
            } else {
                Place::Top
            };
            put(place, format!("{key} = {}", quoted(value)), "\n", false);
        }
    }
    let permissions: Vec<String> = pieces
        .iter()
        .filter(|piece| matches!(piece, Piece::Permission(_)))
        .map(|piece| format!("    {},", piece.inline()))
        .collect();
    if !permissions.is_empty() && forms.permissions == Form::Absent {
        let lines = format!("permissions = [\n{}\n]", permissions.join("\n"));
        put(Place::Top, lines, "\n", false);
    }
    for piece in pieces {
        let Some(list) = piece.list() else { continue };
        // A permission has no values that could be examples.
        let example = example && list != "permissions";
        match forms.form(list) {
            Form::Absent if list == "permissions" => {}
            Form::Inline => put(Place::Within(list), format!("{},", piece.inline()), "\n", example),
            Form::Absent | Form::Tables => {
                let header = match table {
                    Some(table) => format!("{table}.{list}"),
                    None => list.to_owned(),
                };
                put(Place::End, piece.block(&header), "\n\n", example);
            }
        }
    }
    out.sort_by_key(|missing| missing.place);
    out
}

impl Piece {
    fn list(&self) -> Option<&'static str> {
        match self {
            Piece::Binding { .. } => None,
            Piece::Permission(_) => Some("permissions"),
            Piece::Request(_) => Some("request"),
            Piece::Websocket(_) => Some("websocket"),
            Piece::Fs(_) => Some("fs"),
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Piece::Binding { key, value, .. } => vec![(key, quoted(value))],
            Piece::Permission(permission) => {
                let mut fields = vec![("kind", quoted(permission.kind()))];
                fields.extend(permission.value().map(|(key, value)| (key, quoted(value))));
                fields
            }
            Piece::Request(target) => {
                let mut fields = place_fields(&target.scheme, &target.host, target.port);
                fields.push(("methods", quoted_list(&target.methods)));
                fields.extend(path_fields(&target.path_prefixes));
                fields
            }
            Piece::Websocket(target) => {
                let mut fields = place_fields(&target.scheme, &target.host, target.port);
                fields.extend(path_fields(&target.path_prefixes));
                fields
            }
            Piece::Fs(grant) => {
                let operations = grant.operations.iter().map(|operation| operation.name());
                vec![
                    ("root", quoted(&grant.root)),
                    ("operations", quoted_list(operations)),
                ]
            }
        }
    }

    fn inline(&self) -> String {
        let fields: Vec<String> = self
            .fields()
            .iter()
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        format!("{{ {} }}", fields.join(", "))
    }

    fn block(&self, header: &str) -> String {
        let fields: Vec<String> = self
            .fields()
            .iter()
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        format!("[[{header}]]\n{}", fields.join("\n"))
    }
}

fn place_fields(scheme: &str, host: &str, port: Option<u16>) -> Vec<(&'static str, String)> {
    let mut fields = vec![("scheme", quoted(scheme)), ("host", quoted(host))];
    fields.extend(port.map(|port| ("port", port.to_string())));
    fields
}

fn path_fields(prefixes: &[String]) -> Option<(&'static str, String)> {
    (!prefixes.is_empty()).then(|| ("path_prefixes", quoted_list(prefixes)))
}

fn quoted_list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| quoted(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// A basic string of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Side {
    /// What it is called in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Side::Manifest => "plugin.toml",
            Side::Grants => "the grants",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Missing {
    /// The file's text with the lines in their place. None if the text is not the one that was decided on:
    /// no TOML, or without the array or key that the lines belong to; and for grants without a file of their
    /// own, where only a person can tell which enablement is meant.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<String> {
        if self.table.is_some() {
            return None;
        }
        let lines = &self.lines;
        match self.place {
            Place::Top => Some(format!("{lines}\n{text}")),
            Place::End => {
                let end = if text.is_empty() || text.ends_with('\n') {
                    ""
                } else {
                    "\n"
                };
                let gap = if text.is_empty() { "" } else { "\n" };
                Some(format!("{text}{end}{gap}{lines}\n"))
            }
            Place::Within(list) => {
                let document = DeTable::parse(text).ok()?;
                let array = document.get_ref().get(list)?.span();
                let (before, after) = text.split_at_checked(array.start + 1)?;
                // A list of tables begins with two brackets, and takes no elements.
                let is_inline = before.ends_with('[') && !after.starts_with('[');
                is_inline.then(|| format!("{before}\n{lines}{after}"))
            }
            Place::Replacing(key) => {
                let document = DeTable::parse(text).ok()?;
                let (name, value) = document.get_ref().get_key_value(key)?;
                let (before, after) = (text.get(..name.span().start)?, text.get(value.span().end..)?);
                Some(format!("{before}{lines}{after}"))
            }
        }
    }
}

/// As a terminal shows it: where, an empty line, and the lines, indented. No final line break.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file;
        let within = match &self.table {
            Some(table) => format!("{file} (`{table}`)"),
            None => file.to_string(),
        };
        match self.place {
            Place::Top => write!(f, "add at the top of {within}")?,
            Place::End => write!(f, "add at the end of {within}")?,
            Place::Within(list) => write!(f, "add to `{list}` in {within}")?,
            Place::Replacing(key) => write!(f, "replace `{key}` in {within}")?,
        }
        f.write_str(if self.example {
            ", with your own values:\n"
        } else {
            ":\n"
        })?;
        for line in self.lines.lines() {
            let indent = if line.is_empty() { "" } else { "    " };
            write!(f, "\n{indent}{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quoted_text_is_read_back_as_itself(text: String) {
            let line = format!("key = {}", quoted(&text));
            let document = DeTable::parse(&line).unwrap();
            prop_assert_eq!(document.get_ref().get("key").unwrap().get_ref().as_str(), Some(text.as_str()));
        }
    }

    fn missing_line(place: Place) -> Missing {
        Missing {
            file: Side::Grants,
            place,
            lines: "x = 1".to_owned(),
            example: false,
            table: None,
        }
    }

    #[test]
    fn lines_for_another_text_are_not_applied() {
        for text in ["[[request]]\n", "request = 1\n", "", "request = [\n"] {
            assert_eq!(missing_line(Place::Within("request")).apply(text), None, "{text}");
        }
        assert_eq!(
            missing_line(Place::Replacing("id")).apply("version = '1'\n"),
            None
        );
    }

    #[test]
    fn lines_for_an_enablement_are_placed_by_a_person() {
        let missing = Missing {
            table: Some(ENABLEMENT.to_owned()),
            ..missing_line(Place::End)
        };
        assert_eq!(missing.apply(""), None);
        insta::assert_snapshot!(missing, @r"
        add at the end of the grants (`plugins.enabled.grants`):

            x = 1
        ");
    }

    #[test]
    fn a_value_is_replaced_with_its_key_and_nothing_else() {
        let text = "a = 1\n'id' = '''old''' # mine\nb = 2\n";
        insta::assert_snapshot!(missing_line(Place::Replacing("id")).apply(text).unwrap(), @r"
        a = 1
        x = 1 # mine
        b = 2
        ");
    }
}

//! The types of component functions, as text one reads in WIT.
//!
//! One printer serves the contract and the components held against it, so that equal types have equal
//! text. It must not know which of the two it prints.

use std::fmt;

use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId, ComponentValType,
};
use wasmparser::types::TypesRef;

/// Most bytes of one type's text. A type is shared by reference in a component, so a short file can hold
/// one whose text has no end; whatever is cut equals no wanted type.
const TYPE_BYTES: usize = 256;

/// What stands where a type was cut.
const CUT: &str = "…";

/// The type of a function: names and types of the parameters, type of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Each parameter's name and type.
    pub params: Vec<(String, String)>,
    /// The result's type, if there is a result.
    pub result: Option<String>,
    /// Whether it is an `async func`.
    pub is_async: bool,
}

impl Signature {
    /// The signature of a component function.
    pub(super) fn of(types: TypesRef<'_>, id: ComponentFuncTypeId) -> Self {
        let func = &types[id];
        Self {
            params: func
                .params
                .iter()
                .map(|(name, ty)| (name.to_string(), value_type(types, ty)))
                .collect(),
            result: func.result.as_ref().map(|ty| value_type(types, ty)),
            is_async: func.async_,
        }
    }

    /// Whether both take and give the same types. The names of parameters do not matter.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.is_async == other.is_async
            && self.result == other.result
            && self
                .params
                .iter()
                .map(|(_, ty)| ty)
                .eq(other.params.iter().map(|(_, ty)| ty))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_async { "async func(" } else { "func(" })?;
        for (index, (name, ty)) in self.params.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}: {ty}")?;
        }
        f.write_str(")")?;
        match &self.result {
            Some(ty) => write!(f, " -> {ty}"),
            None => Ok(()),
        }
    }
}

/// What an import or export is, for those that are no functions.
pub(super) fn describe(types: TypesRef<'_>, entity: &ComponentEntityType) -> String {
    match entity {
        ComponentEntityType::Func(id) => Signature::of(types, *id).to_string(),
        ComponentEntityType::Instance(id) => match types[*id].exports.len() {
            1 => "interface of 1 item".to_owned(),
            count => format!("interface of {count} items"),
        },
        ComponentEntityType::Value(ty) => format!("value of type {}", value_type(types, ty)),
        ComponentEntityType::Type { .. } => "type".to_owned(),
        ComponentEntityType::Module(_) => "core module".to_owned(),
        ComponentEntityType::Component(_) => "component".to_owned(),
    }
}

fn value_type(types: TypesRef<'_>, ty: &ComponentValType) -> String {
    let mut printer = Printer {
        types,
        text: String::new(),
    };
    printer.value(ty);
    if printer.text.len() > TYPE_BYTES {
        let end = printer.text.floor_char_boundary(TYPE_BYTES);
        printer.text.truncate(end);
        printer.text.push_str(CUT);
    }
    printer.text
}

struct Printer<'a> {
    types: TypesRef<'a>,
    text: String,
}

impl Printer<'_> {
    fn value(&mut self, ty: &ComponentValType) {
        if self.text.len() > TYPE_BYTES {
            return;
        }
        match ty {
            ComponentValType::Primitive(primitive) => self.text.push_str(&primitive.to_string()),
            ComponentValType::Type(id) => {
                let types = self.types;
                self.defined(&types[*id]);
            }
        }
    }

    fn defined(&mut self, ty: &ComponentDefinedType) {
        match ty {
            ComponentDefinedType::Primitive(primitive) => self.text.push_str(&primitive.to_string()),
            ComponentDefinedType::Record(record) => {
                self.block(
                    "record",
                    record.fields.iter().map(|(name, ty)| (name.as_str(), Some(ty))),
                    ": ",
                    "",
                );
            }
            ComponentDefinedType::Variant(variant) => {
                let cases = variant
                    .cases
                    .iter()
                    .map(|(name, case)| (name.as_str(), case.ty.as_ref()));
                self.block("variant", cases, "(", ")");
            }
            ComponentDefinedType::Flags(names) => {
                self.block("flags", names.iter().map(|name| (name.as_str(), None)), "", "");
            }
            ComponentDefinedType::Enum(names) => {
                self.block("enum", names.iter().map(|name| (name.as_str(), None)), "", "");
            }
            ComponentDefinedType::List { element, .. } => self.applied("list", &[Some(element)]),
            ComponentDefinedType::FixedLengthList { element, length, .. } => {
                self.text.push_str("list<");
                self.value(element);
                self.text.push_str(&format!(", {length}>"));
            }
            ComponentDefinedType::Map { key, value, .. } => self.applied("map", &[Some(key), Some(value)]),
            ComponentDefinedType::Tuple(tuple) => {
                let items: Vec<_> = tuple.types.iter().map(Some).collect();
                self.applied("tuple", &items);
            }
            ComponentDefinedType::Option { ty, .. } => self.applied("option", &[Some(ty)]),
            ComponentDefinedType::Result { ok, err, .. } => match (ok, err) {
                (ok, None) => self.applied("result", ok.as_ref().map(Some).as_slice()),
                (ok, err) => self.applied("result", &[ok.as_ref(), err.as_ref()]),
            },
            ComponentDefinedType::Own(_) => self.text.push_str("own<resource>"),
            ComponentDefinedType::Borrow(_) => self.text.push_str("borrow<resource>"),
            ComponentDefinedType::Future { ty, .. } => {
                self.applied("future", ty.as_ref().map(Some).as_slice());
            }
            ComponentDefinedType::Stream { ty, .. } => {
                self.applied("stream", ty.as_ref().map(Some).as_slice());
            }
        }
    }

    /// `name<a, b>`, with `_` for an argument that is left out.
    fn applied(&mut self, name: &str, arguments: &[Option<&ComponentValType>]) {
        self.text.push_str(name);
        for (index, argument) in arguments.iter().enumerate() {
            if self.text.len() > TYPE_BYTES {
                return;
            }
            self.text.push_str(if index == 0 { "<" } else { ", " });
            match argument {
                Some(ty) => self.value(ty),
                None => self.text.push('_'),
            }
        }
        if !arguments.is_empty() {
            self.text.push('>');
        }
    }

    /// `keyword { a: b, c: d }`.
    fn block<'t>(
        &mut self,
        keyword: &str,
        members: impl Iterator<Item = (&'t str, Option<&'t ComponentValType>)>,
        before: &str,
        after: &str,
    ) {
        self.text.push_str(keyword);
        for (index, (name, ty)) in members.enumerate() {
            if self.text.len() > TYPE_BYTES {
                return;
            }
            self.text.push_str(if index == 0 { " { " } else { ", " });
            self.text.push_str(name);
            if let Some(ty) = ty {
                self.text.push_str(before);
                self.value(ty);
                self.text.push_str(after);
            }
        }
        self.text.push_str(" }");
    }
}

#[cfg(test)]
mod tests {
    use super::super::Preflight;
    use super::super::fixtures::assemble;

    fn found(types: &str) -> String {
        let bytes = assemble(&format!("(component {types})"));
        Preflight::of(&bytes)
            .unwrap()
            .imports
            .pop()
            .unwrap()
            .found
            .unwrap()
    }

    #[test]
    fn every_type_is_printed_as_in_wit() {
        let printed = found(
            r#"
            (type $record' (record (field "a" u8) (field "b" string)))
            (import "record" (type $record (eq $record')))
            (type $variant' (variant (case "x" u32) (case "y")))
            (import "variant" (type $variant (eq $variant')))
            (type $flags' (flags "r" "w"))
            (import "flags" (type $flags (eq $flags')))
            (type $enum' (enum "on" "off"))
            (import "enum" (type $enum (eq $enum')))
            (import "f" (func
                (param "a" $record) (param "b" $variant) (param "c" $flags) (param "d" $enum)
                (result string)))
            "#,
        );
        insta::assert_snapshot!(printed, @"func(a: record { a: u8, b: string }, b: variant { x(u32), y }, c: flags { r, w }, d: enum { on, off }) -> string");
    }

    #[test]
    fn a_function_is_printed_with_its_parameters() {
        let function = |ty: &str| found(&format!(r#"(import "f" (func {ty}))"#));
        let printed = [
            function(""),
            function(r#"(param "a-b" (list u8)) (result (option string))"#),
            function(r#"(result (result (error string)))"#),
            function(r#"(result (result (tuple u8 s64) (error string)))"#),
            function(r#"(result (result))"#),
            function(r#"async (param "a" (list f32 4))"#),
        ];
        insta::assert_snapshot!(printed.join("\n"), @"
        func()
        func(a-b: list<u8>) -> option<string>
        func() -> result<_, string>
        func() -> result<tuple<u8, s64>, string>
        func() -> result
        async func(a: list<f32, 4>)
        ");
    }

    #[test]
    fn a_type_without_end_is_cut() {
        // Doubles at each step.
        let mut types = "(type $t0 (tuple string string))".to_owned();
        for step in 1..12 {
            types += &format!("(type $t{step} (tuple $t{last} $t{last}))", last = step - 1);
        }
        let printed = found(&format!(r#"{types} (import "f" (func (param "a" $t11)))"#));
        assert!(printed.len() < 300 && printed.ends_with("…)"), "{printed}");
    }
}

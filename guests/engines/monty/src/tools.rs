//! The object `tools`, and how its calls are judged.
//!
//! The host judges each call again; what is told here is told in the language's own words.

use monty_types::{
    DictPairs, ExcType, ExtFunctionResult, MontyClassInstance, MontyClassType, MontyException, MontyObject,
    MontyUuid, NameLookupResult,
};

use crate::bindings::yoi::ptc::types::ToolError;
use crate::json;

/// The name by which code finds it.
pub(crate) const NAME: &str = "tools";

/// Sandboxed code cannot choose ids, so these are as good as any.
const CLASS: MontyUuid = MontyUuid::from_u128(1);
const INSTANCE: MontyUuid = MontyUuid::from_u128(2);

/// How a tool is called that was taken from `tools` before. No name of the code's own has a dot.
const TAKEN: &str = "tools.";

/// What the code may call in this run.
#[derive(Default)]
pub(crate) struct Tools {
    names: Vec<String>,
}

impl Tools {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// `tools`, for the code.
    pub(crate) fn object(&self) -> MontyObject {
        MontyObject::ClassInstance(Box::new(MontyClassInstance {
            class_type: MontyClassType {
                name: "_PtcTools".to_owned(),
                id: CLASS,
                host_defined: true,
                is_dataclass: false,
                attrs: DictPairs::default(),
            },
            instance_id: INSTANCE,
            attrs: DictPairs::default(),
        }))
    }

    /// What a name stands for: of `receiver`, or where that is none a global.
    pub(crate) fn look_up(&self, receiver: Option<MontyUuid>, name: &str) -> NameLookupResult {
        if receiver == Some(INSTANCE) && self.has(name) {
            let (name, docstring) = (format!("{TAKEN}{name}"), None);
            return MontyObject::Function { name, docstring }.into();
        }
        NameLookupResult::Undefined
    }

    /// The tool that is called, and its arguments as JSON; or what is raised where it is called.
    pub(crate) fn judge(
        &self,
        receiver: Option<MontyUuid>,
        name: &str,
        args: &[MontyObject],
        kwargs: &[(MontyObject, MontyObject)],
    ) -> Result<(String, String), MontyException> {
        let tool = match receiver {
            Some(INSTANCE) => Some(name),
            Some(_) => None,
            None => name.strip_prefix(TAKEN),
        };
        let Some(tool) = tool.filter(|tool| self.has(tool)) else {
            let (class, said) = match tool.or(receiver.map(|_| name)) {
                Some(name) => (
                    ExcType::AttributeError,
                    format!("'_PtcTools' object has no attribute '{name}'"),
                ),
                None => (ExcType::NameError, format!("name '{name}' is not defined")),
            };
            return Err(MontyException::new(class, Some(said)));
        };
        if !args.is_empty() {
            let given = args.len() + 1;
            let said = format!(
                "_PtcTool.__call__() takes 1 positional argument but {given} were given (name them: \
                 tools.{tool}(key=value))"
            );
            return Err(MontyException::new(ExcType::TypeError, Some(said)));
        }
        match json::arguments(kwargs) {
            Ok(args) => Ok((tool.to_owned(), args)),
            Err(unfit) => Err(MontyException::new(unfit.class(), Some(unfit.to_string()))),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|tool| tool == name)
    }
}

/// What a tool answered, for the code.
pub(crate) fn outcome(answered: Result<String, ToolError>) -> ExtFunctionResult {
    match answered {
        Ok(value) => match json::parse(&value) {
            Ok(value) => value.into(),
            Err(error) => {
                let said = format!("the tool's answer cannot be read: {error}");
                MontyException::new(ExcType::ValueError, Some(said)).into()
            }
        },
        Err(error) => raised(error).into(),
    }
}

/// A tool's failure, under its own name where Python has an exception of that name, so that `except ValueError`
/// catches a tool's `ValueError`.
fn raised(error: ToolError) -> MontyException {
    let ToolError { name, message } = error;
    match name.parse::<ExcType>() {
        // Not what ends a program past its handlers.
        Ok(class) if class.is_subclass_of(ExcType::Exception) => MontyException::new(class, Some(message)),
        _ => MontyException::new(ExcType::RuntimeError, Some(format!("{name}: {message}"))),
    }
}

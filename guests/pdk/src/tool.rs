//! The world `tool`: from a handler to what the component exports.

use serde::de::DeserializeOwned;

use crate::error::{Result, ToolError};
use crate::input::{ToolContext, ToolInput};
use crate::output::ToolOutput;

/// Answers one call as the component does: parses the input, runs `handler`, renders its output or its error.
///
/// What [`export_tool!`](crate::export_tool) exports is made of this; a test can call it natively.
pub fn run_tool<I: DeserializeOwned>(
    tool_name: &str,
    input_json: &str,
    handler: impl FnOnce(&ToolContext, I) -> Result<ToolOutput>,
) -> String {
    let input = ToolInput::new(input_json).parse();
    render(input.and_then(|input| handler(&ToolContext::new(tool_name), input)))
}

/// Answers a call of a tool that there is not.
#[doc(hidden)]
pub fn run_unknown_tool(tool_name: &str) -> String {
    render(Err(ToolError::unsupported_tool(tool_name)))
}

pub(crate) fn render(result: Result<ToolOutput>) -> String {
    result
        .unwrap_or_else(|error| error.to_tool_output())
        .to_json_string()
}

/// Makes the crate a component of the world `tool`, from one handler for each tool of the manifest.
///
/// A handler is a function `fn(&ToolContext, I) -> Result<ToolOutput>` for any `I` that serde can read from
/// JSON; see the example at the [front page](crate). A call of any other tool is answered with the error
/// [`UnsupportedTool`](crate::ToolErrorCode::UnsupportedTool).
///
/// A component has one world, so the macro stands at most once in a crate.
#[macro_export]
macro_rules! export_tool {
    ($($name:literal => $handler:expr),+ $(,)?) => {
        const _: () = {
            struct Component;

            impl $crate::__private::tool::Guest for Component {
                fn call(
                    tool_name: ::std::string::String,
                    input_json: ::std::string::String,
                ) -> ::std::string::String {
                    match tool_name.as_str() {
                        $($name => $crate::run_tool(&tool_name, &input_json, $handler),)+
                        _ => $crate::__private::run_unknown_tool(&tool_name),
                    }
                }
            }

            // A native build is for tests; symbols of these names would only be in the way.
            #[cfg(target_arch = "wasm32")]
            $crate::__private::tool::export!(Component with_types_in $crate::__private::tool);
            // There, what the plugin is made of counts as used all the same.
            #[cfg(not(target_arch = "wasm32"))]
            const _: fn(::std::string::String, ::std::string::String) -> ::std::string::String =
                <Component as $crate::__private::tool::Guest>::call;
        };
    };
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn double(context: &ToolContext, number: i32) -> Result<ToolOutput> {
        let doubled = number
            .checked_mul(2)
            .ok_or_else(|| ToolError::failed("too large"))?;
        Ok(ToolOutput::new(format!("{}: {doubled}", context.tool_name())))
    }

    #[test]
    fn a_handler_gets_its_input_and_makes_the_answer() {
        assert_snapshot!(run_tool("double", "21", double), @r#"{"summary":"double: 42"}"#);
    }

    #[test]
    fn an_error_of_the_handler_is_an_answer() {
        let answer = run_tool("double", "2147483647", double);
        assert!(
            answer.starts_with(r#"{"summary":"tool error: failed""#),
            "{answer}"
        );
    }

    #[test]
    fn input_that_does_not_parse_never_gets_to_the_handler() {
        for input in ["null", "", "{", "2147483648"] {
            let answer = run_tool("double", input, |_, _: i32| unreachable!());
            assert!(
                answer.starts_with(r#"{"summary":"tool error: invalid_input""#),
                "{answer}"
            );
        }
    }

    #[test]
    fn a_tool_that_there_is_not_is_an_answer() {
        let answer = run_unknown_tool("triple");
        assert!(
            answer.starts_with(r#"{"summary":"tool error: unsupported_tool""#),
            "{answer}"
        );
    }
}

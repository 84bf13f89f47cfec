//! Tools of several kinds, each by its name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::call::{ToolCall, ToolError, ToolResult};
use super::drive::Tools;
use crate::world::Pending;

/// Tools of several kinds under one list of names.
#[derive(Default)]
pub struct Toolbox {
    tools: BTreeMap<String, Arc<dyn Tools>>,
}

impl Toolbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Let `tools` answer for these names.
    ///
    /// # Errors
    ///
    /// The first name that somebody answers for already.
    pub fn add(
        &mut self,
        names: impl IntoIterator<Item = String>,
        tools: Arc<dyn Tools>,
    ) -> Result<(), String> {
        for name in names {
            if self.tools.contains_key(&name) {
                return Err(name);
            }
            self.tools.insert(name, Arc::clone(&tools));
        }
        Ok(())
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.tools.keys().cloned().collect()
    }
}

impl Tools for Toolbox {
    fn call(&self, call: ToolCall) -> Pending<'_, ToolResult> {
        match self.tools.get(&call.tool) {
            Some(tools) => tools.call(call),
            None => Box::pin(async move {
                let said = format!("nobody answers for the tool '{}'", call.tool);
                Err(ToolError::new("UnknownToolError", said))
            }),
        }
    }
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tools.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_refused() {
        let tool = |_: ToolCall| async { Err(ToolError::new("E", "")) };
        let mut tools = Toolbox::new();
        tools.add(["a".to_owned()], Arc::new(tool)).unwrap();
        assert_eq!(
            tools.add(["b".to_owned(), "a".to_owned()], Arc::new(tool)),
            Err("a".to_owned())
        );
        assert_eq!(tools.names(), ["a", "b"]);
    }
}

//! JSON-RPC 2.0 over a child's lines: one request at a time, and serving what the other side asks meanwhile.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Child, ChildError};

/// A child that is asked.
#[derive(Debug)]
pub struct Rpc {
    child: Child,
    asked: u64,
}

/// How a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The child does not speak.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// It speaks something else.
    #[error("{0}")]
    Protocol(String),
    /// It answered with an error.
    #[error("`{method}` was answered with an error: {error}")]
    Answered {
        /// What it was asked.
        method: String,
        /// The error.
        error: Value,
    },
    /// What it asked itself has ended it.
    #[error("{0}")]
    Ended(String),
}

/// What the other side asks while it is being asked.
#[derive(Debug)]
pub struct TheirRequest<'a> {
    /// What.
    pub method: &'a str,
    /// With what.
    pub params: &'a Value,
    /// Whether it wants no answer.
    pub notification: bool,
}

/// Answers what the other side asks: `Err` with an error object where it is refused.
pub type Serve<'a> = &'a mut dyn FnMut(TheirRequest<'_>) -> Result<Result<Value, Value>, RpcError>;

impl Rpc {
    /// Speak with this child.
    #[must_use]
    pub fn new(child: Child) -> Self {
        Self { child, asked: 0 }
    }

    /// The child.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Tell it something.
    ///
    /// # Errors
    ///
    /// [`RpcError::Child`] where it does not listen.
    pub fn notify(&mut self, method: &str) -> Result<(), RpcError> {
        Ok(self.child.send(&json!({"jsonrpc": "2.0", "method": method}))?)
    }

    /// Ask it, and serve what it asks until it answers.
    ///
    /// # Errors
    ///
    /// How that came to nothing.
    pub fn ask(
        &mut self,
        method: &str,
        params: &Value,
        patience: Duration,
        serve: Serve<'_>,
    ) -> Result<Value, RpcError> {
        self.asked += 1;
        let id = self.asked;
        let until = Instant::now() + patience;
        self.child
            .send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut message = self.child.receive(left).map_err(|error| match error {
                // Not what was left of it: the same in every run.
                ChildError::Silent { holds, errors, .. } => ChildError::Silent {
                    waited: patience,
                    holds,
                    errors,
                },
                error => error,
            })?;
            if let Some(asked) = message.get("method").and_then(Value::as_str) {
                let theirs = message.get("id").cloned();
                let answer = serve(TheirRequest {
                    method: asked,
                    params: message.get("params").unwrap_or(&Value::Null),
                    notification: theirs.is_none(),
                })?;
                if let Some(theirs) = theirs {
                    self.child.send(&match answer {
                        Ok(result) => json!({"jsonrpc": "2.0", "id": theirs, "result": result}),
                        Err(error) => json!({"jsonrpc": "2.0", "id": theirs, "error": error}),
                    })?;
                }
                continue;
            }
            if message.get("id") != Some(&Value::from(id)) {
                let said = format!("it was asked `{method}` with the id {id}, and answered {message}");
                return Err(RpcError::Protocol(said));
            }
            if let Some(error) = message.get_mut("error").filter(|error| !error.is_null()) {
                return Err(RpcError::Answered {
                    method: method.to_owned(),
                    error: error.take(),
                });
            }
            return match message.get_mut("result") {
                Some(result) => Ok(result.take()),
                None => Err(RpcError::Protocol(format!(
                    "it answered `{method}` with neither `result` nor `error`"
                ))),
            };
        }
    }
}

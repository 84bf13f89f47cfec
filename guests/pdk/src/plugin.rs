//! The world `instance`: from a [`Plugin`] to what the component exports.

use std::cell::RefCell;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Result, ToolError};
use crate::event::IngressEvent;
use crate::input::{ToolContext, ToolInput};
use crate::output::ToolOutput;
use crate::service::ServiceOutput;
use crate::status::PluginStatus;
use crate::tool::render;

/// A plugin with a state of its own, which lasts from `start` to `stop`.
///
/// Calls come one at a time. A panic is the end of the instance: answer with a [`ToolError`] wherever the
/// plugin can go on.
pub trait Plugin: Sized + 'static {
    /// The operator's configuration. Where there is none a host hands over `null`: `()` is for a plugin that
    /// takes none, and an `Option` for one that can do without.
    type Config: DeserializeOwned;

    /// Begins. The host is told the new plugin's [`status`](Self::status).
    fn start(config: Self::Config) -> Result<Self>;

    /// Runs the tool that `context` names.
    fn handle_tool(&mut self, context: &ToolContext, input: ToolInput<'_>) -> Result<ToolOutput>;

    /// Takes an event of the ingress `name`. A plugin has none unless it says so here.
    fn handle_ingress(&mut self, name: &str, event: IngressEvent) -> Result<ServiceOutput> {
        let _ = event;
        Err(ToolError::unsupported_ingress(name))
    }

    /// Says how the plugin is. `ready` without data unless it says more here.
    fn status(&self) -> PluginStatus {
        PluginStatus::ready(Value::Null)
    }

    /// Ends, and answers the final status. On success the plugin is dropped.
    fn stop(&mut self) -> Result<PluginStatus> {
        Ok(PluginStatus::stopped(Value::Null))
    }
}

/// A [`Plugin`] behind the five exports of its component: JSON text in, JSON text out.
///
/// What [`export_plugin!`](crate::export_plugin) exports is made of this; a test can drive it natively. An
/// answer is always one that a host takes, before `start` and after `stop` too.
pub struct PluginInstance<P> {
    life: RefCell<Life<P>>,
}

enum Life<P> {
    New,
    Running(P),
    Stopped,
}

impl<P> Life<P> {
    fn running(&mut self) -> Result<&mut P> {
        match self {
            Self::Running(plugin) => Ok(plugin),
            Self::New => Err(ToolError::failed("the plugin has not been started")),
            Self::Stopped => Err(ToolError::failed("the plugin has been stopped")),
        }
    }
}

impl<P> PluginInstance<P> {
    /// An instance that has yet to be started.
    pub const fn new() -> Self {
        Self {
            life: RefCell::new(Life::New),
        }
    }
}

impl<P> Default for PluginInstance<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Plugin> PluginInstance<P> {
    /// The export `start`.
    pub fn start(&self, config_json: &str) -> String {
        self.try_start(config_json)
            .unwrap_or_else(|error| error.to_lifecycle_json())
    }

    /// The export `handle-tool`.
    pub fn handle_tool(&self, name: &str, input_json: &str) -> String {
        render(
            self.life
                .borrow_mut()
                .running()
                .and_then(|plugin| plugin.handle_tool(&ToolContext::new(name), ToolInput::new(input_json))),
        )
    }

    /// The export `handle-ingress`. An error reads `{"accepted":false,"error":{"code","message","details"?}}`.
    pub fn handle_ingress(&self, name: &str, event_json: &str) -> String {
        self.try_handle_ingress(name, event_json)
            .unwrap_or_else(|error| error.to_ingress_json())
    }

    /// The export `status`.
    pub fn status(&self) -> String {
        let status = self
            .life
            .borrow_mut()
            .running()
            .and_then(|plugin| plugin.status().to_json_string());
        status.unwrap_or_else(|error| error.to_lifecycle_json())
    }

    /// The export `stop`.
    pub fn stop(&self) -> String {
        self.try_stop().unwrap_or_else(|error| error.to_lifecycle_json())
    }

    fn try_start(&self, config_json: &str) -> Result<String> {
        let mut life = self.life.borrow_mut();
        if !matches!(*life, Life::New) {
            return Err(ToolError::failed("the plugin has already been started"));
        }
        let config = serde_json::from_str(config_json).map_err(|error| {
            ToolError::invalid_input(format!(
                "the configuration is not what this plugin takes: {error}"
            ))
        })?;
        let plugin = P::start(config)?;
        let status = plugin.status().to_json_string()?;
        *life = Life::Running(plugin);
        Ok(status)
    }

    fn try_handle_ingress(&self, name: &str, event_json: &str) -> Result<String> {
        let mut life = self.life.borrow_mut();
        let plugin = life.running()?;
        let event = serde_json::from_str(event_json)
            .map_err(|error| ToolError::invalid_input(format!("this is not an event: {error}")))?;
        plugin.handle_ingress(name, event)?.to_json_string()
    }

    fn try_stop(&self) -> Result<String> {
        let mut life = self.life.borrow_mut();
        let status = life.running()?.stop()?;
        *life = Life::Stopped;
        status.to_json_string()
    }
}

/// Makes the crate a component of the world `instance`, from a type that is a [`Plugin`].
///
/// See the example at the [front page](crate). A component has one world, so the macro stands at most once in
/// a crate.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        const _: () = {
            ::std::thread_local! {
                static INSTANCE: $crate::PluginInstance<$plugin> =
                    const { $crate::PluginInstance::new() };
            }

            struct Component;

            impl $crate::__private::instance::Guest for Component {
                fn start(config_json: ::std::string::String) -> ::std::string::String {
                    INSTANCE.with(|instance| instance.start(&config_json))
                }

                fn handle_tool(
                    name: ::std::string::String,
                    input_json: ::std::string::String,
                ) -> ::std::string::String {
                    INSTANCE.with(|instance| instance.handle_tool(&name, &input_json))
                }

                fn handle_ingress(
                    name: ::std::string::String,
                    event_json: ::std::string::String,
                ) -> ::std::string::String {
                    INSTANCE.with(|instance| instance.handle_ingress(&name, &event_json))
                }

                fn status() -> ::std::string::String {
                    INSTANCE.with(|instance| instance.status())
                }

                fn stop() -> ::std::string::String {
                    INSTANCE.with(|instance| instance.stop())
                }
            }

            // A native build is for tests; symbols of these names would only be in the way.
            #[cfg(target_arch = "wasm32")]
            $crate::__private::instance::export!(
                Component with_types_in $crate::__private::instance
            );
            // There, what the plugin is made of counts as used all the same.
            #[cfg(not(target_arch = "wasm32"))]
            const _: fn(::std::string::String) -> ::std::string::String =
                <Component as $crate::__private::instance::Guest>::start;
        };
    };
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    /// Adds up what it is told, and refuses whatever is negative.
    struct Sum(i64);

    impl Sum {
        fn add(&mut self, number: i64) -> Result<i64> {
            if number < 0 {
                return Err(ToolError::invalid_input("a negative number"));
            }
            self.0 += number;
            Ok(self.0)
        }
    }

    impl Plugin for Sum {
        type Config = i64;

        fn start(config: i64) -> Result<Self> {
            let mut sum = Self(0);
            sum.add(config)?;
            Ok(sum)
        }

        fn handle_tool(&mut self, _: &ToolContext, input: ToolInput<'_>) -> Result<ToolOutput> {
            let sum = self.add(input.parse()?)?;
            Ok(ToolOutput::new(format!("sum {sum}")))
        }

        fn handle_ingress(&mut self, _: &str, event: IngressEvent) -> Result<ServiceOutput> {
            Ok(ServiceOutput::accepted(self.add(event.parse_payload()?)?))
        }

        fn status(&self) -> PluginStatus {
            PluginStatus::running(json!({ "sum": self.0 }))
        }

        fn stop(&mut self) -> Result<PluginStatus> {
            if self.0 > 99 {
                return Err(ToolError::failed("too much to lose"));
            }
            Ok(PluginStatus::stopped(self.0))
        }
    }

    fn started(config: &str) -> PluginInstance<Sum> {
        let instance = PluginInstance::new();
        instance.start(config);
        instance
    }

    #[test]
    fn a_start_reports_the_status_of_the_plugin() {
        assert_snapshot!(
            PluginInstance::<Sum>::new().start("5"),
            @r#"{"state":"running","data":{"sum":5}}"#
        );
    }

    #[test]
    fn a_start_that_fails_is_an_error_and_can_be_tried_again() {
        let instance = PluginInstance::<Sum>::new();
        assert_snapshot!(
            instance.start("-1"),
            @r#"{"error":{"code":"invalid_input","message":"a negative number"}}"#
        );
        assert_snapshot!(instance.start("1"), @r#"{"state":"running","data":{"sum":1}}"#);
    }

    #[test]
    fn a_configuration_that_does_not_parse_is_an_error() {
        assert_snapshot!(
            PluginInstance::<Sum>::new().start("null"),
            @r#"{"error":{"code":"invalid_input","message":"the configuration is not what this plugin takes: invalid type: null, expected i64 at line 1 column 4"}}"#
        );
        assert_snapshot!(
            PluginInstance::<Sum>::new().start(""),
            @r#"{"error":{"code":"invalid_input","message":"the configuration is not what this plugin takes: EOF while parsing a value at line 1 column 0"}}"#
        );
    }

    #[test]
    fn a_second_start_is_an_error_and_changes_nothing() {
        let instance = started("5");
        assert_snapshot!(
            instance.start("6"),
            @r#"{"error":{"code":"failed","message":"the plugin has already been started"}}"#
        );
        assert_snapshot!(instance.status(), @r#"{"state":"running","data":{"sum":5}}"#);
    }

    #[test]
    fn the_state_lasts_from_call_to_call() {
        let instance = started("1");
        assert_snapshot!(instance.handle_tool("add", "2"), @r#"{"summary":"sum 3"}"#);
        assert_snapshot!(
            instance.handle_ingress("add", r#"{"payload":4}"#),
            @r#"{"accepted":true,"data":7}"#
        );
        assert_snapshot!(instance.status(), @r#"{"state":"running","data":{"sum":7}}"#);
    }

    #[test]
    fn a_tool_that_fails_answers_and_leaves_the_plugin_running() {
        let instance = started("1");
        let answer = instance.handle_tool("add", "-2");
        assert!(
            answer.starts_with(r#"{"summary":"tool error: invalid_input""#),
            "{answer}"
        );
        assert_snapshot!(instance.handle_tool("add", "2"), @r#"{"summary":"sum 3"}"#);
    }

    #[test]
    fn an_event_that_does_not_parse_is_an_error() {
        assert_snapshot!(
            started("1").handle_ingress("add", "7"),
            @r#"{"accepted":false,"error":{"code":"invalid_input","message":"this is not an event: invalid type: integer `7`, expected struct IngressEvent at line 1 column 1"}}"#
        );
    }

    #[test]
    fn an_event_with_another_payload_is_an_error() {
        assert_snapshot!(
            started("1").handle_ingress("add", r#"{"payload":"x"}"#),
            @r#"{"accepted":false,"error":{"code":"invalid_input","message":"the payload is not what this ingress takes: invalid type: string \"x\", expected i64"}}"#
        );
    }

    #[test]
    fn before_the_start_every_answer_is_a_valid_error() {
        let instance = PluginInstance::<Sum>::new();
        assert_snapshot!(
            instance.handle_tool("add", "1"),
            @r#"{"summary":"tool error: failed","content":"{\"error\":{\"code\":\"failed\",\"message\":\"the plugin has not been started\"}}"}"#
        );
        assert_snapshot!(
            instance.handle_ingress("add", "{}"),
            @r#"{"accepted":false,"error":{"code":"failed","message":"the plugin has not been started"}}"#
        );
        let error = r#"{"error":{"code":"failed","message":"the plugin has not been started"}}"#;
        assert_eq!(instance.status(), error);
        assert_eq!(instance.stop(), error);
    }

    #[test]
    fn after_the_stop_every_answer_is_a_valid_error() {
        let instance = started("1");
        assert_snapshot!(instance.stop(), @r#"{"state":"stopped","data":1}"#);

        let error = r#"{"error":{"code":"failed","message":"the plugin has been stopped"}}"#;
        assert_eq!(instance.status(), error);
        assert_eq!(instance.stop(), error);
        assert!(
            instance
                .handle_tool("add", "1")
                .starts_with(r#"{"summary":"tool error: failed""#)
        );
    }

    #[test]
    fn a_stop_that_fails_leaves_the_plugin_running() {
        let instance = started("100");
        assert_snapshot!(
            instance.stop(),
            @r#"{"error":{"code":"failed","message":"too much to lose"}}"#
        );
        assert_snapshot!(instance.status(), @r#"{"state":"running","data":{"sum":100}}"#);
    }

    #[test]
    fn a_plugin_without_ingresses_says_so() {
        struct Plain;

        impl Plugin for Plain {
            type Config = ();

            fn start((): ()) -> Result<Self> {
                Ok(Self)
            }

            fn handle_tool(&mut self, _: &ToolContext, _: ToolInput<'_>) -> Result<ToolOutput> {
                Ok(ToolOutput::new("ok"))
            }
        }

        let instance = PluginInstance::<Plain>::new();
        assert_snapshot!(instance.start("null"), @r#"{"state":"ready","data":null}"#);
        assert_snapshot!(
            instance.handle_ingress("x", "{}"),
            @r#"{"accepted":false,"error":{"code":"unsupported_tool","message":"this plugin has no ingress `x`"}}"#
        );
        assert_snapshot!(instance.stop(), @r#"{"state":"stopped","data":null}"#);
    }
}

//! The two worlds as wit-bindgen writes them. The worlds share one set of imports.
//!
//! With `pub_export_macro` the type of a world enters a component only with its export macro, so that one
//! library can carry both.

#![expect(
    missing_docs,
    reason = "generated: only the imports are shown, and those have docs"
)]

pub mod tool {
    wit_bindgen::generate!({
        path: "../../wit/plugin",
        world: "tool",
        generate_all,
        pub_export_macro: true,
    });
}

pub mod instance {
    wit_bindgen::generate!({
        path: "../../wit/plugin",
        world: "instance",
        with: {
            "yoi:host/request@1.0.0": crate::bindings::tool::yoi::host::request,
            "yoi:host/websocket@1.0.0": crate::bindings::tool::yoi::host::websocket,
            "yoi:host/fs@1.0.0": crate::bindings::tool::yoi::host::fs,
        },
        pub_export_macro: true,
    });
}

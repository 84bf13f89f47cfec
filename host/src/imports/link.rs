//! The imports, as the engine calls them.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::ctx::Asked;
use super::{Import, ImportsView};

/// Define every import for stores whose data is `T`.
///
/// # Errors
///
/// Where the linker has them already.
pub fn link<T: ImportsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let mut request = linker.instance("yoi:host/request@1.0.0")?;
    request.func_wrap("request", |store, (json,): (String,)| {
        text(store, Import::Request, &json)
    })?;

    let mut websocket = linker.instance("yoi:host/websocket@1.0.0")?;
    websocket.func_wrap("open", |store, (json,): (String,)| {
        text(store, Import::WebsocketOpen, &json)
    })?;
    websocket.func_wrap("send-text", |store, (handle, text): (u32, String)| {
        serve(
            store,
            Asked {
                import: Import::WebsocketSendText,
                handle,
                timeout_ms: 0,
                text: &text,
            },
        )
    })?;
    websocket.func_wrap("recv", |store, (handle, timeout_ms): (u32, u32)| {
        serve(
            store,
            Asked {
                import: Import::WebsocketRecv,
                handle,
                timeout_ms,
                text: "",
            },
        )
    })?;
    websocket.func_wrap("close", |store, (handle,): (u32,)| {
        serve(
            store,
            Asked {
                import: Import::WebsocketClose,
                handle,
                timeout_ms: 0,
                text: "",
            },
        )
    })?;

    let mut fs = linker.instance("yoi:host/fs@1.0.0")?;
    fs.func_wrap("read", |store, (json,): (String,)| {
        text(store, Import::FsRead, &json)
    })?;
    fs.func_wrap("list", |store, (json,): (String,)| {
        text(store, Import::FsList, &json)
    })?;
    fs.func_wrap("write", |store, (json,): (String,)| {
        text(store, Import::FsWrite, &json)
    })?;
    Ok(())
}

fn text<T: ImportsView>(
    store: StoreContextMut<'_, T>,
    import: Import,
    text: &str,
) -> wasmtime::Result<(String,)> {
    serve(
        store,
        Asked {
            import,
            handle: 0,
            timeout_ms: 0,
            text,
        },
    )
}

fn serve<T: ImportsView>(mut store: StoreContextMut<'_, T>, asked: Asked<'_>) -> wasmtime::Result<(String,)> {
    store.data_mut().imports().serve(asked)
}

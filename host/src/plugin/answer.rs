//! A tool's answer, read where it lies.
//!
//! An answer is mostly one long text. Taken as a string it would be checked for UTF-8 and copied out of the guest's
//! memory, looked over as JSON, and its content moved once more. Here it is looked at once, while it is still the
//! guest's, and nothing but what the host keeps is copied.

use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift, WasmStr};

use super::message::{OutputError, ToolOutput};

/// What a guest answered, in whatever form the host wants it.
pub(super) trait Answer: Lift + 'static {
    /// Bytes of the text.
    fn bytes(&self) -> usize;
}

impl Answer for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

/// What a tool answered, and what it is worth.
pub(super) struct ToolAnswer {
    bytes: usize,
    pub(super) output: Result<ToolOutput, OutputError>,
}

impl Answer for ToolAnswer {
    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl From<String> for ToolAnswer {
    fn from(text: String) -> Self {
        Self {
            bytes: text.len(),
            output: ToolOutput::read(&text),
        }
    }
}

#[expect(
    unsafe_code,
    reason = "the only way to an answer before the guest may free it; see the comments on what is unsafe"
)]
// SAFETY: to wasmtime this is a string: form, type and what is checked of it are those of its own type for strings.
unsafe impl ComponentType for ToolAnswer {
    type Lower = <WasmStr as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <WasmStr as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        WasmStr::typecheck(ty, types)
    }
}

#[expect(
    unsafe_code,
    reason = "the only way to an answer before the guest may free it; see the comments on what is unsafe"
)]
// SAFETY: whatever is read is read by wasmtime's own types, or out of a slice.
unsafe impl Lift for ToolAnswer {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        String::linear_lift_from_flat(cx, ty, src).map(Self::from)
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        place: &[u8],
    ) -> wasmtime::Result<Self> {
        if cx.options().string_encoding != StringEncoding::Utf8 {
            return String::linear_lift_from_memory(cx, ty, place).map(Self::from);
        }
        // Where and how long it is. That it is within the memory, wasmtime says; an answer costs what it always does.
        WasmStr::linear_lift_from_memory(cx, ty, place)?;
        let word = |at: usize| {
            let word = place.get(at..).and_then(|place| place.first_chunk());
            word.map_or(0, |word| u32::from_le_bytes(*word) as usize)
        };
        let (at, bytes) = (word(0), word(4));
        let text = cx.memory().get(at..).and_then(|from| from.get(..bytes));
        Ok(Self {
            bytes,
            output: ToolOutput::read_bytes(text.unwrap_or_default())?,
        })
    }
}

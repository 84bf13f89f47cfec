//! Writes the one function that Rust has no words for: stable Rust can neither name the table of a module nor
//! place its instructions. So here is an object file, as a compiler would leave it, for the linker to take in.

use std::borrow::Cow;
use std::env;
use std::fs;
use std::path::Path;

use wasm_encoder::{
    CodeSection, CustomSection, Encode, EntityType, FunctionSection, ImportSection, LinkingSection, Module,
    RefType, SymbolTable, TableType, TypeSection, ValType,
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out_dir = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let object = Path::new(&out_dir).join("table_grow.o");
    fs::write(&object, table_grow_object()).expect("failed to write the object file");
    println!("cargo::rustc-cdylib-link-arg={}", object.display());
    // Without it the table has its final size as its maximum, and there is nothing to refuse.
    println!("cargo::rustc-cdylib-link-arg=--growable-table");
}

/// `yoi_table_grow(by: i32) -> i32`: grows the table of functions by null references, and returns its old
/// size, or -1 if that was refused.
fn table_grow_object() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);

    let mut imports = ImportSection::new();
    let table = TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 0,
        maximum: None,
        shared: false,
    };
    imports.import("env", "__indirect_function_table", EntityType::Table(table));

    let mut functions = FunctionSection::new();
    functions.function(0);

    // The linker knows only at the end which table it is, so its index is a relocation, in a number padded to
    // the five bytes that any index may take.
    let body = [
        0x00, // no locals
        0xd0, 0x70, // ref.null func
        0x20, 0x00, // local.get 0
        0xfc, 0x0f, // table.grow
        0x80, 0x80, 0x80, 0x80, 0x00, // … of table 0, padded
        0x0b, // end
    ];
    const INDEX_IN_BODY: u32 = 7;
    // The number of functions and the size of the body stand before it in the section, a byte each.
    const INDEX_IN_SECTION: u32 = 2 + INDEX_IN_BODY;
    let mut code = CodeSection::new();
    code.raw(&body);

    const TABLE_SYMBOL: u32 = 0;
    let mut symbols = SymbolTable::new();
    symbols.table(
        SymbolTable::WASM_SYM_UNDEFINED | SymbolTable::WASM_SYM_NO_STRIP,
        0,
        None,
    );
    symbols.function(0, 0, Some("yoi_table_grow"));
    let mut linking = LinkingSection::new();
    linking.symbol_table(&symbols);

    // Sections count from 0: types, imports, functions, code.
    const CODE_SECTION: u32 = 3;
    const R_WASM_TABLE_NUMBER_LEB: u8 = 20;
    let mut relocations = Vec::new();
    CODE_SECTION.encode(&mut relocations);
    1u32.encode(&mut relocations);
    relocations.push(R_WASM_TABLE_NUMBER_LEB);
    INDEX_IN_SECTION.encode(&mut relocations);
    TABLE_SYMBOL.encode(&mut relocations);

    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&code)
        .section(&linking);
    module.section(&CustomSection {
        name: "reloc.CODE".into(),
        data: Cow::Owned(relocations),
    });
    module.finish()
}

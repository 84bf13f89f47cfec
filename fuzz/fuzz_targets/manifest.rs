#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| yoi_fuzz::manifest(data));

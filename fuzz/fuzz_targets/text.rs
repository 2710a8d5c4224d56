#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| arcc_fuzz::text(data));

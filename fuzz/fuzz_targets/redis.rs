#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| via::__fuzz::run("redis", input));

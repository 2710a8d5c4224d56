//! The bodies of the fuzz targets; the ordinary tests run the very same ones.
#![allow(dead_code, reason = "the table of targets is for the ordinary tests")]

#[path = "../../tests/support/fuzz.rs"]
mod bodies;

macro_rules! targets {
    ($($name:ident),+) => {
        $(
            /// See the function of that name in `tests/support/fuzz.rs`.
            pub fn $name(data: &[u8]) {
                bodies::$name(data);
            }
        )+
    };
}

targets!(frames, rows, templates, filter, keys, text);

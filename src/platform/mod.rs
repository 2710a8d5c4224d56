//! The machine that the program runs on: terminal, signals, clipboard, browser, files, log.

pub mod browser;
pub mod clipboard;
pub mod logging;
pub mod paths;
pub mod secrets;
pub mod signals;
pub mod terminal;

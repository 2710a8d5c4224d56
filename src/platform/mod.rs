//! The machine that the program runs on: terminal, signals, clipboard, browser, files, journal, log.

pub mod browser;
pub mod clipboard;
pub mod journal;
pub mod logging;
pub mod memory;
pub mod paths;
pub mod process;
pub mod secrets;
pub mod signals;
pub mod terminal;

//! Overlays: a stack of which the topmost takes the keys.

mod answer;
mod dialog;
mod find;
mod input;
mod keys;
mod layer;
mod lines;
mod palette;
mod run_menu;

pub use dialog::{Choice, Demands, Dialog, DialogKind, Field};
pub use input::TextInput;
pub(crate) use keys::{paste_into_layer, press_layer, resize_layers};
pub use layer::Layer;
pub use palette::palette_matches;
pub use run_menu::RUN_MENU;

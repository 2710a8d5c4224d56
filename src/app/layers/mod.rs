//! Overlays: a stack of which the topmost takes the keys.

mod answer;
mod area;
mod dialog;
mod editor;
mod find;
mod input;
mod keys;
mod layer;
mod lines;
mod palette;
mod run_menu;
mod series;

pub use area::TextArea;
pub use dialog::{Choice, Demands, Dialog, DialogKind, Field, Schema};
pub use editor::Editor;
pub(crate) use editor::learn_schema;
pub use input::TextInput;
pub(crate) use keys::{paste_into_layer, press_layer, resize_layers};
pub use layer::{Layer, Refused};
pub use palette::palette_matches;
pub use run_menu::RUN_MENU;
